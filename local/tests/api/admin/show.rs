//! `GET /v1/admin/users/{id}`

use serde_json::json;

use super::{admin, made, refused, role, settled, user};
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_with_its_roles_and_what_they_permit() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let id = made(&owner, "jane", &["helpdesk", "member"]).await;
    let reply = owner.get(&user(&id)).await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(settled(&reply.body), @r#"
    {
      "id": "[id]",
      "email": "jane@example.org",
      "user_name": "jane",
      "email_verified": true,
      "created_at": "2026-11-22T08:00:00.000Z",
      "roles": [
        {
          "id": "[id]",
          "name": "helpdesk",
          "permissions": [
            {
              "name": "admin.users",
              "description": "Create, change and delete accounts, give and take roles, and change the tenant's settings"
            }
          ]
        },
        {
          "id": "00000000-0000-8000-8000-000000000002",
          "name": "member",
          "permissions": []
        },
        {
          "id": "00000000-0000-8000-8000-000000000001",
          "name": "user",
          "permissions": []
        }
      ],
      "social_accounts": []
    }
    "#);
    assert_eq!(owner.get(&user("JANE@example.org")).await.body, reply.body);
    assert_eq!(owner.get(&user("Jane")).await.body, reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_does_not_have_is_null_and_roles_are_those_that_apply_now() {
    let world = World::new().await;
    let (admin, id) = (admin(&world).await, world.user("jane@example.org").await);
    for grant in [
        json!({ "role": "member", "effectiveFrom": "2026-11-22T09:00:00Z" }),
        json!({ "role": "member", "department": "sales" }),
    ] {
        assert_eq!(admin.post(&format!("/api/users/{id}/roles"), grant).await.status, 201);
    }
    let shown = admin.get(&user(&id)).await.body;
    assert_eq!(
        shown,
        json!({
            "id": id, "email": "jane@example.org", "user_name": null, "email_verified": false,
            "created_at": "2026-11-22T08:00:00.000Z",
            "roles": [{ "id": "00000000-0000-8000-8000-000000000001", "name": "user", "permissions": [] }],
            "social_accounts": [],
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nobody_is_not_found() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let gone = made(&admin, "gone", &[]).await;
    assert_eq!(admin.delete(&user(&gone)).await.status, 200);
    for id in [&gone, "00000000-0000-7000-8000-000000000000", "nobody", "a@b.example"] {
        refused(&admin.get(&user(id)).await, 404, "User not found");
        let body = json!({ "user_name": "x" });
        refused(&admin.put(&user(id), body).await, 404, "User not found");
        refused(&admin.delete(&user(id)).await, 404, "User not found");
        let roles = format!("{}/roles", user(id));
        refused(
            &admin.post(&roles, json!({ "roles": ["member"] })).await,
            404,
            "User not found",
        );
        refused(&admin.delete(&format!("{roles}/member")).await, 404, "User not found");
    }
}
