//! What is wrong with a value is stated in sentences of Usher's own.

use serde_json::{Value, json};

use super::walk::{Walk, routes};
use crate::support::World;

/// How libraries put it.
const THEIRS: [&str; 6] = [
    "invalid type",
    "invalid value",
    "unknown variant",
    "provided string",
    "length is",
    "expected a",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_any_body_is_refused_in_the_words_of_a_library() {
    let mut walk = Walk::new().await;
    let mut refused = 0;
    for route in routes() {
        for name in route.fields.keys() {
            for wrong in [
                json!(-5),
                json!(4.5),
                json!("x"),
                json!(true),
                json!([{}]),
                json!({ "a": 1 }),
            ] {
                let mut body = route.example.clone();
                body[name] = wrong;
                let reply = walk.ask(&route, &body).await;
                refused += usize::from(reply.status == 400);
                let theirs = THEIRS.iter().find(|words| reply.text.to_lowercase().contains(*words));
                assert_eq!(theirs, None, "{route} {body}: {}", reply.text);
            }
        }
    }
    assert!(refused > 200, "only {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_wrong_is_refused_by_what_it_must_be() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let jane = "/api/users/jane@example.org";
    let detail = |place: &str, text: &str| json!([{ "pointer": place, "detail": text }]);
    for (path, body, place, text) in [
        (
            "/api/users",
            json!({ "username": "a", "roles": "user" }),
            "/roles",
            "this must be a list",
        ),
        (
            "/api/users",
            json!({ "username": "a", "emailVerified": "yes" }),
            "/emailVerified",
            "this must be `true` or `false`",
        ),
        (
            "/api/users",
            json!({ "username": 5 }),
            "/username",
            "this must be a text",
        ),
        (
            "/api/users",
            json!({ "username": "a", "gender": "x" }),
            "/gender",
            "this must be one of `Male`, `Female`, `Other`, `Undefined`",
        ),
        (
            "/api/users",
            json!({ "username": "a", "age": 151 }),
            "/age",
            "this must be a whole number from 0 to 150",
        ),
        (
            "/api/users",
            json!({ "username": "a", "firstName": "x".repeat(257) }),
            "/firstName",
            "this can have 256 characters at most",
        ),
        (
            "/api/roles",
            json!({ "name": "a", "maxCount": -1 }),
            "/maxCount",
            "this must be a whole number from 0 to 4294967295",
        ),
        (
            "/api/users/jane@example.org/roles",
            json!({ "role": "member", "effectiveTo": 5 }),
            "/effectiveTo",
            "this must be a time as RFC 3339 has it, such as 2026-11-26T09:30:00Z",
        ),
        (
            "/api/users/jane@example.org/roles",
            json!({ "role": "member", "effectiveTo": "2027-02-29T00:00:00Z" }),
            "/effectiveTo",
            "there is no such day, or no such time of day",
        ),
    ] {
        let reply = owner.post(path, body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["errors"]),
            (400, &detail(place, text)),
            "{path} {body}"
        );
    }
    let force = owner.delete("/api/roles/member?force=TRUE").await;
    assert_eq!(force.body["errors"], detail("?force", "this must be `true` or `false`"));
    let own = owner.patch(jane, json!({ "address": { "city": 5 } })).await;
    assert_eq!(own.body["errors"], detail("/address/city", "this must be a text"));
    let settings = owner.patch("/v1/settings", json!({ "lockout": 5 })).await;
    let said: &Value = &settings.body["details"][0]["message"];
    assert_eq!(said, "This must be an object");
}
