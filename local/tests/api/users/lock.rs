//! `POST /api/users/{user}/lock` and `/unlock`

use serde_json::json;
use usher::jiff::SignedDuration;

use super::{invalid, refused, signed_in_with, user};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World};

async fn login(world: &World, password: &str) -> Reply {
    let body = json!({ "username": "jane@example.org", "password": password });
    world.nobody().post("/api/auth/login", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_holds_from_the_next_request_until_it_is_ended() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let reply = owner
        .post(&format!("/api/users/{id}/lock"), json!({ "reason": "on leave" }))
        .await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    assert_eq!(owner.get(&user(&id)).await.str("status"), "locked");
    let right = login(&world, PASSWORD).await;
    refused(&right, 423, "locked");
    assert_eq!(right.str("reason"), "on leave");
    refused(&login(&world, "wrong").await, 401, "wrong-credentials");
    world.clock.advance(400 * 24 * 3600);
    refused(&login(&world, PASSWORD).await, 423, "locked");
    let owner = world.owner().await;
    assert_eq!(owner.post_empty(&format!("/api/users/{id}/unlock")).await.status, 204);
    assert_eq!(login(&world, PASSWORD).await.status, 200);
    // What the lock ended stays ended.
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_with_an_end_ends_at_that_moment() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, _) = signed_in_with(&world, "jane@example.org", &[]).await;
    let body = json!({ "until": "2026-11-22T09:00:00Z" });
    assert_eq!(owner.post(&format!("/api/users/{id}/lock"), body).await.status, 204);
    let shown = owner.get(&user(&id)).await;
    assert_eq!(
        (shown.str("status"), shown.str("lockoutUntil")),
        ("locked", "2026-11-22T09:00:00.000Z")
    );
    world.clock.advance_ms(3_600_000 - 1);
    let locked = login(&world, PASSWORD).await;
    refused(&locked, 423, "locked");
    assert_eq!(
        (locked.str("lockoutUntil"), locked.header("retry-after")),
        ("2026-11-22T09:00:00.000Z", "1")
    );
    assert_eq!(owner.get("/api/users?status=locked").await.body["total"], 1);
    assert_eq!(owner.get("/api/users?status=active").await.body["total"], 2);
    world.clock.advance_ms(1);
    for (status, total) in [("locked", 0), ("active", 3)] {
        let page = owner.get(&format!("/api/users?status={status}")).await.body;
        assert_eq!(
            (&page["total"], page["items"].as_array().unwrap().len()),
            (&json!(total), total)
        );
    }
    assert_eq!(login(&world, PASSWORD).await.status, 200);
    assert_eq!(owner.get(&user(&id)).await.str("status"), "active");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_lock_that_would_be_over_or_is_no_date_is_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/lock";
    for until in [
        "2026-11-22T08:00:00Z",
        "2026-11-22T08:00:00.0009Z",
        "2020-01-01T00:00:00Z",
        "tomorrow",
        "2027-01-01T00:00:00",
    ] {
        invalid(&owner.post(&path, json!({ "until": until })).await, &["/until"]);
    }
    invalid(
        &owner.post(&path, json!({ "reason": "r".repeat(501) })).await,
        &["/reason"],
    );
    invalid(&owner.post(&path, json!({ "reason": "a\u{1b}b" })).await, &["/reason"]);
    refused(
        &owner.post_empty("/api/users/no@example.org/lock").await,
        404,
        "not-found",
    );
    refused(
        &owner.post_empty("/api/users/no@example.org/unlock").await,
        404,
        "not-found",
    );
    assert_eq!(owner.get("/api/users?status=locked").await.body["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_reason_of_a_lock_is_none_and_any_other_is_one_line() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await) + "/lock";
    for line_break in ["\n", "\r\n", "\t", "\u{2028}"] {
        let reason = format!("on leave{line_break}until May");
        invalid(&owner.post(&path, json!({ "reason": reason })).await, &["/reason"]);
    }
    assert_eq!(login(&world, PASSWORD).await.status, 200);
    for reason in [json!(""), json!("  "), json!("\n"), json!(null)] {
        let locked = owner.post(&path, json!({ "reason": reason })).await;
        assert_eq!(locked.status, 204, "{}", locked.text);
        let shown = login(&world, PASSWORD).await;
        assert_eq!(shown.str("reason"), "locked by an administrator", "{reason}");
    }
    let longest = "r".repeat(500);
    assert_eq!(owner.post(&path, json!({ "reason": longest })).await.status, 204);
    assert_eq!(login(&world, PASSWORD).await.str("reason"), longest);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_the_end_of_a_lock_is_in_milliseconds_in_words_too() {
    let world = World::new().await;
    let path = user(&world.user("jane@example.org").await) + "/lock";
    let (until, words) = (
        "2026-11-22T09:00:09.335Z",
        "the account is locked until 2026-11-22T09:00:09.335Z",
    );
    let locked = world.owner().await.post(&path, json!({ "until": until })).await;
    assert_eq!(locked.status, 204, "{}", locked.text);
    let shown = login(&world, PASSWORD).await;
    assert_eq!((shown.str("lockoutUntil"), shown.str("detail")), (until, words));
    let body = json!({ "Username": "jane@example.org", "Password": PASSWORD });
    let shown = world.nobody().post("/auth/login", body).await;
    assert_eq!(shown.str("Message"), words);
    assert!(shown.str("Bg").ends_with(until), "{}", shown.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlocking_ends_a_lockout_and_clears_the_failed_count() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for _ in 0..5 {
        login(&world, "wrong").await;
    }
    refused(&login(&world, PASSWORD).await, 423, "locked");
    assert_eq!(owner.get(&user(&id)).await.str("status"), "locked");
    assert_eq!(owner.get("/api/users?status=locked").await.body["total"], 1);
    assert_eq!(owner.post_empty(&format!("/api/users/{id}/unlock")).await.status, 204);
    assert_eq!(owner.get("/api/users?status=locked").await.body["total"], 0);
    // Four more failures are no lock: the count began anew.
    for _ in 0..4 {
        refused(&login(&world, "wrong").await, 401, "wrong-credentials");
    }
    assert_eq!(login(&world, PASSWORD).await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_active_ends_a_lockout_too_so_that_the_account_is_what_the_answer_shows() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for _ in 0..5 {
        login(&world, "wrong").await;
    }
    assert_eq!(owner.put(&user(&id), json!({ "status": "active" })).await.status, 204);
    assert_eq!(owner.get(&user(&id)).await.str("status"), "active");
    assert_eq!(login(&world, PASSWORD).await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_lock_nor_its_end_switches_on_or_unbans() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for status in ["inactive", "banned"] {
        owner.patch(&user(&id), json!({ "status": status })).await;
        let until = format!("{:.3}", world.now() + SignedDuration::from_secs(4));
        for lock in [json!({ "reason": "on leave" }), json!({ "until": until })] {
            let locked = owner.post(&format!("/api/users/{id}/lock"), lock).await;
            assert_eq!(locked.status, 204, "{}", locked.text);
            let shown = owner.get(&user(&id)).await;
            assert_eq!(
                (shown.str("status"), &shown.body["lockoutUntil"]),
                (status, &json!(null))
            );
        }
        world.clock.advance(4);
        assert_eq!(owner.get(&user(&id)).await.str("status"), status);
        refused(&login(&world, PASSWORD).await, 401, "account-not-active");
        assert_eq!(owner.post_empty(&format!("/api/users/{id}/unlock")).await.status, 204);
        assert_eq!(owner.get(&user(&id)).await.str("status"), status);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_whose_lock_has_ended_is_in_charge_again_from_the_next_login() {
    let world = World::new().await;
    let owner = world.owner().await;
    let own = user(owner.get("/api/me/profile").await.str("id"));
    assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    let (id, first) = signed_in_with(&world, "jane@example.org", &["admin"]).await;
    let until = format!("{:.3}", world.now() + SignedDuration::from_secs(4));
    let locked = owner
        .post(&format!("/api/users/{id}/lock"), json!({ "until": until }))
        .await;
    assert_eq!(locked.status, 204, "{}", locked.text);
    world.clock.advance(4);
    let last = owner.patch(&own, json!({ "status": "inactive" })).await;
    refused(&last, 409, "last-administrator");
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    assert_reconciled(&world);
    refused(&first.get("/api/users").await, 401, "invalid-token");
    assert_eq!(jane.get("/api/users?status=locked").await.body["total"], 0);
    let rows = jane.get(&format!("/api/rights-history?target={id}")).await;
    let latest = &rows.body["items"][0];
    assert_eq!(
        (&latest["kind"], &latest["actor"], &latest["after"]["status"]),
        (&json!("statusChanged"), &json!(null), &json!("active")),
        "{}",
        rows.text
    );
    assert_eq!(owner.patch(&own, json!({ "status": "inactive" })).await.status, 204);
    assert_reconciled(&world);
}

/// The last date that there is can be kept, and read again.
#[tokio::test(flavor = "multi_thread")]
async fn i11_the_last_moment_of_all_harms_nothing_that_it_is_written_into() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, last) = (world.user("jane@example.org").await, "9999-12-30T22:00:00.999Z");
    let path = format!("/api/users/{id}");
    let grant = json!({ "role": "member", "effectiveFrom": last });
    assert_eq!(owner.post(&format!("{path}/roles"), grant).await.status, 201);
    assert_eq!(
        owner
            .post(&format!("{path}/lock"), json!({ "until": last }))
            .await
            .status,
        204
    );
    let key = json!({ "name": "x", "expiresAt": last });
    assert_eq!(owner.post("/api/api-keys", key).await.status, 201);
    for path in [
        path.as_str(),
        "/api/users",
        "/api/api-keys",
        "/v1/admin/users",
        "/owner/users",
    ] {
        assert_eq!(owner.get(path).await.status, 200, "{path}");
    }
}
