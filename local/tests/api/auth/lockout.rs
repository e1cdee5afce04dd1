//! Lockout after failed logins (rule 6), at `/login` and `/token` alike.

use serde_json::json;
use usher::jiff::Timestamp;

use super::{Look, login, token};
use crate::support::{PASSWORD, Reply, World};

async fn fail(world: &World, name: &str, times: usize) {
    for n in 0..times {
        let reply = login(world, name, "not this one").await;
        assert_eq!(reply.status, 401, "failure {n} of {name}");
    }
}

fn assert_locked(reply: &Reply, seconds: i64, world: &World) {
    assert_eq!((reply.status.as_u16(), reply.problem()), (423, "locked"));
    assert_eq!(reply.header("retry-after"), seconds.to_string());
    let until: Timestamp = reply.str("lockoutUntil").parse().unwrap();
    assert_eq!(until.as_millisecond(), world.now().as_millisecond() + seconds * 1000);
    assert_eq!(reply.str("reason"), "too many failed logins");
}

#[tokio::test]
async fn e05_five_failures_lock_an_account_and_an_unregistered_name_in_the_same_way() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let mut answers = Vec::new();
    for name in ["jane@example.org", "nobody@example.org", "nobody"] {
        fail(&world, name, 5).await;
        let compared = world.app.hasher.comparisons();
        for password in ["not this one", PASSWORD, ""] {
            let reply = login(&world, name, password).await;
            assert_locked(&reply, 900, &world);
            answers.push(Look::of(&reply));
        }
        assert_eq!(
            world.app.hasher.comparisons(),
            compared,
            "no password is compared while {name} is locked"
        );
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    insta::assert_json_snapshot!(login(&world, "jane@example.org", PASSWORD).await.body, @r#"
    {
      "type": "/problems/locked",
      "title": "Account locked",
      "status": 423,
      "detail": "the account is locked until 2026-11-22T08:15:00.000Z",
      "instance": "/api/auth/login",
      "reason": "too many failed logins",
      "lockoutUntil": "2026-11-22T08:15:00.000Z"
    }
    "#);
}

#[tokio::test]
async fn a_lock_is_one_for_every_spelling_of_the_name_and_every_way_in() {
    let world = World::new().await;
    let body = json!({ "username": "jane", "email": "jane@example.org", "password": PASSWORD });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    assert_eq!(login(&world, "jane@example.org", "wrong").await.status, 401);
    assert_eq!(login(&world, "JANE@example.org", "wrong").await.status, 401);
    assert_eq!(token(&world, "Jane@Example.org", "wrong").await.status, 401);
    assert_eq!(token(&world, "jane@example.org", "wrong").await.status, 401);
    assert_eq!(login(&world, "jane@EXAMPLE.org", "wrong").await.status, 401);
    assert_locked(&login(&world, "jane@example.org", PASSWORD).await, 900, &world);
    assert_locked(&token(&world, "jane@example.org", PASSWORD).await, 900, &world);
    assert_eq!(
        login(&world, "owner", "Owner@12345").await.status,
        200,
        "nobody else is locked"
    );
}

#[tokio::test]
async fn e05_the_spellings_of_an_unregistered_name_are_one_name_too() {
    let world = World::new().await;
    for name in ["Nobody@Example.org", "nobody@example.org", "NOBODY@EXAMPLE.ORG"] {
        assert_eq!(login(&world, name, "wrong").await.status, 401);
    }
    assert_eq!(token(&world, "nobody@example.ORG", "wrong").await.status, 401);
    assert_eq!(token(&world, "nobody@example.org", "wrong").await.status, 401);
    assert_eq!(token(&world, "nobody@EXAMPLE.org", "wrong").await.status, 423);
}

#[tokio::test]
async fn the_lock_ends_at_the_moment_that_it_names() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    fail(&world, "jane@example.org", 5).await;
    world.clock.advance_ms(899_001);
    let reply = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (423, "1"));
    world.clock.advance_ms(998);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
    world.clock.advance_ms(1);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn each_lock_is_twice_as_long_up_to_a_day_for_accounts_and_for_nobody() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    for minutes in [15, 30, 60, 120, 240, 480, 960, 1440, 1440] {
        for name in ["jane@example.org", "nobody@example.org"] {
            fail(&world, name, 5).await;
            assert_locked(&login(&world, name, PASSWORD).await, minutes * 60, &world);
        }
        world.clock.advance(minutes * 60);
    }
    let right = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!(right.status, 200);
    fail(&world, "jane@example.org", 5).await;
    assert_locked(&login(&world, "jane@example.org", PASSWORD).await, 900, &world);
}

#[tokio::test]
async fn a_success_begins_the_count_anew() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    for _ in 0..3 {
        fail(&world, "jane@example.org", 4).await;
        assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 200);
    }
    fail(&world, "jane@example.org", 5).await;
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
}

#[tokio::test]
async fn failures_are_forgotten_after_thirty_days() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    fail(&world, "jane@example.org", 4).await;
    fail(&world, "nobody@example.org", 4).await;
    world.clock.advance(31 * 24 * 3600);
    for name in ["jane@example.org", "nobody@example.org"] {
        fail(&world, name, 5).await;
        assert_locked(&login(&world, name, PASSWORD).await, 900, &world);
    }
}

#[tokio::test]
async fn an_administrator_sees_the_lock_and_ends_it() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    fail(&world, "jane@example.org", 5).await;
    let owner = world.owner().await;
    let path = "/api/users/jane@example.org";
    assert_eq!(owner.get(path).await.str("status"), "locked");
    assert_eq!(owner.post_empty(&format!("{path}/unlock")).await.status, 204);
    assert_eq!(owner.get(path).await.str("status"), "active");
    fail(&world, "jane@example.org", 4).await;
    assert_eq!(
        login(&world, "jane@example.org", PASSWORD).await.status,
        200,
        "the count was cleared too"
    );
}

#[tokio::test]
async fn a_new_password_by_an_administrator_ends_the_lock() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    fail(&world, "jane@example.org", 5).await;
    let body = json!({ "newPassword": "battery staple" });
    let reply = world
        .owner()
        .await
        .post("/api/users/jane@example.org/reset-password", body)
        .await;
    assert_eq!(reply.status, 204);
    assert_eq!(login(&world, "jane@example.org", "battery staple").await.status, 200);
}

#[tokio::test]
async fn a_stack_sets_how_many_failures_lock_and_for_how_long() {
    let settings = [("USHER_LOCKOUT_LIMIT", "3"), ("USHER_LOCKOUT_SECONDS", "60")];
    let world = World::with(&settings).await;
    world.user("jane@example.org").await;
    for seconds in [60, 120] {
        fail(&world, "jane@example.org", 3).await;
        assert_locked(&login(&world, "jane@example.org", PASSWORD).await, seconds, &world);
        world.clock.advance(seconds);
    }
}

#[tokio::test]
async fn a_lock_by_failures_does_not_hide_what_an_administrator_decided() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    super::patched(&world, "jane@example.org", json!({ "status": "banned" })).await;
    fail(&world, "jane@example.org", 5).await;
    assert_locked(&login(&world, "jane@example.org", PASSWORD).await, 900, &world);
    world.clock.advance(900);
    let reply = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (401, "account-not-active"));
}
