//! Grants that are taken while applications ask about them: no check allows after the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Client, World, steps};

const ROUNDS: usize = 5;
const USERS: usize = 64;

/// Asks on and on, once more after the grant was taken; whether a question that began after that was answered with yes.
async fn asked_until(client: Client, question: Value, taken: Arc<AtomicBool>) -> bool {
    loop {
        let is_over = taken.load(Ordering::SeqCst);
        let reply = client.post("/api/access/check", question.clone()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let allowed = reply.body["allowed"] == true;
        if is_over || !allowed {
            return is_over && allowed;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_at_once_that_ask_about_a_grant_none_is_allowed_after_the_answer_that_it_is_taken() {
    let world = World::new().await;
    let owner = world.owner().await;
    let permission = json!({ "name": "invoices.read" });
    assert_eq!(owner.post("/api/permissions", permission).await.status, 201);
    let clerk = json!({ "name": "clerk", "permissions": ["invoices.read"] });
    assert_eq!(owner.post("/api/roles", clerk).await.status, 201);
    let id = world.user("jane@example.org").await;
    let grants = format!("/api/users/{id}/roles");
    for round in steps(0..ROUNDS) {
        for ends_role in [false, true] {
            let all = json!({ "permissions": ["invoices.read"] });
            assert_eq!(owner.patch("/api/roles/clerk", all).await.status, 200);
            let given = owner
                .post(&grants, json!({ "role": "clerk", "department": "sales" }))
                .await;
            assert_eq!(given.status, 201, "{}", given.text);
            let question = json!({ "user": id, "permission": "invoices.read", "department": "sales" });
            let taken = Arc::new(AtomicBool::new(false));
            let asking = |_| tokio::spawn(asked_until(owner.clone(), question.clone(), taken.clone()));
            let askers: Vec<_> = (0..USERS).map(asking).collect();
            let path = format!("{grants}/{}", given.str("userRoleId"));
            if ends_role {
                let nothing = json!({ "permissions": [] });
                assert_eq!(owner.patch("/api/roles/clerk", nothing).await.status, 200);
            } else {
                assert_eq!(owner.delete(&path).await.status, 204);
            }
            taken.store(true, Ordering::SeqCst);
            for asker in askers {
                assert!(!asker.await.unwrap(), "round {round}");
            }
            if ends_role {
                assert_eq!(owner.delete(&path).await.status, 204);
            }
        }
    }
}
