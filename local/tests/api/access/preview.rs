//! `POST /api/access/preview`

use serde_json::{Value, json};

use super::{JANE, catalogue};
use crate::support::{Client, Reply, World};
use crate::users::{grant, refused, role, signed_in_with, user};

async fn preview(client: &Client, body: Value) -> Reply {
    client.post("/api/access/preview", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_role_is_shown_for_each_of_its_holders() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read", "invoices.write"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    role(&world, "reader", &["invoices.read"]).await;
    let jane = world.user_with(JANE, &["clerk"]).await;
    world.clock.advance(1);
    let jack = world.user("jack@example.org").await;
    grant(&owner, &jack, json!({ "role": "clerk", "department": "Sales" })).await;
    // Who has the permission from elsewhere does not lose it; who has ended, or is not active, has nothing to lose.
    world.user_with("both@example.org", &["clerk", "reader"]).await;
    let banned = world.user_with("banned@example.org", &["clerk"]).await;
    assert_eq!(
        owner.patch(&user(&banned), json!({ "status": "banned" })).await.status,
        204
    );
    let later = world.user("later@example.org").await;
    grant(
        &owner,
        &later,
        json!({ "role": "clerk", "effectiveFrom": "2026-11-22T09:00:00Z" }),
    )
    .await;
    let reply = preview(&owner, json!({ "role": "clerk", "permissions": [] })).await;
    let loses = format!(
        concat!(
            r#"{{"gains":[],"loses":[{{"user":"{}","department":null,"permissions":["invoices.read"]}},"#,
            r#"{{"user":"{}","department":"Sales","permissions":["invoices.read"]}}],"truncated":false}}"#
        ),
        jane, jack
    );
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, loses.as_str()));
    let wider = json!({ "role": "CLERK", "permissions": ["invoices.read", "invoices.write"] });
    let body = preview(&owner, wider).await.body;
    assert_eq!(
        (body["gains"].as_array().unwrap().len(), &body["loses"]),
        (3, &json!([]))
    );
    let same = json!({ "role": "clerk", "permissions": ["invoices.read"] });
    assert_eq!(
        preview(&owner, same).await.body,
        json!({ "gains": [], "loses": [], "truncated": false })
    );
    // Nothing was changed.
    assert_eq!(
        owner.get("/api/roles/clerk").await.body["permissions"],
        json!(["invoices.read"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_shown_for_its_department_and_a_revocation_for_what_nothing_else_gives() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read", "invoices.write"]).await;
    role(&world, "reader", &["invoices.read"]).await;
    role(&world, "writer", &["invoices.read", "invoices.write"]).await;
    let id = world.user(JANE).await;
    let reader = grant(&owner, &id, json!({ "role": "reader" })).await;
    let writer = json!({ "role": "writer", "department": "Sales" });
    let body = preview(&owner, json!({ "user": JANE, "grant": writer })).await.body;
    let gains = json!([{ "user": id, "department": "Sales", "permissions": ["invoices.write"] }]);
    assert_eq!(body, json!({ "gains": gains, "loses": [], "truncated": false }));
    grant(&owner, &id, writer).await;
    // In sales it may still read, and everywhere else no more.
    let body = preview(&owner, json!({ "user": id, "revoke": reader })).await.body;
    let loses = json!([
        { "user": id, "department": null, "permissions": ["invoices.read"] },
        { "user": id, "department": "Sales", "permissions": [] },
    ]);
    assert_eq!(body, json!({ "gains": [], "loses": loses, "truncated": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_has_no_preview() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let id = world.user_with(JANE, &["clerk"]).await;
    let other = world.user("jack@example.org").await;
    let given = owner.get(&format!("/api/users/{id}/roles")).await.body;
    let given = |role: &str| {
        let mut all = given.as_array().unwrap().iter();
        all.find(|one| one["role"] == role).unwrap()["userRoleId"].clone()
    };
    for (body, pointer) in [
        (json!({ "role": "nothing", "permissions": [] }), "/role"),
        (
            json!({ "role": "clerk", "permissions": ["invoices.nothing"] }),
            "/permissions",
        ),
        (
            json!({ "user": "nobody@example.org", "grant": { "role": "clerk" } }),
            "/user",
        ),
        (json!({ "user": "a@b@c", "grant": { "role": "clerk" } }), "/user"),
        (json!({ "user": id, "grant": { "role": "nothing" } }), "/grant/role"),
        (
            json!({ "user": id, "grant": { "role": "clerk", "department": "" } }),
            "/grant/department",
        ),
        (
            json!({ "user": id, "grant": { "role": "clerk", "effectiveTo": "2026-11-22T07:00:00Z" } }),
            "/grant/effectiveTo",
        ),
        (
            json!({ "user": id, "grant": { "role": "clerk", "effectiveFrom": "2026-11-22T10:00:00Z",
                "effectiveTo": "2026-11-22T09:00:00Z" } }),
            "/grant/effectiveTo",
        ),
        (
            json!({ "user": id, "revoke": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" }),
            "/revoke",
        ),
        (json!({ "user": other, "revoke": given("clerk") }), "/revoke"),
        (json!({ "user": id, "revoke": "x" }), "/revoke"),
        (json!({}), ""),
        (json!({ "role": "clerk" }), ""),
        (json!({ "user": id }), ""),
        (json!({ "user": id, "role": "clerk", "permissions": [] }), ""),
        (
            json!({ "user": id, "grant": { "role": "clerk" }, "revoke": given("clerk") }),
            "",
        ),
    ] {
        let reply = preview(&owner, body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec![pointer]),
            "{body}: {}",
            reply.text
        );
    }
    for body in [
        json!({ "role": "admin", "permissions": ["admin.users"] }),
        json!({ "role": "owner", "permissions": [] }),
        json!({ "role": "user", "permissions": ["admin.users"] }),
        json!({ "user": id, "revoke": given("user") }),
    ] {
        refused(&preview(&owner, body).await, 409, "system-role");
    }
    role(&world, "users", &["admin.users", "admin.access"]).await;
    let (_, jill) = signed_in_with(&world, "jill@example.org", &["users"]).await;
    for change in [
        json!({ "role": "clerk", "permissions": [] }),
        json!({ "user": id, "revoke": given("clerk") }),
    ] {
        refused(&preview(&jill, change).await, 403, "missing-permission");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_accounts_are_named_and_one_more_is_said_to_be_left_out() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &[]).await;
    for n in 0..1_001 {
        let body = json!({ "username": format!("u{n:04}"), "email": format!("u{n}@example.org"), "roles": ["clerk"] });
        assert_eq!(owner.post("/api/users", body).await.status, 201);
        if n == 999 {
            let body = preview(&owner, json!({ "role": "clerk", "permissions": ["invoices.read"] }))
                .await
                .body;
            assert_eq!(
                (body["gains"].as_array().unwrap().len(), &body["truncated"]),
                (1_000, &json!(false))
            );
        }
    }
    let body = preview(&owner, json!({ "role": "clerk", "permissions": ["invoices.read"] }))
        .await
        .body;
    assert_eq!(
        (body["gains"].as_array().unwrap().len(), &body["truncated"]),
        (1_000, &json!(true))
    );
}

/// Lambda answers 6 MB at most.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_long_permissions_fewer_accounts_are_shown_and_it_is_stated() {
    let world = World::new().await;
    let owner = world.owner().await;
    let names: Vec<String> = (0..250).map(|n| format!("{n:03}.{}", "x".repeat(60))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    catalogue(&world, &names).await;
    role(&world, "wide", &names).await;
    for n in 0..220 {
        let body = json!({ "username": format!("user{n}"), "roles": ["wide"] });
        assert_eq!(owner.post("/api/users", body).await.status, 201);
    }
    let reply = preview(&owner, json!({ "role": "wide", "permissions": [] })).await;
    assert_eq!(reply.body["truncated"], true);
    assert!(reply.text.len() < 4 * 1024 * 1024, "{}", reply.text.len());
    assert!(reply.body["loses"].as_array().unwrap().len() > 150);
}
