//! `POST /v1/admin/users/{id}/roles` and `DELETE /v1/admin/users/{id}/roles/{name}`

use serde_json::json;

use super::{admin, invalid, made, made_and_in, refused, role, roles_of, user};
use crate::reconcile::assert_reconciled;
use crate::support::World;

fn roles(id: &str) -> String {
    format!("{}/roles", user(id))
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_added_to_those_that_it_has() {
    let world = World::new().await;
    let admin = admin(&world).await;
    role(&world, "editor", &[]).await;
    let id = made(&admin, "jane", &["member"]).await;
    let reply = admin
        .post(&roles(&id), json!({ "roles": ["EDITOR", "admin", "member", "user"] }))
        .await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body),
        (200, &json!({ "message": "Roles assigned successfully" }))
    );
    assert_eq!(roles_of(&admin, &id).await, ["admin", "editor", "member", "user"]);
    let again = admin.post(&roles(&id), json!({ "roles": ["editor"] })).await;
    assert_eq!(again.status, 200, "it has it already");
    let grants = admin.get(&format!("/api/users/{id}/roles")).await;
    assert_eq!(grants.body.as_array().unwrap().len(), 4);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn either_all_of_them_are_added_or_none() {
    let world = World::new().await;
    let admin = admin(&world).await;
    role(&world, "editor", &[]).await;
    let full = json!({ "name": "full", "maxCount": 0 });
    assert_eq!(admin.post("/api/roles", full).await.status, 201);
    let id = made(&admin, "jane", &[]).await;
    let add = |names: &[&str]| {
        let (admin, path, body) = (admin.clone(), roles(&id), json!({ "roles": names }));
        async move { admin.post(&path, body).await }
    };
    invalid(
        &add(&["editor", "nothing", "member", "neither"]).await,
        &["roles.1", "roles.3"],
    );
    refused(&add(&["editor", "owner"]).await, 403, "The role stands above your rank");
    refused(&add(&["editor", "full"]).await, 409, "The role is full");
    invalid(&add(&[]).await, &["roles"]);
    invalid(&admin.post(&roles(&id), json!({})).await, &["roles"]);
    invalid(&admin.post(&roles(&id), json!({ "roles": "editor" })).await, &["roles"]);
    assert_eq!(roles_of(&admin, &id).await, ["user"]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_account_has_twenty_roles_at_most() {
    let world = World::new().await;
    let owner = world.owner().await;
    let names: Vec<String> = (0..21).map(|n| format!("role-{n}")).collect();
    for name in &names {
        role(&world, name, &[]).await;
    }
    let id = made(&owner, "jane", &[]).await;
    let said = "An account can have 20 grants at most";
    refused(&owner.post(&roles(&id), json!({ "roles": names })).await, 409, said);
    refused(
        &owner.post(&roles(&id), json!({ "roles": names[..20] })).await,
        409,
        said,
    );
    assert_eq!(
        owner.post(&roles(&id), json!({ "roles": names[..19] })).await.status,
        200
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z04_nobody_assigns_what_they_do_not_hold() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let (own, helpdesk) = made_and_in(&world, &owner, "help", &["helpdesk"]).await;
    let jane = made(&owner, "jane", &[]).await;
    let boss = made(&owner, "boss", &["admin"]).await;
    for id in [&own, &jane] {
        for (name, said) in [
            ("owner", "The role stands above your rank"),
            ("admin", "The role stands above your rank"),
            ("member", "The role stands above your rank"),
            ("SYS_ADMIN", "You cannot give what you do not hold: admin.access"),
        ] {
            refused(&helpdesk.post(&roles(id), json!({ "roles": [name] })).await, 403, said);
        }
    }
    let above = "The account stands above yours";
    refused(
        &helpdesk.post(&roles(&boss), json!({ "roles": ["helpdesk"] })).await,
        403,
        above,
    );
    refused(&helpdesk.delete(&format!("{}/admin", roles(&boss))).await, 403, above);
    assert_eq!(
        helpdesk
            .post(&roles(&jane), json!({ "roles": ["helpdesk"] }))
            .await
            .status,
        200
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_taken_and_one_that_it_does_not_have_is_not_found() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = role(&world, "press office", &[]).await;
    let jane = made(&owner, "jane", &["member", "press office"]).await;
    let taken = json!({ "message": "Role removed successfully" });
    let member = format!("{}/Member", roles(&jane));
    let reply = owner.delete(&member).await;
    assert_eq!((reply.status.as_u16(), &reply.body), (200, &taken));
    refused(&owner.delete(&member).await, 404, "The user does not have this role");
    refused(
        &owner.delete(&format!("{}/nothing", roles(&jane))).await,
        404,
        "Role not found",
    );
    refused(
        &owner.delete(&format!("{}/user", roles(&jane))).await,
        409,
        "Every account is at least `user`",
    );
    assert_eq!(
        owner.delete(&format!("{}/press%20office", roles(&jane))).await.status,
        200
    );
    refused(
        &owner.delete(&format!("{}/{id}", roles(&jane))).await,
        404,
        "The user does not have this role",
    );
    assert_eq!(roles_of(&owner, &jane).await, ["user"]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_grant_of_the_role_goes_and_one_that_is_over_is_none() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = made(&owner, "jane", &["member"]).await;
    let sales = json!({ "role": "member", "department": "sales" });
    let brief = json!({ "role": "admin", "effectiveTo": "2026-11-22T08:01:00Z" });
    for grant in [sales, brief] {
        assert_eq!(owner.post(&format!("/api/users/{id}/roles"), grant).await.status, 201);
    }
    assert_eq!(owner.delete(&format!("{}/member", roles(&id))).await.status, 200);
    let left = owner.get(&format!("/api/users/{id}/roles")).await.body;
    assert_eq!(left.as_array().unwrap().len(), 2, "{left}");
    world.clock.advance(60);
    refused(
        &owner.delete(&format!("{}/admin", roles(&id))).await,
        404,
        "The user does not have this role",
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z06_the_role_of_the_last_administrator_cannot_be_taken() {
    let world = World::new().await;
    let admin = admin(&world).await;
    assert_eq!(
        world
            .owner()
            .await
            .delete(&format!("{}/owner", roles("owner")))
            .await
            .status,
        200
    );
    refused(
        &admin.delete(&format!("{}/admin", roles("admin"))).await,
        409,
        "This is the last account that may manage users",
    );
    made(&admin, "second", &["admin"]).await;
    assert_eq!(admin.delete(&format!("{}/admin", roles("admin"))).await.status, 200);
    refused(&admin.get("/v1/admin/users").await, 403, "Admin access required");
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_that_came_or_went_is_in_the_rights_history() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let id = made(&admin, "jane", &["member"]).await;
    let rows = || {
        let items = world.items();
        let of_jane = items
            .iter()
            .filter(|item| item["target"]["M"]["user"]["S"] == json!(id));
        let mut kinds: Vec<String> = of_jane
            .map(|item| item["kind"]["S"].as_str().unwrap().to_owned())
            .collect();
        kinds.sort();
        kinds
    };
    assert_eq!(rows(), ["userCreated"]);
    let body = json!({ "roles": ["admin"], "email_verified": true });
    assert_eq!(admin.put(&user(&id), body).await.status, 200);
    assert_eq!(rows(), ["roleGranted", "roleRevoked", "userCreated"]);
    assert_eq!(
        admin
            .post(&roles(&id), json!({ "roles": ["member", "SYS_ADMIN"] }))
            .await
            .status,
        200
    );
    assert_eq!(admin.delete(&format!("{}/member", roles(&id))).await.status, 200);
    assert_eq!(admin.delete(&user(&id)).await.status, 200);
    assert_eq!(
        rows(),
        [
            "roleGranted",
            "roleGranted",
            "roleGranted",
            "roleRevoked",
            "roleRevoked",
            "userCreated",
            "userDeleted",
        ]
    );
}
