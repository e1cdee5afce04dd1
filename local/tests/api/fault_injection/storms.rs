//! Answers that are late or lost, others that are always in the way, outages, and which refusal wins.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;

use super::diff::{between, dump};
use super::routes::harmful;
use crate::proxy::Fault;
use crate::round_trips::counted;
use crate::support::PASSWORD;

#[tokio::test(flavor = "multi_thread")]
async fn f2_an_answer_that_comes_too_late_is_as_good_as_one_in_time() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let mut late = false;
    proxy.plan(move |call| {
        let first = call.operation == "TransactWriteItems" && !std::mem::replace(&mut late, true);
        first.then_some(Fault::SlowAfter)
    });
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    let reply = owner.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let tokens: Vec<_> = proxy
        .transactions()
        .iter()
        .map(|body| body["ClientRequestToken"].clone())
        .collect();
    let repeated = tokens
        .iter()
        .filter(|token| **token == tokens[tokens.len() - 1])
        .count();
    assert_eq!(repeated, 2, "the same transaction, twice under one token: {tokens:?}");
    assert_eq!(owner.get("/api/users?q=jane").await.body["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_where_every_answer_is_lost_the_account_is_there_once_and_whole() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    proxy.plan(|call| (call.operation == "TransactWriteItems").then_some(Fault::DroppedAfter));
    let reply = owner.post("/api/users", body.clone()).await;
    proxy.calm();
    assert_eq!((reply.status.as_u16(), reply.problem()), (503, "unavailable"));
    let again = owner.post("/api/users", body).await;
    assert_eq!((again.status.as_u16(), again.problem()), (409, "email-taken"));
    assert_eq!(owner.get("/api/users/jane@example.org").await.status, 200);
    assert_eq!(owner.get("/api/users?q=jane").await.body["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_an_outage_is_answered_with_503_and_forgotten_when_it_is_over() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    proxy.plan(|_| Some(Fault::Busy));
    // More of it than any quota of repetitions lasts.
    for _ in 0..60 {
        let asked = tokio::time::timeout(Duration::from_secs(10), owner.get("/api/me/profile"));
        let reply = asked.await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"));
    }
    proxy.calm();
    assert_eq!(owner.get("/api/me/profile").await.status, 200);
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    assert_eq!(owner.post("/api/users", body).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_a_storm_of_conflicts_is_sat_out_eight_tries_long() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let body = |name: &str| json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
    let mut tries = 0;
    proxy.plan(move |call| {
        let write = call.operation == "TransactWriteItems";
        tries += usize::from(write);
        (write && tries < 8).then_some(Fault::Conflict)
    });
    proxy.transactions();
    assert_eq!(owner.post("/api/users", body("jane")).await.status, 201);
    let transactions = proxy.transactions();
    let tokens: HashSet<_> = transactions
        .iter()
        .map(|body| body["ClientRequestToken"].to_string())
        .collect();
    assert_eq!(
        (transactions.len(), tokens.len()),
        (8, 1),
        "eight tries under one token"
    );

    let before = dump(&world);
    proxy.plan(|_| Some(Fault::Conflict));
    let reply = owner.post("/api/users", body("john")).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("retry-after")),
        (503, "1"),
        "{}",
        reply.text
    );
    assert_eq!(proxy.transactions().len(), 8);
    assert!(harmful(between(&before, &dump(&world))).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_taken_address_is_reported_before_a_taken_name_and_a_full_role() {
    let (world, _) = counted().await;
    let owner = world.owner().await;
    owner
        .post("/api/roles", json!({ "name": "editor", "maxCount": 1 }))
        .await;
    let body = |email: &str, name: &str| json!({ "email": email, "username": name, "password": PASSWORD, "roles": ["editor"] });
    assert_eq!(
        owner.post("/api/users", body("jane@example.org", "jane")).await.status,
        201
    );
    for (email, name, problem) in [
        ("jane@example.org", "jane", "email-taken"),
        ("john@example.org", "jane", "username-taken"),
        ("john@example.org", "john", "role-full"),
    ] {
        let before = dump(&world);
        let reply = owner.post("/api/users", body(email, name)).await;
        assert_eq!((reply.status.as_u16(), reply.problem()), (409, problem));
        assert!(between(&before, &dump(&world)).is_empty(), "{problem}");
    }
}

/// An account with more search entries than one transaction has room for.
fn long(name: &str) -> serde_json::Value {
    let (local, domain) = ("l".repeat(64), "d".repeat(60));
    json!({ "email": format!("{local}@{domain}.example.org"), "username": name, "password": PASSWORD })
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_search_entries_of_an_account_that_was_not_made_find_nothing() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let before = dump(&world);
    proxy.plan(|call| (call.operation == "TransactWriteItems").then_some(Fault::Throttled));
    assert_eq!(owner.post("/api/users", long("jane")).await.status, 503);
    proxy.calm();
    let left = between(&before, &dump(&world));
    assert!(
        !left.is_empty() && left.keys().all(|what| what == "FIND came"),
        "{left:?}"
    );
    assert_eq!(owner.get("/api/users?q=dddd").await.body["items"], json!([]));
    assert_eq!(owner.post("/api/users", long("jane")).await.status, 201);
    assert_eq!(owner.get("/api/users?q=dddd").await.body["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_an_account_is_deleted_though_its_last_search_entries_stay() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let id = owner.post("/api/users", long("jane")).await.str("id").to_owned();
    proxy.plan(|call| (call.operation == "BatchWriteItem").then_some(Fault::Broken));
    assert_eq!(owner.delete(&format!("/api/users/{id}")).await.status, 204);
    proxy.calm();
    assert_eq!(owner.get("/api/users?q=dddd").await.body["items"], json!([]));
    assert_eq!(owner.get(&format!("/api/users/{id}")).await.status, 404);
}
