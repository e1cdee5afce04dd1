//! What is true of every answer, whatever its route: headers, identity of the request, and that a defect of one handler
//! is not the end of the process.

use http_body_util::BodyExt;
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher::http::event::Event;
use usher::http::serve;

use crate::lambda_events::raw;
use crate::support::{PASSWORD, Reply, World};

/// Answers of every kind: 200, 201, 204, 400, 401, 403, 404, 405, 415, 423.
async fn every_kind(world: &World) -> Vec<Reply> {
    let (owner, nobody) = (world.owner().await, world.nobody());
    world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    let login = |password: &str| json!({ "username": "jane@example.org", "password": password });
    let mut replies = vec![
        owner.get("/api/users").await,
        owner
            .post("/api/users", json!({ "username": "max", "password": PASSWORD }))
            .await,
        owner
            .put("/api/users/jane@example.org", json!({ "status": "active" }))
            .await,
        owner.post("/api/users", json!({ "email": "no" })).await,
        nobody.get("/api/users").await,
        jane.get("/api/users").await,
        nobody.get("/nowhere").await,
        nobody.delete("/api/auth/token").await,
        nobody.post_empty("/api/auth/token").await,
    ];
    for _ in 0..6 {
        replies.push(nobody.post("/api/auth/login", login("wrong")).await);
    }
    replies
}

#[tokio::test]
async fn the_log_names_the_account_whose_token_came_with_a_request_and_no_other() {
    let world = World::new().await;
    let jane = world.user("jane@example.org").await;
    let signed_in = world.signed_in("jane@example.org", PASSWORD).await;
    let answered = [
        (signed_in.get("/api/me/profile").await, 200, json!(jane)),
        (signed_in.get("/api/users").await, 403, json!(jane)),
        (world.nobody().get("/api/users").await, 401, Value::Null),
        (
            world.with_token("eyJ.no.token").get("/api/users").await,
            401,
            Value::Null,
        ),
    ];
    let lines = world.watch.log.lines();
    for (reply, status, user) in answered {
        assert_eq!(reply.status, status);
        let id = reply.header("x-request-id");
        let of_it = |line: &&Value| line["message"] == "answered" && line["span"]["request_id"] == id;
        let line = lines.iter().find(of_it).unwrap();
        assert_eq!(line["user"], user, "{line}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_no_store_and_the_security_headers() {
    let world = World::new().await;
    let replies = every_kind(&world).await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(
        statuses,
        [
            200, 201, 204, 400, 401, 403, 404, 405, 415, 401, 401, 401, 401, 401, 423
        ]
    );
    let mut ids: Vec<&str> = Vec::new();
    for reply in &replies {
        let expected = [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ];
        for (name, value) in expected {
            assert_eq!(reply.header(name), value, "{name} of {}", reply.status);
        }
        for absent in ["server", "x-powered-by", "access-control-allow-origin"] {
            assert_eq!(reply.header(absent), "", "{absent}");
        }
        let id = reply.header("x-request-id");
        assert!(id.parse::<usher::id::EntryId>().is_ok(), "{id}");
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), replies.len(), "each request has an id of its own");
}

#[tokio::test]
async fn i12_every_refusal_is_a_problem_with_a_type_a_title_a_status_a_detail_and_an_instance() {
    let world = World::new().await;
    for reply in every_kind(&world)
        .await
        .iter()
        .filter(|reply| reply.status.as_u16() >= 400)
    {
        assert_eq!(
            reply.header("content-type"),
            "application/problem+json",
            "{}",
            reply.text
        );
        assert!(reply.str("type").starts_with("/problems/"), "{}", reply.text);
        for member in ["title", "detail", "instance"] {
            assert!(!reply.str(member).is_empty(), "{member}: {}", reply.text);
        }
        assert_eq!(reply.body["status"], reply.status.as_u16());
        for private in ["dynamo", "Dynamo", "panicked", ".rs", "T#main", "arn:"] {
            assert!(!reply.text.contains(private), "{}", reply.text);
        }
    }
}

#[tokio::test]
async fn i05_a_request_id_of_the_clients_own_is_not_taken() {
    let world = World::new().await;
    let reply = world
        .nobody()
        .send(Method::GET, "/api/users", None, &[("x-request-id", "forged")])
        .await;
    assert_ne!(reply.header("x-request-id"), "forged");
}

#[tokio::test]
async fn i07_a_head_request_is_refused_without_a_body_and_the_connection_lives() {
    let world = World::new().await;
    for (method, body) in [
        ("HEAD", ""),
        ("OPTIONS", "method-not-allowed"),
        ("TRACE", "method-not-allowed"),
        ("BREW", "method-not-allowed"),
    ] {
        let headers = [("x-secret".to_owned(), "reflected".to_owned())];
        let answer = raw::send(&world.base, method, "/api/me/profile", &headers, b"").await;
        assert_eq!(answer.status, 405, "{method}");
        let allow = answer.headers["allow"].to_str().unwrap();
        assert_eq!(
            allow.split(',').map(str::trim).collect::<Vec<_>>(),
            ["GET", "PATCH"],
            "{method}"
        );
        assert!(
            answer.body.contains(body) && (body.is_empty() == answer.body.is_empty()),
            "{method}: {}",
            answer.body
        );
        assert!(!answer.body.contains("reflected"), "{method}");
    }
}

#[tokio::test]
async fn i03_what_is_no_plain_path_is_refused_and_never_leaves_its_place() {
    let world = World::new().await;
    let paths = [
        "//api/users",
        "/api/users/../../etc/passwd",
        "/api/./users",
        "/api/users/..%2f..",
        "/api/users;a=1",
        "/api/users%00",
    ];
    for path in paths {
        let answer = raw::send(&world.base, "GET", path, &[], b"").await;
        let opened = answer.status == 401 && path == "/api/users/..%2f..";
        assert!(answer.status == 404 || opened, "{path}: {}", answer.status);
    }
    let bearer = format!("Bearer {}", world.owner().await.token);
    let headers = [("authorization".to_owned(), bearer)];
    for (user, status) in [
        ("..%2f..", 404),
        ("%00", 400),
        ("%ff", 400),
        ("a%2Fb", 404),
        ("a;b", 404),
        ("%2e%2e", 404),
    ] {
        let answer = raw::send(&world.base, "GET", &format!("/api/users/{user}"), &headers, b"").await;
        assert_eq!(answer.status, status, "{user}: {}", answer.body);
    }
}

/// A login as API Gateway brings it, from an address and a client, with headers that claim others.
fn event(path: &str, headers: &Value) -> Value {
    let body = json!({ "email": "jane@example.org", "password": PASSWORD }).to_string();
    json!({
        "version": "2.0",
        "routeKey": format!("POST {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "1",
            "apiId": "a",
            "domainName": "a.execute-api.eu-central-1.amazonaws.com",
            "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.24", "userAgent": "x" },
            "requestId": "gateway-id=",
            "routeKey": format!("POST {path}"),
            "stage": "$default",
            "time": "22/Nov/2026:04:00:00 +0000",
            "timeEpoch": 1_795_320_000_000_i64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

async fn through_lambda(world: &World, event: &Value) -> (u16, http::HeaderMap, String) {
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    let request: http::Request<lambda_http::Body> = event.into();
    let service = serve::service(world.app.clone(), vec![auth::routes()]);
    let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (
        parts.status.as_u16(),
        parts.headers,
        String::from_utf8(bytes.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn i05_on_lambda_address_and_request_id_are_api_gateways_word_and_never_a_headers() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let headers = json!({
        "content-type": "application/json",
        "x-forwarded-for": "198.51.100.1, 203.0.113.24",
        "x-real-ip": "198.51.100.2",
        "forwarded": "for=198.51.100.3",
        "x-request-id": "forged",
        "user-agent": "u".repeat(1_000),
    });
    let (status, headers, text) = through_lambda(&world, &event("/api/auth/token", &headers)).await;
    assert_eq!(
        (status, headers["x-request-id"].to_str().unwrap()),
        (200, "gateway-id="),
        "{text}"
    );
    let history = world
        .owner()
        .await
        .get("/api/users/jane@example.org/login-history")
        .await;
    let entry = &history.body["items"][0];
    assert_eq!(entry["ip"], "203.0.113.24");
    assert_eq!(entry["userAgent"], "u".repeat(256), "cut at 256 characters");
    let (status, headers, _) = through_lambda(&world, &event("/nowhere", &json!({}))).await;
    assert_eq!(
        (status, headers["x-request-id"].to_str().unwrap()),
        (404, "gateway-id=")
    );
}

#[tokio::test]
async fn i05_on_a_socket_the_address_is_the_peers_and_never_a_headers() {
    let world = World::new().await;
    let body = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let claims = [
        ("x-forwarded-for", "198.51.100.1"),
        ("forwarded", "for=198.51.100.3"),
        ("user-agent", "curl\u{e9}"),
    ];
    let reply = world
        .nobody()
        .send(Method::POST, "/api/auth/token", Some(body), &claims)
        .await;
    let admin = world.with_token(reply.str("accessToken"));
    let history = admin.get("/api/me/login-history").await;
    assert_eq!(history.body["items"][0]["ip"], "127.0.0.1");
}

#[tokio::test]
async fn i05_a_line_break_in_a_header_of_a_request_never_comes_to_be_a_header_of_the_answer() {
    let world = World::new().await;
    for name in ["x-request-id", "user-agent", "origin"] {
        let headers = [(name.to_owned(), "a\r\nx-injected: yes".to_owned())];
        let answer = raw::send(
            &world.base,
            "GET",
            "/api/users?a=%0d%0ax-injected:%20yes",
            &headers,
            b"",
        )
        .await;
        assert!(!answer.headers.contains_key("x-injected"), "{name}");
    }
}

#[tokio::test]
async fn i07_a_method_that_a_header_or_a_query_asks_for_is_not_looked_at() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
    let (owner, path) = (world.owner().await, format!("/api/users/{id}"));
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let reply = owner
            .send(
                Method::GET,
                &format!("{path}?_method=DELETE"),
                None,
                &[(header, "DELETE")],
            )
            .await;
        assert_eq!(reply.status, 200);
    }
    assert_eq!(owner.get(&path).await.status, 200);
}
