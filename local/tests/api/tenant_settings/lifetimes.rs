//! How long tokens last: what is shown is what is issued.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{PATH, set};
use crate::admin::{admin, made};
use crate::support::{PASSWORD, World, tables};

/// By the name of its terms: how somebody logs in, and where the answer has the access token.
fn logins() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let by_email = json!({ "email": "jane@example.org", "password": PASSWORD });
    let all = [
        ("directory", "/api/auth/token", by_email.clone(), "/accessToken"),
        (
            "identity",
            "/api/auth/login",
            json!({ "username": "jane", "password": PASSWORD }),
            "/token",
        ),
        (
            "account",
            "/auth/login",
            json!({ "Username": "jane", "Password": PASSWORD }),
            "/Token",
        ),
        ("admin", "/v1/auth/login", by_email, "/access_token"),
        (
            "registration",
            "/v1/user/login",
            json!({ "login": "jane", "password": PASSWORD }),
            "/data/token",
        ),
    ];
    let tables = tables();
    let is_served = |path: &str| {
        tables
            .iter()
            .flat_map(usher::http::routes::Routes::rows)
            .any(|row| row.path == path)
    };
    let served: Vec<_> = all.into_iter().filter(|(_, path, ..)| is_served(path)).collect();
    assert!(served.len() >= 4);
    served
}

/// Seconds that the access token of a login lasts, and its session.
async fn issued(world: &World, (name, path, body, token): &(&str, &str, Value, &str)) -> (i64, i64) {
    world.clock.advance(1);
    let reply = world.nobody().post(path, body.clone()).await;
    assert_eq!(reply.status, 200, "{name}: {}", reply.text);
    let token = reply.body.pointer(token).unwrap().as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    // The session that was opened last.
    let items = world.items();
    let sessions = items
        .iter()
        .filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#"));
    let at = |item: &Value, field: &str| item[field]["N"].as_str().unwrap().parse::<i64>().unwrap();
    let newest = sessions.max_by_key(|item| at(item, "createdAt")).unwrap();
    (
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        (at(newest, "expiresAt") - at(newest, "createdAt")) / 1_000,
    )
}

/// That these are the lifetimes of what every login gives.
async fn assert_issued(world: &World, shown: &Value) {
    for login in &logins() {
        let shown = &shown[login.0];
        let access = shown["access"].as_i64().unwrap();
        // Without a refresh token nothing outlives the one access token.
        let session = shown["session"].as_i64().unwrap_or(access);
        assert_eq!(issued(world, login).await, (access, session), "{}", login.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lifetimes_that_are_shown_are_those_that_logins_give() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "jane", &[]).await;
    assert_issued(&world, &admin.get(PATH).await.body["token_lifetimes"]).await;
    let chosen = json!({
        "directory": { "access": 61, "session": 7_000_000 }, "identity": { "access": 123_456 },
        "account": { "access": 77 }, "admin": { "access": 1_234, "session": 5_678 },
        "registration": { "access": 518_400 },
    });
    let shown = set(&admin, json!({ "token_lifetimes": chosen })).await;
    assert_eq!(shown["token_lifetimes"], chosen);
    assert_issued(&world, &chosen).await;
}
