//! Races about the catalogue: no role has a permission that is not in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::store::{catalogue, unit};

use super::catalogue::add;
use crate::reconcile::assert_reconciled;
use crate::support::{World, at_once, steps};
use crate::users::{refused, role};

const X: &str = "invoices.read";

/// Asserts that each permission of each role is in the catalogue, and that the catalogue knows that the role has it.
fn assert_covered(world: &World) {
    let items = world.items();
    let of = |item: &&Value, key: &str| item["SK"]["S"].as_str().unwrap().starts_with(key);
    let entries = items.iter().filter(|item| of(item, "PERMISSION#"));
    let entries: BTreeSet<&str> = entries.map(|item| item["name"]["S"].as_str().unwrap()).collect();
    for role in items
        .iter()
        .filter(|item| of(item, "ROLE#") && item["permissions"].is_object())
    {
        let held = role["permissions"]["L"].as_array().unwrap().iter();
        let held: Vec<&str> = held.map(|name| name["S"].as_str().unwrap()).collect();
        let lacking: Vec<&&str> = held.iter().filter(|name| !entries.contains(**name)).collect();
        assert!(lacking.is_empty(), "{}: {lacking:?}", role["name"]);
        // What a removal does not find, it cannot take.
        for name in held.iter().filter(|name| !name.starts_with("admin.")) {
            let place = (
                format!("CATALOGUE#{name}"),
                format!("ROLE#main#{}", role["id"]["S"].as_str().unwrap()),
            );
            let known = items
                .iter()
                .any(|item| (&item["PK"]["S"], &item["SK"]["S"]) == (&json!(place.0), &json!(place.1)));
            assert!(known, "{}: nobody knows that it has {name}", role["name"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_additions_of_one_name_exactly_one_succeeds() {
    let world = World::new().await;
    let owner = world.owner().await;
    for round in steps(0..10) {
        let replies = at_once(32, |_| {
            let owner = owner.clone();
            async move { add(&owner, &format!("invoices.{round}")).await }
        })
        .await;
        let of = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
        assert_eq!((of(201), of(409)), (1, 31), "round {round}");
    }
    // Each was counted once.
    let count = world
        .items()
        .into_iter()
        .find(|item| item["PK"]["S"] == "CATALOGUE" && item["SK"]["S"] == "COUNT");
    assert_eq!(count.unwrap()["n"]["N"], "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_has_a_permission_that_is_removed_while_32_roles_gain_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    for n in 0..32 {
        role(&world, &format!("r{n}"), &[]).await;
    }
    for round in steps(0..8) {
        assert!([201, 409].contains(&add(&owner, X).await.status.as_u16()));
        for n in 0..32 {
            let reply = owner
                .patch(&format!("/api/roles/r{n}"), json!({ "permissions": [] }))
                .await;
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        let replies = at_once(36, |n| {
            let owner = owner.clone();
            async move {
                match n {
                    9 | 18 | 27 if round % 2 == 0 => owner.delete(&format!("/api/permissions/{X}?force=true")).await,
                    9 | 18 | 27 => owner.delete(&format!("/api/permissions/{X}")).await,
                    35 => {
                        owner
                            .post("/api/roles", json!({ "name": format!("n{round}"), "permissions": [X] }))
                            .await
                    }
                    _ => {
                        owner
                            .patch(&format!("/api/roles/r{}", n % 32), json!({ "permissions": [X] }))
                            .await
                    }
                }
            }
        })
        .await;
        for reply in &replies {
            let status = reply.status.as_u16();
            assert!(
                [200, 201, 204, 400, 404, 409].contains(&status),
                "round {round}: {}",
                reply.text
            );
            assert_ne!(reply.problem(), "contention", "round {round}: {}", reply.text);
        }
        if round % 2 == 0 {
            assert!(replies.iter().any(|reply| reply.status == 204), "round {round}");
            assert_eq!(
                owner.get("/api/permissions?scope=application").await.body,
                json!([]),
                "round {round}"
            );
        }
        assert_covered(&world);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_that_are_refused_forget_no_role_that_gains_the_permission() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(add(&owner, X).await.status, 201);
    role(&world, "holder", &[X]).await;
    for n in 0..16 {
        role(&world, &format!("r{n}"), &[]).await;
    }
    for round in steps(0..20) {
        let replies = at_once(32, |n| {
            let owner = owner.clone();
            async move {
                match n % 2 {
                    0 => owner.delete(&format!("/api/permissions/{X}")).await,
                    _ => {
                        owner
                            .patch(&format!("/api/roles/r{}", n / 2), json!({ "permissions": [X] }))
                            .await
                    }
                }
            }
        })
        .await;
        for (n, reply) in replies.iter().enumerate() {
            let expected = if n % 2 == 0 { 409 } else { 200 };
            assert_eq!(reply.status, expected, "round {round}: {}", reply.text);
        }
        assert_covered(&world);
        for n in 0..16 {
            let reply = owner
                .patch(&format!("/api/roles/r{n}"), json!({ "permissions": [] }))
                .await;
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
    }
}

/// A removal of `X` that failed in the middle, under this mark.
async fn left_in_the_middle(world: &World, mark: &str) {
    let until = world.now() + usher::jiff::SignedDuration::from_mins(2);
    let marked = catalogue::mark(X, mark, Some(world.now()), until);
    unit::commit(&world.app.table, &marked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_left_in_the_middle_hides_its_permission_for_two_minutes_at_most() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in [X, "orders.read"] {
        assert_eq!(add(&owner, name).await.status, 201);
    }
    role(&world, "clerk", &[X]).await;
    role(&world, "empty", &[]).await;
    left_in_the_middle(&world, "a removal that crashed").await;
    let gain = json!({ "permissions": [X] });
    world.clock.advance_ms(120_000 - 1);
    refused(&owner.patch("/api/roles/empty", gain.clone()).await, 503, "unavailable");
    // Who has it keeps it, and others gain others.
    assert_eq!(owner.get("/api/roles/clerk").await.body["permissions"], json!([X]));
    let described = json!({ "description": "one" });
    assert_eq!(owner.patch("/api/roles/clerk", described).await.status, 200);
    let other = json!({ "permissions": ["orders.read"] });
    assert_eq!(owner.patch("/api/roles/empty", other).await.status, 200);
    world.clock.advance_ms(1);
    assert_eq!(owner.patch("/api/roles/empty", gain).await.status, 200);
    assert_covered(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_left_in_the_middle_is_gone_on_with_by_the_next() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(add(&owner, X).await.status, 201);
    role(&world, "clerk", &[X]).await;
    role(&world, "empty", &[]).await;
    left_in_the_middle(&world, "a removal that crashed").await;
    let path = format!("/api/permissions/{X}");
    refused(&owner.delete(&path).await, 409, "permission-in-use");
    // It is refused for good: roles gain the permission again.
    let gain = json!({ "permissions": [X] });
    assert_eq!(owner.patch("/api/roles/empty", gain).await.status, 200);
    left_in_the_middle(&world, "another one").await;
    assert_eq!(owner.delete(&format!("{path}?force=true")).await.status, 204);
    assert_eq!(owner.get("/api/roles/empty").await.body["permissions"], json!([]));
    assert_covered(&world);
    assert_reconciled(&world);
}
