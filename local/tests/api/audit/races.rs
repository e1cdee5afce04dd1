//! Chains under parallel changes, several processes, and a store that fails.

use std::collections::BTreeMap;

use serde_json::json;

use super::{assert_whole, rows};
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::{PASSWORD, World, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_changes_at_once_all_succeed_and_every_chain_is_whole() {
    let world = World::new().await;
    let owner = world.owner().await;
    let made = at_once(64, |n| {
        let (owner, body) = (
            owner.clone(),
            json!({ "username": format!("n-{n}"), "password": PASSWORD }),
        );
        async move { owner.post("/api/users", body).await }
    })
    .await;
    let before = rows(&world).len();
    let granted = at_once(64, |n| {
        let path = format!("/api/users/{}/roles", made[n].str("id"));
        let owner = owner.clone();
        async move { owner.post(&path, json!({ "role": "member" })).await.status.as_u16() }
    })
    .await;
    assert_eq!(granted, [201; 64]);
    assert_eq!(rows(&world).len(), before + 64);
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_meet_on_a_chain_part_and_lose_no_row() {
    let world = World::new().await;
    let others = [
        World::on(world.db.clone(), world.dynamodb.clone(), &[]).await,
        World::on(world.db.clone(), world.dynamodb.clone(), &[]).await,
    ];
    // They have a chain of their own each, and then all the same one.
    let mut owners = vec![world.owner().await];
    for other in &others {
        owners.push(other.owner().await);
    }
    let made = at_once(48, |n| {
        let (owner, body) = (owners[n % 3].clone(), json!({ "name": format!("role-{n}") }));
        async move { owner.post("/api/roles", body).await.status.as_u16() }
    })
    .await;
    assert_eq!(made, [201; 48]);
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_another_process_moved_costs_one_more_try_and_no_row() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in ["one", "two"] {
        assert_eq!(owner.post("/api/roles", json!({ "name": name })).await.status, 201);
    }
    // As if another process had written there since: its row, and so the head, are others'.
    let mut heads: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    for item in world.items() {
        if super::is_head(&item) {
            heads.insert(item["SK"]["S"].as_str().unwrap().to_owned(), item);
        }
    }
    let moved = json!({ "S": "the hash of another process's row" });
    for head in heads.values() {
        let mut head = head.clone();
        head["hash"] = moved.clone();
        super::put(&world, &head);
    }
    assert_eq!(owner.post("/api/roles", json!({ "name": "three" })).await.status, 201);
    let last = rows(&world)
        .into_iter()
        .find(|row| row["after"]["M"]["name"]["S"] == "three");
    let link = &last.unwrap()["link"]["M"];
    let seq = link["seq"]["N"].as_str().unwrap();
    assert!(seq == "1" || link["prev"] == moved, "{link}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_leave_chains_whole_and_no_row_twice() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    for (n, fault) in [Fault::DroppedAfter, Fault::DroppedBefore, Fault::Busy, Fault::Conflict]
        .into_iter()
        .enumerate()
    {
        for lost in [1, 2, 4, 20] {
            let name = format!("role-{n}-{lost}");
            let mut tries = 0;
            proxy.plan(move |call| {
                let write = call.operation == "TransactWriteItems";
                tries += usize::from(write);
                (write && tries <= lost).then_some(fault)
            });
            let reply = owner.post("/api/roles", json!({ "name": name })).await;
            proxy.calm();
            assert!([201, 409, 503].contains(&reply.status.as_u16()), "{}", reply.text);
            let rows = rows(&world)
                .into_iter()
                .filter(|row| row["after"]["M"]["name"]["S"] == name.as_str());
            let is_there = owner.get(&format!("/api/roles/{name}")).await.status == 200;
            assert_eq!(rows.count(), usize::from(is_there), "{fault:?}, {lost} times");
            assert_whole(&world).await;
        }
    }
}
