//! When a session was last used: written down at most once a minute, beside a request that goes on in any case.

use serde_json::json;

use crate::auth::{Pair, opens, pair, refresh};
use crate::me::sessions::current;
use crate::proxy::{Fault, Proxy};
use crate::round_trips::counted;
use crate::support::{Client, PASSWORD, World, at_once};

const JANE: &str = "jane@example.org";

async fn world() -> (World, Proxy, Client) {
    let (world, proxy) = counted().await;
    world.user(JANE).await;
    let jane = world.signed_in(JANE, PASSWORD).await;
    proxy.cost();
    (world, proxy, jane)
}

/// The operations since the last asking, without those that every ten seconds one request pays for all: the tenant's
/// settings, and the signing keys.
fn counted_ones(proxy: &Proxy) -> Vec<String> {
    let mut operations = proxy.cost().operations;
    operations.retain(|one| !["GetItem", "Query"].contains(&one.as_str()));
    operations
}

/// The operations of one authorised request.
async fn operations(proxy: &Proxy, client: &Client) -> Vec<String> {
    proxy.cost();
    assert_eq!(client.get("/api/me/profile").await.status, 200);
    counted_ones(proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorised_request_costs_one_round_trip_and_one_a_minute_costs_two() {
    let (world, proxy, jane) = world().await;
    world.clock.advance_ms(30_500);
    let (mut requests, mut round_trips, mut writes) = (0, 0, Vec::new());
    for second in 0..300 {
        let operations = operations(&proxy, &jane).await;
        requests += 1;
        round_trips += operations.len();
        if operations.len() > 1 {
            assert_eq!(operations, ["BatchGetItem", "UpdateItem"]);
            writes.push(second);
        }
        world.clock.advance(1);
    }
    // The login counts as the first use.
    assert_eq!(writes, [30, 90, 150, 210, 270]);
    assert_eq!((requests, round_trips), (300, 305));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_shown_to_the_minute() {
    let (world, _, jane) = world().await;
    let shown = || async { current(&jane).await["lastUsedAt"].as_str().unwrap().to_owned() };
    world.clock.advance_ms(59_999);
    assert_eq!(shown().await, "2026-11-22T08:00:00.000Z");
    world.clock.advance_ms(30_001);
    assert_eq!(shown().await, "2026-11-22T08:01:00.000Z", "used at 08:01:30");
    world.clock.advance_ms(59_999);
    assert_eq!(shown().await, "2026-11-22T08:01:00.000Z", "within a minute of it");
    world.clock.advance(3_600);
    assert_eq!(shown().await, "2026-11-22T09:02:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_and_the_first_use_of_its_tokens_are_uses_without_a_write_of_their_own() {
    let (world, proxy, _) = world().await;
    let first = pair(&world, JANE).await;
    world.clock.advance(600);
    proxy.cost();
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    assert_eq!(counted_ones(&proxy), ["BatchGetItem", "TransactWriteItems"]);
    let client = world.with_token(&second.access);
    world.clock.advance(600);
    assert_eq!(
        operations(&proxy, &client).await,
        ["BatchGetItem", "UpdateItem"],
        "the first use is written down"
    );
    assert_eq!(operations(&proxy, &client).await, ["BatchGetItem"]);
    assert_eq!(current(&client).await["lastUsedAt"], "2026-11-22T08:20:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_that_find_it_due_at_once_one_writes() {
    let (world, proxy, jane) = world().await;
    for round in 0..5 {
        world.clock.advance(60);
        proxy.cost();
        let statuses = at_once(64, |_| {
            let jane = jane.clone();
            async move { jane.get("/api/me/profile").await.status.as_u16() }
        })
        .await;
        assert_eq!(statuses, [200; 64]);
        let cost = proxy.cost();
        let updates = cost.operations.iter().filter(|one| *one == "UpdateItem").count();
        assert_eq!(updates, 1, "round {round}");
        assert!(
            (cost.written - 1.0).abs() < f64::EPSILON,
            "round {round}: {} units",
            cost.written
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_that_find_it_due_at_once_one_changes_it() {
    let world = World::new().await;
    world.user(JANE).await;
    let jane = world.signed_in(JANE, PASSWORD).await;
    let mut clients = Vec::new();
    let mut worlds = Vec::new();
    for _ in 0..8 {
        let other = World::later(world.db.clone(), &[], world.now()).await;
        other.clock.advance(90);
        clients.push(Client {
            base: other.base.clone(),
            ..jane.clone()
        });
        worlds.push(other);
    }
    let statuses = at_once(8, |n| {
        let client = clients[n].clone();
        async move { client.get("/api/me/profile").await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses, [200; 8]);
    world.clock.advance(90);
    assert_eq!(current(&jane).await["lastUsedAt"], "2026-11-22T08:01:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_store_that_does_not_take_it_refuses_nobody_and_is_not_asked_again_within_the_minute() {
    let (world, proxy, jane) = world().await;
    for fault in [
        Fault::Throttled,
        Fault::Throttling,
        Fault::Broken,
        Fault::Busy,
        Fault::DroppedBefore,
        Fault::DroppedAfter,
        Fault::SlowAfter,
        Fault::Conflict,
    ] {
        world.clock.advance(60);
        proxy.plan(move |call| (call.operation == "UpdateItem").then_some(fault));
        let before = std::time::Instant::now();
        assert_eq!(
            operations(&proxy, &jane).await[..2],
            ["BatchGetItem", "UpdateItem"],
            "{fault:?}"
        );
        assert!(before.elapsed().as_secs() < 3, "{fault:?}: {:?}", before.elapsed());
        for _ in 0..3 {
            world.clock.advance(19);
            assert_eq!(operations(&proxy, &jane).await, ["BatchGetItem"], "{fault:?}");
        }
        proxy.calm();
        world.clock.advance(3);
        assert_eq!(
            operations(&proxy, &jane).await,
            ["BatchGetItem", "UpdateItem"],
            "{fault:?}: and then well"
        );
    }
    let log = world.watch.log.text();
    assert!(
        log.contains("that a session was used could not be written down"),
        "it is in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_session_ends_while_its_use_is_written_down_brings_nothing_back() {
    let (world, proxy, jane) = world().await;
    let first = pair(&world, JANE).await;
    let session = crate::me::sessions::own_id(&world.with_token(&first.access)).await;
    world.clock.advance(60);
    // It ends between the look at it and the write.
    let (db, key) = (world.db.clone(), format!("SESSION#{session}"));
    let items = world.items();
    let item = items.iter().find(|item| item["SK"]["S"] == key).unwrap();
    let gone: dynoxide::actions::delete_item::DeleteItemRequest =
        serde_json::from_value(json!({ "TableName": "usher", "Key": { "PK": item["PK"], "SK": item["SK"] } })).unwrap();
    let mut gone = Some(gone);
    proxy.plan(move |call| {
        if call.operation == "UpdateItem" {
            gone.take().map(|request| db.delete_item(request).unwrap());
        }
        None
    });
    assert_eq!(
        opens(&world, &first.access).await,
        200,
        "it was open when it was looked at"
    );
    proxy.calm();
    assert!(!world.items().iter().any(|item| item["SK"]["S"] == key));
    assert_eq!(opens(&world, &first.access).await, 401);
    assert_eq!(opens(&world, &jane.token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_asked_to_be_renewed_is_used_too() {
    let (world, proxy, _) = world().await;
    let body = json!({ "email": "john@example.org", "username": "john", "emailVerified": true, "password": PASSWORD });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let token = crate::registration::token(&world, "john").await;
    let renew = |days: i64, token: String| {
        world.clock.advance(days * 24 * 3_600);
        let nobody = world.nobody();
        async move { nobody.post("/v1/user/token/renew", json!({ "token": token })).await }
    };
    proxy.cost();
    assert_eq!(renew(1, token.clone()).await.status, 200);
    assert_eq!(counted_ones(&proxy), ["BatchGetItem", "UpdateItem"]);
    let shown = current(&world.with_token(&token)).await;
    assert_eq!(shown["lastUsedAt"], "2026-11-23T08:00:00.000Z");
    proxy.cost();
    let renewed = renew(8, token).await;
    assert_eq!(counted_ones(&proxy), ["BatchGetItem", "TransactWriteItems"]);
    let token = crate::registration::token_of(&renewed);
    let shown = current(&world.with_token(&token)).await;
    assert_eq!(shown["lastUsedAt"], "2026-12-01T08:00:00.000Z");
}
