//! Names of fields and parameters, in any letter case on every contract.

use serde_json::json;

use super::walk::{Walk, in_capitals, posts, routes, settled};
use crate::support::{PASSWORD, World};
use crate::users::{invalid, refused, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_capitals_is_answered_on_every_route_as_the_one_that_is_spelled_right() {
    let (mut right, mut capitals) = (Walk::new().await, Walk::new().await);
    let mut done = 0;
    for route in routes() {
        let expected = settled(&right.ask(&route, &route.example).await);
        let answered = settled(&capitals.ask(&route, &in_capitals(&route.example)).await);
        assert_eq!(answered, expected, "{route}");
        done += usize::from(expected.0 < 300);
    }
    assert!(done > 25, "only {done} of the examples are of any use");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_another_spelling_is_not_lost_where_its_absence_would_be_no_error() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({
        "EMAIL": "jane@example.org", "Password": PASSWORD, "FirstName": "Jane", "ROLES": ["member"], "emailverified": true,
        "Address": { "CITY": "Bergen" }, "contact": { "TIKTOK": "@jane" }, "MustChangePassword": false,
    });
    let made = owner.post("/api/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["firstName"], "Jane");
    assert_eq!(made.body["roles"], json!(["member", "user"]));
    assert_eq!(made.body["emailVerified"], true);
    assert_eq!(made.body["address"]["city"], "Bergen");
    assert_eq!(made.body["contact"]["tikTok"], "@jane");
    let path = user(made.str("id"));
    let patch = json!({ "DISPLAYNAME": "J", "ADDRESS": { "City": null, "country": "Norway" } });
    assert_eq!(owner.patch(&path, patch).await.status, 204);
    let shown = owner.get(&path).await.body;
    let address = json!({ "country": "Norway", "city": null, "street": null });
    assert_eq!((&shown["displayName"], &shown["address"]), (&json!("J"), &address));
    assert_eq!(
        owner
            .put(&path, json!({ "TYPE": "admin", "Status": "active" }))
            .await
            .status,
        204
    );
    let own = owner
        .patch("/api/me/profile", json!({ "CONTACT": { "Mobile": "1" } }))
        .await;
    assert_eq!(own.body["contact"]["mobile"], "1");
    let settings = json!({ "Lockout": { "LIMIT": 9 }, "TOKEN_LIFETIMES": { "Admin": { "ACCESS": 600 } } });
    let settings = owner.patch("/v1/settings", settings).await;
    assert_eq!(settings.body["lockout"]["limit"], 9, "{}", settings.text);
    assert_eq!(settings.body["token_lifetimes"]["admin"]["access"], 600);
    let listed = owner.get("/api/users?LIMIT=1&Q=jane").await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1, "{}", listed.text);
    let searched = owner.get("/v1/admin/users/search?Q=jane").await;
    assert_eq!(searched.status, 200, "{}", searched.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_spellings_of_one_name_are_refused_on_every_route() {
    let mut walk = Walk::new().await;
    for route in routes() {
        let mut twice = route.example.clone();
        let Some((name, value)) = twice.as_object().and_then(|members| members.iter().next()) else {
            panic!("{route} has no example")
        };
        let (upper, value) = (name.to_uppercase(), value.clone());
        assert_ne!(upper, *name, "{route}");
        let detail = format!("duplicate field `{name}`");
        twice[upper] = value;
        let reply = walk.ask(&route, &twice).await;
        let said = reply.text.to_lowercase().contains(&detail.to_lowercase());
        assert!(reply.status == 400 && said, "{route}: {}", reply.text);
    }
    let world = World::new().await;
    let owner = world.owner().await;
    invalid(&owner.get("/api/users?limit=1&LIMIT=2").await, &["?limit"]);
    let nested = json!({ "address": { "city": "a", "City": "b" } });
    invalid(&owner.patch("/api/me/profile", nested).await, &["/address/city"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_a_field_as_the_contract_spells_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    invalid(&owner.post("/api/users", json!({ "EMAIL": "x" })).await, &["/email"]);
    invalid(
        &owner.patch("/api/me/profile", json!({ "FIRSTNAME": 1 })).await,
        &["/firstName"],
    );
    let put = owner.put("/v1/admin/users/admin", json!({ "USER_NAME": "" })).await;
    assert_eq!(put.body["details"][0]["field"], "user_name", "{}", put.text);
    let unknown = owner.patch("/v1/settings", json!({ "LOCKOUT": { "Limits": 1 } })).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.text.contains("`Limits`")),
        (400, true),
        "{}",
        unknown.text
    );
    let account = world
        .nobody()
        .post("/auth/register", json!({ "username": "", "PASSWORD": 1 }))
        .await;
    // As its client writes.
    assert_eq!(
        account.body["errors"].as_object().unwrap().keys().next().unwrap(),
        "password"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_needed_and_not_there_is_refused_on_every_route() {
    let mut walk = Walk::new().await;
    for route in posts() {
        let reply = walk.send(&route, None, &[("content-type", "application/json")]).await;
        let optional = route.fields.values().all(|field| !field.required);
        let refused = reply.status == 400;
        assert!(
            refused || (optional && reply.status.is_success()),
            "{route}: {}",
            reply.text
        );
    }
    let world = World::new().await;
    let reply = world.owner().await.post_empty("/api/users").await;
    refused(&reply, 415, "unsupported-media-type");
}
