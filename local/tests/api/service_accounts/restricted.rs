//! What is restricted, what ends, and what stands above: not to be had by way of a key.

use serde_json::json;

use super::{key_until, service};
use crate::support::World;
use crate::users::{refused, role, user};

#[tokio::test(flavor = "multi_thread")]
async fn d01_nobody_takes_over_what_holds_a_restricted_permission_that_they_may_not_give() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    let restricted = json!({ "name": "vault.open", "restricted": true });
    assert_eq!(owner.post("/api/permissions", restricted).await.status, 201);
    role(&world, "keeper", &["vault.open"]).await;
    let robot = service(&owner, "robot", &["keeper"]).await;
    let holder = world.user_with("holder@example.org", &["keeper"]).await;
    let name = json!({ "name": "k" });
    refused(
        &admin.post(&format!("/api/users/{robot}/keys"), name.clone()).await,
        403,
        "not-held",
    );
    let password = json!({ "newPassword": "battery staple 9" });
    let reset = format!("{}/reset-password", user(&holder));
    refused(&admin.post(&reset, password.clone()).await, 403, "not-held");
    refused(
        &admin
            .patch(&user(&holder), json!({ "password": "battery staple 9" }))
            .await,
        403,
        "not-held",
    );
    assert_eq!(owner.post(&format!("/api/users/{robot}/keys"), name).await.status, 201);
    assert_eq!(owner.post(&reset, password).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_key_that_ends_nothing_is_made_or_taken_over_that_outlives_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let robot = service(&owner, "robot", &["admin"]).await;
    let made = key_until(&owner, &robot, json!("2026-11-22T09:00:00Z")).await;
    let with_key = world.with_token(made.str("key"));
    refused(
        &with_key.post("/api/api-keys", json!({ "name": "x" })).await,
        403,
        "held-for-less",
    );
    let person = json!({ "username": "x", "password": "battery staple 9", "roles": ["admin"] });
    refused(&with_key.post("/api/users", person).await, 403, "held-for-less");
    let another = world.user_with("other@example.org", &["SYS_ADMIN"]).await;
    let reset = format!("{}/reset-password", user(&another));
    refused(
        &with_key
            .post(&reset, json!({ "newPassword": "battery staple 9" }))
            .await,
        403,
        "held-for-less",
    );
    let until = json!({ "role": "SYS_ADMIN", "effectiveTo": "2026-11-22T09:00:00Z" });
    let plain = world.user("plain@example.org").await;
    assert_eq!(
        with_key.post(&format!("{}/roles", user(&plain)), until).await.status,
        201
    );
    let shorter = json!({ "name": "x", "expiresAt": "2026-11-22T09:00:00Z" });
    assert_eq!(with_key.post("/api/api-keys", shorter).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_an_account_that_stands_above_are_not_listed() {
    let world = World::new().await;
    let owner = world.owner().await;
    let robot = service(&owner, "robot", &["owner"]).await;
    let path = format!("/api/users/{robot}/keys");
    refused(&world.admin().await.get(&path).await, 403, "above-own-rank");
    assert_eq!(owner.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_too_long_for_the_table_is_one_that_there_is_not() {
    let world = World::new().await;
    let owner = world.owner().await;
    let long = "a".repeat(1_500);
    let asked = json!({ "permission": long });
    for (path, body) in [
        ("/api/access/check", asked.clone()),
        ("/api/access/explain", asked),
        (
            "/api/access/preview",
            json!({ "role": "member", "permissions": [long] }),
        ),
        ("/api/roles", json!({ "name": "x", "permissions": [long] })),
    ] {
        refused(&owner.post(path, body).await, 400, "validation");
    }
}
