//! Rows whose time is over go, and their going is no fault; nobody else's going passes for theirs.

use serde_json::{Value, json};
use usher::domain::audit::Fault;

use super::{assert_whole, findings, position, put, remove, rows};
use crate::support::World;

const DAY: i64 = 24 * 3_600;

fn expires(row: &Value) -> i64 {
    row["ttl"]["N"].as_str().unwrap().parse().unwrap()
}

/// A year of a role a day, of 400 days' retention and in between of 90 days'.
async fn year() -> World {
    let world = World::new().await;
    for month in 0..12 {
        let owner = world.owner().await;
        let days = if (4..8).contains(&month) {
            json!(90)
        } else {
            Value::Null
        };
        let set = owner.patch("/v1/settings", json!({ "history_days": days })).await;
        assert!(set.status.is_success(), "{}", set.text);
        world.clock.advance(11);
        for n in 0..3 {
            let body = json!({ "name": format!("role-{month}-{n}") });
            assert_eq!(owner.post("/api/roles", body).await.status, 201);
            world.clock.advance(60);
        }
        world.clock.advance(30 * DAY);
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_expired_are_missed_in_no_order_in_which_they_go() {
    let world = year().await;
    world.clock.advance(200 * DAY);
    let now = world.now().as_second();
    let rows = rows(&world);
    let over: Vec<_> = rows.iter().filter(|row| expires(row) <= now).collect();
    assert!(
        over.len() > 15 && over.len() < rows.len(),
        "{} of {}",
        over.len(),
        rows.len()
    );
    // As DynamoDB removes them: within days, in any order.
    for (n, row) in over.iter().enumerate() {
        if n % 2 == 1 {
            remove(&world, row);
            assert_whole(&world).await;
        }
    }
    for row in &over {
        remove(&world, row);
    }
    assert_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_goes_before_its_time_is_found_among_those_that_expired() {
    let world = year().await;
    world.clock.advance(200 * DAY);
    let now = world.now().as_second();
    let (over, kept): (Vec<_>, Vec<_>) = rows(&world).into_iter().partition(|row| expires(row) <= now);
    over.iter().for_each(|row| remove(&world, row));
    for row in &kept {
        remove(&world, row);
        let found = findings(&world).await;
        let found: Vec<_> = found.into_iter().map(|found| (found.place, found.fault)).collect();
        assert_eq!(found, [(position(row), Fault::Removed)]);
        put(&world, row);
    }
}
