//! Roles of a tenant that grows: members and seats from when it was small are found, and counted.

use serde_json::{Value, json};

use crate::growth::{grow, large};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, World, at_once};
use crate::users::list_cursors::walk;
use crate::users::{grant, refused, role};

async fn people(world: &World, range: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for n in range {
        ids.push(world.user(&format!("u{n}@example.org")).await);
    }
    ids
}

/// The paths of the grants.
async fn give_all(owner: &Client, ids: &[String], name: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for id in ids {
        let given = grant(owner, id, json!({ "role": name })).await;
        paths.push(format!("/api/users/{id}/roles/{given}"));
    }
    paths
}

/// Set-up finds that the tenant has grown, and a minute later all partitions are written to.
async fn grown(world: &World) {
    grow(world).await;
    world.clock.advance(61);
}

/// In how many partitions the role's members are.
fn partitions(world: &World, id: &str) -> usize {
    let of_role = format!("T#main#ROLE#{id}#");
    let items = world.items().into_iter();
    let found = items.filter_map(|item| item["PK"]["S"].as_str().map(str::to_owned));
    let found: std::collections::BTreeSet<String> = found.filter(|pk| pk.starts_with(&of_role)).collect();
    found.len()
}

/// The accounts with the role, page after page.
async fn members(owner: &Client, name: &str) -> Vec<String> {
    walk(owner, &format!("role={name}&limit=3"), async |_| {}).await
}

/// The role `press` has no seat for the account.
async fn assert_full(owner: &Client, id: &str) {
    let full = owner
        .post(&format!("/api/users/{id}/roles"), json!({ "role": "press" }))
        .await;
    refused(&full, 409, "role-full");
}

fn newest_first(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn members_from_before_and_after_a_tenant_grew_are_one_list_in_order() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = people(&world, 0..24).await;
    let press = role(&world, "press", &[]).await;
    // Every second one, so that those of before and after take turns.
    let (before, after): (Vec<_>, Vec<_>) = ids.iter().cloned().enumerate().partition(|(n, _)| n % 2 == 0);
    let [before, after] = [before, after].map(|ids| ids.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    let first = give_all(&owner, &before, "press").await;
    assert_eq!(partitions(&world, &press), 1);
    grown(&world).await;
    assert_eq!(members(&owner, "press").await, newest_first(&before));
    let second = give_all(&owner, &after, "press").await;
    assert_eq!(partitions(&world, &press), 2);
    assert_eq!(members(&owner, "press").await, newest_first(&ids));
    // One account with grants of before and after is one member.
    let later = json!({ "role": "press", "effectiveTo": "2030-01-01T00:00:00Z" });
    grant(&owner, &before[0], later).await;
    assert_eq!(members(&owner, "press").await, newest_first(&ids));
    assert_reconciled(&world);
    // What was written before is removed from where it is.
    for path in [&first[1], &second[1]] {
        assert_eq!(owner.delete(path).await.status, 204);
    }
    assert_eq!(members(&owner, "press").await.len(), 22);
    assert_reconciled(&world);
    let gone = owner.delete("/api/roles/press?force=true").await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_end_are_found_whatever_the_size_of_the_tenant_was() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = people(&world, 0..9).await;
    let made = owner
        .post("/api/roles", json!({ "name": "press", "maxCount": 8 }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let ending = json!({ "role": "press", "effectiveTo": "2026-11-22T08:10:00Z" });
    for (n, id) in ids[..8].iter().enumerate() {
        if n == 4 {
            grown(&world).await;
        }
        grant(&owner, id, ending.clone()).await;
    }
    assert_reconciled(&world);
    assert_full(&owner, &ids[8]).await;
    world.clock.advance(600);
    let owner = world.owner().await;
    assert_eq!(owner.get("/api/roles/press").await.body["memberCount"], 0);
    grant(&owner, &ids[8], json!({ "role": "press" })).await;
    let lowered = owner.patch("/api/roles/press", json!({ "maxCount": 1 })).await;
    assert_eq!(lowered.status, 200, "{}", lowered.text);
    assert_eq!(lowered.body["memberCount"], 1);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_counts_the_seats_of_before_and_after_a_tenant_grew() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = people(&world, 0..8).await;
    role(&world, "press", &[]).await;
    give_all(&owner, &ids[..3], "press").await;
    grown(&world).await;
    give_all(&owner, &ids[3..6], "press").await;
    assert_eq!(owner.get("/api/roles/press").await.body["memberCount"], 6);
    let low = owner.patch("/api/roles/press", json!({ "maxCount": 5 })).await;
    refused(&low, 409, "below-member-count");
    let set = owner.patch("/api/roles/press", json!({ "maxCount": 7 })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_reconciled(&world);
    give_all(&owner, &ids[6..7], "press").await;
    assert_full(&owner, &ids[7]).await;
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_everybody_s_role_holds_when_the_tenant_becomes_large() {
    let world = World::new().await;
    let owner = world.owner().await;
    let made = |n: usize| json!({ "email": format!("new{n}@example.org") });
    let begins = owner.get("/api/roles/user").await.body["memberCount"].as_u64().unwrap();
    let limit = |most: Value| {
        let owner = owner.clone();
        async move {
            let set = owner.patch("/api/roles/user", json!({ "maxCount": most })).await;
            assert_eq!(set.status, 200, "{}", set.text);
        }
    };
    limit(json!(begins + 2)).await;
    assert_eq!(owner.post("/api/users", made(0)).await.status, 201);
    grown(&world).await;
    assert_eq!(owner.post("/api/users", made(1)).await.status, 201);
    refused(&owner.post("/api/users", made(2)).await, 409, "role-full");
    assert_reconciled(&world);
    limit(Value::Null).await;
    for n in 3..6 {
        assert_eq!(owner.post("/api/users", made(n)).await.status, 201);
    }
    assert_reconciled(&world);
    limit(json!(begins + 5)).await;
    refused(&owner.post("/api/users", made(6)).await, 409, "role-full");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_set_while_the_tenant_becomes_large_counts_every_grant() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = people(&world, 0..20).await;
    role(&world, "press", &[]).await;
    let ((), replies) = tokio::join!(
        grow(&world),
        at_once(21, |n| {
            let (owner, ids) = (owner.clone(), ids.clone());
            async move {
                match ids.get(n) {
                    Some(id) => {
                        owner
                            .post(&format!("/api/users/{id}/roles"), json!({ "role": "press" }))
                            .await
                    }
                    None => owner.patch("/api/roles/press", json!({ "maxCount": 12 })).await,
                }
            }
        })
    );
    let given = replies[..20].iter().filter(|reply| reply.status == 201).count();
    let shown = owner.get("/api/roles/press").await.body;
    assert_eq!(shown["memberCount"], given);
    match replies[20].status == 200 {
        true => assert_eq!(given, 12, "{shown}"),
        false => assert_eq!((replies[20].problem(), given), ("below-member-count", 20)),
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_tag_of_a_role_is_refused_before_anything_is_written() {
    let world = large().await;
    let owner = world.owner().await;
    let ids = people(&world, 0..2).await;
    role(&world, "press", &[]).await;
    let tag = owner.get("/api/roles/press").await.header("etag").to_owned();
    give_all(&owner, &ids, "press").await;
    let (path, before) = ("/api/roles/press", world.items());
    let stale: [(&str, &str); 1] = [("if-match", &tag)];
    for (method, body) in [
        (http::Method::PATCH, Some(json!({ "maxCount": 9 }))),
        (http::Method::PATCH, Some(json!({ "permissions": ["admin.users"] }))),
        (http::Method::DELETE, None),
    ] {
        let reply = owner.send(method, path, body, &stale).await;
        refused(&reply, 412, "stale");
        let changed: Vec<Value> = world
            .items()
            .into_iter()
            .filter(|item| !before.contains(item))
            .collect();
        assert_eq!(changed, [] as [Value; 0]);
    }
}
