//! Ranks (rule 9): nobody gives what they do not hold, and nobody changes an account above their own rank.

use serde_json::json;

use super::{grant, refused, role, signed_in_with, user};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};

/// Everything that can be done to an account.
async fn everything_to(client: &Client, id: &str, grant: &str) -> Vec<Reply> {
    let path = user(id);
    vec![
        client.put(&path, json!({ "type": "user" })).await,
        client.put(&path, json!({ "status": "inactive" })).await,
        client.patch(&path, json!({ "displayName": "Changed" })).await,
        client.patch(&path, json!({ "password": "another horse" })).await,
        client.patch(&path, json!({ "email": "changed@example.org" })).await,
        client.patch(&path, json!({ "status": "banned" })).await,
        client.delete(&path).await,
        client.post_empty(&format!("{path}/lock")).await,
        client.post_empty(&format!("{path}/unlock")).await,
        client.post_empty(&format!("{path}/reset-password")).await,
        client
            .post(
                &format!("{path}/reset-password"),
                json!({ "newPassword": "another horse" }),
            )
            .await,
        client
            .post(&format!("{path}/roles"), json!({ "role": "helpdesk" }))
            .await,
        client.delete(&format!("{path}/roles/{grant}")).await,
    ]
}

async fn grant_of(owner: &Client, id: &str, role: &str) -> String {
    let all = owner.get(&format!("/api/users/{id}/roles")).await.body;
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|grant| grant["role"] == role)
        .unwrap();
    found["userRoleId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_an_account_on_a_higher_rank_is_out_of_reach_in_every_way() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let (help, helpdesk) = signed_in_with(&world, "help@example.org", &["helpdesk"]).await;
    let admin = world.admin().await;
    let ids = |client: Client| async move { client.get("/api/me/profile").await.str("id").to_owned() };
    let (own, admin_id) = (ids(owner.clone()).await, ids(admin.clone()).await);
    let (owners, admins) = (
        grant_of(&owner, &own, "owner").await,
        grant_of(&owner, &admin_id, "admin").await,
    );
    let before = [
        owner.get(&user(&own)).await.body,
        owner.get(&user(&admin_id)).await.body,
    ];
    for (client, target, grant) in [
        (&admin, &own, &owners),
        (&helpdesk, &own, &owners),
        (&helpdesk, &admin_id, &admins),
    ] {
        for reply in everything_to(client, target, grant).await {
            refused(&reply, 403, "above-own-rank");
        }
    }
    let after = [
        owner.get(&user(&own)).await.body,
        owner.get(&user(&admin_id)).await.body,
    ];
    assert_eq!(after, before);
    // Equals can: an administrator an administrator, and the helpdesk an ordinary account and itself.
    let (peer, _) = signed_in_with(&world, "peer@example.org", &["admin"]).await;
    assert_eq!(admin.put(&user(&peer), json!({ "type": "user" })).await.status, 204);
    assert_eq!(
        helpdesk
            .post_empty(&format!("/api/users/{peer}/reset-password"))
            .await
            .status,
        200
    );
    assert_eq!(
        helpdesk
            .patch(&user(&help), json!({ "displayName": "Help" }))
            .await
            .status,
        204
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_gives_a_role_above_their_rank_or_with_a_permission_that_they_lack() {
    let world = World::new().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    role(&world, "keyring", &["admin.keys"]).await;
    let (help, helpdesk) = signed_in_with(&world, "help@example.org", &["helpdesk"]).await;
    let jane = world.user("jane@example.org").await;
    let admin = world.admin().await;
    let own = admin.get("/api/me/profile").await.str("id").to_owned();
    for (client, targets) in [(&admin, [&own, &jane]), (&helpdesk, [&help, &jane])] {
        for target in targets {
            for limits in [
                json!({}),
                json!({ "department": "d" }),
                json!({ "effectiveFrom": "2030-01-01T00:00:00Z" }),
            ] {
                let mut body = limits;
                body["role"] = json!("owner");
                let reply = client.post(&format!("/api/users/{target}/roles"), body).await;
                refused(&reply, 403, "role-above-own-rank");
            }
        }
    }
    for (role, why) in [
        ("admin", "role-above-own-rank"),
        ("member", "role-above-own-rank"),
        ("SYS_ADMIN", "not-held"),
        ("keyring", "not-held"),
    ] {
        for target in [&help, &jane] {
            let reply = helpdesk
                .post(&format!("/api/users/{target}/roles"), json!({ "role": role }))
                .await;
            refused(&reply, 403, why);
        }
    }
    refused(
        &helpdesk.put(&user(&jane), json!({ "type": "admin" })).await,
        403,
        "role-above-own-rank",
    );
    // What they hold, they give; an administrator makes administrators.
    grant(&helpdesk, &jane, json!({ "role": "helpdesk" })).await;
    assert_eq!(admin.put(&user(&jane), json!({ "type": "admin" })).await.status, 204);
    grant(&admin, &help, json!({ "role": "SYS_ADMIN" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_takes_over_an_account_that_can_come_to_hold_more_than_they_do() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let (_, helpdesk) = signed_in_with(&world, "help@example.org", &["helpdesk"]).await;
    // Beside the ladder, so no rank protects them: now, from tomorrow on, and for one department.
    for (n, limits) in [
        json!({}),
        json!({ "effectiveFrom": "2026-11-23T00:00:00Z" }),
        json!({ "department": "sales" }),
    ]
    .into_iter()
    .enumerate()
    {
        let id = world.user(&format!("sys{n}@example.org")).await;
        let mut body = limits;
        body["role"] = json!("SYS_ADMIN");
        grant(&owner, &id, body).await;
        let path = user(&id);
        refused(
            &helpdesk.post_empty(&format!("{path}/reset-password")).await,
            403,
            "not-held",
        );
        let new = json!({ "newPassword": "another horse" });
        refused(
            &helpdesk.post(&format!("{path}/reset-password"), new).await,
            403,
            "not-held",
        );
        refused(
            &helpdesk.patch(&path, json!({ "password": "another horse" })).await,
            403,
            "not-held",
        );
        refused(
            &helpdesk.patch(&path, json!({ "email": "mine@example.org" })).await,
            403,
            "not-held",
        );
        world.signed_in(&format!("sys{n}@example.org"), PASSWORD).await;
    }
    // Once its grant is over, the account is an ordinary one.
    let id = world.user("was@example.org").await;
    grant(
        &owner,
        &id,
        json!({ "role": "SYS_ADMIN", "effectiveTo": "2026-11-22T08:30:00Z" }),
    )
    .await;
    let path = format!("/api/users/{id}/reset-password");
    refused(&helpdesk.post_empty(&path).await, 403, "not-held");
    world.clock.advance(1800);
    assert_eq!(helpdesk.post_empty(&path).await.status, 200);
}

/// Twenty grants that cannot be taken would leave no place for any other.
#[tokio::test(flavor = "multi_thread")]
async fn d01_the_role_that_everybody_has_is_not_given_again() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let again = json!({ "role": "user", "department": "d0" });
    let reply = owner.post(&format!("/api/users/{id}/roles"), again).await;
    refused(&reply, 409, "grant-stands");
}
