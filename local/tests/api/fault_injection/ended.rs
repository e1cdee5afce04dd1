//! A store that fails while what ended is cleared away: no seat is left twice, and none stays taken.

use serde_json::json;
use usher::jiff::SignedDuration;

use super::routes::{FROM_HERE_ON, ONCE};
use crate::proxy::Proxy;
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{Client, World, steps};

/// How many calls it takes to give a role whose one seat a grant left, to an account that is named by its address.
const CALLS: usize = 15;

/// A role of which one account had the only seat until now; the path and body of giving it to another.
async fn left(world: &World, owner: &Client, n: usize) -> (String, serde_json::Value) {
    let role = format!("single-{n}");
    let made = json!({ "name": role, "maxCount": 1 });
    assert_eq!(owner.post("/api/roles", made).await.status, 201);
    let [had, gets] = [format!("had-{n}@example.org"), format!("gets-{n}@example.org")];
    let end = (world.now() + SignedDuration::from_millis(1)).to_string();
    for email in [&had, &gets] {
        assert_eq!(owner.post("/api/users", json!({ "email": email })).await.status, 201);
    }
    let brief = json!({ "role": role, "effectiveTo": end });
    let given = owner.post(&format!("/api/users/{had}/roles"), brief).await;
    assert_eq!(given.status, 201, "{}", given.text);
    world.clock.advance_ms(1);
    (format!("/api/users/{gets}/roles"), json!({ "role": role }))
}

async fn world() -> (World, Proxy, Client) {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    (world, proxy, owner)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seat_of_a_grant_that_ended_is_given_once_whatever_fails_once() {
    let (world, proxy, owner) = world().await;
    let (path, body) = left(&world, &owner, 0).await;
    proxy.cost();
    assert_eq!(owner.post(&path, body).await.status, 201);
    assert_eq!(proxy.cost().operations.len(), CALLS);
    for (n, fault) in steps(ONCE).enumerate() {
        for k in 1..=CALLS {
            let (path, body) = left(&world, &owner, (n + 1) * 100 + k).await;
            proxy.plan(move |call| (call.number == k).then_some(fault));
            let given = owner.post(&path, body.clone()).await;
            proxy.calm();
            assert_eq!(given.status, 201, "{fault:?} at call {k}: {}", given.text);
            let shown = owner
                .get(&format!("/api/roles/{}", body["role"].as_str().unwrap()))
                .await;
            assert_eq!(shown.body["memberCount"], 1, "{fault:?} at call {k}");
        }
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seat_of_a_grant_that_ended_is_given_when_the_store_is_well_again() {
    let (world, proxy, owner) = world().await;
    for k in 1..=CALLS {
        let fault = FROM_HERE_ON[k % 4];
        let (path, body) = left(&world, &owner, k).await;
        proxy.plan(move |call| (call.number >= k).then_some(fault));
        let given = owner.post(&path, body.clone()).await;
        proxy.calm();
        assert_eq!(given.status, 503, "{fault:?} from call {k} on: {}", given.text);
        assert_reconciled(&world);
        let again = owner.post(&path, body).await;
        assert_eq!(again.status, 201, "{fault:?} from call {k} on: {}", again.text);
    }
    assert_reconciled(&world);
}
