//! What others do to an account between two calls to the store of one request. A proxy lets it happen at that call: no
//! chance is needed.

use reqwest::Method;
use serde_json::{Value, json};
use usher::ambient::ManualClock;
use usher::app::App;

use crate::auth::{login, opens};
use crate::proxy::{Call, Proxy};
use crate::support::{PASSWORD, Reply, World, settings_of};
use crate::watch::Watch;

const JANE: &str = "jane@example.org";

/// The same table, reached through a proxy.
async fn behind(world: &World) -> (Proxy, World) {
    let proxy = Proxy::before(&world.dynamodb).await;
    let clock = ManualClock::at(world.now());
    let app = App::with_clock(settings_of(&proxy.url, &[]), clock.clone()).unwrap();
    let behind = World::serving(app, clock, world.db.clone(), proxy.url.clone(), Watch::new()).await;
    (proxy, behind)
}

/// Sends a request to the table while, at the first call that this is true of, somebody else does something to the account.
async fn meanwhile<Fut: Future<Output = Reply>>(
    proxy: &Proxy,
    world: &World,
    (id, update): (&str, Value),
    is_then: impl Fn(&Call) -> bool + Send + 'static,
    request: Fut,
) -> Reply {
    let (db, mut update) = (world.db.clone(), Some(update));
    let key = json!({ "PK": { "S": format!("T#main#USER#{id}") }, "SK": { "S": "USER" } });
    proxy.plan(move |call| {
        if is_then(call)
            && let Some(mut request) = update.take()
        {
            request["TableName"] = json!("usher");
            request["Key"] = key.clone();
            db.update_item(serde_json::from_value(request).unwrap()).unwrap();
        }
        None
    });
    let reply = request.await;
    proxy.calm();
    reply
}

/// One more version, one more end of all sessions, and this.
fn changed(set: &str, values: &Value) -> Value {
    let mut all = json!({ ":one": { "N": "1" } });
    all.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    json!({ "UpdateExpression": format!("ADD epoch :one, version :one {set}"), "ExpressionAttributeValues": all })
}

fn commits(call: &Call) -> bool {
    call.operation == "TransactWriteItems"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_while_all_sessions_of_its_account_end_begins_after_that() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let (proxy, behind) = behind(&world).await;
    let logging_in = || login(&behind, JANE, PASSWORD);
    let reply = meanwhile(&proxy, &world, (&id, changed("", &json!({}))), commits, logging_in()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(opens(&behind, reply.str("token")).await, 200);

    let other = json!({ ":other": { "S": "another hash" } });
    let reset = changed("SET password = :other", &other);
    let reply = meanwhile(&proxy, &world, (&id, reset), commits, logging_in()).await;
    assert_eq!(reply.status, 401, "it was given another password: {}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_while_its_account_is_locked_once_more_opens_nothing() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let until = "2026-11-22T08:01:00Z";
    let path = format!("/api/users/{id}/lock");
    let reply = world.owner().await.post(&path, json!({ "until": until })).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    world.clock.advance(61);
    let (proxy, behind) = behind(&world).await;
    let again = changed("SET #lock = :lock", &json!({ ":lock": { "M": {} } }));
    let mut again = again;
    again["ExpressionAttributeNames"] = json!({ "#lock": "lock" });
    let reply = meanwhile(&proxy, &world, (&id, again), commits, login(&behind, JANE, PASSWORD)).await;
    assert_eq!(reply.status, 423, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_not_changed_under_a_name_that_it_lost_meanwhile() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let (proxy, behind) = behind(&world).await;
    let owner = behind.owner().await;
    let renamed = changed("SET email = :email", &json!({ ":email": { "S": "other@example.org" } }));
    let at = format!("T#main#USER#{id}");
    let is_then = move |call: &Call| call.operation == "GetItem" && call.body["Key"]["PK"]["S"] == at.as_str();
    let path = format!("/api/users/{JANE}");
    let patching = owner.patch(&path, json!({ "status": "inactive" }));
    let reply = meanwhile(&proxy, &world, (&id, renamed), is_then, patching).await;
    assert_eq!(reply.status, 404, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sets_the_present_password_of_an_account_that_changes_meanwhile_is_no_stranger() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let (proxy, behind) = behind(&world).await;
    let owner = behind.owner().await;
    let path = format!("/api/users/{id}");
    let set = || owner.patch(&path, json!({ "password": PASSWORD }));
    let banned = json!({
        "UpdateExpression": "ADD epoch :one, version :one SET #status = :banned",
        "ExpressionAttributeNames": { "#status": "status" },
        "ExpressionAttributeValues": { ":one": { "N": "1" }, ":banned": { "S": "banned" } },
    });
    // The first transaction is the one that clears the count of the right guess.
    let reply = meanwhile(&proxy, &world, (&id, banned), commits, set()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (409, "same-password"),
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_renamed_twice_at_once_is_not_in_its_own_way() {
    let world = World::new().await;
    let owner = world.owner().await;
    let made = owner
        .post("/api/roles", json!({ "name": "clerks", "permissions": [] }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (proxy, behind) = behind(&world).await;
    let (late, first) = (behind.owner().await, std::sync::Mutex::new(Some(owner)));
    let handle = tokio::runtime::Handle::current();
    proxy.plan(move |call| {
        if commits(call)
            && let Some(owner) = first.lock().unwrap().take()
        {
            let renaming = async move { owner.patch("/api/roles/clerks", json!({ "name": "auditors" })).await };
            let reply = tokio::task::block_in_place(|| handle.block_on(renaming));
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        None
    });
    let reply = late.patch("/api/roles/clerks", json!({ "name": "auditors" })).await;
    assert_eq!(reply.status, 404, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guess_that_takes_the_last_place_locks_an_account_that_changes_meanwhile() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let (proxy, behind) = behind(&world).await;
    for _ in 0..4 {
        assert_eq!(login(&world, JANE, "not this one").await.status, 401);
    }
    let touched = json!({
        "UpdateExpression": "ADD version :one", "ExpressionAttributeValues": { ":one": { "N": "1" } },
    });
    let last = login(&behind, JANE, "not this one");
    let reply = meanwhile(&proxy, &world, (&id, touched), commits, last).await;
    assert_eq!(reply.status, 401, "{}", reply.text);
    let shown = world.owner().await.get(&format!("/api/users/{id}")).await;
    assert_eq!(shown.str("status"), "locked", "{}", shown.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_was_stated_before_all_other_sessions_ended_changes_nothing_after_that() {
    let world = World::new().await;
    world.user(JANE).await;
    let (proxy, behind) = behind(&world).await;
    let (mine, other) = (login(&world, JANE, PASSWORD).await, login(&world, JANE, PASSWORD).await);
    let ending = std::sync::Mutex::new(Some(world.with_token(mine.str("token"))));
    let handle = tokio::runtime::Handle::current();
    proxy.plan(move |call| {
        if commits(call)
            && let Some(me) = ending.lock().unwrap().take()
        {
            let request = async move { me.delete("/api/me/sessions?except=current").await };
            let reply = tokio::task::block_in_place(|| handle.block_on(request));
            assert_eq!(reply.status, 204, "{}", reply.text);
        }
        None
    });
    let me = behind.with_token(mine.str("token"));
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
    let reply = me.post("/api/auth/change-password", body).await;
    assert_eq!(reply.status, 401, "{}", reply.text);
    assert_eq!(opens(&world, other.str("token")).await, 401);
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_by_whoever_sets_a_password_is_recorded_where_the_account_is_deleted_meanwhile() {
    let world = World::new().await;
    let (proxy, behind) = behind(&world).await;
    let owner = behind.owner().await;
    for headers in [&[][..], &[("idempotency-key", "k")]] {
        let id = world.user(JANE).await;
        let gone = json!({
            "UpdateExpression": "ADD version :one SET #status = :deleted",
            "ExpressionAttributeNames": { "#status": "status" },
            "ExpressionAttributeValues": { ":one": { "N": "1" }, ":deleted": { "S": "deleted" } },
        });
        let (path, body) = (
            format!("/api/users/{id}/reset-password"),
            json!({ "newPassword": "battery staple" }),
        );
        let reset = owner.send(Method::POST, &path, Some(body), headers);
        let reply = meanwhile(&proxy, &world, (&id, gone), commits, reset).await;
        assert_eq!(reply.status, 404, "{}", reply.text);
        let kinds = world.items().into_iter().filter_map(|item| {
            let is_hers = item["PK"]["S"].as_str()?.contains(&id);
            is_hers.then(|| item["kind"]["S"].as_str().map(str::to_owned))?
        });
        assert_eq!(kinds.collect::<Vec<_>>(), ["loginFailed"], "{headers:?}");
        let named = world.items().into_iter().filter(|item| item["SK"]["S"] == "CLAIM");
        for claim in named.filter(|claim| claim["user"]["S"] == id.as_str()) {
            let key = json!({ "TableName": "usher", "Key": { "PK": claim["PK"], "SK": claim["SK"] } });
            world.db.delete_item(serde_json::from_value(key).unwrap()).unwrap();
        }
    }
}
