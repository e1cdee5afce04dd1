//! Races for the seats of a role: `maxCount` is never exceeded, and never left short.

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::{Client, Reply, World, at_once, steps};

/// The role's `memberCount`.
async fn members(owner: &Client, role: &str) -> u64 {
    owner.get(&format!("/api/roles/{role}")).await.body["memberCount"]
        .as_u64()
        .unwrap()
}

async fn many_users(world: &World, many: usize) -> Vec<String> {
    let owner = world.owner().await;
    let replies = at_once(many, |n| {
        let owner = owner.clone();
        async move {
            owner
                .post("/api/users", json!({ "email": format!("u{n}@example.org") }))
                .await
        }
    })
    .await;
    replies.iter().map(|reply| reply.str("id").to_owned()).collect()
}

fn count(replies: &[Reply], status: u16, problem: &str) -> usize {
    let counts = |reply: &&Reply| reply.status == status && reply.problem() == problem;
    replies.iter().filter(counts).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_of_64_grants_of_a_role_with_three_seats_left_exactly_three_succeed() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many_users(&world, 66).await;
    for round in steps(0..18) {
        let role = format!("seats{round}");
        owner.post("/api/roles", json!({ "name": role, "maxCount": 5 })).await;
        for id in &ids[64..] {
            let given = owner
                .post(&format!("/api/users/{id}/roles"), json!({ "role": role }))
                .await;
            assert_eq!(given.status, 201, "{}", given.text);
        }
        let replies = at_once(64, |n| {
            let (owner, role, id) = (owner.clone(), role.clone(), ids[n].clone());
            async move {
                owner
                    .post(&format!("/api/users/{id}/roles"), json!({ "role": role }))
                    .await
            }
        })
        .await;
        let outcome = (count(&replies, 201, ""), count(&replies, 409, "role-full"));
        assert_eq!(outcome, (3, 61), "round {round}");
        assert_eq!(members(&owner, &role).await, 5);
        // An account holds 20 grants at most, so each round gives back what it took.
        let gone = owner.delete(&format!("/api/roles/{role}?force=true")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_of_64_accounts_made_with_a_role_of_three_seats_exactly_three_are_made() {
    let world = World::new().await;
    let owner = world.owner().await;
    for round in steps(0..18) {
        let role = format!("seats{round}");
        owner.post("/api/roles", json!({ "name": role, "maxCount": 3 })).await;
        let replies = at_once(64, |n| {
            let body = json!({ "email": format!("u{round}.{n}@example.org"), "roles": [role] });
            let owner = owner.clone();
            async move { owner.post("/api/users", body).await }
        })
        .await;
        let outcome = (count(&replies, 201, ""), count(&replies, 409, "role-full"));
        assert_eq!(outcome, (3, 61), "round {round}");
        assert_eq!(members(&owner, &role).await, 3);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_while_seats_are_given_taken_and_limited_at_once_the_limit_holds() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many_users(&world, 32).await;
    owner.post("/api/roles", json!({ "name": "few", "maxCount": 8 })).await;
    for round in steps(0..20_u32).map(u64::from) {
        let replies = at_once(64, |n| {
            let (owner, id) = (owner.clone(), ids[n % 32].clone());
            let limit = 4 + (u64::try_from(n).unwrap() + round) % 8;
            async move {
                let path = format!("/api/users/{id}/roles");
                if n % 16 == 15 {
                    return owner.patch("/api/roles/few", json!({ "maxCount": limit })).await;
                }
                let grants = owner.get(&path).await;
                let held = grants
                    .body
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|grant| grant["role"] == "few")
                    .cloned();
                match held {
                    Some(grant) => {
                        owner
                            .delete(&format!("{path}/{}", grant["userRoleId"].as_str().unwrap()))
                            .await
                    }
                    None => owner.post(&path, json!({ "role": "few" })).await,
                }
            }
        })
        .await;
        assert!(
            replies.iter().all(|reply| !reply.status.is_server_error()),
            "{replies:?}"
        );
        let role = owner.get("/api/roles/few").await.body;
        assert!(
            role["memberCount"].as_u64() <= role["maxCount"].as_u64(),
            "round {round}: {role}"
        );
        let listed = owner.get("/api/users?role=few&limit=100").await.body;
        assert_eq!(
            listed["items"].as_array().unwrap().len() as u64,
            role["memberCount"].as_u64().unwrap()
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_an_account_deleted_while_it_is_given_roles_leaves_neither_members_nor_seats() {
    let world = World::new().await;
    let owner = world.owner().await;
    owner
        .post("/api/roles", json!({ "name": "given", "maxCount": 100 }))
        .await;
    for round in steps(0..18) {
        let id = world.user(&format!("gone{round}@example.org")).await;
        let replies = at_once(16, |n| {
            let (owner, id) = (owner.clone(), id.clone());
            async move {
                if n == 9 {
                    return owner.delete(&format!("/api/users/{id}")).await;
                }
                let body = json!({ "role": "given", "department": format!("d{n}") });
                owner.post(&format!("/api/users/{id}/roles"), body).await
            }
        })
        .await;
        assert_eq!(replies[9].status, 204);
        let is_expected = |reply: &Reply| [201, 204, 404].contains(&reply.status.as_u16());
        assert!(replies.iter().all(is_expected), "{replies:?}");
        assert_eq!(members(&owner, "given").await, 0, "round {round}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_role_deleted_while_it_is_given_leaves_no_account_with_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many_users(&world, 16).await;
    for round in steps(0..18) {
        let role = format!("gone{round}");
        let limit = (round % 2 == 0).then_some(10);
        owner
            .post("/api/roles", json!({ "name": role, "maxCount": limit }))
            .await;
        let replies = at_once(17, |n| {
            let (owner, role, id) = (owner.clone(), role.clone(), ids[n % 16].clone());
            async move {
                if n == 16 {
                    return owner.delete(&format!("/api/roles/{role}?force=true")).await;
                }
                owner
                    .post(&format!("/api/users/{id}/roles"), json!({ "role": role }))
                    .await
            }
        })
        .await;
        assert_eq!(replies[16].status, 204, "{}", replies[16].text);
        let is_expected = |reply: &Reply| [201, 204, 400, 404, 409].contains(&reply.status.as_u16());
        assert!(replies.iter().all(is_expected), "{replies:?}");
        assert_eq!(owner.get(&format!("/api/roles/{role}")).await.status, 404);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_the_last_seat_that_an_account_is_given_several_times_at_once_is_not_full_to_itself() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ids = many_users(&world, 1).await;
    for round in steps(0..18) {
        let role = format!("only{round}");
        owner.post("/api/roles", json!({ "name": role, "maxCount": 1 })).await;
        let replies = at_once(8, |_| {
            let (owner, body) = (owner.clone(), json!({ "Id": ids[0], "RoleName": role }));
            async move { owner.post("/owner/changerole", body).await }
        })
        .await;
        for reply in replies {
            assert_eq!(reply.status, 200, "round {round}: {}", reply.text);
        }
        assert_eq!(members(&owner, &role).await, 1);
    }
    assert_reconciled(&world);
}
