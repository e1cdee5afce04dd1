//! What every request reads of a role is kept in copies.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use usher::store::keys;

use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, World};
use crate::users::{grant, role};

/// A client for each copy: sessions of one account whose ids pick it.
async fn one_for_each_copy(world: &World, email: &str) -> BTreeMap<u8, Client> {
    let mut clients = BTreeMap::new();
    while clients.len() < usize::from(keys::ROLE_COPIES) {
        let body = json!({ "username": email, "password": PASSWORD });
        let token = world
            .nobody()
            .post("/api/auth/login", body)
            .await
            .str("token")
            .to_owned();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let session = claims["sid"].as_str().unwrap().parse().unwrap();
        clients.insert(keys::copy_for(session), world.with_token(&token));
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_request_sees_a_change_of_a_role_whichever_copy_it_reads() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "reader", &[]).await;
    world.user_with("jane@example.org", &["reader"]).await;
    let clients = one_for_each_copy(&world, "jane@example.org").await;
    for (permissions, status) in [
        (json!(["admin.roles"]), 200),
        (json!([]), 403),
        (json!(["admin.roles"]), 200),
    ] {
        let changed = owner
            .patch("/api/roles/reader", json!({ "permissions": permissions }))
            .await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        for (copy, client) in &clients {
            assert_eq!(client.get("/api/roles").await.status, status, "copy {copy}");
        }
    }
    let gone = owner.delete("/api/roles/reader?force=true").await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    for (copy, client) in &clients {
        assert_eq!(client.get("/api/roles").await.status, 403, "copy {copy}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_equal_after_every_kind_of_change() {
    let world = World::new().await;
    let owner = world.owner().await;
    let jane = world.user("jane@example.org").await;
    let permission = json!({ "name": "press.write", "description": "d" });
    assert_eq!(owner.post("/api/permissions", permission).await.status, 201);
    let press = role(&world, "press", &[]).await;
    assert_reconciled(&world);
    let made = owner.post("/api/roles", json!({ "name": "desk", "maxCount": 2 })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_reconciled(&world);
    grant(&owner, &jane, json!({ "role": "press" })).await;
    for patch in [
        json!({ "name": "Press Office" }),
        json!({ "permissions": ["press.write"] }),
        json!({ "maxCount": 1 }),
        json!({ "permissions": ["press.write", "admin.users"] }),
        json!({ "maxCount": null }),
        json!({ "permissions": ["press.write"] }),
        json!({ "name": "press" }),
    ] {
        let changed = owner.patch(&format!("/api/roles/{press}"), patch.clone()).await;
        assert_eq!(changed.status, 200, "{patch}: {}", changed.text);
        assert_reconciled(&world);
    }
    let removed = owner.delete("/api/permissions/press.write?force=true").await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_reconciled(&world);
    for name in ["press", "desk"] {
        let gone = owner.delete(&format!("/api/roles/{name}?force=true")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
        assert_reconciled(&world);
    }
}
