//! A stack behind a CDN: what goes past it is refused before anything is done, and what comes by it is from where the CDN
//! says.

use http_body_util::BodyExt;
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher::http::event::Event;
use usher::http::serve;

use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::lambda_events::raw;
use crate::proxy::Proxy;
use crate::support::{PASSWORD, World, serve_http, tables};

const SECRET: &str = "the-present-secret-of-the-edge";
const BEFORE: &str = "the-secret-before-it";

fn behind_the_edge() -> (&'static str, String) {
    ("USHER_ORIGIN_SECRET", format!("{SECRET} {BEFORE}"))
}

#[tokio::test]
async fn past_the_edge_everything_is_refused_in_the_contracts_words_before_anything_is_asked_of_the_table() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let (name, secrets) = behind_the_edge();
    let world = World::on(db, proxy.url.clone(), &[(name, &secrets)]).await;
    // Not the world's own: no document has this answer, which no caller of the service's domain is given.
    let base = serve_http(world.app.clone()).await;
    let _ = proxy.cost();
    let body = json!({ "email": "owner@usher.local", "password": "Owner@12345" }).to_string();
    for given in [
        None,
        Some(""),
        Some("wrong"),
        Some("the-present-secret-of-the-edg"),
        Some("the-present-secret-of-the-edge ,x"),
    ] {
        for (method, path, words) in [
            ("POST", "/api/auth/token", "/problems/past-the-edge"),
            ("GET", "/api/users", "/problems/past-the-edge"),
            ("GET", "/health", "/problems/past-the-edge"),
            ("GET", "/.well-known/jwks.json", "/problems/past-the-edge"),
            ("GET", "/openapi.json", "/problems/past-the-edge"),
            ("GET", "/nowhere", "/problems/past-the-edge"),
            ("BREW", "/api/users", "/problems/past-the-edge"),
            ("POST", "/auth/login", "това не е адресът на услугата"),
            ("POST", "/v1/auth/login", "is not the service's address"),
            ("POST", "/v1/user/login", "is not the service's address"),
        ] {
            let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            headers.extend(given.map(|given| ("x-origin-secret".to_owned(), given.to_owned())));
            let answer = raw::send(&base, method, path, &headers, body.as_bytes()).await;
            assert_eq!(answer.status, 403, "{method} {path} {given:?}: {}", answer.body);
            assert!(answer.body.contains(words), "{method} {path}: {}", answer.body);
            assert!(
                !answer.body.contains(SECRET) && answer.headers.contains_key("x-request-id"),
                "{path}"
            );
        }
    }
    assert_eq!(proxy.cost().operations, Vec::<String>::new());
}

#[tokio::test]
async fn by_the_edge_everything_is_answered_with_the_present_secret_or_the_one_before_it() {
    let (name, secrets) = behind_the_edge();
    let world = World::with(&[(name, &secrets)]).await;
    for secret in [SECRET, BEFORE] {
        let headers = [("x-origin-secret", secret)];
        for (path, status) in [("/health", 200), ("/api/users", 401), ("/nowhere", 404)] {
            let reply = world.nobody().send(Method::GET, path, None, &headers).await;
            assert_eq!(reply.status, status, "{path}: {}", reply.text);
        }
    }
}

/// Logs somebody in by an event of API Gateway's with these headers; the status, and the address that the history then has.
async fn address(world: &World, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut all = json!({ "content-type": "application/json", "host": "id.example.org" });
    for (name, value) in headers {
        all[*name] = json!(value);
    }
    let event = json!({
        "version": "2.0", "routeKey": "POST /api/auth/token", "rawPath": "/api/auth/token", "rawQueryString": "",
        "headers": all,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "id.example.org", "requestId": "id", "stage": "$default",
            "http": {
                "method": "POST", "path": "/api/auth/token", "protocol": "HTTP/1.1", "sourceIp": "130.176.1.1",
                "userAgent": "Amazon CloudFront",
            },
            "time": "22/Nov/2026:04:00:00 +0000", "timeEpoch": 1_795_320_000_000_i64,
        },
        "body": json!({ "email": "owner@usher.local", "password": "Owner@12345" }).to_string(), "isBase64Encoded": false,
    });
    world.clock.advance_ms(1);
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    let request: http::Request<lambda_http::Body> = event.into();
    let answer = serve::service(world.app.clone(), tables())
        .oneshot(request)
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let token = serde_json::from_slice::<Value>(&body).unwrap()["accessToken"].clone();
    let client = world.with_token(token.as_str().unwrap_or_default());
    let history = client
        .send(
            Method::GET,
            "/api/me/login-history",
            None,
            &[("x-origin-secret", SECRET)],
        )
        .await;
    (status, history.body["items"][0]["ip"].clone())
}

#[tokio::test]
async fn by_the_edge_the_callers_address_is_the_edges_word() {
    let (name, secrets) = behind_the_edge();
    let world = World::with(&[(name, &secrets)]).await;
    for (viewer, ip) in [
        ("203.0.113.24:46532", "203.0.113.24"),
        ("2001:db8::7:46532", "2001:db8::7"),
        ("2001:0db8:0000:0000:0000:0000:0000:0007:46532", "2001:db8::7"),
        ("[2001:db8::7]:46532", "2001:db8::7"),
        // None that the edge sends: then it is who called API Gateway.
        ("203.0.113.24", "130.176.1.1"),
        ("", "130.176.1.1"),
        ("somebody:1", "130.176.1.1"),
    ] {
        let headers = [
            ("x-origin-secret", SECRET),
            ("cloudfront-viewer-address", viewer),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(address(&world, &headers).await, (200, json!(ip)), "{viewer}");
    }
    assert_eq!(
        address(&world, &[("x-origin-secret", SECRET)]).await,
        (200, json!("130.176.1.1")),
        "a canary"
    );
    let forged = [
        ("x-origin-secret", "wrong"),
        ("cloudfront-viewer-address", "203.0.113.24:1"),
    ];
    assert_eq!(address(&world, &forged).await.0, 403);
}

#[tokio::test]
async fn without_an_edge_its_headers_are_a_clients_and_nobody_believes_them() {
    let world = World::new().await;
    let forged = [
        ("x-origin-secret", SECRET),
        ("cloudfront-viewer-address", "203.0.113.24:46532"),
    ];
    assert_eq!(address(&world, &forged).await, (200, json!("130.176.1.1")));
    assert_eq!(address(&world, &forged[1..]).await, (200, json!("130.176.1.1")));
    world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(jane.get("/api/me/profile").await.status, 200);
}
