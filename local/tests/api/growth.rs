//! A tenant that grows: what was written while it was small and what is written since are one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::domain::tenant::TenantId;
use usher::store::keys;
use usher::store::table::{Changes, Write};

use crate::audit::assert_whole;
use crate::reconcile::assert_reconciled;
use crate::rotation::scheduled;
use crate::support::{Client, PASSWORD, World};
use crate::tenant_settings::{beside, set};

/// Adds to the number of active accounts.
async fn count(world: &World, by: i64) {
    let write = Write::update(keys::tally(&TenantId::main(), 0, 0), Changes::new().add("active", by));
    usher::store::unit::commit(&world.app.table, &[write]).await.unwrap();
}

/// A tenant that has been large for a minute.
pub async fn large() -> World {
    let world = World::with(&[("USHER_TENANT_SIZE", "large")]).await;
    world.clock.advance(61);
    world
}

/// Set-up's daily run while there seem to be 5,000 accounts.
pub async fn grow(world: &World) {
    count(world, 5_000).await;
    scheduled(world).await;
    count(world, -5_000).await;
}

/// The partitions that a kind of items stands in, by this attribute.
fn partitions(world: &World, attribute: &str, kind: &str) -> BTreeSet<String> {
    let prefix = format!("T#main#{kind}#");
    let items = world.items();
    let found = items.iter().filter_map(|item| item[attribute]["S"].as_str());
    found.filter(|pk| pk.starts_with(&prefix)).map(str::to_owned).collect()
}

async fn make(owner: &Client, range: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for n in range {
        let body = json!({ "username": format!("n{n}"), "password": PASSWORD });
        let reply = owner.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        ids.push(reply.str("id").to_owned());
    }
    ids
}

/// The ids of every page of a listing of the directory contract.
async fn walk(client: &Client, path: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = client.get(&format!("{path}limit=7{cursor}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let items = reply.body["items"].as_array().unwrap();
        // Rows of the rights history have no id that is shown.
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap_or_default().to_owned()),
        );
        match reply.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

/// The tenant's settings item.
fn kept(world: &World, tenant: &str) -> Value {
    let pk = format!("T#{tenant}#SETTINGS");
    let found = world.items().into_iter().find(|item| item["PK"]["S"] == pk.as_str());
    found.unwrap_or(Value::Null)
}

/// Everything that is listed is what there is, in one order.
async fn assert_nothing_is_lost(world: &World, owner: &Client, mut made: Vec<String>) {
    // Those of one millisecond are in no order of their own.
    made.sort_unstable_by(|a, b| b.cmp(a));
    let listed = walk(owner, "/api/users?").await;
    assert_eq!(listed[..made.len()], made);
    assert_eq!(listed.len(), made.len() + 2, "and the first two accounts");
    let page = owner.get("/api/users?limit=5").await;
    assert_eq!(page.body["total"], made.len() + 2);
    let rows = crate::audit::rows(world).len();
    assert_eq!(walk(owner, "/api/rights-history?").await.len(), rows);
    assert_whole(world).await;
    assert_reconciled(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_becomes_large_loses_nothing_of_when_it_was_small() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.clock.advance(1);
    let mut made = make(&owner, 0..8).await;
    world.signed_in("n0", PASSWORD).await;
    grow(&world).await;
    world.clock.advance(59);
    made.extend(make(&owner, 8..12).await);
    let kinds = [
        ("GSI1PK", "USERS"),
        ("GSI1PK", "LOGINS"),
        ("PK", "RIGHTS"),
        ("GSI2PK", "STATUS#active"),
    ];
    for (attribute, kind) in kinds {
        assert_eq!(partitions(&world, attribute, kind).len(), 1, "{kind}");
    }
    assert_nothing_is_lost(&world, &owner, made.clone()).await;
    world.clock.advance(1);
    made.extend(make(&owner, 12..44).await);
    for n in 0..12 {
        world.signed_in(&format!("n{n}"), PASSWORD).await;
    }
    for (attribute, kind) in kinds {
        let least = if kind == "USERS" { 2 } else { 3 };
        assert!(partitions(&world, attribute, kind).len() >= least, "{kind}");
    }
    assert!(partitions(&world, "PK", "TALLY").len() > 3);
    assert_nothing_is_lost(&world, &owner, made.clone()).await;
    // Counted in one counter, and since in another one.
    for id in [&made[0], &made[9], &made[43]] {
        let banned = owner
            .put(&format!("/api/users/{id}"), json!({ "status": "inactive" }))
            .await;
        assert_eq!(banned.status, 204, "{}", banned.text);
    }
    let banned = owner.get("/api/users?status=inactive&limit=2").await;
    assert_eq!(
        (&banned.body["total"], banned.body["items"].as_array().unwrap().len()),
        (&json!(3), 2)
    );
    assert_eq!(
        walk(&owner, "/api/users?status=inactive&").await,
        [&made[43], &made[9], &made[0]].map(String::clone)
    );
    assert_nothing_is_lost(&world, &owner, made).await;
    let contract = crate::account::signed_in(&world, "owner", "Owner@12345").await;
    let items = world.items();
    let is_listed = |item: &&Value| item["GSI1PK"]["S"].as_str().is_some_and(|pk| pk.contains("#LOGINS#"));
    let logins = items.iter().filter(is_listed).count();
    assert_eq!(crate::account::walk(&contract, "/owner/entries", 5).await.len(), logins);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_settings_from_before_sees_what_one_with_newer_ones_writes() {
    let world = World::new().await;
    let other = beside(&world).await;
    let (owner, elsewhere) = (world.owner().await, other.owner().await);
    grow(&world).await;
    world.clock.advance(11);
    // It has read the settings since, and the other process has not.
    make(&owner, 0..8).await;
    let seen = elsewhere.get("/api/users?limit=100").await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 10);
    make(&elsewhere, 8..16).await;
    world.clock.advance(60);
    make(&owner, 16..24).await;
    let both = owner.get("/api/users?limit=100").await;
    assert_eq!(both.body["items"].as_array().unwrap().len(), 26);
    other.clock.advance(71);
    let seen = elsewhere.get("/api/users?limit=100").await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 26);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tenant_of_a_stack_that_asks_for_it_is_large_from_its_beginning() {
    let world = World::with(&[("USHER_TENANT_SIZE", "large")]).await;
    assert!(kept(&world, "main")["largeSince"]["N"].is_string());
    let owner = world.owner().await;
    let tenant = json!({ "id": "acme", "owner": { "email": "ann@example.org", "password": PASSWORD } });
    assert_eq!(owner.post("/api/tenants", tenant).await.status, 201);
    assert!(kept(&world, "acme")["largeSince"]["N"].is_string());
    let small = World::new().await;
    scheduled(&small).await;
    assert_eq!(kept(&small, "main"), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_of_a_tenant_outlives_its_settings_and_is_shown_by_none() {
    let world = World::new().await;
    let admin = crate::admin::admin(&world).await;
    grow(&world).await;
    let since = kept(&world, "main")["largeSince"]["N"].clone();
    assert!(since.is_string());
    world.clock.advance(11);
    let shown = set(&admin, json!({ "min_password_length": 12 })).await;
    assert_eq!(kept(&world, "main")["largeSince"]["N"], since);
    scheduled(&world).await;
    assert_eq!(
        kept(&world, "main")["largeSince"]["N"],
        since,
        "it is written down once"
    );
    let history = world.owner().await.get("/api/rights-history?limit=100").await;
    for text in [shown.to_string(), history.text] {
        assert!(!text.contains("largeSince"), "{text}");
    }
}
