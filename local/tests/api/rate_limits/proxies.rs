//! Whom a request comes from is what the deployment decides, and never what the caller writes.

use reqwest::Method;
use serde_json::json;

use super::{LIMITED, limited};
use crate::support::{Reply, World};

async fn log_in(world: &World, headers: &[(&str, &str)]) -> Reply {
    let body = json!({ "username": "owner", "password": "Owner@12345" });
    world
        .nobody()
        .send(Method::POST, "/api/auth/login", Some(body), headers)
        .await
}

/// The address that a login's row of the history has.
async fn recorded(world: &World, headers: &[(&str, &str)]) -> String {
    let reply = log_in(world, headers).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let own = world.with_token(reply.str("token"));
    let sessions = own.get("/api/me/sessions").await;
    let current = sessions
        .body
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == true);
    current.unwrap()["ip"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_a_trusted_proxy_no_header_makes_a_caller_another_one() {
    let world = World::with(&LIMITED[..1]).await;
    for n in 1..=60 {
        let address = format!("198.51.100.{n}");
        let headers = [
            ("x-forwarded-for", address.as_str()),
            ("forwarded", &format!("for={address}")),
            ("x-real-ip", &address),
            ("cloudfront-viewer-address", &format!("{address}:4711")),
        ];
        let body = json!({ "username": format!("person{n}"), "password": "wrong" });
        let reply = world
            .nobody()
            .send(Method::POST, "/api/auth/login", Some(body), &headers)
            .await;
        assert_eq!(reply.status, 401, "{n}: {}", reply.text);
    }
    let refused = log_in(&world, &[("x-forwarded-for", "198.51.100.99")]).await;
    assert_eq!(refused.status, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_caller_is_whom_it_was_called_by_whatever_the_caller_wrote_before() {
    let world = limited().await;
    for n in 1..=60 {
        let spoofed = format!("192.0.2.{n}, 198.51.100.1");
        let body = json!({ "username": format!("person{n}"), "password": "wrong" });
        let headers = [("x-forwarded-for", spoofed.as_str())];
        let reply = world
            .nobody()
            .send(Method::POST, "/api/auth/login", Some(body), &headers)
            .await;
        assert_eq!(reply.status, 401, "{n}: {}", reply.text);
    }
    let refused = log_in(&world, &[("x-forwarded-for", "192.0.2.99, 198.51.100.1")]).await;
    assert_eq!(refused.status, 429);
    let lines = [("x-forwarded-for", "192.0.2.99"), ("x-forwarded-for", "198.51.100.1")];
    assert_eq!(log_in(&world, &lines).await.status, 429, "two lines are one list");
    assert_eq!(
        recorded(&world, &[("x-forwarded-for", "192.0.2.99, 198.51.100.2")]).await,
        "198.51.100.2"
    );
}
