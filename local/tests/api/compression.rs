//! What is compressed where the client asks for it, and what never is.

use reqwest::Method;
use serde_json::json;

use crate::lambda_events::raw::{self, Answer};
use crate::support::{Client, PASSWORD, World};

/// Asks as browsers do.
async fn ask(world: &World, who: &Client, method: Method, path: &str, body: &str, accepted: &str) -> Answer {
    let mut headers = vec![
        ("accept-encoding".to_owned(), accepted.to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    if !who.token.is_empty() {
        headers.push(("authorization".to_owned(), format!("Bearer {}", who.token)));
    }
    raw::send(&world.base, method.as_str(), path, &headers, body.as_bytes()).await
}

fn coding(answer: &Answer) -> &str {
    let coding = answer.headers.get("content-encoding");
    coding.map_or("identity", |coding| coding.to_str().unwrap())
}

#[tokio::test]
async fn what_is_read_is_compressed_as_the_client_asks() {
    let world = World::new().await;
    let owner = world.owner().await;
    let plain = owner.get("/api/users").await;
    for (accepted, expected) in [
        ("gzip", "gzip"),
        ("br", "identity"),
        ("gzip, deflate, br", "gzip"),
        ("br, gzip;q=0", "identity"),
        ("identity", "identity"),
        ("zstd", "identity"),
        ("", "identity"),
    ] {
        let answer = ask(&world, &owner, Method::GET, "/api/users", "", accepted).await;
        assert_eq!((answer.status, coding(&answer)), (200, expected), "{accepted}");
        assert_eq!(answer.body, plain.text, "{accepted}");
        assert_eq!(answer.headers["vary"], "accept-encoding", "{accepted}");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn an_answer_with_a_secret_or_a_refusal_is_never_compressed() {
    let world = World::new().await;
    let (nobody, owner) = (world.nobody(), world.owner().await);
    world.user("jane@example.org").await;
    let login = json!({ "email": "jane@example.org", "password": PASSWORD }).to_string();
    let key = json!({ "name": "Web shop" }).to_string();
    let long = format!("/api/{}", "x".repeat(500));
    for (who, method, path, body, status) in [
        (&nobody, Method::POST, "/api/auth/token", login.as_str(), 200),
        (&owner, Method::POST, "/api/api-keys", &key, 201),
        (
            &owner,
            Method::POST,
            "/api/users/jane@example.org/reset-password",
            "{}",
            200,
        ),
        (&owner, Method::GET, &long, "", 404),
    ] {
        let answer = ask(&world, who, method, path, body, "gzip, br").await;
        assert_eq!(
            (answer.status, coding(&answer)),
            (status, "identity"),
            "{path} {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_strong_tag_is_that_of_the_bytes_that_are_sent() {
    let world = World::new().await;
    let owner = world.owner().await;
    let answer = ask(&world, &owner, Method::GET, "/api/users/admin", "", "gzip, br").await;
    assert_eq!((answer.status, coding(&answer)), (200, "identity"));
    assert!(answer.headers["etag"].to_str().unwrap().starts_with('"'));
}
