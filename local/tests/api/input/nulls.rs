//! A null where a field cannot be cleared.

use axum::http::Method;
use serde_json::{Value, json};

use super::walk::{Route, Walk, changes, posts, settled};
use crate::support::{PASSWORD, World};
use crate::users::{invalid, user};

/// The example without what can be left out, or with null in its place.
fn without(route: &Route, null: bool) -> Value {
    let mut body = route.example.clone();
    for (name, field) in &route.fields {
        if field.required {
            continue;
        }
        // An account needs one of several names.
        if ["email", "username", "Email", "Token"].contains(&name.as_str()) {
            continue;
        }
        if null {
            body[name] = Value::Null;
        } else {
            body.as_object_mut().unwrap().remove(name);
        }
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_is_answered_on_every_post_as_the_field_s_absence() {
    let (mut absent, mut null) = (Walk::new().await, Walk::new().await);
    let mut nulls = 0;
    for route in posts() {
        let expected = settled(&absent.ask(&route, &without(&route, false)).await);
        let body = without(&route, true);
        nulls += body
            .as_object()
            .unwrap()
            .values()
            .filter(|value| value.is_null())
            .count();
        assert_eq!(settled(&null.ask(&route, &body).await), expected, "{route}: {body}");
    }
    assert!(nulls > 40, "only {nulls} fields are null");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_in_what_must_be_given_is_refused_on_every_post_as_a_missing_field() {
    let mut walk = Walk::new().await;
    for route in posts() {
        for (name, field) in &route.fields {
            let mut body = route.example.clone();
            body[name] = Value::Null;
            if field.required && !field.nullable {
                let reply = walk.ask(&route, &body).await;
                let said = reply.text.to_lowercase();
                let missing = said.contains(&format!("missing field `{}`", name.to_lowercase()));
                assert!(reply.status == 400 && missing, "{route}: {}", reply.text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_in_what_cannot_be_cleared_is_refused_in_every_patch_and_nothing_in_a_put() {
    let mut walk = Walk::new().await;
    let (mut clears, mut refuses) = (0, 0);
    for route in changes() {
        for (name, field) in &route.fields {
            let reply = walk.ask(&route, &json!({ name: null })).await;
            let sentence = match route.method == Method::PATCH {
                true => "it cannot be null",
                // As if it were not there, and then there is nothing.
                false => "give at least one of",
            };
            let refused = reply.text.to_lowercase().contains(sentence);
            assert_eq!(refused, !field.nullable, "{route} {name}: {}", reply.text);
            if refused {
                assert_eq!(reply.status, 400, "{route} {name}");
                assert!(reply.text.contains(name), "{route} {name}: {}", reply.text);
                refuses += 1;
            } else {
                // An account keeps one of its two names.
                let kept = ["email", "username"].contains(&name.as_str());
                assert!(reply.status.is_success() || kept, "{route} {name}: {}", reply.text);
                clears += 1;
            }
        }
    }
    assert!(clears > 20 && refuses > 8, "{clears} and {refuses}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_nulls_for_what_it_does_not_have() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({
        "email": "jane@example.org", "password": PASSWORD, "roles": null, "emailVerified": null,
        "mustChangePassword": null, "username": null, "age": null, "address": null, "contact": { "mobile": null },
    });
    let made = owner.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["roles"], json!(["user"]));
    assert_eq!(
        (&made.body["emailVerified"], &made.body["mustChangePassword"]),
        (&json!(false), &json!(false))
    );
    let role = owner
        .post(
            "/api/roles",
            json!({ "name": "x", "permissions": null, "maxCount": null }),
        )
        .await;
    assert_eq!(role.status, 201, "{}", role.text);
    // In a list a null is no absence.
    let body = json!({ "email": "joe@example.org", "roles": [null] });
    invalid(&owner.post("/api/users", body).await, &["/roles/0"]);
    let path = user(made.str("id"));
    let patch = json!({ "emailVerified": null, "age": 3, "password": null, "status": null });
    let mut reply = owner.patch(&path, patch).await;
    let errors = reply.body["errors"].as_array_mut().unwrap();
    errors.sort_by_key(|error| error["pointer"].to_string());
    invalid(&reply, &["/emailVerified", "/password", "/status"]);
    assert_eq!(
        owner.get(&path).await.body["age"],
        Value::Null,
        "nothing of it was done"
    );
}
