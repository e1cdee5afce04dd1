//! `GET /api/rights-history?target&role`: whatever a row shows can be asked for.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::id::RoleId;

use crate::account;
use crate::support::{Client, PASSWORD, World};
use crate::users::invalid;

async fn rows(client: &Client, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/api/rights-history?limit=100&{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    reply.body["items"].as_array().unwrap().clone()
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["kind"].as_str().unwrap()).collect()
}

/// A role that was made, changed and deleted; its id.
async fn deleted_role(world: &World, owner: &Client) -> String {
    let made = owner.post("/api/roles", json!({ "name": "clerk" })).await;
    world.clock.advance_ms(1);
    let wider = json!({ "permissions": ["inv.read"] });
    assert_eq!(owner.patch("/api/roles/clerk", wider).await.status, 200);
    world.clock.advance_ms(1);
    assert_eq!(owner.delete("/api/roles/clerk").await.status, 204);
    made.str("id").to_owned()
}

/// A world with a row of every kind of target.
async fn changed() -> (World, Client, String) {
    let world = World::new().await;
    let owner = world.owner().await;
    let boss = json!({ "email": "boss@example.org", "username": "boss", "password": PASSWORD });
    for (path, body) in [
        ("/api/permissions", json!({ "name": "inv.read" })),
        ("/api/api-keys", json!({ "name": "Web shop" })),
        ("/api/tenants", json!({ "id": "acme", "owner": boss })),
    ] {
        let reply = owner.post(path, body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    let role = deleted_role(&world, &owner).await;
    assert_eq!(owner.delete("/api/permissions/inv.read").await.status, 204);
    let settings = json!({ "history_days": 100 });
    assert_eq!(owner.patch("/v1/settings", settings).await.status, 200);
    (world, owner, role)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_target_that_is_shown_is_found_by_what_it_is_shown_as() {
    let (_world, owner, _) = changed().await;
    let all = rows(&owner, "").await;
    let targets: BTreeSet<&str> = all.iter().map(|row| row["target"].as_str().unwrap()).collect();
    assert!(targets.is_superset(&["main", "acme", "inv.read"].into()), "{targets:?}");
    for target in targets {
        let of_it: Vec<&Value> = all.iter().filter(|row| row["target"] == target).collect();
        let found = rows(&owner, &format!("target={target}")).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), of_it, "{target}");
    }
    for kind in [
        "roleDeleted",
        "apiKeyCreated",
        "tenantCreated",
        "permissionRemoved",
        "settingsChanged",
    ] {
        assert!(kinds(&all).contains(&kind), "{kind} of {all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_deleted_is_asked_for_by_its_id() {
    let (world, owner, role) = changed().await;
    let of_role = ["roleDeleted", "roleChanged", "roleCreated"];
    for query in ["role", "target"] {
        assert_eq!(
            kinds(&rows(&owner, &format!("{query}={role}")).await),
            of_role,
            "{query}"
        );
    }
    let nothing = RoleId::new(world.now()).unwrap();
    assert!(rows(&owner, &format!("role={nothing}")).await.is_empty());
    assert!(rows(&owner, &format!("target={nothing}")).await.is_empty());
    for (query, pointer) in [
        ("role=clerk", "?role"),
        ("target=inv.reed", "?target"),
        ("target=Main", "?target"),
        ("target=%23", "?target"),
    ] {
        invalid(&owner.get(&format!("/api/rights-history?{query}")).await, &[pointer]);
    }
    let boss = account::signed_in(&world, "owner", "Owner@12345").await;
    for (filter, count) in [
        (json!({ "Role": role }), 3),
        (json!({ "To": role }), 3),
        (json!({ "To": "acme" }), 1),
    ] {
        let changes = boss.post("/owner/rightschanges", filter.clone()).await;
        assert_eq!(
            changes.body.as_array().map(Vec::len),
            Some(count),
            "{filter}: {}",
            changes.text
        );
    }
    let unknown = boss.post("/owner/rightschanges", json!({ "To": "inv.reed" })).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
}

/// Or whoever took its name would hide what was done to it.
#[tokio::test(flavor = "multi_thread")]
async fn d04_a_name_of_an_account_and_of_something_else_finds_the_rows_of_both() {
    let (world, owner, _) = changed().await;
    world.clock.advance_ms(1);
    let body = json!({ "username": "main", "password": PASSWORD });
    let made = owner.post("/api/users", body).await;
    let found = rows(&owner, "target=main").await;
    assert_eq!(found[0]["target"], made.body["id"], "{found:?}");
    assert!(kinds(&found).contains(&"settingsChanged"), "{found:?}");
    let own = rows(&owner, &format!("target={}", made.str("id"))).await;
    assert_eq!(kinds(&own), ["userCreated"]);
    // Page by page they are the same.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner
            .get(&format!("/api/rights-history?target=main&limit=1{cursor}"))
            .await;
        paged.extend(page.body["items"].as_array().unwrap().clone());
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, found);
}
