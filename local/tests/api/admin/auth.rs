//! `/v1/auth/*`

use serde_json::json;

use super::{admin, invalid, login, made, made_and_in, refused, settled, signed_in, user};
use crate::auth::Look;
use crate::support::{PASSWORD, World, at_once};

const DAY: i64 = 24 * 3600;

#[tokio::test(flavor = "multi_thread")]
async fn the_default_administrator_logs_in() {
    let world = World::new().await;
    let reply = login(&world, "Admin@Gauth.local", "Admin@123").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("cache-control")),
        (200, "no-store")
    );
    insta::assert_json_snapshot!(settled(&reply.body), @r#"
    {
      "access_token": "[token]",
      "refresh_token": "[refresh token]",
      "token_type": "Bearer",
      "expires_in": 900,
      "user": {
        "id": "[id]",
        "email": "admin@gauth.local",
        "user_name": "admin",
        "roles": [
          {
            "name": "admin",
            "description": "Default admin role"
          },
          {
            "name": "user",
            "description": "Default user role"
          }
        ]
      }
    }
    "#);
    let token = world.with_token(reply.str("access_token"));
    assert_eq!(token.get("/v1/admin/users").await.status, 200);
    // One directory: the token opens every other surface too.
    assert_eq!(token.get("/api/users").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_login_that_fails_reveals_nothing_about_why() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "jane", &[]).await;
    let gone = made(&admin, "gone", &[]).await;
    assert_eq!(admin.delete(&user(&gone)).await.status, 200);
    world.user("unverified@example.org").await;
    let mut looks = Vec::new();
    for email in ["jane", "nobody", "gone", "unverified"] {
        let reply = login(&world, &format!("{email}@example.org"), "not the password").await;
        refused(&reply, 401, "Invalid credentials");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        looks.push(Look::of(&reply));
    }
    assert!(looks.iter().all(|look| *look == looks[0]), "{looks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_verified_is_reported_once_the_password_was_right() {
    let world = World::new().await;
    let admin = admin(&world).await;
    world.user("jane@example.org").await;
    refused(
        &login(&world, "jane@example.org", PASSWORD).await,
        403,
        "Verify your e-mail address before logging in",
    );
    // It is this contract's rule: another lets them in.
    world.signed_in("jane@example.org", PASSWORD).await;
    let verified = json!({ "email_verified": true });
    assert_eq!(admin.put(&user("jane@example.org"), verified).await.status, 200);
    signed_in(&world, "jane@example.org", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_active_is_named_as_such_once_the_password_was_right() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "jane", &[]).await;
    for (status, said) in [
        ("inactive", "The account is inactive"),
        ("banned", "The account is banned"),
    ] {
        let body = json!({ "status": status });
        assert_eq!(admin.patch("/api/users/jane@example.org", body).await.status, 204);
        refused(&login(&world, "jane@example.org", PASSWORD).await, 403, said);
        refused(
            &login(&world, "jane@example.org", "wrong").await,
            401,
            "Invalid credentials",
        );
        let body = json!({ "status": "active" });
        assert_eq!(admin.patch("/api/users/jane@example.org", body).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_failures_lock_and_the_answer_states_until_when() {
    let world = World::new().await;
    made(&admin(&world).await, "jane", &[]).await;
    for email in ["jane@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            refused(&login(&world, email, "wrong").await, 401, "Invalid credentials");
        }
        let reply = login(&world, email, PASSWORD).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("retry-after"), &reply.body),
            (
                423,
                "900",
                &json!({
                    "error": "The account is locked until 2026-11-22T08:15:00.000Z",
                    "lockout_until": "2026-11-22T08:15:00.000Z",
                })
            )
        );
    }
    world.clock.advance(900);
    signed_in(&world, "jane@example.org", PASSWORD).await;
}

#[tokio::test]
async fn a_login_without_an_address_or_a_password_is_answered_with_which() {
    let world = World::new().await;
    let nobody = world.nobody();
    invalid(&nobody.post("/v1/auth/login", json!({})).await, &["email", "password"]);
    let both = json!({ "email": "jane", "password": "" });
    invalid(&nobody.post("/v1/auth/login", both).await, &["email", "password"]);
    let typed = json!({ "email": "jane@example.org", "password": 7 });
    invalid(&nobody.post("/v1/auth/login", typed).await, &["password"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_gets_another_pair_and_lives_by_the_same_rules_as_everywhere() {
    let world = World::new().await;
    made(&admin(&world).await, "jane", &[]).await;
    let first = login(&world, "jane@example.org", PASSWORD).await;
    let refresh = |token: &str| {
        let (nobody, body) = (world.nobody(), json!({ "refresh_token": token }));
        async move { nobody.post("/v1/auth/refresh", body).await }
    };
    let second = refresh(first.str("refresh_token")).await;
    insta::assert_json_snapshot!(settled(&second.body), @r#"
    {
      "access_token": "[token]",
      "refresh_token": "[refresh token]",
      "token_type": "Bearer",
      "expires_in": 900
    }
    "#);
    assert_eq!(second.header("cache-control"), "no-store");
    let third = refresh(second.str("refresh_token")).await;
    assert_eq!(third.status, 200);
    // Spent: the family ends.
    refused(
        &refresh(first.str("refresh_token")).await,
        401,
        "Authentication required",
    );
    refused(
        &refresh(third.str("refresh_token")).await,
        401,
        "Authentication required",
    );
    for text in ["", "garbage", third.str("access_token")] {
        refused(&refresh(text).await, 401, "Authentication required");
    }
    invalid(
        &world.nobody().post("/v1/auth/refresh", json!({})).await,
        &["refresh_token"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_the_session_lasts_thirty_days_and_an_access_token_fifteen_minutes() {
    let world = World::new().await;
    made(&admin(&world).await, "jane", &["admin"]).await;
    let reply = login(&world, "jane@example.org", PASSWORD).await;
    let token = world.with_token(reply.str("access_token"));
    world.clock.advance(899);
    assert_eq!(token.get("/v1/admin/users").await.status, 200);
    world.clock.advance(1);
    refused(&token.get("/v1/admin/users").await, 401, "Authentication required");
    world.clock.advance(30 * DAY - 900 - 1);
    let body = json!({ "refresh_token": reply.str("refresh_token") });
    let last = world.nobody().post("/v1/auth/refresh", body).await;
    assert_eq!((last.status.as_u16(), &last.body["expires_in"]), (200, &json!(1)));
    world.clock.advance(1);
    let body = json!({ "refresh_token": last.str("refresh_token") });
    refused(
        &world.nobody().post("/v1/auth/refresh", body).await,
        401,
        "Authentication required",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_50_refreshes_at_once_leave_one_family() {
    let world = World::new().await;
    made(&admin(&world).await, "jane", &["admin"]).await;
    let first = login(&world, "jane@example.org", PASSWORD).await;
    let replies = at_once(50, |_| {
        let (nobody, body) = (world.nobody(), json!({ "refresh_token": first.str("refresh_token") }));
        async move { nobody.post("/v1/auth/refresh", body).await }
    })
    .await;
    let mut alive = 0;
    for reply in &replies {
        assert_eq!(reply.status, 200, "{}", reply.text);
        let token = world.with_token(reply.str("access_token"));
        alive += usize::from(token.get("/v1/admin/users").await.status == 200);
    }
    assert_eq!(alive, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_the_session_of_its_token() {
    let world = World::new().await;
    made(&admin(&world).await, "jane", &["admin"]).await;
    let reply = login(&world, "jane@example.org", PASSWORD).await;
    let token = world.with_token(reply.str("access_token"));
    let out = token.post_empty("/v1/auth/logout").await;
    assert_eq!((out.status.as_u16(), out.text.as_str()), (204, ""));
    refused(&token.get("/v1/admin/users").await, 401, "Authentication required");
    refused(
        &token.post_empty("/v1/auth/logout").await,
        401,
        "Authentication required",
    );
    let body = json!({ "refresh_token": reply.str("refresh_token") });
    refused(
        &world.nobody().post("/v1/auth/refresh", body).await,
        401,
        "Authentication required",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_with_a_refresh_token_ends_its_session_too_where_it_is_the_caller_s_own() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "john", &[]).await;
    let (_, jane) = made_and_in(&world, &admin, "jane", &[]).await;
    let (other, johns) = (
        login(&world, "jane@example.org", PASSWORD).await,
        login(&world, "john@example.org", PASSWORD).await,
    );
    let refresh = |token: &str| {
        let (nobody, body) = (world.nobody(), json!({ "refresh_token": token }));
        async move { nobody.post("/v1/auth/refresh", body).await.status.as_u16() }
    };
    let body = json!({ "refresh_token": johns.str("refresh_token") });
    assert_eq!(jane.post("/v1/auth/logout", body).await.status, 204);
    assert_eq!(
        refresh(johns.str("refresh_token")).await,
        200,
        "another's is left alone"
    );

    let jane = signed_in(&world, "jane@example.org", PASSWORD).await;
    let body = json!({ "refresh_token": other.str("refresh_token") });
    assert_eq!(jane.post("/v1/auth/logout", body).await.status, 204);
    assert_eq!(refresh(other.str("refresh_token")).await, 401);

    // Its own pair, and whatever is none.
    for token in [None, Some("garbage")] {
        let own = login(&world, "jane@example.org", PASSWORD).await;
        let body = json!({ "refresh_token": token.unwrap_or(own.str("refresh_token")) });
        let client = world.with_token(own.str("access_token"));
        assert_eq!(client.post("/v1/auth/logout", body).await.status, 204);
        assert_eq!(refresh(own.str("refresh_token")).await, 401);
    }
}
