//! Whatever was changed since, the answer is what it was at that moment.

use serde_json::{Value, json};
use usher::jiff::{SignedDuration, Timestamp};

use super::{done, explained, may, names, offices, seen};
use crate::support::{Client, World, at_once};
use crate::users::{grant, refused, user};

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

/// Looks at an account, and again at the first moment at which it is otherwise.
struct Watched<'a> {
    world: &'a World,
    owner: &'a Client,
    id: String,
    seen: Vec<(Timestamp, Value)>,
}

impl Watched<'_> {
    /// A step took place: how it is from this moment on, to the last millisecond before the next step.
    async fn look(&mut self) {
        for _ in 0..2 {
            self.seen
                .push((self.world.now(), seen(self.owner, &self.id, None).await));
            self.world.clock.advance_ms(500);
        }
        self.world.clock.advance_ms(-1);
        self.seen
            .push((self.world.now(), seen(self.owner, &self.id, None).await));
        self.world.clock.advance_ms(1);
    }

    async fn patch(&mut self, path: &str, body: Value) {
        done(&self.owner.patch(path, body).await);
        self.look().await;
    }

    async fn post(&mut self, path: &str, body: Value) {
        done(&self.owner.post(path, body).await);
        self.look().await;
    }

    async fn delete(&mut self, path: &str) {
        done(&self.owner.delete(path).await);
        self.look().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_what_was_answered_at_that_moment_across_all_that_can_be_changed() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let (path, sales) = (user(&id), "sales");
    let roles = format!("{path}/roles");
    let mut jane = Watched {
        world: &world,
        owner: &owner,
        id: id.clone(),
        seen: Vec::new(),
    };
    jane.look().await;
    jane.post(&roles, json!({ "role": "reader" })).await;
    jane.patch(
        "/api/roles/reader",
        json!({ "permissions": ["invoices.read", "invoices.write"] }),
    )
    .await;
    jane.post(&roles, json!({ "role": "writer", "department": sales }))
        .await;
    let soon = world.now() + SignedDuration::from_millis(1_700);
    jane.post(&roles, json!({ "role": "member", "effectiveTo": format!("{soon:.3}") }))
        .await;
    jane.patch("/api/roles/member", json!({ "permissions": ["invoices.write"] }))
        .await;
    jane.patch(
        "/api/roles/reader",
        json!({ "name": "auditor", "permissions": ["invoices.read"] }),
    )
    .await;
    let soon = world.now() + SignedDuration::from_millis(700);
    jane.post(&format!("{path}/lock"), json!({ "until": format!("{soon:.3}") }))
        .await;
    jane.post(&format!("{path}/lock"), json!({ "reason": "on leave" }))
        .await;
    jane.patch(&path, json!({ "status": "active" })).await;
    jane.patch("/api/roles/writer", json!({ "permissions": [] })).await;
    jane.delete("/api/roles/writer?force=true").await;
    jane.delete("/api/permissions/invoices.write?force=true").await;
    jane.patch(&path, json!({ "status": "banned" })).await;
    jane.patch(&path, json!({ "status": "active", "roles": ["member"] }))
        .await;
    let answered = jane.seen;
    for (at, then) in &answered {
        if *at < world.now() {
            assert_eq!(seen(&owner, &id, Some(*at)).await, *then, "at {at}");
        }
    }
    let distinct: std::collections::BTreeSet<String> = answered.iter().map(|(_, then)| then.to_string()).collect();
    assert!(distinct.len() >= 9, "{distinct:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_moment_of_a_change_is_its_own_to_the_millisecond() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    world.clock.advance(60);
    let (given, changed) = (world.now(), world.now() + SignedDuration::from_millis(2));
    grant(&owner, &id, json!({ "role": "reader" })).await;
    world.clock.advance_ms(2);
    done(&owner.patch("/api/roles/reader", json!({ "permissions": [] })).await);
    world.clock.advance(60);
    for (at, allowed) in [
        (given - MILLISECOND, false),
        (given, true),
        (changed - MILLISECOND, true),
        (changed, false),
    ] {
        assert_eq!(explained(&owner, &id, at).await, (allowed, "active".to_owned()), "{at}");
    }
}

/// Several changes of one millisecond: it is the last of them that counts.
#[tokio::test(flavor = "multi_thread")]
async fn of_changes_in_one_millisecond_the_last_one_counts() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    grant(&owner, &id, json!({ "role": "reader" })).await;
    let path = user(&id);
    for n in 0..8 {
        world.clock.advance_ms(1);
        for m in 0..5 {
            let held: &[&str] = if (n + m) % 2 == 0 { &[] } else { &["invoices.read"] };
            done(&owner.patch("/api/roles/reader", json!({ "permissions": held })).await);
            let status = ["active", "inactive"][usize::from((n + m) % 3 == 0)];
            done(&owner.patch(&path, json!({ "status": status })).await);
        }
        let now = world.now();
        let then = owner
            .post(
                "/api/access/explain",
                json!({ "user": id, "permission": "invoices.read" }),
            )
            .await;
        world.clock.advance_ms(1);
        let then = (then.body["allowed"].as_bool().unwrap(), then.str("status").to_owned());
        assert_eq!(explained(&owner, &id, now).await, then, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deleted_account_the_time_before_is_known_by_its_id() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    world.clock.advance_ms(10);
    let made = world.now();
    let id = world.user_with("jane@example.org", &["reader"]).await;
    let deleted = world.now() + SignedDuration::from_secs(60);
    world.clock.advance(60);
    let before = seen(&owner, &id, None).await;
    done(&owner.delete(&user(&id)).await);
    world.clock.advance(60);
    for at in [made, deleted - MILLISECOND] {
        assert_eq!(seen(&owner, &id, Some(at)).await, before);
    }
    // Nor was there one before it was made.
    for at in [made - MILLISECOND, deleted, world.now() - MILLISECOND, world.now()] {
        refused(&may(&owner, &id, Some(at)).await, 404, "not-found");
    }
    refused(&may(&owner, "jane@example.org", Some(made)).await, 404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_account_nothing_is_known_whatever_the_moment() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    let made = world.now();
    world.clock.advance(60);
    done(&owner.post("/admin/deleteuseraccount", json!({ "Id": id })).await);
    world.clock.advance(60);
    let long_ago = made - SignedDuration::from_hours(24 * 1_000);
    for at in [made, long_ago, world.now()] {
        refused(&may(&owner, &id, Some(at)).await, 404, "not-found");
    }
}

/// What a role gave that is gone, and a permission that the catalogue has no more, can still be explained.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_since_is_explained_as_it_was() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    let at = world.now();
    world.clock.advance(60);
    done(&owner.delete("/api/roles/reader?force=true").await);
    done(&owner.delete("/api/permissions/invoices.read").await);
    world.clock.advance(60);
    assert_eq!(explained(&owner, &id, at).await, (true, "active".to_owned()));
    let body = json!({ "user": id, "permission": "invoices.read", "at": format!("{at:.3}") });
    let reply = owner.post("/api/access/explain", body).await;
    assert_eq!(reply.body["because"][0]["role"], "reader", "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_are_undone_in_the_order_in_which_they_were_written() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    world.clock.advance_ms(1);
    let before = seen(&owner, &id, None).await;
    world.clock.advance_ms(1);
    let path = user(&id);
    let outcomes = at_once(24, |n| {
        let (owner, path) = (owner.clone(), path.clone());
        async move {
            let held = [["invoices.read"], ["invoices.write"]][n % 2];
            let status = ["active", "banned"][n % 2];
            match n % 3 {
                0 => owner.patch("/api/roles/reader", json!({ "permissions": held })).await,
                1 => {
                    owner
                        .post(
                            &(path + "/roles"),
                            json!({ "role": "writer", "department": format!("d{n}") }),
                        )
                        .await
                }
                _ => owner.patch(&path, json!({ "status": status })).await,
            }
        }
    })
    .await;
    assert!(
        outcomes.iter().all(|reply| reply.status.is_success()),
        "{:?}",
        outcomes.iter().map(|reply| &reply.text).collect::<Vec<_>>()
    );
    let (now, after) = (world.now(), seen(&owner, &id, None).await);
    world.clock.advance_ms(1);
    assert_eq!(seen(&owner, &id, Some(now)).await, after);
    assert_eq!(seen(&owner, &id, Some(now - MILLISECOND)).await, before);
    assert_eq!(names(&before), ["invoices.read"]);
}

/// Rows of changes that are a moment old may be in no index yet.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_behind_hides_no_change() {
    let world = offices(&[]).await;
    let owner = world.owner().await;
    let id = world.user_with("jane@example.org", &["reader"]).await;
    let (at, then) = (world.now(), seen(&owner, &id, None).await);
    for held in [["invoices.write"], ["invoices.read"], ["invoices.write"]] {
        world.clock.advance_ms(1);
        done(&owner.patch("/api/roles/reader", json!({ "permissions": held })).await);
        let status = ["inactive", "active"][usize::from(held[0] == "invoices.read")];
        done(&owner.patch(&user(&id), json!({ "status": status })).await);
    }
    for item in world.items() {
        if item["PK"]["S"].as_str().unwrap().starts_with("T#main#RIGHTS#") {
            let mut item = item;
            item.as_object_mut().unwrap().retain(|name, _| !name.starts_with("GSI"));
            let request = json!({ "TableName": "usher", "Item": item });
            world.db.put_item(serde_json::from_value(request).unwrap()).unwrap();
        }
    }
    world.clock.advance(1);
    assert_eq!(seen(&owner, &id, Some(at)).await, then);
}
