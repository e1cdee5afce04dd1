//! `PATCH /api/roles/{role}`

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_null_goes_what_is_absent_stays_and_the_rest_is_set() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "name": "Editor", "description": "d", "permissions": ["admin.keys"], "maxCount": 3 });
    let mut expected = owner.post("/api/roles", body).await.body;
    world.clock.advance(1);
    expected["modifiedAt"] = json!("2026-11-22T08:00:01.000Z");
    for (patch, set) in [
        (json!({ "description": null }), json!({ "description": null })),
        (
            json!({ "description": "new", "unknown": 1 }),
            json!({ "description": "new" }),
        ),
        (json!({ "maxCount": null }), json!({ "maxCount": null })),
        (json!({ "maxCount": 0 }), json!({ "maxCount": 0 })),
        (json!({ "permissions": null }), json!({ "permissions": [] })),
        (
            json!({ "permissions": ["admin.roles"] }),
            json!({ "permissions": ["admin.roles"] }),
        ),
        (json!({ "name": "EDITOR" }), json!({ "name": "EDITOR" })),
        (
            json!({ "name": "EDITOR", "system": true, "memberCount": 9, "id": "x", "version": 9 }),
            json!({}),
        ),
    ] {
        expected
            .as_object_mut()
            .unwrap()
            .extend(set.as_object().unwrap().clone());
        let reply = owner.patch("/api/roles/editor", patch.clone()).await;
        assert_eq!((reply.status.as_u16(), &reply.body), (200, &expected), "{patch}");
        assert_eq!(owner.get("/api/roles/editor").await.body, expected, "{patch}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_is_the_role_s_and_frees_the_old_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = role(&world, "old", &[]).await;
    role(&world, "taken", &[]).await;
    refused(
        &owner.patch("/api/roles/old", json!({ "name": "TAKEN" })).await,
        409,
        "role-name-taken",
    );
    refused(
        &owner.patch("/api/roles/old", json!({ "name": "Admin" })).await,
        409,
        "role-name-taken",
    );
    invalid(&owner.patch("/api/roles/old", json!({ "name": "" })).await, &["/name"]);
    let jane = world.user_with("jane@example.org", &["old"]).await;
    assert_eq!(
        owner.patch("/api/roles/old", json!({ "name": "new" })).await.str("id"),
        id
    );
    refused(&owner.get("/api/roles/old").await, 404, "not-found");
    assert_eq!(owner.get(&user(&jane)).await.body["roles"], json!(["new", "user"]));
    assert_eq!(owner.post("/api/roles", json!({ "name": "old" })).await.status, 201);
    let unknown = owner.patch("/api/roles/nothing", json!({ "maxCount": 1 })).await;
    refused(&unknown, 404, "not-found");
    invalid(
        &owner.patch("/api/roles/new", json!({ "name": null })).await,
        &["/name"],
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_exact_not_below_the_members_and_can_be_raised() {
    let world = World::new().await;
    let owner = world.owner().await;
    owner.post("/api/roles", json!({ "name": "few", "maxCount": 2 })).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(world.user(&format!("u{n}@example.org")).await);
    }
    let give = async |n: usize| {
        owner
            .post(&format!("/api/users/{}/roles", ids[n]), json!({ "role": "few" }))
            .await
    };
    let count = async || owner.get("/api/roles/few").await.body["memberCount"].clone();
    let first = give(0).await.str("userRoleId").to_owned();
    assert_eq!(give(1).await.status, 201);
    refused(&give(2).await, 409, "role-full");
    // Another grant of who has the role needs no seat.
    grant(&owner, &ids[1], json!({ "role": "few", "department": "sales" })).await;
    assert_eq!(count().await, 2);
    for limit in [0, 1] {
        refused(
            &owner.patch("/api/roles/few", json!({ "maxCount": limit })).await,
            409,
            "below-member-count",
        );
    }
    assert_eq!(
        owner.patch("/api/roles/few", json!({ "maxCount": 3 })).await.body["maxCount"],
        3
    );
    assert_eq!(give(2).await.status, 201);
    refused(&give(3).await, 409, "role-full");
    // A seat is free again when its grant is taken, and when its account is deleted.
    assert_eq!(
        owner
            .delete(&format!("/api/users/{}/roles/{first}", ids[0]))
            .await
            .status,
        204
    );
    assert_eq!(give(3).await.status, 201);
    refused(&give(4).await, 409, "role-full");
    assert_eq!(owner.delete(&user(&ids[1])).await.status, 204);
    assert_eq!(count().await, 2);
    assert_eq!(
        owner.patch("/api/roles/few", json!({ "maxCount": 2 })).await.status,
        200
    );
    refused(&give(4).await, 409, "role-full");
    assert_eq!(
        owner.patch("/api/roles/few", json!({ "maxCount": null })).await.status,
        200
    );
    assert_eq!(give(4).await.status, 201);
    let made = json!({ "email": "new@example.org", "roles": ["few"] });
    assert_eq!(
        owner.patch("/api/roles/few", json!({ "maxCount": 3 })).await.status,
        200
    );
    refused(&owner.post("/api/users", made).await, 409, "role-full");
    assert_eq!(owner.get("/api/users/new@example.org").await.status, 404);
    for n in [json!(-1), json!("3"), json!(2.5)] {
        invalid(
            &owner.patch("/api/roles/few", json!({ "maxCount": n })).await,
            &["/maxCount"],
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_role_that_everybody_has_bounds_the_number_of_accounts() {
    let world = World::new().await;
    let owner = world.owner().await;
    refused(
        &owner.patch("/api/roles/user", json!({ "maxCount": 1 })).await,
        409,
        "below-member-count",
    );
    assert_eq!(
        owner.patch("/api/roles/user", json!({ "maxCount": 3 })).await.status,
        200
    );
    let made = |n: u8| json!({ "email": format!("u{n}@example.org") });
    assert_eq!(owner.post("/api/users", made(1)).await.status, 201);
    refused(&owner.post("/api/users", made(2)).await, 409, "role-full");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_role_keeps_its_name_and_its_admin_permissions() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in ["owner", "admin", "member", "user", "SYS_ADMIN"] {
        let path = format!("/api/roles/{name}");
        refused(
            &owner.patch(&path, json!({ "name": "other" })).await,
            409,
            "system-role",
        );
        refused(
            &owner.patch(&path, json!({ "name": name.to_lowercase() + "s" })).await,
            409,
            "system-role",
        );
        assert_eq!(
            owner
                .patch(&path, json!({ "name": name, "description": "mine" }))
                .await
                .str("description"),
            "mine"
        );
    }
    for name in ["owner", "admin", "SYS_ADMIN"] {
        let path = format!("/api/roles/{name}");
        for permissions in [
            json!([]),
            json!(null),
            json!(["admin.users"]),
            json!(["admin.users", "admin.roles"]),
        ] {
            refused(
                &owner.patch(&path, json!({ "permissions": permissions })).await,
                409,
                "system-role",
            );
        }
    }
    // Nor are they given others, whoever asks (rule 9).
    for (name, permissions) in [
        ("member", vec!["admin.keys"]),
        ("user", vec!["admin.roles"]),
        (
            "admin",
            vec!["admin.keys", "admin.roles", "admin.users", "admin.tenants"],
        ),
    ] {
        let more = json!({ "permissions": permissions });
        refused(
            &owner.patch(&format!("/api/roles/{name}"), more).await,
            409,
            "system-role",
        );
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_edits_a_role_to_hold_what_they_lack_nor_one_above_their_rank() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "roles", &["admin.roles"]).await;
    role(&world, "other", &[]).await;
    let (_, roles) = signed_in_with(&world, "roles@example.org", &["roles"]).await;
    let with = |permission: &str| json!({ "permissions": ["admin.roles", permission] });
    // Its own role, another, one beside the ladder, and one of the ladder.
    for name in ["roles", "other"] {
        refused(
            &roles.patch(&format!("/api/roles/{name}"), with("admin.users")).await,
            403,
            "not-held",
        );
    }
    for name in ["admin", "member", "owner"] {
        let reply = roles
            .patch(&format!("/api/roles/{name}"), json!({ "description": "x" }))
            .await;
        refused(&reply, 403, "below-rank");
    }
    let admin = world.admin().await;
    refused(
        &admin.patch("/api/roles/owner", json!({ "maxCount": 9 })).await,
        403,
        "below-rank",
    );
    let all = json!({ "permissions": ["admin.users", "admin.roles", "admin.keys", "admin.tenants"] });
    for (name, problem) in [
        ("admin", "below-rank"),
        ("SYS_ADMIN", "below-rank"),
        ("other", "not-held"),
    ] {
        refused(
            &admin.patch(&format!("/api/roles/{name}"), all.clone()).await,
            403,
            problem,
        );
    }
    invalid(
        &owner.patch("/api/roles/other", with("admin.everything")).await,
        &["/permissions"],
    );
    assert_eq!(owner.get("/api/roles/other").await.body["permissions"], json!([]));
    assert_eq!(
        roles
            .patch("/api/roles/other", json!({ "permissions": ["admin.roles"] }))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z09_a_permission_given_or_taken_counts_from_the_next_request_of_tokens_already_issued() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &["editor"]).await;
    refused(&jane.get("/api/users").await, 403, "missing-permission");
    owner
        .patch("/api/roles/editor", json!({ "permissions": ["admin.users"] }))
        .await;
    assert_eq!(jane.get("/api/users").await.status, 200);
    let later = world.signed_in("jane@example.org", PASSWORD).await;
    owner
        .patch("/api/roles/editor", json!({ "permissions": ["admin.roles"] }))
        .await;
    for client in [&jane, &later] {
        refused(&client.get("/api/users").await, 403, "missing-permission");
        assert_eq!(client.get("/api/roles").await.status, 200);
    }
    owner.delete("/api/roles/editor?force=true").await;
    refused(&jane.get("/api/roles").await, 403, "missing-permission");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_a_role_cannot_lose_admin_users_where_nobody_else_would_be_left_in_charge() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "chief", &["admin.users", "admin.roles"]).await;
    let (chief, client) = signed_in_with(&world, "chief@example.org", &["chief"]).await;
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    assert_eq!(owner.delete("/api/users/admin@gauth.local").await.status, 204);
    assert_eq!(owner.delete(&user(&own)).await.status, 204);
    // The chief is all that is left.
    let none = json!({ "permissions": ["admin.roles"] });
    refused(
        &client.patch("/api/roles/chief", none.clone()).await,
        409,
        "last-administrator",
    );
    refused(
        &client.delete("/api/roles/chief?force=true").await,
        409,
        "last-administrator",
    );
    refused(&client.delete(&user(&chief)).await, 409, "last-administrator");
    assert_eq!(client.get("/api/users").await.status, 200);
    // With a second role the first can lose it.
    let second = json!({ "name": "second", "permissions": ["admin.users"] });
    assert_eq!(client.post("/api/roles", second).await.status, 201);
    grant(&client, &chief, json!({ "role": "second" })).await;
    assert_eq!(client.patch("/api/roles/chief", none).await.status, 200);
    assert_eq!(client.delete("/api/roles/chief?force=true").await.status, 204);
    assert_eq!(client.get("/api/users").await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_role_with_more_members_than_one_transaction_holds_keeps_or_refuses_admin_users_whole() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "many", &[]).await;
    for n in 0..21 {
        let body = json!({ "email": format!("u{n}@example.org"), "roles": ["many"] });
        assert_eq!(owner.post("/api/users", body).await.status, 201);
    }
    let with = json!({ "permissions": ["admin.users"] });
    refused(
        &owner.patch("/api/roles/many", with.clone()).await,
        409,
        "too-many-members",
    );
    assert_eq!(owner.get("/api/roles/many").await.body["permissions"], json!([]));
    // What does not touch the members is no matter of how many they are.
    assert_eq!(
        owner
            .patch(
                "/api/roles/many",
                json!({ "permissions": ["admin.keys"], "maxCount": 21 })
            )
            .await
            .status,
        200
    );
    assert_eq!(owner.delete("/api/users/u0@example.org").await.status, 204);
    assert_eq!(owner.patch("/api/roles/many", with).await.status, 200);
    assert_reconciled(&world);
}
