//! What a body, a path, a header or a query can hold that it should not (rule 10; I of `docs/checks.md`).

mod encodings;
mod ids;
mod integers;
mod names;
mod nothing;
mod nulls;
mod paths;
mod queries;
mod sentences;
mod walk;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{API_KEY, Client, PASSWORD, Reply, World, reply};
use crate::users::{invalid, refused, user};

/// Every route that takes a body, with an account to take it about.
const TAKES_A_BODY: [(Method, &str); 10] = [
    (Method::POST, "/api/users"),
    (Method::PUT, "/api/users/jane@example.org"),
    (Method::PATCH, "/api/users/jane@example.org"),
    (Method::POST, "/api/users/jane@example.org/lock"),
    (Method::POST, "/api/users/jane@example.org/reset-password"),
    (Method::POST, "/api/users/jane@example.org/roles"),
    (Method::POST, "/api/roles"),
    (Method::PATCH, "/api/roles/member"),
    (Method::PATCH, "/api/me/profile"),
    (Method::POST, "/api/auth/change-password"),
];

fn request(client: &Client, method: &Method, path: &str) -> RequestBuilder {
    let request = client.http.request(method.clone(), format!("{}{path}", client.base));
    request.header(AUTHORIZATION, format!("Bearer {}", client.token))
}

async fn raw(client: &Client, method: &Method, path: &str, body: impl Into<reqwest::Body>) -> Reply {
    reply(
        request(client, method, path)
            .header(CONTENT_TYPE, "application/json")
            .body(body),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn i01_a_body_that_is_not_json_is_400_with_the_place_on_every_route() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let deep = "[".repeat(10_000);
    let nested = format!("{}{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let bodies: [(&str, &[u8]); 11] = [
        ("blank", b" \n "),
        ("not JSON", b"email=a&password=b"),
        ("cut off", b"{\"email\":\"a\""),
        ("two values", b"{} {}"),
        ("a comma too many", b"{\"email\":\"a\",}"),
        ("single quotes", b"{'email':'a'}"),
        ("NaN", b"{\"age\":NaN}"),
        ("not UTF-8", b"{\"firstName\":\"\xff\xfe\"}"),
        ("a byte order mark", b"\xef\xbb\xbf{}"),
        ("compressed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
        ("deep arrays", deep.as_bytes()),
    ];
    for (method, path) in &TAKES_A_BODY {
        for (what, body) in bodies {
            let reply = raw(&owner, method, path, body.to_vec()).await;
            refused(&reply, 400, "malformed-body");
            assert!(
                reply.str("detail").contains("at line "),
                "{method} {path}, {what}: {}",
                reply.text
            );
            assert_eq!(reply.header("content-type"), "application/problem+json");
        }
    }
    // Where the value is read; elsewhere it is ignored, whatever it is, and does no harm.
    for body in [r#"{"age":1e400}"#, r#"{"firstName":"\ud800"}"#, nested.as_str()] {
        for (method, path) in &TAKES_A_BODY {
            let reply = raw(&owner, method, path, body.to_owned()).await;
            assert!(!reply.status.is_server_error(), "{method} {path}: {}", reply.text);
        }
        refused(
            &raw(&owner, &Method::PATCH, "/api/me/profile", body.to_owned()).await,
            400,
            "malformed-body",
        );
    }
    let cut = raw(&owner, &Method::POST, "/api/users", "{\n  \"email\": x }").await;
    assert_eq!(
        cut.body,
        json!({
            "type": "/problems/malformed-body", "title": "Malformed body", "status": 400,
            "detail": "the body is not JSON: expected value at line 2, column 12", "instance": "/api/users",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i01_json_of_another_shape_is_400_with_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    for (method, path) in &TAKES_A_BODY {
        for body in [
            "null",
            "[]",
            "\"x\"",
            "1",
            "true",
            "[{}]",
            "[\"admin\",\"inactive\"]",
            " \n[null]",
        ] {
            let reply = raw(&owner, method, path, body).await;
            refused(&reply, 400, "validation");
            assert_eq!(reply.pointers(), [""], "{method} {path} {body}");
        }
    }
    for body in [
        r#"{"email":"a@example.org","email":"b@example.org"}"#,
        r#"{"name":"a","name":"b"}"#,
    ] {
        let path = if body.contains("email") {
            "/api/users"
        } else {
            "/api/roles"
        };
        refused(&raw(&owner, &Method::POST, path, body).await, 400, "validation");
    }
    assert_eq!(owner.get("/api/users").await.body["total"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn i01_a_body_that_is_not_called_json_is_415() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    for (method, path) in &TAKES_A_BODY {
        let types = [
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application",
            "application/xml; a=application/json",
            "image/svg+json",
        ];
        for media_type in types {
            let body = request(&owner, method, path)
                .header(CONTENT_TYPE, media_type)
                .body("{}");
            refused(&reply(body).await, 415, "unsupported-media-type");
        }
        refused(
            &reply(request(&owner, method, path).body("{}")).await,
            415,
            "unsupported-media-type",
        );
    }
    // A patch of another kind is not taken for a merge patch.
    for (media_type, is_taken) in [
        ("application/json; charset=utf-8", true),
        ("APPLICATION/JSON", true),
        ("application/merge-patch+json", true),
        (" application/json ;x", true),
        ("application/json-patch+json", false),
        ("application/problem+json", false),
    ] {
        let patch = request(&owner, &Method::PATCH, "/api/me/profile").header(CONTENT_TYPE, media_type);
        let answer = reply(patch.body(r#"{"age":1}"#)).await;
        match is_taken {
            true => assert_eq!(answer.status, 200, "{media_type}"),
            false => refused(&answer, 415, "unsupported-media-type"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i01_a_body_has_64_kib_at_most() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    // White space counts as well, and an unknown field is only ignored.
    let of = |bytes: usize| format!("{{\"unknown\":\"{}\"}}", "x".repeat(bytes - 14));
    for (method, path) in &TAKES_A_BODY {
        assert_ne!(
            raw(&owner, method, path, of(65_536)).await.status,
            413,
            "{method} {path}"
        );
        for bytes in [65_537, 6 * 1024 * 1024 + 1] {
            refused(&raw(&owner, method, path, of(bytes)).await, 413, "body-too-large");
        }
        let blank = format!("{{}}{}", " ".repeat(65_535));
        refused(&raw(&owner, method, path, blank).await, 413, "body-too-large");
    }
    // Who has no token learns nothing about bodies.
    let stranger = reply(world.nobody().http.post(format!("{}/api/users", world.base)).body("{"));
    refused(&stranger.await, 401, "no-credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn i05_a_header_cannot_carry_what_a_body_cannot() {
    let world = World::new().await;
    let owner = world.owner().await;
    // A name is never echoed into a header, and a request id only where it is harmless.
    let reply = owner
        .post("/api/users", json!({ "email": "a\r\nset-cookie: x=y@example.org" }))
        .await;
    invalid(&reply, &["/email"]);
    assert!(reply.headers.get("set-cookie").is_none());
    let url = format!("{}/api/me/profile", world.base);
    let http = &owner.http;
    let bearer = |scheme: &str| format!("{scheme} {}", owner.token);
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  ", "bearer     "] {
        let sent = crate::support::reply(http.get(&url).header(AUTHORIZATION, bearer(scheme))).await;
        assert_eq!(sent.status, 200, "{scheme}");
    }
    for value in [
        bearer("Basic"),
        bearer("Token"),
        owner.token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer   ".to_owned(),
        bearer("Bearer\t"),
        format!("Bearer\t{}", owner.token),
    ] {
        let sent = crate::support::reply(http.get(&url).header(AUTHORIZATION, &value)).await;
        assert_eq!(sent.status, 401, "{value}");
    }
    // The challenge names an error where a bearer token was sent, and nowhere else (RFC 6750, 3.1).
    for (value, challenge) in [
        ("Basic b3duZXI6eA==", "Bearer"),
        ("Token x", "Bearer"),
        ("x.y.z", "Bearer"),
        ("Bearer x.y.z", r#"Bearer error="invalid_token""#),
        ("bearer", r#"Bearer error="invalid_token""#),
    ] {
        for path in [
            "/api/me/profile",
            "/v1/admin/users",
            "/user/profile",
            "/v1/user/ban/jane",
        ] {
            let method = if path.contains("ban") {
                Method::DELETE
            } else {
                Method::GET
            };
            let request = http.request(method, format!("{}{path}", world.base));
            let sent = request.header(AUTHORIZATION, value).header("x-api-key", API_KEY);
            let sent = crate::support::reply(sent).await;
            let answer = (sent.status.as_u16(), sent.header("www-authenticate"));
            assert_eq!(answer, (401, challenge), "{value} {path}");
        }
    }
    // Two sets of credentials are none.
    let twice = http
        .get(&url)
        .header(AUTHORIZATION, bearer("Bearer"))
        .header(AUTHORIZATION, "Bearer x.y.z");
    assert_eq!(crate::support::reply(twice).await.status, 401);
    let in_query = crate::support::reply(http.get(format!("{url}?access_token={}", owner.token))).await;
    refused(&in_query, 401, "no-credentials");
    // The address in the history is the connection's, whatever the client sends.
    world.user("jane@example.org").await;
    let login = json!({ "username": "jane@example.org", "password": PASSWORD });
    let spoof = http.post(format!("{}/api/auth/login", world.base)).json(&login);
    let spoof = spoof
        .header("x-forwarded-for", "192.0.2.66")
        .header("forwarded", "for=192.0.2.66")
        .header("x-real-ip", "192.0.2.66");
    assert_eq!(crate::support::reply(spoof).await.status, 200);
    let history = owner.get("/api/users/jane@example.org/login-history").await;
    assert_eq!(history.body["items"][0]["ip"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn i07_other_methods_are_405_with_allow() {
    let world = World::new().await;
    let owner = world.owner().await;
    let sorted = |reply: &Reply| {
        let mut methods: Vec<String> = reply
            .header("allow")
            .split(',')
            .map(|method| method.trim().to_owned())
            .collect();
        methods.sort();
        methods
    };
    for (path, allowed) in [
        ("/api/users", vec!["GET", "POST"]),
        ("/api/users/a@b.org", vec!["DELETE", "GET", "PATCH", "PUT"]),
        ("/api/users/a@b.org/lock", vec!["POST"]),
        ("/api/roles/x", vec!["DELETE", "GET", "PATCH"]),
        ("/api/permissions", vec!["GET", "POST"]),
        ("/api/permissions/x", vec!["DELETE"]),
        ("/api/me/profile", vec!["GET", "PATCH"]),
    ] {
        for method in ["TRACE", "PROPFIND", "NONSENSE"] {
            let reply = owner
                .send(Method::from_bytes(method.as_bytes()).unwrap(), path, None, &[])
                .await;
            refused(&reply, 405, "method-not-allowed");
            assert_eq!(sorted(&reply), allowed, "{method} {path}");
        }
        let overridden = owner
            .send(Method::GET, path, None, &[("x-http-method-override", "DELETE")])
            .await;
        assert_ne!(overridden.status, 204);
    }
    let head = owner.send(Method::HEAD, "/api/users", None, &[]).await;
    // API Gateway brings `HEAD` to no route; so it is refused wherever the code runs.
    assert_eq!((head.status.as_u16(), head.text.as_str()), (405, ""));
    for path in [
        "/api",
        "/api/nothing",
        "/api/users/a/b/c",
        "/api/users/",
        "//api/users",
        "/API/users",
        "/api/me",
    ] {
        refused(&owner.get(path).await, 404, "no-such-route");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i12_every_refusal_is_problem_details_and_reveals_nothing_of_the_inside() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    let tag = [("if-match", "\"9\"")];
    let refusals = [
        owner.post("/api/users", json!({})).await,
        raw(&owner, &Method::POST, "/api/users", "{").await,
        reply(request(&owner, &Method::POST, "/api/users").body("{}")).await,
        raw(&owner, &Method::POST, "/api/users", "x".repeat(70_000)).await,
        world.nobody().get("/api/users").await,
        world.with_token("x").get("/api/users").await,
        jane.get("/api/users").await,
        owner.get("/api/users/no@example.org").await,
        owner.get("/api/nothing").await,
        owner.send(Method::TRACE, "/api/users", None, &[]).await,
        owner.post("/api/users", json!({ "email": "JANE@example.org" })).await,
        owner
            .send(Method::PATCH, &user(&id), Some(json!({ "age": 1 })), &tag)
            .await,
        owner.get("/api/users?cursor=x").await,
    ];
    let statuses: Vec<u16> = refusals.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(
        statuses,
        [400, 400, 415, 413, 401, 401, 403, 404, 404, 405, 409, 412, 400]
    );
    for reply in &refusals {
        assert_eq!(
            reply.header("content-type"),
            "application/problem+json",
            "{}",
            reply.text
        );
        let body = reply.body.as_object().unwrap();
        let known = ["type", "title", "status", "detail", "instance", "errors"];
        assert!(body.keys().all(|key| known.contains(&key.as_str())), "{}", reply.text);
        assert!(reply.str("type").starts_with("/problems/"), "{}", reply.text);
        assert!(
            !reply.str("title").is_empty() && !reply.str("detail").is_empty(),
            "{}",
            reply.text
        );
        assert_eq!(reply.body["status"], reply.status.as_u16());
        assert!(reply.str("instance").starts_with("/api/"), "{}", reply.text);
        assert!(!reply.header("x-request-id").is_empty());
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
        for inside in [
            "dynamo",
            "T#main",
            "USER#",
            "panicked",
            "src/",
            "aws",
            "GSI",
            "ConditionalCheck",
            "usher::",
        ] {
            assert!(!reply.text.contains(inside), "{inside} in {}", reply.text);
        }
    }
}
