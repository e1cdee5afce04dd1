//! `POST /api/users/{user}/reset-password`

use serde_json::json;

use super::{invalid, refused, signed_in_with};
use crate::support::{PASSWORD, Reply, World};

async fn login(world: &World, password: &str) -> Reply {
    let body = json!({ "username": "jane@example.org", "password": password });
    world.nobody().post("/api/auth/login", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_session_and_is_the_only_one_from_then_on() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let token = json!({ "email": "jane@example.org", "password": PASSWORD });
    let pair = world.nobody().post("/api/auth/token", token).await.body;
    let path = format!("/api/users/{id}/reset-password");
    let reply = owner.post(&path, json!({ "newPassword": " new h\u{f6}rse " })).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    let access = world.with_token(pair["accessToken"].as_str().unwrap());
    refused(&access.get("/api/me/profile").await, 401, "invalid-token");
    let refresh = json!({ "refreshToken": pair["refreshToken"] });
    assert_eq!(world.nobody().post("/api/auth/refresh", refresh).await.status, 401);
    assert_eq!(login(&world, PASSWORD).await.status, 401);
    assert_eq!(login(&world, "new h\u{f6}rse").await.status, 401);
    let token = login(&world, " new h\u{f6}rse ").await;
    assert_eq!(token.status, 200);
    assert_eq!(
        world.with_token(token.str("token")).get("/api/me/profile").await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_opens_nothing_but_the_way_to_a_new_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &["admin"]).await;
    let path = format!("/api/users/{id}/reset-password");
    let mut made = Vec::new();
    for reply in [
        owner.post_empty(&path).await,
        owner.post(&path, json!({})).await,
        owner.post(&path, json!({ "newPassword": null })).await,
    ] {
        assert_eq!(reply.status, 200);
        let temporary = reply.str("temporaryPassword").to_owned();
        assert_eq!(reply.body, json!({ "temporaryPassword": temporary }));
        assert_eq!(reply.header("cache-control"), "no-store");
        made.push(temporary);
    }
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    assert!(
        made[0] != made[1] && made[1] != made[2] && made[2].len() >= 20,
        "{made:?}"
    );
    assert_eq!(login(&world, &made[0]).await.status, 401);
    let token = login(&world, &made[2]).await;
    assert_eq!(token.status, 200, "{}", token.text);
    let jane = world.with_token(token.str("token"));
    for path in ["/api/me/profile", "/api/users", "/api/roles"] {
        refused(&jane.get(path).await, 403, "must-change-password");
    }
    let change = json!({ "currentPassword": made[2], "newPassword": "another horse" });
    assert_eq!(jane.post("/api/auth/change-password", change).await.status, 204);
    assert_eq!(jane.get("/api/users").await.status, 200);
    assert!(!world.items().iter().any(|item| item.to_string().contains(&made[2])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_a_lockout_and_not_a_lock() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for _ in 0..5 {
        login(&world, "wrong").await;
    }
    let path = format!("/api/users/{id}/reset-password");
    let new = json!({ "newPassword": "another horse" });
    assert_eq!(owner.post(&path, new.clone()).await.status, 204);
    assert_eq!(login(&world, "another horse").await.status, 200);
    owner.post_empty(&format!("/api/users/{id}/lock")).await;
    let another = json!({ "newPassword": "and one more horse" });
    assert_eq!(owner.post(&path, another).await.status, 204);
    refused(&login(&world, "and one more horse").await, 423, "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_out_of_bounds_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let path = format!("/api/users/{id}/reset-password");
    for password in ["", "123456789", &"a".repeat(129)] {
        invalid(
            &owner.post(&path, json!({ "newPassword": password })).await,
            &["/newPassword"],
        );
    }
    invalid(
        &owner.post(&path, json!({ "newPassword": 1_234_567_890 })).await,
        &["/newPassword"],
    );
    refused(
        &owner.post_empty("/api/users/no@example.org/reset-password").await,
        404,
        "not-found",
    );
    assert_eq!(jane.get("/api/me/profile").await.status, 200);
    let strict = World::with(&[("USHER_MIN_PASSWORD_LENGTH", "14")]).await;
    strict
        .owner()
        .await
        .post("/api/users", json!({ "email": "jane@example.org" }))
        .await;
    let path = "/api/users/jane@example.org/reset-password";
    let owner = strict.owner().await;
    invalid(
        &owner.post(path, json!({ "newPassword": "a".repeat(13) })).await,
        &["/newPassword"],
    );
    assert_eq!(
        owner.post(path, json!({ "newPassword": "a".repeat(14) })).await.status,
        204
    );
}
