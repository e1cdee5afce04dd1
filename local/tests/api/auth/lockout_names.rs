//! What a lock by failed logins is about: logging in, under one name (rule 6).

use serde_json::json;

use super::{Look, login, opens, pair, refresh};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World};

async fn fail(world: &World, name: &str, times: usize) {
    for n in 0..times {
        let reply = login(world, name, "not this one").await;
        assert_eq!(reply.status, 401, "failure {n} of {name}");
    }
}

/// An account with a username and an address.
async fn with_both(world: &World, username: &str, email: &str) {
    let body = json!({ "username": username, "email": email, "password": PASSWORD });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
}

async fn shown(world: &World, name: &str) -> Reply {
    world.owner().await.get(&format!("/api/users/{name}")).await
}

#[tokio::test]
async fn d05_strangers_guesses_end_nobody_s_session_and_the_account_is_shown_as_locked() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let tokens = pair(&world, "jane@example.org").await;
    let long = login(&world, "jane@example.org", PASSWORD)
        .await
        .str("token")
        .to_owned();
    fail(&world, "jane@example.org", 5).await;
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
    for access in [&tokens.access, &long] {
        assert_eq!(opens(&world, access).await, 200);
    }
    let renewed = refresh(&world, &tokens.refresh).await;
    assert_eq!(renewed.status, 200);
    assert_eq!(opens(&world, renewed.str("accessToken")).await, 200);
    let me = world.with_token(&long);
    let patched = me.patch("/api/me/profile", json!({ "displayName": "Jane" })).await;
    assert_eq!(patched.status, 200, "what a session writes goes on as well");
    let account = shown(&world, "jane@example.org").await;
    assert_eq!(
        (account.str("status"), account.str("lockoutUntil")),
        ("locked", "2026-11-22T08:15:00.000Z")
    );
    let listed = world.owner().await.get("/api/users?status=locked").await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_administrator_s_lock_ends_the_sessions_also_of_an_account_that_guesses_locked() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let tokens = pair(&world, "jane@example.org").await;
    fail(&world, "jane@example.org", 5).await;
    let locked = world.owner().await.post_empty("/api/users/jane@example.org/lock").await;
    assert_eq!(locked.status, 204);
    assert_eq!(opens(&world, &tokens.access).await, 401);
    assert_eq!(refresh(&world, &tokens.refresh).await.status, 401);
}

#[tokio::test]
async fn d05_five_guesses_at_a_username_do_not_tell_whose_address_it_is() {
    let world = World::new().await;
    with_both(&world, "jane", "jane.doe@corp.example").await;
    with_both(&world, "john", "john.doe@corp.example").await;
    fail(&world, "jane", 5).await;
    assert_eq!(login(&world, "jane", "not this one").await.status, 423);
    let own = login(&world, "jane.doe@corp.example", "not this one").await;
    let another_s = login(&world, "john.doe@corp.example", "not this one").await;
    assert_eq!(own.status, 401);
    assert_eq!(Look::of(&own), Look::of(&another_s));
}

/// Else a lock that vanishes before its end would tell that somebody has the name, and give five more guesses.
#[tokio::test]
async fn d05_a_login_under_one_name_leaves_the_count_and_the_lock_of_the_other() {
    let world = World::new().await;
    with_both(&world, "jane", "jane@example.org").await;
    for (guessed, other, nobody_s) in [
        ("jane", "jane@example.org", "nobody"),
        ("jane@example.org", "jane", "nobody@example.org"),
    ] {
        for minutes in [15, 30] {
            fail(&world, guessed, 5).await;
            fail(&world, nobody_s, 5).await;
            assert_eq!(login(&world, other, PASSWORD).await.status, 200, "{other} opens");
            for password in [PASSWORD, "not this one"] {
                let (there, unknown) = (
                    login(&world, guessed, password).await,
                    login(&world, nobody_s, password).await,
                );
                assert_eq!(
                    there.header("retry-after"),
                    (minutes * 60).to_string(),
                    "{}",
                    there.text
                );
                assert_eq!(Look::of(&there), Look::of(&unknown));
            }
            let account = shown(&world, "jane").await;
            assert_eq!(
                (account.str("status"), &account.body["failedLoginCount"]),
                ("locked", &json!(5))
            );
            world.clock.advance(minutes * 60);
            assert_eq!(login(&world, other, PASSWORD).await.status, 200);
            assert_eq!(shown(&world, "jane").await.str("status"), "active");
        }
        assert_eq!(
            login(&world, guessed, PASSWORD).await.status,
            200,
            "its own success clears it"
        );
    }
    fail(&world, "jane", 4).await;
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
    fail(&world, "jane", 1).await;
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 423);
    assert_reconciled(&world);
}

#[tokio::test]
async fn a_lock_that_is_over_is_taken_off_the_lists_by_a_login_under_the_other_name() {
    let world = World::new().await;
    with_both(&world, "jane", "jane@example.org").await;
    let locked = || async { world.owner().await.get("/api/users?status=locked").await };
    fail(&world, "jane", 5).await;
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
    assert_eq!(locked().await.body["total"], 1);
    world.clock.advance(15 * 60);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
    let tally = world.items().into_iter().filter_map(|item| {
        let key = item["SK"]["S"].as_str()?;
        key.starts_with("TALLY#")
            .then(|| item["locked"]["N"].as_str()?.parse::<i64>().ok())?
    });
    assert_eq!(tally.sum::<i64>(), 0);
    assert_reconciled(&world);
}

#[tokio::test]
async fn an_account_locked_under_both_names_shows_the_later_end() {
    let world = World::new().await;
    with_both(&world, "jane", "jane@example.org").await;
    fail(&world, "jane", 5).await;
    world.clock.advance(60);
    fail(&world, "jane@example.org", 5).await;
    assert_eq!(
        shown(&world, "jane").await.str("lockoutUntil"),
        "2026-11-22T08:16:00.000Z"
    );
    world.clock.advance(14 * 60);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
    assert_eq!(shown(&world, "jane").await.str("status"), "locked");
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_account_shows_the_larger_count_of_failed_logins_under_its_tag_until_a_success_under_that_name() {
    let world = World::new().await;
    with_both(&world, "jane", "jane@example.org").await;
    let owner = world.owner().await;
    let mut tags = std::collections::BTreeSet::new();
    for (name, times, larger) in [
        ("jane", 0, 0),
        ("jane", 2, 2),
        ("jane@example.org", 4, 4),
        ("jane", 1, 4),
    ] {
        fail(&world, name, times).await;
        let account = shown(&world, "jane").await;
        assert_eq!(account.body["failedLoginCount"], larger, "{}", account.text);
        let listed = owner.get("/api/users?q=jane").await.body["items"][0].clone();
        assert_eq!(listed["failedLoginCount"], larger);
        tags.insert(account.header("etag").to_owned());
    }
    assert_eq!(tags.len(), 3, "{tags:?}");
    let jane = world.signed_in("jane", PASSWORD).await;
    assert_eq!(
        jane.get("/api/me/profile").await.body["failedLoginCount"],
        4,
        "of the address"
    );
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
    assert_eq!(shown(&world, "jane").await.body["failedLoginCount"], 0);
    // It is nobody's to set.
    let patched = owner
        .patch(
            "/api/users/jane",
            json!({ "failedLoginCount": 4, "displayName": "Jane" }),
        )
        .await;
    assert_eq!(patched.status, 204);
    assert_eq!(shown(&world, "jane").await.body["failedLoginCount"], 0);
}

#[tokio::test]
async fn another_address_or_username_begins_without_the_count_of_the_old_one() {
    let world = World::new().await;
    with_both(&world, "jane", "jane@example.org").await;
    fail(&world, "jane", 5).await;
    fail(&world, "jane@example.org", 5).await;
    let owner = world.owner().await;
    let renamed = owner.patch("/api/users/jane", json!({ "username": "janet" })).await;
    assert_eq!(renamed.status, 204);
    assert_eq!(
        login(&world, "jane@example.org", PASSWORD).await.status,
        423,
        "this name stays locked"
    );
    fail(&world, "janet", 4).await;
    let moved = owner
        .patch("/api/users/janet", json!({ "email": "janet@example.org" }))
        .await;
    assert_eq!(moved.status, 204);
    assert_eq!(shown(&world, "janet").await.str("status"), "active");
    assert_eq!(login(&world, "janet@example.org", PASSWORD).await.status, 200);
}

/// Else whoever has somebody's session guesses the password on and on, five times for each name.
#[tokio::test]
async fn who_changes_their_own_name_keeps_the_count() {
    let world = World::new().await;
    world
        .owner()
        .await
        .post("/api/users", json!({ "username": "jane", "password": PASSWORD }))
        .await;
    let jane = world.signed_in("jane", PASSWORD).await;
    for (n, new) in ["janet", "jane", "janet", "jane"].iter().enumerate() {
        let wrong = json!({ "currentPassword": "not this one", "newPassword": "battery staple" });
        assert_eq!(
            jane.post("/api/auth/change-password", wrong).await.status,
            403,
            "guess {n}"
        );
        let old = if *new == "jane" { "janet" } else { "jane" };
        let change = json!({ "Key": "Username", "Old": old, "New": new });
        assert_eq!(jane.post("/user/change", change).await.status, 200);
    }
    fail(&world, "jane", 1).await;
    assert_eq!(login(&world, "jane", PASSWORD).await.status, 423);
}

#[tokio::test]
async fn a_wrong_present_password_counts_under_the_address_and_without_one_under_the_username() {
    let world = World::new().await;
    with_both(&world, "jane", "jane@example.org").await;
    let body = json!({ "username": "john", "password": PASSWORD });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    for (name, locked, open) in [("jane", "jane@example.org", Some("jane")), ("john", "john", None)] {
        let me = world.signed_in(name, PASSWORD).await;
        for _ in 0..5 {
            let body = json!({ "currentPassword": "not this one", "newPassword": "battery staple" });
            assert_eq!(me.post("/api/auth/change-password", body).await.status, 403);
        }
        assert_eq!(login(&world, locked, PASSWORD).await.status, 423);
        assert_eq!(me.get("/api/me/profile").await.status, 200);
        if let Some(open) = open {
            assert_eq!(login(&world, open, PASSWORD).await.status, 200);
        }
    }
}

#[tokio::test]
async fn the_right_password_of_an_account_that_may_not_sign_in_is_no_failure() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let path = "/api/users/jane@example.org";
    for status in ["banned", "inactive", "locked"] {
        // Behind the login of the status before: rows of one moment have no order.
        world.clock.advance(1);
        super::patched(&world, "jane@example.org", json!({ "status": status })).await;
        fail(&world, "jane@example.org", 4).await;
        for _ in 0..6 {
            let reply = login(&world, "jane@example.org", PASSWORD).await;
            assert!(reply.problem() == "account-not-active" || reply.str("reason").contains("administrator"));
        }
        let history = world.owner().await.get(&format!("{path}/login-history")).await;
        assert_eq!(history.body["items"][0]["kind"], "loginFailed", "{}", history.text);
        fail(&world, "jane@example.org", 4).await;
        super::patched(&world, "jane@example.org", json!({ "status": "active" })).await;
        assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn an_unverified_account_is_not_locked_by_its_own_password() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    for _ in 0..6 {
        assert_eq!(world.nobody().post("/v1/auth/login", body.clone()).await.status, 403);
    }
    super::patched(&world, "jane@example.org", json!({ "emailVerified": true })).await;
    assert_eq!(world.nobody().post("/v1/auth/login", body).await.status, 200);
}

#[tokio::test]
async fn a_session_of_an_unverified_account_is_not_carried_on_where_it_could_not_log_in() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let tokens = pair(&world, "jane@example.org").await;
    let at_admin = |token: &str| {
        let body = json!({ "refresh_token": token });
        let nobody = world.nobody();
        async move { nobody.post("/v1/auth/refresh", body).await }
    };
    let refused = at_admin(&tokens.refresh).await;
    let invalid = at_admin("not a token").await;
    assert_eq!((refused.status.as_u16(), &refused.body), (401, &invalid.body));
    let next = pair_of_refresh(&world, &tokens.refresh).await;
    super::patched(&world, "jane@example.org", json!({ "emailVerified": true })).await;
    assert_eq!(at_admin(&next).await.status, 200);
}

/// The successor of a refresh token, at the contract that gave it.
async fn pair_of_refresh(world: &World, token: &str) -> String {
    let reply = refresh(world, token).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.str("refreshToken").to_owned()
}
