//! `GET /v1/admin/users`, thousands of accounts down: pages found by the map of the list (`usher::store::pages`).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::domain::tenant::TenantId;
use usher::domain::tenant_size::TenantSize;
use usher::domain::text::Username;
use usher::domain::user::User;
use usher::id::UserId;
use usher::jiff::{SignedDuration, Timestamp};
use usher::store::dynamo::Table;
use usher::store::pages::{Pages, Scale};
use usher::store::user_lists::UserLists;
use usher::store::users::{self, Change};
use usher::store::{keys, unit};

use super::list::put_active;
use super::{admin, made, user};
use crate::proxy::{Fault, Proxy};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted_in;
use crate::support::{Client, World, at_once};

/// The same as of a million accounts, with hundreds.
const SMALL: Scale = Scale {
    mark_every: 20,
    most_marks: 30,
    walked_without_map: 30,
    walked_in_place_of_extending: 60,
    kept_every: 90,
    most_rows: 10,
};

/// Accounts like this one, a second apart, the first of them now.
async fn seed(world: &World, like: &User, prefix: &str, many: usize) {
    for n in 0..many {
        world.clock.advance(1);
        let user = User {
            id: UserId::new(world.now()).unwrap(),
            username: Some(Username::parse(&format!("{prefix}{n}")).unwrap()),
            email: None,
            ..like.clone()
        };
        let change = Change {
            before: None,
            after: Some(user),
            only_if: None,
        };
        let plan = users::plan(&[change], TenantSize::Small).unwrap();
        plan.prepare(&world.app.table).await.unwrap();
        unit::commit(&world.app.table, &plan.within).await.unwrap();
    }
}

/// A world with so many accounts, the oldest of them hours old; its administrator.
async fn directory(many: usize) -> (World, Client, User) {
    let world = World::new().await;
    let admin = admin(&world).await;
    let id = made(&admin, "u", &[]).await.parse().unwrap();
    let like = users::get(&world.app.table, &TenantId::main(), id)
        .await
        .unwrap()
        .unwrap();
    seed(&world, &like, "a", many).await;
    world.clock.advance(600);
    let admin = self::admin(&world).await;
    (world, admin, like)
}

fn list<'a>(table: &'a Table, tenant: &'a TenantId) -> UserLists<'a> {
    UserLists {
        table,
        tenant,
        size: TenantSize::Small,
    }
}

fn pages<'a>(world: &'a World, tenant: &'a TenantId) -> Pages<'a> {
    Pages {
        list: list(&world.app.table, tenant),
        now: world.now(),
        scale: SMALL,
    }
}

/// Everybody who is listed, newest first, as the list by cursor goes.
async fn listed(world: &World) -> Vec<UserId> {
    let tenant = TenantId::main();
    let list = list(&world.app.table, &tenant);
    let (listed, more) = list.newest(None, None, 10_000).await.unwrap();
    assert!(!more);
    listed.into_iter().map(|one| one.id).collect()
}

/// Every page shows what the list by cursor has at its place. They are asked for from the last one, and from the first one.
async fn assert_every_page_is_right(world: &World, limit: usize, what: &str) {
    let (all, tenant) = (listed(world).await, TenantId::main());
    let mut skipped: Vec<usize> = (0..all.len()).step_by(limit).collect();
    for _ in 0..2 {
        skipped.reverse();
        for skipped in &skipped {
            let (ids, total) = pages(world, &tenant).page(*skipped, limit).await.unwrap();
            let end = all.len().min(skipped + limit);
            assert_eq!(total, all.len() as u64, "{what}");
            assert_eq!(ids, all[*skipped..end], "{what}: behind {skipped} of {total}");
        }
    }
}

/// Deletes every so many-th of those who are listed but the first accounts, and erases some of them.
async fn delete_some(world: &World, by: &Client, every: usize, from: usize) {
    let all = listed(world).await;
    let oldest_first = all.iter().rev().skip(3 + from);
    for (n, id) in oldest_first.step_by(every).enumerate() {
        world.clock.advance_ms(1);
        match n % 3 {
            0 => {
                let erased = by
                    .post("/admin/deleteuseraccount", json!({ "Id": id.to_string() }))
                    .await;
                assert_eq!(erased.status, 200, "{}", erased.text);
            }
            _ => assert_eq!(by.delete(&user(&id.to_string())).await.status, 200),
        }
    }
}

fn kept_map(world: &World) -> Option<Value> {
    world.items().into_iter().find(|item| item["SK"]["S"] == "MAP")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_together_are_everybody_once_whatever_the_map_is() {
    let (world, admin, like) = directory(400).await;
    let tenant = TenantId::main();
    assert!(kept_map(&world).is_none());
    // Begun by a page in the middle: half of it is there.
    pages(&world, &tenant).page(200, 5).await.unwrap();
    assert!(kept_map(&world).is_some(), "a page that went far keeps what it found");
    assert_every_page_is_right(&world, 7, "absent at first, then extended by pages").await;
    // After the map was made.
    delete_some(&world, &admin, 13, 0).await;
    assert_every_page_is_right(&world, 7, "some left since").await;
    delete_some(&world, &admin, 11, 2).await;
    world.clock.advance(600);
    assert_every_page_is_right(&world, 7, "they are taken off for good").await;
    // Before it is made: the log has them, and the list does not.
    let admin = self::admin(&world).await;
    delete_some(&world, &admin, 10, 4).await;
    pages(&world, &tenant).remake().await.unwrap();
    assert_every_page_is_right(&world, 7, "made just after some left").await;
    seed(&world, &like, "b", 100).await;
    assert_every_page_is_right(&world, 9, "too short").await;
    world.clock.advance(600);
    pages(&world, &tenant).renew().await.unwrap();
    let admin = self::admin(&world).await;
    delete_some(&world, &admin, 9, 1).await;
    assert_every_page_is_right(&world, 10, "renewed").await;
    assert_reconciled(&world);
    world.clock.advance(40 * 24 * 3_600);
    assert_every_page_is_right(&world, 31, "older than the log").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_deletions_while_the_map_is_made_and_extended_move_no_page_afterwards() {
    let (world, admin, _) = directory(300).await;
    for round in 0..4 {
        let all = listed(&world).await;
        let gone: Vec<UserId> = all.iter().rev().skip(3 + round).step_by(8).copied().collect();
        let (table, now) = (world.app.table.clone(), world.now());
        let walks = tokio::spawn(async move {
            for _ in 0..10 {
                let tenant = TenantId::main();
                let pages = Pages {
                    list: list(&table, &tenant),
                    now,
                    scale: SMALL,
                };
                pages.remake().await.unwrap();
                pages.page(all.len() / 2, 5).await.unwrap();
            }
        });
        let deleted = at_once(gone.len(), |n| {
            let (admin, path) = (admin.clone(), user(&gone[n].to_string()));
            async move { admin.delete(&path).await.status.as_u16() }
        });
        assert!(deleted.await.iter().all(|status| *status == 200));
        walks.await.unwrap();
        assert_every_page_is_right(&world, 11, &format!("round {round}")).await;
    }
    assert_reconciled(&world);
}

/// Puts accounts like `u` into the table, a second apart, and counts them: as far as lists show them.
async fn copies(world: &World, size: TenantSize, from: Timestamp, many: u32) {
    let items = world.items().into_iter();
    let mut like = items.filter(|item| item["SK"]["S"] == "USER" && item["username"]["S"] == "u");
    let like = like.next().unwrap();
    let copy = |n: u32| {
        let id = UserId::new(from + SignedDuration::from_secs(i64::from(n))).unwrap();
        let mut item = like.clone();
        let text = |text: String| json!({ "S": text });
        let main = TenantId::main();
        item["PK"] = text(keys::user_partition(&main, id));
        item["GSI1PK"] = text(keys::users_index(&main, keys::shard(id, size.user_lists())));
        for name in ["id", "GSI1SK", "GSI2SK"] {
            item[name] = text(id.to_string());
        }
        json!({ "PutRequest": { "Item": item } })
    };
    let copies: Vec<Value> = (0..many).map(copy).collect();
    put_active(world, &copies).await;
}

/// Eleven accounts in the middle of twice as many as this.
async fn deep(size: TenantSize, many: u32) -> (World, Proxy, Client) {
    let (world, proxy) = counted_in(size).await;
    let (start, admin) = (world.now(), admin(&world).await);
    made(&admin, "u", &[]).await;
    copies(&world, size, start - SignedDuration::from_hours(10), many).await;
    for n in 0..8 {
        world.clock.advance(1);
        made(&admin, &format!("u{n}"), &[]).await;
    }
    copies(&world, size, start + SignedDuration::from_secs(60), many).await;
    world.clock.advance(24 * 3_600);
    let admin = self::admin(&world).await;
    assert_eq!(admin.get("/v1/admin/users/admin").await.status, 200);
    (world, proxy, admin)
}

/// The page of these accounts, what it cost, and whether it is right.
async fn deep_page(admin: &Client, proxy: &Proxy, many: u32) -> (usize, f64, f64) {
    proxy.cost();
    let path = format!("/v1/admin/users?page={}&limit=10", many / 10 + 1);
    let reply = admin.get(&path).await;
    let cost = proxy.cost();
    assert_eq!(reply.status, 200, "{}", reply.text);
    let names = reply.body["users"].as_array().unwrap().iter();
    let names: Vec<&str> = names.filter_map(|user| user["user_name"].as_str()).collect();
    assert_eq!(names[..8], ["u7", "u6", "u5", "u4", "u3", "u2", "u1", "u0"]);
    assert_eq!(reply.body["pagination"]["total"], 2 * many + 11);
    (cost.operations.len(), cost.read, cost.written)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_behind_12_000_accounts_takes_10_requests_once_there_is_a_map() {
    let (world, proxy, admin) = deep(TenantSize::Small, 12_000).await;
    // A map that cannot be kept does no harm.
    let is_map = |body: &Value| body["Key"]["SK"]["S"] == "MAP";
    proxy.plan(move |call| (call.operation == "UpdateItem" && is_map(&call.body)).then_some(Fault::Broken));
    deep_page(&admin, &proxy, 12_000).await;
    proxy.calm();
    assert!(kept_map(&world).is_none());
    // The first one makes it, as far as it goes.
    let (_, read, _) = deep_page(&admin, &proxy, 12_000).await;
    assert!(read > 100.0, "{read}");
    let (requests, read, written) = deep_page(&admin, &proxy, 12_000).await;
    assert!(requests <= 10, "{requests} requests");
    assert!(read < 80.0, "{read} RCU");
    assert!(written < f64::EPSILON, "{written} WCU");
    // One past the end walks nowhere.
    proxy.cost();
    let reply = admin.get("/v1/admin/users?page=2403&limit=10").await;
    assert_eq!((reply.status.as_u16(), &reply.body["users"]), (200, &json!([])));
    assert!(proxy.cost().read < 25.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_far_down_a_large_tenant_takes_10_requests_in_a_process_that_knows_nothing() {
    let (world, proxy, admin) = deep(TenantSize::Large, 6_000).await;
    world.watch.over("setup", setup::local(&world.app)).await.unwrap();
    let partitions = world.items().into_iter().filter(|item| item["SK"]["S"] == "USER");
    let partitions: BTreeSet<String> = partitions.map(|item| item["GSI1PK"]["S"].to_string()).collect();
    assert!(partitions.len() > 1, "{partitions:?}");
    let (requests, read, written) = deep_page(&admin, &proxy, 6_000).await;
    assert!(requests <= 10, "{requests} requests");
    assert!(read < 300.0, "{read} RCU");
    assert!(written < f64::EPSILON, "{written} WCU");
}

/// The oldest accounts of a tenant that became large are all in one partition.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_page_of_a_tenant_that_was_small_once_takes_10_requests() {
    let (world, proxy) = counted_in(TenantSize::Large).await;
    let (start, admin) = (world.now(), admin(&world).await);
    made(&admin, "u", &[]).await;
    copies(&world, TenantSize::Small, start - SignedDuration::from_hours(10), 1_500).await;
    copies(&world, TenantSize::Large, start + SignedDuration::from_secs(60), 1_500).await;
    world.clock.advance(24 * 3_600);
    world.watch.over("setup", setup::local(&world.app)).await.unwrap();
    let admin = self::admin(&world).await;
    assert_eq!(admin.get("/v1/admin/users/admin").await.status, 200);
    proxy.cost();
    let reply = admin.get("/v1/admin/users?page=300&limit=10").await;
    let cost = proxy.cost();
    assert!(cost.operations.len() <= 10, "{:?}", cost.operations);
    assert!(cost.read < 300.0, "{} RCU", cost.read);
    assert_eq!(reply.body["pagination"]["total"], 3_003);
    let shown = reply.body["users"].as_array().unwrap().iter();
    let shown: Vec<&str> = shown.filter_map(|user| user["id"].as_str()).collect();
    let items = world.items().into_iter().filter(|item| item["SK"]["S"] == "USER");
    let mut ids: Vec<String> = items
        .filter_map(|item| Some(item["id"]["S"].as_str()?.to_owned()))
        .collect();
    ids.sort_unstable();
    ids.reverse();
    assert_eq!(shown, ids[2_990..3_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_makes_the_map_of_a_list_of_thousands() {
    let (world, proxy, admin) = deep(TenantSize::Small, 2_400).await;
    world.watch.over("setup", setup::local(&world.app)).await.unwrap();
    assert!(kept_map(&world).is_some());
    let (requests, read, _) = deep_page(&admin, &proxy, 2_400).await;
    assert!(requests <= 10 && read < 80.0, "{requests} requests, {read} RCU");
}
