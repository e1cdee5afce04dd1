//! As far as it is kept: before that, `410`.

use serde_json::json;
use usher::jiff::{SignedDuration, Timestamp};

use super::{DAY, done, may, names, not_kept, offices, seen};
use crate::backstage::set;
use crate::support::{Client, World};
use crate::users::{grant, user};

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

async fn explain(client: &Client, id: &str, at: Timestamp) -> u16 {
    let body = json!({ "user": id, "permission": "invoices.read", "at": format!("{at:.3}") });
    client.post("/api/access/explain", body).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_before_the_retention_is_not_kept_whether_or_not_something_was_changed_since() {
    let world = offices(&[("USHER_HISTORY_DAYS", "90")]).await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    world.clock.advance(100 * DAY);
    let (owner, last) = (world.owner().await, world.now() - days(90));
    assert_eq!(names(&seen(&owner, &id, Some(last)).await), ["invoices.read"]);
    assert_eq!(explain(&owner, &id, last).await, 200);
    not_kept(&may(&owner, &id, Some(last - MILLISECOND)).await);
    assert_eq!(explain(&owner, &id, last - MILLISECOND).await, 410);
}

/// A world that keeps its history for two days, and from a change on for 400.
async fn kept_for_longer(change: impl AsyncFnOnce(&World, &Client, &str)) -> (World, String, Timestamp) {
    let world = offices(&[("USHER_HISTORY_DAYS", "2")]).await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    world.clock.advance(DAY);
    let changed = world.now();
    change(&world, &world.owner().await, &id).await;
    set(&world, |chosen| chosen.history_days = Some(400)).await;
    world.clock.advance(60);
    (world, id, changed)
}

/// The row has expired, though it may still be there: rows are removed days later.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_before_a_change_whose_row_has_expired_is_not_kept() {
    let (world, id, changed) = kept_for_longer(async |_, owner, id| {
        done(&owner.patch(&user(id), json!({ "status": "banned" })).await);
    })
    .await;
    let owner = world.owner().await;
    assert_eq!(
        names(&seen(&owner, &id, Some(changed - MILLISECOND)).await),
        ["invoices.read"]
    );
    world.clock.advance(3 * DAY);
    let owner = world.owner().await;
    assert!(names(&seen(&owner, &id, Some(changed)).await).is_empty());
    not_kept(&may(&owner, &id, Some(changed - MILLISECOND)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_before_a_role_changed_whose_row_has_expired_is_not_kept() {
    let (world, id, changed) = kept_for_longer(async |_, owner, _| {
        done(&owner.patch("/api/roles/reader", json!({ "permissions": [] })).await);
    })
    .await;
    world.clock.advance(3 * DAY);
    let owner = world.owner().await;
    assert!(names(&seen(&owner, &id, Some(changed)).await).is_empty());
    not_kept(&may(&owner, &id, Some(changed - MILLISECOND)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_while_a_grant_lasted_that_ended_and_is_not_kept_is_not_known() {
    let (world, id, given) = kept_for_longer(async |world, owner, id| {
        let soon = world.now() + SignedDuration::from_secs(1);
        let body = json!({ "role": "writer", "effectiveTo": format!("{soon:.3}") });
        grant(owner, id, body).await;
        world.clock.advance(1);
        // It is taken off the account.
        grant(owner, id, json!({ "role": "member" })).await;
    })
    .await;
    let owner = world.owner().await;
    let at = given + MILLISECOND;
    assert_eq!(
        names(&seen(&owner, &id, Some(at)).await),
        ["invoices.read", "invoices.write"]
    );
    world.clock.advance(3 * DAY);
    let owner = world.owner().await;
    not_kept(&may(&owner, &id, Some(at)).await);
    assert_eq!(
        names(&seen(&owner, &id, Some(world.now() - days(1))).await),
        ["invoices.read"]
    );
}

/// What is there from before changes were linked: from its last change on it is as it is now, before that it is not known.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_or_role_of_an_earlier_version_is_known_from_its_last_change_on() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    let other = world.user_with("jack@example.org", &["writer"]).await;
    world.clock.advance(60);
    let changed = world.now();
    done(&owner.patch(&user(&id), json!({ "status": "inactive" })).await);
    done(
        &owner
            .patch("/api/roles/writer", json!({ "permissions": ["invoices.read"] }))
            .await,
    );
    for item in world.items() {
        if item.get("trail").is_some() {
            let mut item = item;
            item.as_object_mut().unwrap().remove("trail");
            let request = json!({ "TableName": "usher", "Item": item });
            world.db.put_item(serde_json::from_value(request).unwrap()).unwrap();
        }
    }
    world.clock.advance(60);
    for id in [&id, &other] {
        assert_eq!(seen(&owner, id, Some(changed)).await, seen(&owner, id, None).await);
        not_kept(&may(&owner, id, Some(changed - MILLISECOND)).await);
    }
    let again = world.now();
    done(&owner.patch(&user(&id), json!({ "status": "active" })).await);
    world.clock.advance(60);
    assert!(names(&seen(&owner, &id, Some(again - MILLISECOND)).await).is_empty());
    not_kept(&may(&owner, &id, Some(changed - MILLISECOND)).await);
}
