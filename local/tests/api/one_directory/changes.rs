//! Every change of status, role and password, through each contract that can, with a token of every contract in hand.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ALL, Access, Admin, Contract, Identity, verified};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

const NEW: &str = "a wholly new password";

/// A change by the owner: method, path with `{id}` and `{name}`, body.
type Change = (Method, &'static str, Option<Value>);

/// An account, and a token of every contract for it.
struct Jane {
    id: String,
    tokens: Vec<(Contract, String)>,
}

impl Jane {
    async fn of(world: &World, name: &str) -> Self {
        let id = Identity.make(world, name).await;
        verified(world, &id).await;
        let mut tokens = Vec::new();
        for surface in ALL {
            let reply = surface.login(world, &format!("{name}@example.org"), PASSWORD).await;
            tokens.push((surface, surface.token(&reply)));
        }
        Self { id, tokens }
    }

    /// Asserts what every token opens through every contract.
    async fn finds(&self, world: &World, expected: &Access, after: &str) {
        for (surface, token) in &self.tokens {
            for contract in ALL {
                let opens = contract.access(world, token).await;
                assert_eq!(opens, *expected, "{after}: token of {surface:?}, used by {contract:?}");
            }
        }
    }
}

async fn done(world: &World, change: &Change, jane: &Jane, name: &str) {
    let (method, path, body) = change;
    let filled = |text: &str| text.replace("{id}", &jane.id).replace("{name}", name);
    let body = body
        .as_ref()
        .map(|body| serde_json::from_str(&filled(&body.to_string())).unwrap());
    let reply = world.owner().await.send(method.clone(), &filled(path), body, &[]).await;
    assert!(
        reply.status.is_success(),
        "{method} {path}: {} {}",
        reply.status,
        reply.text
    );
}

#[tokio::test]
async fn z09_whatever_disables_an_account_through_one_contract_blocks_its_tokens_in_all() {
    let world = World::new().await;
    let changes: [Change; 15] = [
        (
            Method::PUT,
            "/api/users/{name}@example.org",
            Some(json!({ "status": "inactive" })),
        ),
        (Method::PATCH, "/api/users/{id}", Some(json!({ "password": NEW }))),
        (Method::PATCH, "/api/users/{id}", Some(json!({ "status": "banned" }))),
        (
            Method::PATCH,
            "/api/users/{id}",
            Some(json!({ "email": "{name}2@example.org" })),
        ),
        (Method::DELETE, "/api/users/{id}", None),
        (Method::POST, "/api/users/{id}/lock", None),
        (Method::POST, "/api/users/{id}/reset-password", None),
        (Method::POST, "/owner/deleteuser", Some(json!({ "Id": "{id}" }))),
        (Method::POST, "/admin/DeleteUserAccount", Some(json!({ "Id": "{id}" }))),
        (
            Method::POST,
            "/admin/Change",
            Some(json!({ "Id": "{id}", "Key": "Password", "New": NEW })),
        ),
        (
            Method::POST,
            "/admin/Change",
            Some(json!({ "Id": "{id}", "Key": "Email", "Old": "{name}@example.org", "New": "{name}2@example.org" })),
        ),
        (Method::PUT, "/v1/admin/users/{id}", Some(json!({ "password": NEW }))),
        (
            Method::PUT,
            "/v1/admin/users/{id}",
            Some(json!({ "email": "{name}2@example.org" })),
        ),
        (Method::DELETE, "/v1/admin/users/{id}", None),
        (Method::DELETE, "/v1/user/ban/{name}", None),
    ];
    for (n, change) in changes.iter().enumerate() {
        let name = format!("jane{n}");
        let jane = Jane::of(&world, &name).await;
        jane.finds(&world, &Access::Open, "before").await;
        done(&world, change, &jane, &name).await;
        jane.finds(&world, &Access::Refused, &format!("{} {}", change.0, change.1))
            .await;
    }
    assert_reconciled(&world);
}

#[tokio::test]
async fn z09_a_role_given_or_taken_through_one_contract_counts_at_once_in_all() {
    let world = World::new().await;
    let given: [Change; 6] = [
        (
            Method::PUT,
            "/api/users/{name}@example.org",
            Some(json!({ "type": "ADMIN" })),
        ),
        (Method::POST, "/api/users/{id}/roles", Some(json!({ "role": "admin" }))),
        (
            Method::POST,
            "/owner/ChangeRole",
            Some(json!({ "Id": "{id}", "RoleName": "Admin" })),
        ),
        (
            Method::POST,
            "/v1/admin/users/{id}/roles",
            Some(json!({ "roles": ["admin"] })),
        ),
        (
            Method::PUT,
            "/v1/admin/users/{id}",
            Some(json!({ "roles": ["user", "admin"] })),
        ),
        (
            Method::POST,
            "/api/users/{id}/roles",
            Some(json!({ "role": "SYS_ADMIN" })),
        ),
    ];
    for (n, change) in given.iter().enumerate() {
        let name = format!("jane{n}");
        let jane = Jane::of(&world, &name).await;
        done(&world, change, &jane, &name).await;
        // SYS_ADMIN stands beside the ladder: the account contract, which is all ladder, gives it no rank.
        let all: Vec<Contract> = ALL.into_iter().filter(|contract| n < 5 || *contract == Admin).collect();
        for (surface, token) in &jane.tokens {
            for contract in &all {
                let opens = contract.access(&world, token).await;
                assert_eq!(
                    opens,
                    Access::Administers,
                    "{}: token of {surface:?}, used by {contract:?}",
                    change.1
                );
            }
        }
    }
    let taken: [Change; 4] = [
        (
            Method::PUT,
            "/api/users/jane0@example.org",
            Some(json!({ "type": "user" })),
        ),
        (
            Method::POST,
            "/owner/ChangeRole",
            Some(json!({ "Id": "{id}", "RoleName": "User" })),
        ),
        (Method::DELETE, "/v1/admin/users/{id}/roles/admin", None),
        (Method::PUT, "/v1/admin/users/{id}", Some(json!({ "roles": ["user"] }))),
    ];
    for (n, change) in taken.iter().enumerate() {
        let name = if n == 0 { "jane0".to_owned() } else { format!("joan{n}") };
        let jane = if n == 0 {
            let id = world
                .owner()
                .await
                .get("/api/users/jane0@example.org")
                .await
                .str("id")
                .to_owned();
            let reply = Identity.login(&world, "jane0@example.org", PASSWORD).await;
            Jane {
                id,
                tokens: vec![(Identity, Identity.token(&reply))],
            }
        } else {
            let jane = Jane::of(&world, &name).await;
            let give = (Method::PUT, "/api/users/{id}", Some(json!({ "type": "admin" })));
            done(&world, &give, &jane, &name).await;
            jane
        };
        jane.finds(&world, &Access::Administers, "before").await;
        done(&world, change, &jane, &name).await;
        jane.finds(&world, &Access::Open, change.1).await;
    }
    assert_reconciled(&world);
}

#[tokio::test]
async fn what_disabled_an_account_is_undone_through_another_contract_and_it_signs_in_again_through_all() {
    let world = World::new().await;
    let ways: [(Change, Change); 3] = [
        (
            (Method::DELETE, "/v1/user/ban/{name}", None),
            (Method::PATCH, "/api/users/{id}", Some(json!({ "status": "active" }))),
        ),
        (
            (Method::PATCH, "/api/users/{id}", Some(json!({ "status": "banned" }))),
            (Method::DELETE, "/v1/user/ban/{name}/lift", None),
        ),
        (
            (Method::PUT, "/api/users/{id}", Some(json!({ "status": "inactive" }))),
            (Method::PUT, "/api/users/{id}", Some(json!({ "status": "active" }))),
        ),
    ];
    for (n, (disable, enable)) in ways.iter().enumerate() {
        let name = format!("jane{n}");
        let jane = Jane::of(&world, &name).await;
        done(&world, disable, &jane, &name).await;
        done(&world, enable, &jane, &name).await;
        jane.finds(&world, &Access::Refused, "tokens from before stay dead")
            .await;
        for surface in ALL {
            let reply = surface.login(&world, &format!("{name}@example.org"), PASSWORD).await;
            assert_eq!(reply.status, 200, "{surface:?}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn e05_failures_through_any_contract_lock_the_account_for_all_of_them() {
    let world = World::new().await;
    let jane = Jane::of(&world, "jane").await;
    for surface in ALL {
        let reply = surface.login(&world, "jane@example.org", "wrong password").await;
        assert!(
            [401, 403].contains(&reply.status.as_u16()),
            "{surface:?}: {}",
            reply.text
        );
    }
    for surface in ALL {
        let reply = surface.login(&world, "jane@example.org", PASSWORD).await;
        assert_eq!(reply.status, 423, "{surface:?}: {}", reply.text);
        assert_eq!(reply.header("retry-after"), "900", "{surface:?}");
    }
    jane.finds(&world, &Access::Open, "sessions go on").await;
    world.clock.advance(15 * 60);
    for surface in ALL {
        let reply = surface.login(&world, "jane@example.org", PASSWORD).await;
        assert_eq!(reply.status, 200, "{surface:?}: {}", reply.text);
    }
}
