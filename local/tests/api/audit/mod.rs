//! The chains of the rights history, and `local audit verify`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use usher::actions::audit::{Report, verify};
use usher::domain::audit::Finding;
use usher::store::tenants;

use crate::support::{PASSWORD, World, at_once};

mod erasure;
mod races;
mod retention;
mod signed;
mod tampered;

/// What is found, of all tenants.
pub async fn verified(world: &World) -> Vec<Report> {
    let table = &world.app.table;
    let ids = tenants::ids(table).await.unwrap();
    verify(table, &ids, None, world.now()).await.unwrap()
}

/// Every fault that is found, the first of each tenant first.
pub async fn findings(world: &World) -> Vec<Finding> {
    let reports = verified(world).await.into_iter();
    reports.flat_map(|report| report.findings).collect()
}

pub async fn assert_whole(world: &World) {
    let found = findings(world).await;
    assert!(found.is_empty(), "{found:#?}");
}

/// The rows of all rights histories, as DynamoDB JSON.
pub fn rows(world: &World) -> Vec<Value> {
    let is_row = |item: &Value| item["PK"]["S"].as_str().is_some_and(|pk| pk.contains("#RIGHTS#"));
    world.items().into_iter().filter(is_row).collect()
}

/// Whether it is the head of a chain.
pub fn is_head(item: &Value) -> bool {
    item["PK"]["S"]
        .as_str()
        .is_some_and(|pk| pk.starts_with("T#main#CHAINS#"))
}

pub fn put(world: &World, item: &Value) {
    let request = json!({ "TableName": "usher", "Item": item });
    world.db.put_item(serde_json::from_value(request).unwrap()).unwrap();
}

pub fn remove(world: &World, item: &Value) {
    let key = json!({ "PK": item["PK"], "SK": item["SK"] });
    let request = json!({ "TableName": "usher", "Key": key });
    world.db.delete_item(serde_json::from_value(request).unwrap()).unwrap();
}

/// Where a row is, as findings have it.
pub fn place(item: &Value) -> String {
    format!(
        "{} / {}",
        item["PK"]["S"].as_str().unwrap(),
        item["SK"]["S"].as_str().unwrap()
    )
}

/// The place of a row in its chain, as findings have it.
pub fn position(item: &Value) -> String {
    let link = &item["link"]["M"];
    let (chain, seq) = (link["chain"]["S"].as_str().unwrap(), link["seq"]["N"].as_str().unwrap());
    format!("chain {chain}, row {seq}")
}

/// The hash of a row, worked out from docs/decisions/019-chains.md and from nothing of ours.
pub fn hash(row: &Value) -> String {
    let mut row = row.clone();
    let empty = |text: &mut Value| {
        if text.is_string() {
            *text = json!("");
        }
    };
    empty(&mut row["ip"]["S"]);
    for side in ["before", "after"] {
        for name in ["email", "username"] {
            if let Some(text) = row.pointer_mut(&format!("/{side}/M/{name}/S")) {
                empty(text);
            }
        }
    }
    let link = row["link"]["M"].as_object_mut().unwrap();
    link.remove("hash");
    for part in ["ofActor", "ofTarget"] {
        if let Some(Value::Object(part)) = link.get_mut(part).map(|part| &mut part["M"]) {
            part.remove("salt");
        }
    }
    if row["ip"]["S"].is_null() {
        row.as_object_mut().unwrap().remove("ip");
    }
    let mut row = json!({ "M": row });
    // Its names are ASCII, so their order is the same in bytes and in UTF-16.
    row.sort_all_objects();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, row.to_string().as_bytes()))
}

/// A directory in which everything was done once that the history records, and many things at once.
pub async fn eventful() -> World {
    let world = World::new().await;
    let owner = world.owner().await;
    let done = |reply: crate::support::Reply| assert!(reply.status.is_success(), "{}", reply.text);
    for name in ["editor", "author"] {
        done(
            owner
                .post("/api/roles", json!({ "name": name, "permissions": ["admin.users"] }))
                .await,
        );
    }
    done(owner.patch("/api/roles/author", json!({ "maxCount": 7 })).await);
    let made = at_once(12, |n| {
        let owner = owner.clone();
        let body = json!({ "email": format!("{n}@example.org"), "username": format!("n-{n}"), "password": PASSWORD });
        async move { owner.post("/api/users", body).await.str("id").to_owned() }
    })
    .await;
    world.clock.advance_ms(7);
    for id in &made[..4] {
        let user = format!("/api/users/{id}");
        done(owner.post(&format!("{user}/roles"), json!({ "role": "editor" })).await);
        done(owner.post_empty(&format!("{user}/lock")).await);
        done(owner.post_empty(&format!("{user}/unlock")).await);
        let change = json!({ "email": format!("{id}@example.com"), "username": format!("u-{}", &id[30..]), "firstName": "Jane" });
        done(owner.patch(&user, change).await);
        world.clock.advance_ms(3);
    }
    done(
        owner
            .post(
                "/api/tenants",
                json!({ "id": "acme", "owner": { "email": "o@acme.test" } }),
            )
            .await,
    );
    done(owner.patch("/v1/settings", json!({ "history_days": 90 })).await);
    world.clock.advance(11);
    let key = owner.post("/api/api-keys", json!({ "name": "a client" })).await;
    done(owner.delete(&format!("/api/api-keys/{}", key.str("id"))).await);
    done(owner.delete(&format!("/api/users/{}", made[0])).await);
    done(owner.delete("/api/roles/editor?force=true").await);
    done(owner.patch("/v1/settings", json!({ "history_days": null })).await);
    world.clock.advance(11);
    at_once(8, |n| {
        let (owner, id) = (owner.clone(), made[n + 4].clone());
        async move {
            owner
                .post(&format!("/api/users/{id}/roles"), json!({ "role": "member" }))
                .await
        }
    })
    .await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_carries_the_hash_of_the_one_before_it_in_its_chain() {
    let world = eventful().await;
    let rows = rows(&world);
    assert!(rows.len() >= 50, "{} rows", rows.len());
    for row in &rows {
        let link = &row["link"]["M"];
        assert_eq!(link["hash"]["S"], hash(row).as_str(), "{row}");
        let seq: u64 = link["seq"]["N"].as_str().unwrap().parse().unwrap();
        let before = rows.iter().filter(|other| {
            let other_link = &other["link"]["M"];
            let follows = other_link["seq"]["N"] == (seq - 1).to_string().as_str();
            follows && other_link["chain"] == link["chain"] && other["tenant"] == row["tenant"]
        });
        let before: Vec<_> = before.map(|other| &other["link"]["M"]["hash"]["S"]).collect();
        match seq {
            1 => assert_eq!((before.len(), &link["prev"]["S"]), (0, &json!(""))),
            _ => assert_eq!(before, [&link["prev"]["S"]], "{row}"),
        }
    }
    let chains = rows
        .iter()
        .map(|row| (&row["tenant"]["S"], &row["link"]["M"]["chain"]["S"]));
    let chains: std::collections::BTreeSet<String> = chains.map(|chain| format!("{chain:?}")).collect();
    assert!(chains.len() > 3, "{chains:?}");
    assert_whole(&world).await;
}
