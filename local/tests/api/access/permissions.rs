//! `GET /api/me/permissions` and `GET /api/users/{user}/permissions`

use serde_json::{Value, json};

use super::{JANE, catalogue};
use crate::support::{PASSWORD, World};
use crate::users::{grant, invalid, refused, role, signed_in_with, user};

#[tokio::test(flavor = "multi_thread")]
async fn permissions_and_the_roles_that_give_them_are_listed_each_until_it_ends() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read", "invoices.write"]).await;
    role(&world, "Reader", &["invoices.read"]).await;
    role(&world, "writer", &["invoices.read", "invoices.write"]).await;
    let (id, jane) = signed_in_with(&world, JANE, &[]).await;
    grant(
        &owner,
        &id,
        json!({ "role": "reader", "effectiveTo": "2026-11-22T09:00:00Z" }),
    )
    .await;
    grant(
        &owner,
        &id,
        json!({ "role": "writer", "department": "Sales", "effectiveTo": "2026-11-22T08:30:00Z" }),
    )
    .await;
    let reply = jane.get("/api/me/permissions").await;
    let expected = concat!(
        r#"{"department":null,"permissions":[{"name":"invoices.read","until":"2026-11-22T09:00:00.000Z"}],"#,
        r#""roles":[{"name":"user","department":null,"until":null},"#,
        r#"{"name":"Reader","department":null,"until":"2026-11-22T09:00:00.000Z"}]}"#
    );
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, expected));
    let in_sales = jane.get("/api/me/permissions?department=SALES").await;
    let expected = json!({
        "department": "SALES",
        "permissions": [
            { "name": "invoices.read", "until": "2026-11-22T09:00:00.000Z" },
            { "name": "invoices.write", "until": "2026-11-22T08:30:00.000Z" },
        ],
        "roles": [
            { "name": "user", "department": null, "until": null },
            { "name": "Reader", "department": null, "until": "2026-11-22T09:00:00.000Z" },
            { "name": "writer", "department": "Sales", "until": "2026-11-22T08:30:00.000Z" },
        ],
    });
    assert_eq!(in_sales.body, expected);
    assert_eq!(reply.header("cache-control"), "no-store");
    for (query, own) in [("", &reply), ("?department=SALES", &in_sales)] {
        for name in [id.as_str(), JANE] {
            let shown = owner.get(&format!("/api/users/{name}/permissions{query}")).await;
            assert_eq!(shown.text, own.text, "{name}");
        }
    }
    world.clock.advance(3600);
    assert_eq!(jane.get("/api/me/permissions").await.body["permissions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_for_who_manages_accounts_and_of_those_that_are_there() {
    let world = World::new().await;
    let (id, jane) = signed_in_with(&world, JANE, &[]).await;
    role(&world, "asker", &["admin.access", "admin.roles"]).await;
    let (_, asker) = signed_in_with(&world, "asker@example.org", &["asker"]).await;
    let path = format!("/api/users/{id}/permissions");
    for client in [&jane, &asker] {
        refused(&client.get(&path).await, 403, "missing-permission");
    }
    let admin = world.admin().await;
    for gone in ["nobody", "nobody@example.org", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"] {
        refused(
            &admin.get(&format!("/api/users/{gone}/permissions")).await,
            404,
            "not-found",
        );
    }
    invalid(
        &admin.get(&format!("{path}?department={}", "a".repeat(65))).await,
        &["?department"],
    );
    invalid(&jane.get("/api/me/permissions?department=%0A").await, &["?department"]);
    for status in ["inactive", "banned", "locked"] {
        assert_eq!(admin.patch(&user(&id), json!({ "status": status })).await.status, 204);
        let body = admin.get(&path).await.body;
        assert_eq!(
            body,
            json!({ "department": null, "permissions": [], "roles": [] }),
            "{status}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_a_moment_to_come_are_those_that_the_grants_will_give() {
    let world = World::new().await;
    let owner = world.owner().await;
    catalogue(&world, &["invoices.read"]).await;
    role(&world, "clerk", &["invoices.read"]).await;
    let id = world.user(JANE).await;
    let body =
        json!({ "role": "clerk", "effectiveFrom": "2026-11-22T08:10:00Z", "effectiveTo": "2026-11-22T08:20:00Z" });
    grant(&owner, &id, body).await;
    for (at, held) in [
        ("2026-11-22T08:09:59.999Z", json!([])),
        (
            "2026-11-22T08:10:00Z",
            json!([{ "name": "invoices.read", "until": "2026-11-22T08:20:00.000Z" }]),
        ),
        ("2026-11-22T08:20:00Z", json!([])),
    ] {
        let reply = owner.get(&format!("/api/users/{id}/permissions?at={at}")).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["permissions"]),
            (200, &held),
            "{at}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_s_own_routes_open_by_what_it_is_said_to_hold() {
    let world = World::new().await;
    for (client, names) in [
        (
            world.owner().await,
            &["access", "keys", "permissions", "roles", "tenants", "users"][..],
        ),
        (world.admin().await, &["access", "keys", "roles", "users"]),
    ] {
        let body = client.get("/api/me/permissions").await.body;
        let held = body["permissions"].as_array().unwrap().iter();
        let held: Vec<&str> = held.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(
            held,
            names.iter().map(|name| format!("admin.{name}")).collect::<Vec<_>>()
        );
    }
    let body = json!({ "email": JANE, "password": PASSWORD, "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let jane = world.signed_in(JANE, PASSWORD).await;
    refused(&jane.get("/api/me/permissions").await, 403, "must-change-password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_principal_is_shown_what_its_token_holds() {
    let world = World::new().await;
    let body = json!({ "username": "robot", "roles": ["member"], "permissions": ["admin.users"] });
    let reply = world.nobody().post("/api/auth/dev-token", body).await;
    let robot = world.with_token(reply.str("token"));
    let expected = json!({
        "department": null,
        "permissions": [{ "name": "admin.users", "until": null }],
        "roles": [{ "name": "member", "department": null, "until": null }],
    });
    assert_eq!(robot.get("/api/me/permissions").await.body, expected);
    let mut in_sales = expected;
    in_sales["department"] = Value::from("sales");
    assert_eq!(robot.get("/api/me/permissions?department=sales").await.body, in_sales);
}
