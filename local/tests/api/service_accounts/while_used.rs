//! A key that is revoked while it is used: nothing passes after the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::{key, keyed};
use crate::support::{Client, World, at_once, steps};

/// Requests with this client until one that began after `over` was set; how often it was let in before and after.
async fn use_until(over: Arc<AtomicBool>, robot: Client, ask: bool) -> (usize, usize) {
    let (mut before, mut after) = (0, 0);
    loop {
        let is_over = over.load(Ordering::SeqCst);
        let passed = if ask {
            let own = json!({ "token": robot.token });
            robot.post("/api/auth/introspect", own).await.body["active"] == true
        } else {
            robot.get("/api/me/profile").await.status == 200
        };
        match (passed, is_over) {
            (true, false) => before += 1,
            (true, true) => after += 1,
            (false, _) => {}
        }
        if is_over {
            return (before, after);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_that_use_a_key_at_once_none_passes_after_the_answer_to_its_revocation() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (account, ..) = keyed(&world, "robot", &[]).await;
    for round in steps(0..4) {
        let made = key(&owner, &account).await;
        let robot = world.with_token(made.str("key"));
        let over = Arc::new(AtomicBool::new(false));
        let users = {
            let (over, robot) = (over.clone(), robot.clone());
            tokio::spawn(async move { at_once(64, |n| use_until(over.clone(), robot.clone(), n % 2 == 1)).await })
        };
        while robot.get("/api/me/profile").await.status != 200 {}
        let path = format!("/api/users/{account}/keys/{}", made.str("id"));
        // By its owner's administrator, or by whoever found it.
        let ended = match round % 2 {
            0 => owner.delete(&path).await,
            _ => {
                world
                    .nobody()
                    .post("/api/auth/revoke", json!({ "token": robot.token }))
                    .await
            }
        };
        assert!(ended.status.is_success(), "{}", ended.text);
        over.store(true, Ordering::SeqCst);
        let outcomes = users.await.unwrap();
        let passed: usize = outcomes.iter().map(|(before, _)| before).sum();
        assert!(passed > 0, "it was in use");
        assert_eq!(outcomes.iter().map(|(_, after)| after).sum::<usize>(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_8_that_revoke_a_key_at_once_one_does_and_the_history_has_one_row() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (account, id, _) = keyed(&world, "robot", &[]).await;
    let path = format!("/api/users/{account}/keys/{id}");
    let replies = at_once(8, |_| {
        let (owner, path) = (owner.clone(), path.clone());
        async move { owner.delete(&path).await }
    })
    .await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404, 404, 404, 404, 404, 404, 404]);
    assert_eq!(crate::api_keys::rights_rows(&world, "serviceKeyRevoked").len(), 1);
}
