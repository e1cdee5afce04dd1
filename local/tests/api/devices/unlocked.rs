//! Whoever may unlock an account unlocks its devices with it, which count apart.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::{JANE, lock, log_in, token, with_jane};
use crate::operator::operate;
use crate::support::{Client, PASSWORD, World, at_once, steps};

/// As many failures of this device.
async fn fail(world: &World, device: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(log_in(world, device, "not this one").await.status, 401);
    }
}

async fn with_device() -> (World, String) {
    let world = with_jane().await;
    let device = token(&log_in(&world, "", PASSWORD).await);
    (world, device)
}

async fn unlock(client: &Client) -> u16 {
    let reply = client.post(&format!("/api/users/{JANE}/unlock"), json!({})).await;
    reply.status.as_u16()
}

#[tokio::test]
async fn an_administrator_s_unlock_ends_the_lock_of_a_device_and_its_count() {
    let (world, device) = with_device().await;
    let owner = world.owner().await;
    fail(&world, &device, 5).await;
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 423);
    assert_eq!(unlock(&owner).await, 204);
    world.clock.advance(1);
    fail(&world, &device, 4).await;
    assert_eq!(unlock(&owner).await, 204);
    world.clock.advance(1);
    fail(&world, &device, 4).await;
    let device = token(&log_in(&world, &device, PASSWORD).await);
    fail(&world, &device, 5).await;
    assert_eq!(
        log_in(&world, &device, PASSWORD).await.status,
        423,
        "it locks as before"
    );
    operate(&world, &["unlock", JANE]).await.unwrap();
    world.clock.advance(1);
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_account_that_is_made_active_while_strangers_lock_it_has_no_locked_device_either() {
    for (method, field) in [(Method::PATCH, "/api/users/"), (Method::PUT, "/api/users/")] {
        let (world, device) = with_device().await;
        fail(&world, &device, 5).await;
        lock(&world).await;
        let path = format!("{field}{JANE}");
        let body = json!({ "status": "active" });
        let owner = world.owner().await;
        let done = owner.send(method.clone(), &path, Some(body), &[]).await;
        assert_eq!(done.status, 204, "{method}: {}", done.text);
        world.clock.advance(1);
        assert_eq!(log_in(&world, &device, PASSWORD).await.status, 200, "{method}");
    }
}

#[tokio::test]
async fn what_was_cleared_stays_so_when_somebody_logs_in_after_another_lock() {
    let (world, device) = with_device().await;
    fail(&world, &device, 5).await;
    world.clock.advance(15 * 60);
    // Its second lock lasts for half an hour.
    fail(&world, &device, 5).await;
    assert_eq!(unlock(&world.owner().await).await, 204);
    world.clock.advance(1);
    lock(&world).await;
    world.clock.advance(15 * 60);
    assert_eq!(log_in(&world, "", PASSWORD).await.status, 200);
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobody_unlocks_a_device_of_their_own_account() {
    let (world, device) = with_device().await;
    let role = json!({ "role": "admin" });
    let given = world
        .owner()
        .await
        .post(&format!("/api/users/{JANE}/roles"), role)
        .await;
    assert_eq!(given.status, 201, "{}", given.text);
    let own = world.signed_in(JANE, PASSWORD).await;
    fail(&world, &device, 5).await;
    assert_eq!(unlock(&own).await, 204);
    world.clock.advance(1);
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 423);
    lock(&world).await;
    let active = json!({ "status": "active" });
    let done = own.patch(&format!("/api/users/{JANE}"), active).await;
    assert_eq!(done.status, 204, "{}", done.text);
    world.clock.advance(1);
    assert_eq!(log_in(&world, &device, PASSWORD).await.status, 423);
}

/// A device of a success and four failures at once is not locked, in whatever order they come.
#[tokio::test(flavor = "multi_thread")]
async fn a_success_among_failures_leaves_the_device_open() {
    let (world, device) = with_device().await;
    let world = Arc::new(world);
    for round in steps(0..20) {
        world.clock.advance(24 * 3_600);
        let replies = at_once(5, |n| {
            let (world, device) = (world.clone(), device.clone());
            async move { log_in(&world, &device, if n == 0 { PASSWORD } else { "not this one" }).await }
        })
        .await;
        assert_eq!(replies[0].status, 200, "round {round}: {}", replies[0].text);
        let apart = world.items();
        let locked = apart.iter().filter(|item| item["lockoutUntil"].is_object());
        assert_eq!(locked.count(), 0, "round {round}");
        assert_eq!(log_in(&world, &device, PASSWORD).await.status, 200, "round {round}");
    }
}
