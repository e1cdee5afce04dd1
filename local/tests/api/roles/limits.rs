//! Limits of roles that had none: whoever was counted before is counted after.

use serde_json::{Value, json};

use crate::growth::large;
use crate::reconcile::assert_reconciled;
use crate::support::{Client, World};
use crate::users::{grant, refused, role};

async fn people(world: &World, many: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..many {
        ids.push(world.user(&format!("u{n}@example.org")).await);
    }
    ids
}

async fn limit(owner: &Client, name: &str, most: Value) {
    let set = owner
        .patch(&format!("/api/roles/{name}"), json!({ "maxCount": most }))
        .await;
    assert_eq!(set.status, 200, "{}", set.text);
}

async fn is_full(owner: &Client, id: &str, name: &str) {
    let given = owner
        .post(&format!("/api/users/{id}/roles"), json!({ "role": name }))
        .await;
    refused(&given, 409, "role-full");
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_from_before_a_limit_count_and_are_free_for_others_once_they_are_left() {
    for world in [World::new().await, large().await] {
        seats_from_before(&world).await;
    }
}

async fn seats_from_before(world: &World) {
    let owner = world.owner().await;
    let ids = people(world, 6).await;
    role(world, "press", &[]).await;
    let mut grants = Vec::new();
    for id in &ids[..3] {
        grants.push(format!(
            "/api/users/{id}/roles/{}",
            grant(&owner, id, json!({ "role": "press" })).await
        ));
    }
    let low = owner.patch("/api/roles/press", json!({ "maxCount": 2 })).await;
    refused(&low, 409, "below-member-count");
    limit(&owner, "press", json!(3)).await;
    is_full(&owner, &ids[3], "press").await;
    assert_reconciled(world);
    for (n, left) in grants.iter().enumerate() {
        assert_eq!(owner.delete(left).await.status, 204);
        grant(&owner, &ids[3 + n], json!({ "role": "press" })).await;
        is_full(&owner, &ids[n], "press").await;
        assert_reconciled(world);
    }
    assert_eq!(owner.get("/api/roles/press").await.body["memberCount"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_comes_and_goes_counts_whom_it_finds_each_time() {
    for world in [World::new().await, large().await] {
        comes_and_goes(&world).await;
    }
}

async fn comes_and_goes(world: &World) {
    let owner = world.owner().await;
    let ids = people(world, 6).await;
    for name in ["press", "member", "user"] {
        if name == "press" {
            role(world, name, &[]).await;
        }
        let begins = owner.get(&format!("/api/roles/{name}")).await.body["memberCount"]
            .as_u64()
            .unwrap();
        for n in 0..3_u64 {
            limit(&owner, name, json!(begins + 2 * n + 1)).await;
            let (one, two) = (usize::try_from(2 * n).unwrap(), usize::try_from(2 * n + 1).unwrap());
            if name == "user" {
                let made = |n: usize| json!({ "email": format!("new{n}@example.org") });
                assert_eq!(owner.post("/api/users", made(one)).await.status, 201);
                refused(&owner.post("/api/users", made(two)).await, 409, "role-full");
                limit(&owner, name, Value::Null).await;
                assert_eq!(owner.post("/api/users", made(two)).await.status, 201);
            } else {
                grant(&owner, &ids[one], json!({ "role": name })).await;
                is_full(&owner, &ids[two], name).await;
                limit(&owner, name, Value::Null).await;
                grant(&owner, &ids[two], json!({ "role": name })).await;
            }
            assert_reconciled(world);
            let shown = owner.get(&format!("/api/roles/{name}")).await.body["memberCount"].clone();
            assert_eq!(shown, begins + 2 * n + 2, "{name}");
        }
    }
}
