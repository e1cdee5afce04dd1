//! A store that fails while a request with a key is carried out: it is done once, and whoever asks again is answered the
//! same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::{Row, done, kept, ready, rows, seen, send};
use crate::fault_injection::{between, dump};
use crate::proxy::{Call, Fault};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{World, at_once, steps};

fn is_write(call: &Call) -> bool {
    call.operation == "TransactWriteItems"
}

/// Fails the first attempt so, and asserts that the second one gets the answer of what was done once.
async fn once_after(plan: fn(&Call) -> Option<Fault>, is_done: bool) {
    let (world, proxy) = counted().await;
    for (n, Row { path, .. }) in steps(rows()).enumerate() {
        let alone = ready(&world, &path, 1_000 + n).await;
        let before = dump(&world);
        assert!(alone.send(&alone.key(1_000 + n)).await.status.is_success());
        let once = done(&before, &world);

        let request = ready(&world, &path, n).await;
        let key = request.key(n);
        let before = dump(&world);
        proxy.plan(plan);
        let failed = request.send(&key).await;
        proxy.calm();
        assert_eq!(failed.status, 503, "{path}: {}", failed.text);
        let after = done(&before, &world);
        assert_eq!(after == once, is_done, "{path}: {after:?}");
        let answer = request.send(&key).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
        assert_eq!(done(&before, &world), once, "{path}");
        assert_eq!(seen(&request.send(&key).await), seen(&answer), "{path}");
    }
    // Where it is not known that it was done, the domain of its address is entered with the next account there.
    if !is_done {
        assert_reconciled(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_where_the_answer_was_lost_after_the_transaction_the_next_one_is_the_same() {
    once_after(|call| is_write(call).then_some(Fault::DroppedAfter), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_where_the_transaction_was_not_done_the_key_is_free_at_once() {
    once_after(|call| is_write(call).then_some(Fault::Broken), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_what_crashed_before_its_transaction_is_done_once_its_lease_is_over() {
    let (world, proxy) = counted().await;
    for (n, row) in rows().into_iter().enumerate() {
        let request = ready(&world, &row.path, n).await;
        let key = request.key(n);
        // From its transaction on nothing gets through any more, nor that it gives the key back.
        let crashed = Arc::new(AtomicBool::new(false));
        proxy.plan(move |call| {
            crashed.fetch_or(is_write(call), Ordering::Relaxed);
            crashed.load(Ordering::Relaxed).then_some(Fault::Broken)
        });
        assert_eq!(request.send(&key).await.status, 503, "{}", row.path);
        proxy.calm();
        let before = dump(&world);
        let waits = request.send(&key).await;
        assert_eq!(
            (waits.status.as_u16(), waits.header("retry-after")),
            (409, "15"),
            "{}",
            waits.text
        );
        assert!(between(&before, &dump(&world)).is_empty());
        world.clock.advance(15);
        let answer = request.send(&key).await;
        assert!(answer.status.is_success(), "{}: {}", row.path, answer.text);
        assert_eq!(seen(&request.send(&key).await), seen(&answer), "{}", row.path);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_one_fault_at_any_call_is_endured_with_a_key_as_without() {
    let faults = [
        Fault::Throttled,
        Fault::DroppedBefore,
        Fault::DroppedAfter,
        Fault::Conflict,
    ];
    let (world, proxy) = counted().await;
    let mut n = 0;
    for Row { path, .. } in steps(rows()) {
        let alone = ready(&world, &path, n).await;
        let before = dump(&world);
        proxy.cost();
        assert!(alone.send(&alone.key(n)).await.status.is_success());
        let (once, calls) = (done(&before, &world), proxy.cost().operations);
        for k in 1..=calls.len() {
            n += 1;
            let fault = faults[n % faults.len()];
            let request = ready(&world, &path, n).await;
            let (key, before) = (request.key(n), dump(&world));
            proxy.plan(move |call| (call.number == k).then_some(fault));
            let answer = request.send(&key).await;
            proxy.calm();
            let context = format!("{path}: {fault:?} at call {k}");
            assert!(answer.status.is_success(), "{context}: {}", answer.text);
            assert_eq!(done(&before, &world), once, "{context}");
            assert_eq!(seen(&request.send(&key).await), seen(&answer), "{context}");
        }
        n += 1;
    }
    assert!(kept(&world).iter().all(|item| item.get("answer").is_some()));
    assert_reconciled(&world);
}

/// What is read once and written in vain is read again, and its handler runs once more.
#[tokio::test(flavor = "multi_thread")]
async fn f3_what_lost_to_others_begins_again_under_its_key() {
    let world = World::new().await;
    let (owner, user) = (world.owner().await, world.user("jane@example.org").await);
    let path = format!("/api/users/{user}/roles");
    // Of changes of one account one goes through at a time.
    let replies = at_once(12, |n| {
        let (owner, path) = (owner.clone(), path.clone());
        async move {
            let grant = json!({ "role": "member", "department": format!("Department {n}") });
            let first = send(&owner, &path, &grant, &format!("grant-{n}")).await;
            let again = send(&owner, &path, &grant, &format!("grant-{n}")).await;
            (first, again)
        }
    })
    .await;
    for (first, again) in &replies {
        assert_eq!(first.status, 201, "{}", first.text);
        assert_eq!(seen(again), seen(first));
    }
    assert_eq!(kept(&world).len(), 12);
    // And the one that everybody has.
    let grants = owner.get(&path).await;
    assert_eq!(grants.body.as_array().unwrap().len(), 13, "{}", grants.text);
    assert_reconciled(&world);
}
