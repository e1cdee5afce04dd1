//! Races around the end of a grant: the seat that it leaves is given once, and nothing is left of it.

use serde_json::{Value, json};

use crate::reconcile::assert_reconciled;
use crate::support::{Client, Reply, World, at_once, steps};
use crate::users::ended::limited;
use crate::users::grant;

/// Accounts of this name and number; their ids.
async fn crowd(world: &World, name: &str, many: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..many {
        ids.push(world.user(&format!("{name}{n}@example.org")).await);
    }
    ids
}

/// Gives these accounts a role for a minute.
async fn brief(world: &World, owner: &Client, role: &str, ids: &[String]) -> Vec<String> {
    let end = (world.now() + usher::jiff::SignedDuration::from_secs(60)).to_string();
    let mut grants = Vec::new();
    for id in ids {
        grants.push(grant(owner, id, json!({ "role": role, "effectiveTo": end })).await);
    }
    grants
}

async fn give(owner: Client, id: String, role: &str) -> Reply {
    owner
        .post(&format!("/api/users/{id}/roles"), json!({ "role": role }))
        .await
}

async fn member_count(owner: &Client, role: &str) -> Value {
    owner.get(&format!("/api/roles/{role}")).await.body["memberCount"].clone()
}

fn with(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_grants_of_the_seats_that_two_grants_left_exactly_two_succeed() {
    let world = World::new().await;
    let had = crowd(&world, "had", 2).await;
    let ids = crowd(&world, "gets", 32).await;
    for round in steps(0..10) {
        let owner = world.owner().await;
        let role = &format!("seats{round}");
        limited(&owner, role, 2).await;
        brief(&world, &owner, role, &had).await;
        world.clock.advance(60);
        let replies = at_once(32, |n| {
            let (owner, id, role) = (owner.clone(), ids[n].clone(), role.clone());
            async move { give(owner, id, &role).await }
        })
        .await;
        assert_eq!(
            (with(&replies, 201), with(&replies, 409)),
            (2, 30),
            "round {round}: {replies:?}"
        );
        assert_eq!(member_count(&owner, role).await, 2);
        assert_reconciled(&world);
        let gone = owner.delete(&format!("/api/roles/{role}?force=true")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_end_while_they_are_taken_given_counted_and_limited_leave_all_in_step() {
    let world = World::new().await;
    let ids = crowd(&world, "u", 8).await;
    for round in steps(0..10) {
        let owner = world.owner().await;
        let role = format!("seats{round}");
        limited(&owner, &role, 4).await;
        let grants = brief(&world, &owner, &role, &ids[..4]).await;
        world.clock.advance(59);
        let replies = at_once(40, |n| {
            let (owner, role, clock) = (owner.clone(), role.clone(), world.clock.clone());
            let (id, given) = (ids[n % 8].clone(), grants[n % 4].clone());
            let had = ids[n % 4].clone();
            async move {
                match n {
                    8 => {
                        clock.advance(1);
                        owner.get("/api/me/profile").await
                    }
                    _ if n % 5 == 0 => owner.delete(&format!("/api/users/{had}/roles/{given}")).await,
                    _ if n % 5 == 1 => {
                        owner
                            .patch(&format!("/api/roles/{role}"), json!({ "maxCount": 3 + n % 3 }))
                            .await
                    }
                    _ if n % 5 == 2 => owner.get(&format!("/api/users?role={role}")).await,
                    _ => give(owner, id, &role).await,
                }
            }
        })
        .await;
        let failed = |reply: &Reply| reply.status.is_server_error();
        assert!(!replies.iter().any(failed), "{replies:?}");
        assert_reconciled(&world);
        let shown = owner.get(&format!("/api/roles/{role}")).await.body;
        assert!(
            shown["memberCount"].as_u64() <= shown["maxCount"].as_u64(),
            "round {round}: {shown}"
        );
        let listed = owner.get(&format!("/api/users?role={role}&limit=100")).await.body;
        assert_eq!(
            listed["items"].as_array().unwrap().len() as u64,
            shown["memberCount"].as_u64().unwrap()
        );
        assert_eq!(listed["total"], shown["memberCount"]);
        let gone = owner.delete(&format!("/api/roles/{role}?force=true")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_deleted_after_its_grants_ended_while_it_is_given_is_either_kept_or_nobody_s() {
    let world = World::new().await;
    let ids = crowd(&world, "u", 9).await;
    for round in steps(0..10) {
        let owner = world.owner().await;
        let role = format!("gone{round}");
        limited(&owner, &role, 8).await;
        brief(&world, &owner, &role, &ids[..8]).await;
        world.clock.advance(60);
        let replies = at_once(4, |n| {
            let (owner, role, id) = (owner.clone(), role.clone(), ids[8].clone());
            async move {
                match n {
                    3 => give(owner, id, &role).await,
                    _ => owner.delete(&format!("/api/roles/{role}")).await,
                }
            }
        })
        .await;
        let given = replies[3].status == 201;
        assert_eq!(
            with(&replies[..3], 204),
            usize::from(!given),
            "round {round}: {replies:?}"
        );
        assert!(
            replies.iter().all(|reply| !reply.status.is_server_error()),
            "{replies:?}"
        );
        assert_reconciled(&world);
        if given {
            let gone = owner.delete(&format!("/api/roles/{role}?force=true")).await;
            assert_eq!(gone.status, 204, "{}", gone.text);
        }
    }
}
