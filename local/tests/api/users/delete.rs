//! `DELETE /api/users/{user}`

use serde_json::json;

use super::{refused, signed_in_with, user};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_never_answers_again() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &["member"]).await;
    let reply = owner.delete("/api/users/Jane%40Example.org").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    for name in [id.as_str(), "jane@example.org"] {
        let path = user(name);
        refused(&owner.get(&path).await, 404, "not-found");
        refused(&owner.delete(&path).await, 404, "not-found");
        refused(
            &owner.patch(&path, json!({ "displayName": "J" })).await,
            404,
            "not-found",
        );
        refused(
            &owner.patch(&path, json!({ "status": "active" })).await,
            404,
            "not-found",
        );
        refused(&owner.put(&path, json!({ "status": "active" })).await, 404, "not-found");
        refused(&owner.post_empty(&format!("{path}/lock")).await, 404, "not-found");
        refused(&owner.post_empty(&format!("{path}/unlock")).await, 404, "not-found");
        refused(
            &owner.post_empty(&format!("{path}/reset-password")).await,
            404,
            "not-found",
        );
        refused(&owner.get(&format!("{path}/login-history")).await, 404, "not-found");
        refused(&owner.get(&format!("{path}/roles")).await, 404, "not-found");
        refused(
            &owner.post(&format!("{path}/roles"), json!({ "role": "member" })).await,
            404,
            "not-found",
        );
    }
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    let login = json!({ "username": "jane@example.org", "password": PASSWORD });
    refused(
        &world.nobody().post("/api/auth/login", login).await,
        401,
        "wrong-credentials",
    );
    assert_eq!(owner.get("/api/users?q=jane").await.body["total"], 0);
    assert_eq!(owner.get("/api/users?role=member").await.body["total"], 0);
    assert_eq!(owner.get("/api/users").await.body["total"], 2);
    // It is kept all the same.
    assert!(
        world
            .items()
            .iter()
            .any(|item| item["status"]["S"] == "deleted" && item["id"]["S"] == id.as_str())
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c09_its_address_and_name_are_free_again_and_belong_to_another_account() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "email": "jane@example.org", "username": "jane", "password": PASSWORD, "firstName": "Jane" });
    let mut ids = Vec::new();
    for _ in 0..3 {
        let made = owner.post("/api/users", body.clone()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(owner.get("/api/users/jane@example.org").await.str("id"), made.str("id"));
        ids.push(made.str("id").to_owned());
        assert_eq!(owner.delete("/api/users/jane@example.org").await.status, 204);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let last = json!({ "email": "JANE@example.org", "password": "another horse" });
    assert_eq!(owner.post("/api/users", last).await.status, 201);
    let old = json!({ "username": "jane@example.org", "password": PASSWORD });
    assert_eq!(world.nobody().post("/api/auth/login", old).await.status, 401);
    for id in ids {
        assert_eq!(owner.get(&user(&id)).await.status, 404);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z07_the_last_administrator_can_be_neither_deleted_nor_switched_off_not_even_by_itself() {
    let world = World::new().await;
    let owner = world.owner().await;
    let own = user(owner.get("/api/me/profile").await.str("id"));
    // The default administrator can go while there is another one.
    assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    refused(&owner.delete(&own).await, 409, "last-administrator");
    refused(
        &owner.put(&own, json!({ "type": "user" })).await,
        409,
        "last-administrator",
    );
    refused(
        &owner.put(&own, json!({ "status": "inactive" })).await,
        409,
        "last-administrator",
    );
    for status in ["inactive", "banned", "locked"] {
        refused(
            &owner.patch(&own, json!({ "status": status })).await,
            409,
            "last-administrator",
        );
    }
    refused(
        &owner.post_empty(&format!("{own}/lock")).await,
        409,
        "last-administrator",
    );
    let until = json!({ "until": "2026-11-22T09:00:00Z" });
    refused(
        &owner.post(&format!("{own}/lock"), until).await,
        409,
        "last-administrator",
    );
    let grants = owner.get(&format!("{own}/roles")).await.body;
    let grant = grants
        .as_array()
        .unwrap()
        .iter()
        .find(|grant| grant["role"] == "owner")
        .unwrap()
        .clone();
    let path = format!("{own}/roles/{}", grant["userRoleId"].as_str().unwrap());
    refused(&owner.delete(&path).await, 409, "last-administrator");
    let me = owner.get("/api/me/profile").await;
    assert_eq!((me.status.as_u16(), me.str("status")), (200, "active"));
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_an_account_that_is_off_or_whose_grant_ends_keeps_nobody_in_charge() {
    let world = World::new().await;
    let owner = world.owner().await;
    let own = user(owner.get("/api/me/profile").await.str("id"));
    let off = world.user_with("off@example.org", &["admin"]).await;
    owner.put(&user(&off), json!({ "status": "inactive" })).await;
    for (n, limits) in [
        json!({ "effectiveTo": "2027-01-01T00:00:00Z" }),
        json!({ "effectiveFrom": "2027-01-01T00:00:00Z" }),
        json!({ "department": "sales" }),
    ]
    .into_iter()
    .enumerate()
    {
        let id = world.user(&format!("u{n}@example.org")).await;
        let mut body = limits;
        body["role"] = json!("admin");
        super::grant(&owner, &id, body).await;
    }
    assert_eq!(
        owner
            .put("/api/users/admin@gauth.local", json!({ "status": "inactive" }))
            .await
            .status,
        204
    );
    refused(&owner.delete(&own).await, 409, "last-administrator");
    // As soon as the one that was off is on, there are two.
    assert_eq!(owner.put(&user(&off), json!({ "status": "active" })).await.status, 204);
    assert_eq!(owner.delete(&own).await.status, 204);
    assert_reconciled(&world);
}
