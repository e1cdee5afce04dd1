//! `POST /api/auth/token`

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Pair, covered, opens, pair, raw, token};
use crate::support::{PASSWORD, World};

#[tokio::test]
async fn an_address_and_its_password_get_a_pair() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let reply = token(&world, "jane@example.org", PASSWORD).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(!reply.header("x-request-id").is_empty());
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.str("refreshToken").starts_with("usher_rt_"));
    insta::assert_json_snapshot!(covered(&reply.body, &["/accessToken", "/refreshToken"]), @r#"
    {
      "tokenType": "Bearer",
      "accessToken": "[accessToken]",
      "expiresIn": 3600,
      "refreshToken": "[refreshToken]"
    }
    "#);
}

#[tokio::test]
async fn the_access_token_is_an_rfc_9068_jwt_of_the_account() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
    let access = pair(&world, "jane@example.org").await.access;
    let part = |n: usize| -> Value {
        let text = access.split('.').nth(n).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    assert_eq!((&part(0)["typ"], &part(0)["alg"]), (&json!("at+jwt"), &json!("EdDSA")));
    let claims = part(1);
    assert_eq!(claims["sub"], json!(id));
    assert_eq!(claims["iss"], "https://usher.test");
    assert_eq!(claims["aud"], "usher");
    assert_eq!(claims["tid"], "main");
    assert_eq!(claims["roles"], json!(["user"]));
    let seconds = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(seconds("iat"), world.now().as_second());
    assert_eq!(seconds("exp") - seconds("iat"), 3600);
    assert!(claims["sid"].is_string() && claims["jti"].is_string());
}

#[tokio::test]
async fn the_address_is_compared_canonically_and_the_password_exactly() {
    let world = World::new().await;
    world.user("Jane@Example.org").await;
    assert_eq!(token(&world, "jANE@exAMPLE.ORG", PASSWORD).await.status, 200);
    assert_eq!(token(&world, "jane@example.org", "Correct horse").await.status, 401);
    assert_eq!(token(&world, "jane@example.org", "correct horse ").await.status, 401);
}

#[tokio::test]
async fn fields_that_are_unknown_are_ignored() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD, "roles": ["admin"], "expiresIn": 9_999_999 });
    let reply = world.nobody().post("/api/auth/token", body).await;
    assert_eq!(reply.body["expiresIn"], 3600);
    let me = world.with_token(reply.str("accessToken")).get("/api/me/profile").await;
    assert_eq!(me.body["roles"], json!(["user"]));
}

#[tokio::test]
async fn what_is_missing_or_no_address_is_reported_with_its_place() {
    let world = World::new().await;
    let nobody = world.nobody();
    let cases = [
        (json!({ "email": "jane", "password": PASSWORD }), vec!["/email"]),
        (json!({ "email": "jane", "password": "" }), vec!["/email", "/password"]),
        (json!({ "email": "jane@example.org" }), vec!["/password"]),
        (json!({ "password": PASSWORD }), vec!["/email"]),
        (json!({ "email": 3, "password": PASSWORD }), vec!["/email"]),
        (json!({ "email": null, "password": PASSWORD }), vec!["/email"]),
    ];
    for (body, pointers) in cases {
        let reply = nobody.post("/api/auth/token", body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.problem()), (400, "validation"), "{body}");
        assert_eq!(reply.pointers(), pointers, "{body}");
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    assert_eq!(
        world.app.hasher.comparisons(),
        0,
        "no password was compared for any of it"
    );
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_in_the_contract_s_words() {
    let world = World::new().await;
    let nobody = world.nobody();
    let big = format!(r#"{{"email":"{}"}}"#, "a".repeat(64 * 1024));
    for (media_type, body, status, problem) in [
        ("application/json", "{\"email\": ", 400, "malformed-body"),
        ("application/json", "", 400, "malformed-body"),
        ("application/json", "null", 400, "validation"),
        ("application/json", "[]", 400, "validation"),
        ("text/plain", "{}", 415, "unsupported-media-type"),
        ("", "{}", 415, "unsupported-media-type"),
        ("application/json", &big, 413, "body-too-large"),
    ] {
        for path in [
            "/api/auth/token",
            "/api/auth/login",
            "/api/auth/refresh",
            "/api/auth/revoke",
        ] {
            let reply = raw(&nobody, path, media_type, body.to_owned()).await;
            let got = (reply.status.as_u16(), reply.problem());
            let head: String = body.chars().take(20).collect();
            assert_eq!(got, (status, problem), "{path} {media_type} {head}");
            assert_eq!(reply.str("instance"), path);
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_with_allow_and_a_wrong_path_404() {
    let world = World::new().await;
    let nobody = world.nobody();
    for path in ["token", "refresh", "revoke", "logout", "login", "change-password"] {
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
            let reply = nobody.send(method, &format!("/api/auth/{path}"), None, &[]).await;
            assert_eq!((reply.status.as_u16(), reply.problem()), (405, "method-not-allowed"));
            assert_eq!(reply.header("allow"), "POST", "{path}");
        }
    }
    let reply = nobody.post("/api/auth/tokens", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (404, "no-such-route"));
}

#[tokio::test]
async fn t08_an_access_token_opens_for_an_hour_and_not_a_second_longer() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let Pair { access, .. } = pair(&world, "jane@example.org").await;
    world.clock.advance(3599);
    assert_eq!(opens(&world, &access).await, 200);
    world.clock.advance(1);
    assert_eq!(opens(&world, &access).await, 401);
}

#[tokio::test]
async fn t10_a_token_of_another_stack_opens_nothing() {
    let (here, there) = (World::new().await, World::new().await);
    here.user("jane@example.org").await;
    there.user("jane@example.org").await;
    let foreign = pair(&there, "jane@example.org").await;
    assert_eq!(opens(&there, &foreign.access).await, 200);
    assert_eq!(opens(&here, &foreign.access).await, 401);
    super::assert_refused(&here, &foreign.refresh, "another stack's").await;
}
