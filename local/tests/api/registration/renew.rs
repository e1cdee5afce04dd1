//! `POST /v1/user/token/renew`

use serde_json::{Value, json};

use super::{LIFE, WEEK, assert_refusal, claims, registered, renew, token, token_of, verdict};
use crate::auth::{self, covered, opens, pair};
use crate::backstage::set_lifetime;
use crate::support::{PASSWORD, World, at_once, steps};

/// The session of a token, as DynamoDB JSON.
fn session(world: &World, token: &str) -> Value {
    let at = format!("SESSION#{}", claims(token)["sid"].as_str().unwrap());
    let items = world.items().into_iter();
    items.into_iter().find(|item| item["SK"]["S"] == at.as_str()).unwrap()
}

#[tokio::test]
async fn a_week_before_its_end_it_is_the_same_and_a_moment_later_a_new_one() {
    for (ms, same) in [(-1000, true), (-1, true), (0, true), (1, false), (1000, false)] {
        let world = World::new().await;
        registered(&world, "jane").await;
        let first = token(&world, "jane").await;
        world.clock.advance_ms(WEEK * 1000 + ms);
        let reply = renew(&world, &first).await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(covered(&reply.body, &["/data/token"]), @r#"
            {
              "data": {
                "token": "[data/token]",
                "username": "jane",
                "admin": false
              }
            }
            "#);
        }
        assert_eq!(token_of(&reply) == first, same, "{ms} ms after the boundary");
    }
}

#[tokio::test]
async fn the_new_one_lasts_fourteen_days_from_now_and_the_old_one_as_long_as_it_said() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let first = token(&world, "jane").await;
    world.clock.advance(WEEK + 3600);
    let second = token_of(&renew(&world, &first).await);
    assert_eq!(claims(&second)["exp"].as_i64().unwrap(), world.now().as_second() + LIFE);
    assert_eq!(claims(&second)["sid"], claims(&first)["sid"], "the session goes on");
    let kept = session(&world, &second);
    assert_eq!(
        kept["expiresAt"]["N"],
        (world.now().as_millisecond() + LIFE * 1_000).to_string(),
        "its item is kept as the row of its login for longer"
    );
    world.clock.advance(WEEK - 3600 - 1);
    assert_eq!((opens(&world, &first).await, opens(&world, &second).await), (200, 200));
    world.clock.advance(1);
    assert_eq!((opens(&world, &first).await, opens(&world, &second).await), (401, 200));
    assert_refusal(&renew(&world, &first).await, 401, "Token invalid.");
    world.clock.advance(WEEK + 3600 - 1);
    assert_eq!(opens(&world, &second).await, 200);
    world.clock.advance(1);
    assert_eq!(opens(&world, &second).await, 401);
}

#[tokio::test]
async fn it_can_be_renewed_again_and_again() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let mut token = token(&world, "jane").await;
    for _ in 0..5 {
        world.clock.advance(LIFE - 1);
        token = token_of(&renew(&world, &token).await);
        assert_eq!(opens(&world, &token).await, 200);
    }
}

#[tokio::test]
async fn a_lifetime_of_six_days_is_renewed_at_once() {
    let world = World::new().await;
    registered(&world, "jane").await;
    set_lifetime(&world, "registration", 6 * 24 * 3600).await;
    let first = token(&world, "jane").await;
    let second = token_of(&renew(&world, &first).await);
    assert_ne!(first, second);
    assert_eq!((opens(&world, &first).await, opens(&world, &second).await), (200, 200));
}

#[tokio::test]
async fn a_shorter_lifetime_that_is_set_later_shortens_no_session() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let first = token(&world, "jane").await;
    world.clock.advance(WEEK + 1);
    set_lifetime(&world, "registration", 3600).await;
    let second = token_of(&renew(&world, &first).await);
    world.clock.advance(3600);
    assert_eq!((opens(&world, &first).await, opens(&world, &second).await), (200, 401));
}

#[tokio::test]
async fn only_what_opens_something_is_renewed() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let refused = || {
        async |token: &str| {
            let reply = renew(&world, token).await;
            assert_refusal(&reply, 401, "Token invalid.");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    };
    for bad in ["", "x", "a.b.c"] {
        refused()(bad).await;
    }
    let first = token(&world, "jane").await;
    world.clock.advance(WEEK + 1);
    let path = format!("/api/users/{id}");
    let owner = world.owner().await;
    assert_eq!(owner.patch(&path, json!({ "status": "banned" })).await.status, 204);
    refused()(&first).await;
    assert_eq!(owner.patch(&path, json!({ "status": "active" })).await.status, 204);
    refused()(&first).await;
    let second = token(&world, "jane").await;
    world.clock.advance(LIFE);
    refused()(&second).await;
    assert_refusal(
        &world.nobody().post("/v1/user/token/renew", json!({})).await,
        400,
        "Missing field `token`",
    );
}

#[tokio::test]
async fn r05_a_session_of_another_contract_ends_when_that_contract_ends_it() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let long = auth::login(&world, "jane", PASSWORD).await;
    let short = pair(&world, "jane@example.org").await;
    for token in [long.str("token"), &short.access, &short.refresh] {
        assert_refusal(&renew(&world, token).await, 401, "Token invalid.");
    }
    world.clock.advance(8 * 3600);
    assert_eq!(opens(&world, long.str("token")).await, 401);
}

#[tokio::test]
async fn what_a_token_states_of_its_user_is_never_read_back() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let owner = world.owner().await;
    let grant = owner
        .post(&format!("/api/users/{id}/roles"), json!({ "role": "admin" }))
        .await;
    assert_eq!(grant.status, 201, "{}", grant.text);
    let as_admin = token(&world, "jane").await;
    assert_eq!(claims(&as_admin)["user"]["administrator"], true);
    registered(&world, "john").await;
    let ban = |token: String| async { world.with_token(&{ token }).delete("/v1/user/ban/john").await };
    assert_eq!(ban(as_admin.clone()).await.status, 200);
    let path = format!("/api/users/{id}/roles/{}", grant.str("userRoleId"));
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(
        ban(as_admin.clone()).await.status,
        403,
        "the token states administrator, and the account is none"
    );
    world.clock.advance(WEEK + 1);
    let renewed = renew(&world, &as_admin).await;
    assert_eq!(renewed.body["data"]["admin"], false);
    assert_eq!(claims(&token_of(&renewed))["user"]["administrator"], false);
    // And the other way round: a token that states nothing of it opens what the account may.
    let plain = token_of(&renewed);
    let owner = world.owner().await;
    let grant = owner
        .post(&format!("/api/users/{id}/roles"), json!({ "role": "admin" }))
        .await;
    assert_eq!(grant.status, 201);
    assert_eq!(ban(plain.clone()).await.status, 200);
    assert_eq!(
        renew(&world, &plain).await.body["data"]["admin"],
        true,
        "the same token, the account as it is"
    );
}

#[tokio::test]
async fn rule_14_no_token_of_an_account_that_must_change_its_password_is_renewed() {
    let world = World::new().await;
    let body = json!({ "username": "jane", "password": PASSWORD, "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let first = token(&world, "jane").await;
    let ends = session(&world, &first)["expiresAt"].clone();
    // While it would be the same one, and when it would be a new one.
    for wait in [0, WEEK + 1] {
        world.clock.advance(wait);
        assert_refusal(&renew(&world, &first).await, 403, "Change your password first");
    }
    assert_eq!(session(&world, &first)["expiresAt"], ends);
    let body = json!({ "current_password": PASSWORD, "password": "six-ch", "confirm_password": "six-ch" });
    let me = world.with_token(&first);
    let changed = me.post("/v1/user/jane/change-password", body).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_ne!(token_of(&renew(&world, &first).await), first);
}

#[tokio::test]
async fn a_renewal_is_in_the_history_and_the_same_token_once_more_is_not() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let first = token(&world, "jane").await;
    let path = format!("/api/users/{id}/login-history");
    renew(&world, &first).await;
    let rows = world.owner().await.get(&path).await.body["items"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(rows, 1);
    world.clock.advance(WEEK + 1);
    renew(&world, &first).await;
    let history = world.owner().await.get(&path).await.body;
    let newest = &history["items"][0];
    assert_eq!(
        (newest["kind"].as_str(), newest["surface"].as_str()),
        (Some("refresh"), Some("registration"))
    );
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_of_50_renewals_at_once_every_one_gets_a_token_that_opens() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let first = token(&world, "jane").await;
    world.clock.advance(WEEK + 1);
    let replies = at_once(50, |_| {
        let (client, body) = (world.nobody(), json!({ "token": first }));
        async move { client.post("/v1/user/token/renew", body).await }
    })
    .await;
    for reply in &replies {
        let token = token_of(reply);
        assert_ne!(token, first);
        assert_eq!(verdict(&world, &token).await, "Token is valid.");
    }
    let sessions = world.items().into_iter();
    let sessions = sessions.filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#"));
    assert_eq!(
        sessions.filter(|item| item["surface"]["S"] == "registration").count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_no_renewal_survives_a_logout_that_comes_at_the_same_time() {
    let world = World::new().await;
    registered(&world, "jane").await;
    for round in steps(0..20) {
        let first = token(&world, "jane").await;
        world.clock.advance(WEEK + 1);
        let replies = at_once(8, |n| {
            let (client, body) = (world.with_token(&first), json!({ "token": first }));
            async move {
                match n {
                    4 => client.post_empty("/api/auth/logout").await,
                    _ => client.post("/v1/user/token/renew", body).await,
                }
            }
        })
        .await;
        assert_eq!(replies[4].status, 204, "round {round}");
        let renewed = replies.iter().filter(|reply| reply.status == 200);
        for reply in renewed {
            assert_eq!(opens(&world, &token_of(reply)).await, 401, "round {round}");
        }
    }
}

#[tokio::test]
async fn an_unverified_account_renews_nothing_once_its_address_must_be_verified() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let first = token(&world, "jane").await;
    assert_eq!(renew(&world, &first).await.status, 200);
    crate::backstage::set(&world, |chosen| {
        chosen.email_verification = Some(usher::domain::tenant_settings::EmailVerification::Required);
    })
    .await;
    world.clock.advance(11);
    assert_refusal(&renew(&world, &first).await, 401, "Token invalid.");
}
