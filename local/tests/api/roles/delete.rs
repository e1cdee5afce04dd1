//! `DELETE /api/roles/{role}`

use serde_json::json;

use crate::reconcile::assert_reconciled;
use crate::support::World;
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

#[tokio::test(flavor = "multi_thread")]
async fn an_unassigned_role_is_deleted_and_its_name_is_free() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = role(&world, "gone", &[]).await;
    let reply = owner.delete("/api/roles/GONE").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    for path in ["/api/roles/gone".to_owned(), format!("/api/roles/{id}")] {
        refused(&owner.get(&path).await, 404, "not-found");
        refused(&owner.delete(&path).await, 404, "not-found");
        refused(&owner.delete(&format!("{path}?force=true")).await, 404, "not-found");
    }
    assert_ne!(role(&world, "gone", &[]).await, id);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_members_is_kept_unless_it_is_taken_from_them_by_force() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = role(&world, "editor", &[]).await;
    let mut ids = Vec::new();
    // More than one page of members.
    for n in 0..130 {
        let body = json!({ "email": format!("u{n}@example.org"), "roles": ["editor"] });
        ids.push(owner.post("/api/users", body).await.str("id").to_owned());
    }
    grant(&owner, &ids[0], json!({ "role": "editor", "department": "sales" })).await;
    for path in ["/api/roles/editor", "/api/roles/editor?force=false"] {
        refused(&owner.delete(path).await, 409, "role-has-members");
    }
    assert_eq!(owner.get("/api/roles/editor").await.body["memberCount"], 130);
    invalid(&owner.delete("/api/roles/editor?force=maybe").await, &["?force"]);
    assert_eq!(owner.delete(&format!("/api/roles/{id}?force=true")).await.status, 204);
    for n in [0, 129] {
        assert_eq!(owner.get(&user(&ids[n])).await.body["roles"], json!(["user"]));
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_role_is_not_deleted_and_neither_is_one_above_the_caller_s_reach() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in [
        "owner",
        "admin",
        "member",
        "user",
        "SYS_ADMIN",
        "00000000-0000-8000-8000-000000000005",
    ] {
        for query in ["", "?force=true"] {
            refused(
                &owner.delete(&format!("/api/roles/{name}{query}")).await,
                409,
                "system-role",
            );
        }
    }
    assert_eq!(owner.get("/api/roles").await.body["items"].as_array().unwrap().len(), 6);
    let (_, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    role(&world, "editor", &[]).await;
    refused(
        &jane.delete("/api/roles/editor?force=true").await,
        403,
        "missing-permission",
    );
    assert_reconciled(&world);
}

/// Else it was taken from all but the last of those in charge, and then refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_all_who_are_in_charge_is_taken_from_none_of_them() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "crew", &["admin.users", "admin.roles"]).await;
    role(&world, "captain", &["admin.users"]).await;
    let mut crew = Vec::new();
    for n in 0..3 {
        crew.push(signed_in_with(&world, &format!("crew{n}@example.org"), &["crew"]).await);
    }
    let admin = owner.delete("/api/users/admin@gauth.local").await;
    assert_eq!(admin.status, 204, "{}", admin.text);
    let own = owner.get("/api/me/profile").await.str("id").to_owned();
    assert_eq!(owner.delete(&user(&own)).await.status, 204);
    let (first, client) = &crew[0];
    refused(
        &client.delete("/api/roles/crew?force=true").await,
        409,
        "last-administrator",
    );
    for (id, _) in &crew {
        let account = client.get(&user(id)).await;
        let roles = account.body["roles"].as_array().unwrap();
        assert!(roles.contains(&json!("crew")), "{}", account.text);
    }
    // Where one of them is in charge by another role too, it goes.
    grant(client, first, json!({ "role": "captain" })).await;
    assert_eq!(client.delete("/api/roles/crew?force=true").await.status, 204);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_has_what_was_taken_before_what_was_deleted() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "crew", &[]).await;
    for n in 0..4 {
        world.user_with(&format!("u{n}@example.org"), &["crew"]).await;
    }
    world.clock.advance(1);
    assert_eq!(owner.delete("/api/roles/crew?force=true").await.status, 204);
    let rows = owner.get("/api/rights-history?limit=5").await.body;
    let rows = rows["items"].as_array().unwrap().iter();
    let kinds: Vec<&str> = rows.map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "roleDeleted",
            "roleRevoked",
            "roleRevoked",
            "roleRevoked",
            "roleRevoked"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_only_deleted_accounts_had_leaves_nothing_to_be_found() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "team", &[]).await;
    let id = world.user_with("lea@example.org", &["team"]).await;
    assert_eq!(owner.delete(&user(&id)).await.status, 204);
    assert_eq!(owner.delete("/api/roles/team").await.status, 204);
    let found = local::verify::verify(&world.app.table, None, 4, world.now())
        .await
        .unwrap();
    assert_eq!(found.findings, []);
}
