//! Limits that come while a role without one is given.

use serde_json::{Value, json};

use crate::growth::large;
use crate::reconcile::assert_reconciled;
use crate::support::{Reply, World, at_once, steps};

fn done(replies: &[Reply], status: u16) -> u64 {
    replies.iter().filter(|reply| reply.status == status).count() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_set_among_50_grants_counts_every_one_of_them() {
    for world in [World::new().await, large().await] {
        among_grants(&world).await;
    }
}

async fn among_grants(world: &World) {
    let owner = world.owner().await;
    let mut ids = Vec::new();
    for n in 0..50 {
        let made = owner
            .post("/api/users", json!({ "email": format!("u{n}@example.org") }))
            .await;
        ids.push(made.str("id").to_owned());
    }
    for round in steps(0..10_usize) {
        let role = format!("press{round}");
        assert_eq!(owner.post("/api/roles", json!({ "name": role })).await.status, 201);
        // Early, in the middle, late; and more or fewer than are given by then.
        let (when, limit) = (5 * round, 10 + 5 * (round % 7));
        let replies = at_once(51, |n| {
            let (owner, role, ids) = (owner.clone(), role.clone(), ids.clone());
            async move {
                match n.cmp(&when) {
                    std::cmp::Ordering::Equal => {
                        owner
                            .patch(&format!("/api/roles/{role}"), json!({ "maxCount": limit }))
                            .await
                    }
                    other => {
                        let id = &ids[if other.is_lt() { n } else { n - 1 }];
                        owner
                            .post(&format!("/api/users/{id}/roles"), json!({ "role": role }))
                            .await
                    }
                }
            }
        })
        .await;
        let shown = owner.get(&format!("/api/roles/{role}")).await.body;
        let (given, full) = (done(&replies, 201), done(&replies, 409));
        assert_eq!(shown["memberCount"], given, "round {round}: {shown}");
        if replies[when].status == 200 {
            assert_eq!(
                (shown["maxCount"].as_u64(), full),
                (Some(limit as u64), 50 - given),
                "round {round}"
            );
            assert_eq!(given, limit as u64, "round {round}: no seat is lost");
        } else {
            assert_eq!(
                replies[when].problem(),
                "below-member-count",
                "round {round}: {}",
                replies[when].text
            );
            assert_eq!((&shown["maxCount"], given), (&Value::Null, 50), "round {round}");
        }
        assert_reconciled(world);
        let gone = owner.delete(&format!("/api/roles/{role}?force=true")).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
    }
    assert_reconciled(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_everybody_s_role_that_is_set_among_32_registrations_counts_every_one_of_them() {
    for world in [World::new().await, large().await] {
        among_registrations(&world).await;
    }
}

async fn among_registrations(world: &World) {
    let owner = world.owner().await;
    let begins = owner.get("/api/roles/user").await.body["memberCount"].as_u64().unwrap();
    let replies = at_once(33, |n| {
        let owner = owner.clone();
        async move {
            match n {
                8 => owner.patch("/api/roles/user", json!({ "maxCount": begins + 20 })).await,
                _ => {
                    owner
                        .post("/api/users", json!({ "email": format!("r{n}@example.org") }))
                        .await
                }
            }
        }
    })
    .await;
    let shown = owner.get("/api/roles/user").await.body;
    let made = done(&replies, 201);
    assert_eq!(shown["memberCount"], begins + made, "{shown}");
    if replies[8].status == 200 {
        assert_eq!(made, 20, "{shown}");
    } else {
        assert_eq!(
            (replies[8].problem(), made),
            ("below-member-count", 32),
            "{}",
            replies[8].text
        );
    }
    assert_reconciled(world);
}
