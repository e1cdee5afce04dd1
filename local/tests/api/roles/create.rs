//! `POST /api/roles`

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::World;
use crate::users::{invalid, refused, role, signed_in_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_and_shown_whole() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "name": "Editor", "description": "May edit\narticles", "permissions": ["admin.users", "admin.roles"], "maxCount": 10 });
    let reply = owner.post("/api/roles", body).await;
    let id = reply.str("id");
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (201, format!("/api/roles/{id}").as_str())
    );
    let expected = json!({
        "id": id, "name": "Editor", "description": "May edit\narticles", "permissions": ["admin.roles", "admin.users"],
        "maxCount": 10, "memberCount": 0, "system": false,
        "createdAt": "2026-11-22T08:00:00.000Z", "modifiedAt": "2026-11-22T08:00:00.000Z",
    });
    assert_eq!(reply.body, expected);
    assert_eq!(owner.get("/api/roles/EDITOR").await.body, expected);
    let least = owner.post("/api/roles", json!({ "name": "x" })).await.body;
    assert_eq!(
        (&least["description"], &least["permissions"], &least["maxCount"]),
        (&json!(null), &json!([]), &json!(null))
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_one_role_s_in_any_spelling_until_the_role_is_gone() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "Editor", &[]).await;
    for name in [
        "Editor",
        "EDITOR",
        "\u{ff25}ditor",
        "Admin",
        "sys_admin",
        "OWNER",
        "user",
    ] {
        refused(
            &owner.post("/api/roles", json!({ "name": name })).await,
            409,
            "role-name-taken",
        );
    }
    assert_eq!(owner.delete("/api/roles/editor").await.status, 204);
    assert_eq!(owner.post("/api/roles", json!({ "name": "EDITOR" })).await.status, 201);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_role_is_reported_with_its_place() {
    let world = World::new().await;
    let owner = world.owner().await;
    invalid(&owner.post("/api/roles", json!({})).await, &["/name"]);
    for name in [
        "",
        " a",
        "a  b",
        "=cmd",
        "../x",
        "a\nb",
        "a/b",
        &"n".repeat(65),
        "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    ] {
        invalid(&owner.post("/api/roles", json!({ "name": name })).await, &["/name"]);
    }
    let both = json!({ "name": "", "description": "d".repeat(501) });
    invalid(&owner.post("/api/roles", both).await, &["/name", "/description"]);
    let unknown = json!({ "name": "x", "permissions": ["admin.users", "admin.everything", "*", ""] });
    invalid(
        &owner.post("/api/roles", unknown).await,
        &["/permissions", "/permissions", "/permissions"],
    );
    invalid(
        &owner
            .post("/api/roles", json!({ "name": "x", "permissions": ["ADMIN.USERS"] }))
            .await,
        &["/permissions"],
    );
    invalid(
        &owner
            .post("/api/roles", json!({ "name": "x", "permissions": "admin.users" }))
            .await,
        &["/permissions"],
    );
    for count in [json!(-1), json!(1.5), json!("1"), json!(4_294_967_296_u64)] {
        invalid(
            &owner
                .post("/api/roles", json!({ "name": "x", "maxCount": count }))
                .await,
            &["/maxCount"],
        );
    }
    assert_eq!(owner.get("/api/roles/x").await.status, 404);
    assert_eq!(
        owner
            .post(
                "/api/roles",
                json!({ "name": "x", "maxCount": u32::MAX, "system": true })
            )
            .await
            .body["system"],
        false
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_makes_a_role_with_a_permission_that_they_lack() {
    let world = World::new().await;
    role(&world, "roles", &["admin.roles"]).await;
    let (_, roles) = signed_in_with(&world, "roles@example.org", &["roles"]).await;
    let with = |permission: &str| json!({ "name": "new", "permissions": [permission] });
    refused(&roles.post("/api/roles", with("admin.users")).await, 403, "not-held");
    refused(
        &world.admin().await.post("/api/roles", with("admin.tenants")).await,
        403,
        "not-held",
    );
    assert_eq!(world.owner().await.get("/api/roles/new").await.status, 404);
    assert_eq!(roles.post("/api/roles", with("admin.roles")).await.status, 201);
    assert_eq!(
        world
            .owner()
            .await
            .post("/api/roles", json!({ "name": "t", "permissions": ["admin.tenants"] }))
            .await
            .status,
        201
    );
    // Who may manage users may not manage roles for it.
    role(&world, "users", &["admin.users"]).await;
    let (_, users) = signed_in_with(&world, "users@example.org", &["users"]).await;
    for reply in [
        users.post("/api/roles", json!({ "name": "y" })).await,
        users.get("/api/roles").await,
        users.get("/api/roles/users").await,
        users.patch("/api/roles/users", json!({ "permissions": [] })).await,
        users.delete("/api/roles/users").await,
        users.get("/api/permissions").await,
    ] {
        refused(&reply, 403, "missing-permission");
    }
}
