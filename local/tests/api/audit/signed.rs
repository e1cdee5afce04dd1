//! The heads of the chains are signed each day, and what was signed cannot be calculated anew.

use serde_json::{Value, json};
use usher::actions::audit::verify;
use usher::domain::audit::Fault;
use usher::domain::tenant::TenantId;
use usher::store::{keys, signing_keys, tenants};

use super::{assert_whole, eventful, findings, hash, is_head, place, put, remove, rows, verified};
use crate::rotation::scheduled;
use crate::support::World;

fn anchors(world: &World) -> Vec<Value> {
    let of_main = |item: &Value| item["PK"]["S"] == "AUDIT#main";
    world.items().into_iter().filter(of_main).collect()
}

/// A chain of the tenant `main` with several rows, by their place in it.
fn chain(world: &World) -> Vec<Value> {
    let seq = |row: &Value| row["link"]["M"]["seq"]["N"].as_str().unwrap().parse::<u64>().unwrap();
    let mut rows = rows(world);
    rows.retain(|row| row["tenant"]["S"] == "main");
    let longest = rows.iter().max_by_key(|row| seq(row)).unwrap()["link"]["M"]["chain"].clone();
    rows.retain(|row| row["link"]["M"]["chain"] == longest);
    rows.sort_by_key(seq);
    assert!(rows.len() > 4, "{} rows", rows.len());
    rows
}

/// Changes a row, and calculates its whole chain anew from there on, the head too.
fn rewrite(world: &World, rows: &[Value], from: usize) {
    let (mut prev, mut last) = (None, Value::Null);
    for row in &rows[from..] {
        let mut row = row.clone();
        match prev {
            None => row["kind"] = json!({ "S": "attemptsCleared" }),
            Some(prev) => row["link"]["M"]["prev"]["S"] = prev,
        }
        let hash = hash(&row);
        row["link"]["M"]["hash"]["S"] = hash.clone().into();
        put(world, &row);
        (prev, last) = (Some(hash.into()), row);
    }
    let chain = last["link"]["M"]["chain"]["S"].as_str().unwrap();
    let mut head = world
        .items()
        .into_iter()
        .find(|item| is_head(item) && item["SK"]["S"] == format!("HEAD#{chain}").as_str());
    let head = head.as_mut().unwrap();
    head["hash"] = last["link"]["M"]["hash"].clone();
    put(world, head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_calculated_anew_is_found_by_what_was_signed() {
    let world = eventful().await;
    scheduled(&world).await;
    let rows = chain(&world);
    rewrite(&world, &rows, 1);
    let found = findings(&world).await;
    let last = rows.last().unwrap();
    // Each that was signed, from the first on: its heads were signed by the first set-up, and by this one.
    assert!(found.iter().all(|found| found.fault == Fault::Rewritten), "{found:?}");
    assert_eq!(found.last().map(|found| &found.place), Some(&place(last)));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_cut_off_with_the_head_set_back_are_found_by_what_was_signed() {
    let world = eventful().await;
    scheduled(&world).await;
    let rows = chain(&world);
    let (last, before) = (&rows[rows.len() - 1], &rows[rows.len() - 2]);
    remove(&world, last);
    let chain = last["link"]["M"]["chain"]["S"].as_str().unwrap();
    let head = json!({
        "PK": { "S": keys::chain_head(&TenantId::main(), chain).pk }, "SK": { "S": format!("HEAD#{chain}") }, "seq": before["link"]["M"]["seq"],
        "hash": before["link"]["M"]["hash"], "expires": before["ttl"],
    });
    put(&world, &head);
    let found = findings(&world).await;
    assert_eq!(
        (&found[0].place, found[0].fault),
        (&super::position(last), Fault::Removed)
    );
    // And the whole of it.
    rows.iter().for_each(|row| remove(&world, row));
    remove(&world, &head);
    let found = findings(&world).await;
    assert!(found.iter().any(|found| found.fault == Fault::Headless), "{found:?}");
}

/// The keys that signed.
async fn kids(world: &World) -> Vec<String> {
    let reports = verified(world).await.into_iter();
    reports.flat_map(|report| report.keys).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_signed_each_day_where_they_moved_and_verified_with_keys_long_retired() {
    let world = World::new().await;
    assert_eq!(anchors(&world).len(), 1, "set-up signs at once");
    let first = kids(&world).await;
    for month in 0..8 {
        let owner = world.owner().await;
        let role = json!({ "name": format!("role-{month}") });
        assert_eq!(owner.post("/api/roles", role).await.status, 201);
        scheduled(&world).await;
        scheduled(&world).await;
        assert_eq!(anchors(&world).len(), month + 2, "nothing moved between the two");
        world.clock.advance(31 * 24 * 3_600);
    }
    let stored = signing_keys::all(&world.app.table).await.unwrap();
    assert!(stored.iter().all(|key| key.kid != first[0]), "the first key is retired");
    let now = kids(&world).await;
    assert!(now.contains(&first[0]) && now.len() > 3, "{now:?}");
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_is_believed_by_keys_that_are_believed_alone() {
    let world = eventful().await;
    scheduled(&world).await;
    let all = anchors(&world);
    for anchor in &all {
        let jws = anchor["jws"]["S"].as_str().unwrap();
        let mut other = anchor.clone();
        let (message, _) = jws.rsplit_once('.').unwrap();
        other["jws"]["S"] = format!("{message}.{}", "A".repeat(86)).into();
        put(&world, &other);
        let found = findings(&world).await;
        let name = format!("anchor {}", anchor["number"]["N"].as_str().unwrap());
        assert!(found.iter().any(|found| found.place == name), "{found:?}");
        put(&world, anchor);
    }
    remove(&world, &all[0]);
    assert_eq!(findings(&world).await[0].fault, Fault::Unsigned);
    put(&world, &all[0]);
    assert_whole(&world).await;
    let ids = tenants::ids(&world.app.table).await.unwrap();
    let believed = verify(&world.app.table, &ids, Some(Vec::new()), world.now())
        .await
        .unwrap();
    assert!(believed[0].findings.iter().all(|found| found.fault == Fault::Unsigned));
    assert!(!believed[0].findings.is_empty());
    // Set-up alone can write where they are: no function that answers requests may.
    assert_eq!(
        believed
            .iter()
            .find(|report| report.tenant == TenantId::main())
            .unwrap()
            .anchors,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anchor_is_no_access_token_and_an_access_token_no_anchor() {
    let world = World::new().await;
    let anchor = anchors(&world).remove(0);
    let jws = anchor["jws"]["S"].as_str().unwrap();
    let reply = world.with_token(jws).get("/api/me/profile").await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (401, "invalid-token"),
        "{}",
        reply.text
    );
    let mut forged = anchor.clone();
    forged["jws"]["S"] = world.owner().await.token.into();
    put(&world, &forged);
    assert_eq!(findings(&world).await[0].fault, Fault::Unsigned);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_from_before_there_were_chains_are_counted_and_later_ones_without_are_found() {
    let world = World::new().await;
    // As the release before left it: rows without links, no heads, nothing signed.
    let keep = |item: &Value| !is_head(item) && item["PK"]["S"] != "AUDIT#main";
    world
        .items()
        .iter()
        .filter(|item| !keep(item))
        .for_each(|item| remove(&world, item));
    for mut row in rows(&world) {
        row.as_object_mut().unwrap().remove("link");
        put(&world, &row);
    }
    let old = rows(&world);
    // Another process: this one knows heads that are not there any more.
    let world = World::later(world.db.clone(), &[], world.now()).await;
    world.clock.advance(3_600);
    scheduled(&world).await;
    world.clock.advance(3_600);
    assert_eq!(
        world
            .owner()
            .await
            .post("/api/roles", json!({ "name": "new" }))
            .await
            .status,
        201
    );
    let report = verified(&world).await.remove(0);
    assert_eq!(
        (report.unlinked, report.findings.len()),
        (old.len(), 0),
        "{:?}",
        report.findings
    );
    let mut late = rows(&world).into_iter().find(|row| !row["link"].is_null()).unwrap();
    late.as_object_mut().unwrap().remove("link");
    put(&world, &late);
    assert_eq!(findings(&world).await[0].fault, Fault::Unlinked);
}
