//! Races for the last place of an administrator: somebody is always left in charge (rule 8).

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World, at_once, steps};

/// How many active accounts can manage users, asked of the table itself.
fn in_charge(world: &World) -> i64 {
    let items = world.items();
    let counter = items.iter().find(|item| item["SK"]["S"] == "ADMINISTRATORS").unwrap();
    counter["count"]["N"].as_str().unwrap().parse().unwrap()
}

/// Administrators of this round, signed in, and no others.
async fn administrators(world: &World, keeper: &Client, round: usize, many: usize) -> Vec<(String, Client)> {
    let mut made = Vec::new();
    for n in 0..many {
        let email = format!("a{round}.{n}@example.org");
        let body = json!({ "email": email, "password": PASSWORD, "roles": ["admin"] });
        let reply = keeper.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        made.push((reply.str("id").to_owned(), world.signed_in(&email, PASSWORD).await));
    }
    made
}

/// What one administrator does to another, in turn; each ends with an account that is not in charge.
async fn remove(actor: Client, target: String, how: usize) -> Reply {
    let path = format!("/api/users/{target}");
    match how % 6 {
        0 => actor.put(&path, json!({ "type": "user" })).await,
        1 => actor.delete(&path).await,
        2 => actor.put(&path, json!({ "status": "inactive" })).await,
        3 => actor.patch(&path, json!({ "status": "banned" })).await,
        4 => actor.post(&format!("{path}/lock"), json!({})).await,
        _ => {
            let grants = actor.get(&format!("{path}/roles")).await;
            let admin = grants
                .body
                .as_array()
                .into_iter()
                .flatten()
                .find(|grant| grant["role"] == "admin")
                .cloned();
            let Some(grant) = admin else { return grants };
            actor
                .delete(&format!("{path}/roles/{}", grant["userRoleId"].as_str().unwrap()))
                .await
        }
    }
}

/// The owner steps down, so that those of the round are all there are; the survivor makes the next keeper.
async fn alone(world: &World) {
    let owner = world.owner().await;
    let admin = owner.get("/api/users/admin@gauth.local").await;
    if admin.status == 200 {
        assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    }
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    let gone = owner.delete(&format!("/api/users/{own}")).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_of_two_administrators_who_remove_each_other_exactly_one_remains() {
    let world = World::new().await;
    let mut keeper = world.admin().await;
    let owner = world.owner().await;
    let mut pair = administrators(&world, &owner, 0, 2).await;
    alone(&world).await;
    for round in 1..=20 {
        let replies = at_once(2, |n| remove(pair[n].1.clone(), pair[1 - n].0.clone(), round + 3 * n)).await;
        let done = replies.iter().filter(|reply| reply.status == 204).count();
        assert_eq!(done, 1, "round {round}: {replies:?}");
        assert_eq!(in_charge(&world), 1, "round {round}");
        // Who is left makes the next two, and steps down.
        for (_, client) in &pair {
            if client.get("/api/users").await.status == 200 {
                keeper = client.clone();
            }
        }
        pair = administrators(&world, &keeper, round, 2).await;
        let own = keeper.get("/api/me/profile").await.str("id").to_owned();
        assert_eq!(keeper.delete(&format!("/api/users/{own}")).await.status, 204);
        assert_eq!(in_charge(&world), 2, "round {round}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_when_all_administrators_remove_each_other_at_once_at_least_one_remains() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut all = administrators(&world, &owner, 0, 8).await;
    alone(&world).await;
    for round in 1..=20 {
        // Each is removed by eight at once: by every one of them, in every way, themselves included.
        let replies = at_once(64, |n| remove(all[n / 8].1.clone(), all[n % 8].0.clone(), n + round)).await;
        let is_expected = |reply: &Reply| !reply.status.is_server_error() && reply.problem() != "contention";
        assert!(replies.iter().all(is_expected), "round {round}: {replies:?}");
        assert!(in_charge(&world) >= 1, "round {round}");
        let mut left = Vec::new();
        for (id, client) in &all {
            if client.get("/api/users").await.status == 200 {
                left.push((id.clone(), client.clone()));
            }
        }
        assert!(
            !left.is_empty(),
            "round {round}: the counter states that somebody is, and nobody is"
        );
        assert_eq!(i64::try_from(left.len()).unwrap(), in_charge(&world), "round {round}");
        let missing = 8 - left.len();
        left.extend(administrators(&world, &left[0].1, round, missing).await);
        all = left;
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_a_role_that_loses_its_power_while_its_holders_lose_it_leaves_somebody_in_charge() {
    let world = World::new().await;
    let owner = world.owner().await;
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    for round in steps(0..20) {
        let role = format!("chief{round}");
        let permissions = ["admin.users", "admin.roles"];
        owner
            .post("/api/roles", json!({ "name": role, "permissions": permissions }))
            .await;
        let chief = world.user_with(&format!("chief{round}@example.org"), &[&role]).await;
        // At once: the role loses its power, the owner goes, and the role is taken away altogether.
        let replies = at_once(3, |n| {
            let (owner, role, own, chief) = (owner.clone(), role.clone(), own.clone(), chief.clone());
            async move {
                match n {
                    0 => {
                        owner
                            .patch(&format!("/api/roles/{role}"), json!({ "permissions": [] }))
                            .await
                    }
                    1 => {
                        owner
                            .patch(&format!("/api/users/{own}"), json!({ "status": "inactive" }))
                            .await
                    }
                    _ => owner.delete(&format!("/api/users/{chief}")).await,
                }
            }
        })
        .await;
        assert!(in_charge(&world) >= 1, "round {round}: {replies:?}");
        if owner.get("/api/me/profile").await.status == 200 {
            owner.delete(&format!("/api/roles/{role}?force=true")).await;
            owner.delete(&format!("/api/users/{chief}")).await;
            continue;
        }
        // The owner lost: the chief is left in charge, and cannot be anything else.
        let chief = world.signed_in(&format!("chief{round}@example.org"), PASSWORD).await;
        assert_eq!(chief.get("/api/users").await.status, 200);
        break;
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z09_a_role_that_gains_or_loses_its_power_while_it_is_given_is_given_as_it_is() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    for round in steps(0..60) {
        let role = format!("chief{round}");
        owner.post("/api/roles", json!({ "name": role })).await;
        let replies = at_once(2, |n| {
            let (owner, role, id) = (owner.clone(), role.clone(), id.clone());
            async move {
                if n == 0 {
                    let more = json!({ "permissions": ["admin.users"] });
                    return owner.patch(&format!("/api/roles/{role}"), more).await;
                }
                // Each round begins a little later, so that some begin before the change and end after it.
                for _ in 0..round % 6 {
                    owner.get("/api/permissions").await;
                }
                owner
                    .post(&format!("/api/users/{id}/roles"), json!({ "role": role }))
                    .await
            }
        })
        .await;
        let is_expected = |reply: &Reply| [200, 201, 409].contains(&reply.status.as_u16());
        assert!(replies.iter().all(is_expected), "{replies:?}");
        // What the grants state of the role decides who is in charge: it must be what the role states.
        assert_reconciled(&world);
        assert_eq!(owner.delete(&format!("/api/roles/{role}?force=true")).await.status, 204);
    }
    assert_reconciled(&world);
}
