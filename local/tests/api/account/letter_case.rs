//! Answers are spelled as their client writes: camelCase or PascalCase, by the body, or else by the session's login.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, claims, person};
use crate::support::{API_KEY, Client, PASSWORD, World, reply};

/// Whether every name at any depth begins with a small letter, or every one with a capital.
fn is_all(small: bool, json: &Value) -> bool {
    match json {
        Value::Object(members) => members.iter().all(|(name, value)| {
            let begins = |part: &str| part.starts_with(|c: char| c.is_ascii_lowercase()) == small;
            // Parameters of a query are spelled in one way alone.
            (["limit", "cursor"].contains(&name.as_str()) || name.split('.').all(begins)) && is_all(small, value)
        }),
        Value::Array(values) => values.iter().all(|value| is_all(small, value)),
        _ => true,
    }
}

#[track_caller]
fn assert_case(small: bool, asked: &str, json: &Value) {
    assert!(json.is_object() || json.is_array(), "{asked}: {json}");
    assert!(is_all(small, json), "{asked}: {json}");
}

async fn logged_in(world: &World, name: &str, small: bool) -> Client {
    let (username, password, token) = match small {
        true => ("username", "password", "token"),
        false => ("Username", "Password", "Token"),
    };
    let reply = world
        .nobody()
        .post("/auth/login", json!({ username: name, password: PASSWORD }))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    world.with_token(reply.str(token))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_answered_in_the_case_of_the_session_where_there_is_no_body() {
    let world = World::new().await;
    person(&world, "boss", &["admin"]).await;
    for small in [true, false] {
        let boss = logged_in(&world, "boss", small).await;
        for path in [
            "/admin/profile",
            "/user/profile",
            "/admin/users",
            "/admin/roles",
            "/admin/entries",
            "/admin/rightschanges",
            "/admin/users?limit=1",
            "/user/resetpassword",
            // Refusals: of the guard, of a query, of the edge.
            "/owner/profile",
            "/admin/users?limit=0",
            "/admin/users?cursor=x",
            "/admin/entries?UserId=x&limit=0",
            "/user/nope",
            "/user/update",
            "/auth/login",
        ] {
            assert_case(small, path, &boss.get(path).await.body);
        }
        assert_case(small, "POST", &boss.post_empty("/admin/rightschanges").await.body);
        assert_case(
            small,
            "an unknown field",
            &boss.post("/user/update", json!({ "X": 1 })).await.body,
        );
        assert_case(small, "guest", &boss.post("/auth/register", json!({})).await.body);
        let keyless = Client {
            api_key: String::new(),
            ..boss.clone()
        };
        assert_case(small, "no key", &keyless.get("/user/profile").await.body);
        assert_case(small, "logout", &ask(&boss, &Method::GET, "/user/logout").await.body);
        // The token opens nothing any more, and its client reads what it read before.
        let after = boss.get("/user/profile").await;
        assert_eq!(after.status, 401);
        assert_case(small, "after the logout", &after.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_known_field_of_a_body_counts_before_the_session() {
    let world = World::new().await;
    let jane = person(&world, "jane", &[]).await;
    for small in [true, false] {
        let client = logged_in(&world, "jane", small).await;
        for (body, begins_small) in [
            (json!({ "firstName": "Jane", "Age": 41 }), true),
            (json!({ "FirstName": "Jane", "age": 41 }), false),
            (json!({ "id": jane.id, "FirstName": "Jane" }), true),
            (json!({ "Unknown": 1, "lastName": null }), true),
            (json!({ "unknown": { "firstName": 1 }, "LASTNAME": null }), false),
            (json!({ "age": "old", "Gender": 1, "Address": { "Str": 1 } }), true),
            (json!({ "Age": "old", "gender": 1, "contact": { "tikTok": 1 } }), false),
        ] {
            let reply = client.post("/user/update", body.clone()).await;
            assert_case(begins_small, &body.to_string(), &reply.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_are_refused_in_the_case_that_they_write_even_where_their_json_breaks_off() {
    let world = World::new().await;
    let send = |body: String| {
        let request = reqwest::Client::new().post(format!("{}/auth/login", world.base));
        let request = request.header("x-api-key", API_KEY);
        reply(request.header("content-type", "application/json").body(body))
    };
    for (body, status, small) in [
        (r#"{"username": "jane", "password": "not it, no"}"#, 401, true),
        (r#"{"Username": "jane", "Password": "not it, no"}"#, 401, false),
        (r#"{"username": "jane"}"#, 400, true),
        (r#"{"Username": "jane"}"#, 400, false),
        (r#"{"username": "#, 400, true),
        (r#"{"Username": "#, 400, false),
        ("{}", 400, false),
        ("", 400, false),
    ] {
        let refused = send(body.to_owned()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text);
        assert_case(small, body, &refused.body);
    }
    let large = format!(r#"{{"username": "jane", "password": "{}"}}"#, "a".repeat(3_000_000));
    let refused = send(large).await;
    assert_eq!(refused.status, 413, "{}", refused.text);
    assert_case(true, "a large body", &refused.body);
    assert_eq!(refused.body["message"], "the body is over 65536 bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_camel_case_is_whole() {
    let world = World::new().await;
    let body = json!({ "email": "jane", "username": "jane", "password": PASSWORD, "contact": { "tikTok": "a\nb" } });
    let reply = world.nobody().post("/auth/register", body).await;
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "message": "an e-mail address has the form name@example.org; Contact.TikTok: this must not have control characters",
      "en": "an e-mail address has the form name@example.org; Contact.TikTok: this must not have control characters",
      "bg": "невалидна стойност: Contact.TikTok, Email",
      "errors": {
        "contact.tikTok": [
          "this must not have control characters"
        ],
        "email": [
          "an e-mail address has the form name@example.org"
        ]
      }
    }
    "#);
    assert_eq!(reply.header("content-length"), reply.text.len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_names_change_and_nothing_that_was_sent() {
    let world = World::new().await;
    let body = json!({ "Username": "Jane", "Email": "Jane@Example.org", "Password": PASSWORD, "FirstName": "First" });
    assert_eq!(world.nobody().post("/auth/register", body).await.status, 200);
    let pascal = logged_in(&world, "jane", false).await;
    let camel = logged_in(&world, "jane", true).await;
    assert_eq!(claims(&camel.token)["role"], "User");
    let body = camel.get("/user/profile").await.body;
    assert_eq!(
        (&body["username"], &body["email"], &body["firstName"]),
        (&json!("Jane"), &json!("Jane@Example.org"), &json!("First"))
    );
    let other = pascal.get("/user/profile").await.body;
    assert_eq!(other["Username"], "Jane");
    // In one order.
    let names = |json: &Value| -> Vec<String> {
        json.as_object()
            .unwrap()
            .keys()
            .map(|name| name.to_lowercase())
            .collect()
    };
    assert_eq!(names(&body), names(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_claim_of_the_case_spells_and_opens_nothing() {
    use base64::Engine;
    let world = World::new().await;
    let forged = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"field_case":"camelCase"}"#);
    for (token, small) in [
        (format!("a.{forged}.c"), true),
        (format!("a.{forged}x.c"), false),
        (forged.clone(), false),
        ("a.bnVsbA.c".to_owned(), false),
        ("...".to_owned(), false),
    ] {
        let refused = world.with_token(&token).get("/admin/users").await;
        assert_eq!(refused.status, 401, "{token}");
        assert_case(small, &token, &refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_contracts_answer_as_ever_whoever_asks() {
    let world = World::new().await;
    person(&world, "boss", &["admin"]).await;
    let boss = logged_in(&world, "boss", true).await;
    let shown = boss.get("/v1/admin/users").await;
    assert!(shown.body["users"][0]["user_name"].is_string(), "{}", shown.text);
    assert_eq!(boss.get("/api/nope").await.problem(), "no-such-route");
}
