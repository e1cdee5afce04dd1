//! `POST /api/permissions`, `DELETE /api/permissions/{name}` and `GET /api/permissions?scope=`

use serde_json::{Value, json};

use crate::reconcile::assert_reconciled;
use crate::support::{Client, Reply, World};
use crate::tenants::{owner_of, with_header};
use crate::users::{invalid, refused, role, signed_in_with};

const JANE: &str = "jane@example.org";

pub async fn add(client: &Client, name: &str) -> Reply {
    client.post("/api/permissions", json!({ "name": name })).await
}

/// The names of a list of permissions.
async fn listed(client: &Client, query: &str) -> Vec<String> {
    let reply = client.get(&format!("/api/permissions{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let all = reply.body.as_array().unwrap().iter();
    all.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_of_an_application_is_added_listed_by_scope_and_removed() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "name": "invoices.read", "description": "Read invoices" });
    let reply = owner.post("/api/permissions", body).await;
    let shown = json!({
        "name": "invoices.read", "description": "Read invoices", "scope": "application", "restricted": false,
    });
    assert_eq!((reply.status.as_u16(), &reply.body), (201, &shown));
    assert_eq!(reply.header("location"), "/api/permissions/invoices.read");
    let body = json!({ "name": "user:read", "restricted": true });
    let reply = owner.post("/api/permissions", body).await;
    let restricted = json!({ "name": "user:read", "description": null, "scope": "application", "restricted": true });
    assert_eq!((reply.status.as_u16(), &reply.body), (201, &restricted));
    let admin = world.admin().await;
    for query in ["?scope=application", "?scope=APPLICATION"] {
        let reply = admin.get(&format!("/api/permissions{query}")).await;
        assert_eq!(reply.body, json!([shown, restricted]));
    }
    let (all, system) = (listed(&admin, "").await, listed(&admin, "?scope=system").await);
    assert_eq!((all.len(), system.len()), (8, 6));
    assert!(system.iter().all(|name| name.starts_with("admin.")));
    assert_eq!(listed(&admin, "?scope=").await, all);
    invalid(&admin.get("/api/permissions?scope=tenant").await, &["?scope"]);
    let reply = owner.delete("/api/permissions/invoices.read").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(listed(&admin, "?scope=application").await, ["user:read"]);
    refused(&owner.delete("/api/permissions/invoices.read").await, 404, "not-found");
    // Removed, it can be added again, as another one.
    let again = owner
        .post(
            "/api/permissions",
            json!({ "name": "invoices.read", "restricted": true }),
        )
        .await;
    assert_eq!(again.status, 201);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_of_main_alone_change_the_catalogue() {
    let world = with_header().await;
    let acme = owner_of(&world, "acme").await;
    assert_eq!(add(&world.owner().await, "invoices.read").await.status, 201);
    role(
        &world,
        "all",
        &["admin.users", "admin.roles", "admin.keys", "admin.access"],
    )
    .await;
    let (_, all) = signed_in_with(&world, JANE, &["all"]).await;
    for client in [world.admin().await, all, acme.clone()] {
        refused(&add(&client, "orders.read").await, 403, "missing-permission");
        for query in ["", "?force=true"] {
            let path = format!("/api/permissions/invoices.read{query}");
            refused(&client.delete(&path).await, 403, "missing-permission");
        }
    }
    refused(&add(&world.nobody(), "orders.read").await, 401, "no-credentials");
    // It is the stack's: another tenant's roles have what is in it.
    assert!(listed(&acme, "").await.contains(&"invoices.read".to_owned()));
    let reply = acme
        .post(
            "/api/roles",
            json!({ "name": "clerk", "permissions": ["invoices.read"] }),
        )
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_lower_case_and_the_system_s_are_its_own() {
    let world = World::new().await;
    let owner = world.owner().await;
    for name in [
        "a",
        "7",
        "user:read",
        "a.b-c_d:e",
        "administrator",
        &"a".repeat(64),
    ] {
        assert_eq!(add(&owner, name).await.status, 201, "{name}");
        refused(&add(&owner, name).await, 409, "permission-taken");
        assert_eq!(
            owner.delete(&format!("/api/permissions/{name}")).await.status,
            204,
            "{name}"
        );
    }
    for name in [
        "",
        "A",
        "Invoices.read",
        "a b",
        " a",
        "a ",
        "\u{e9}",
        "a/b",
        "a#b",
        ".a",
        "-a",
        "a\n",
        "admin.",
        "admin.users",
        "admin.invoices",
        "admin",
        "admin:users",
        "admin:users.read",
        &"a".repeat(65),
    ] {
        invalid(&add(&owner, name).await, &["/name"]);
    }
    // What only begins like it is an application's.
    for name in ["administrators", "admin-users", "admin_users", "invoices.admin"] {
        assert_eq!(add(&owner, name).await.status, 201, "{name}");
    }
    for (body, pointer) in [
        (json!({}), "/name"),
        (json!({ "name": 7 }), "/name"),
        (json!({ "name": "a", "description": "a".repeat(201) }), "/description"),
        (json!({ "name": "a", "restricted": "yes" }), "/restricted"),
    ] {
        invalid(&owner.post("/api/permissions", body).await, &[pointer]);
    }
    for (name, status, problem) in [
        ("admin.users", 409, "system-permission"),
        ("admin.nothing", 404, "not-found"),
        ("nothing", 404, "not-found"),
        ("Not%20one", 404, "not-found"),
    ] {
        for query in ["", "?force=true"] {
            refused(
                &owner.delete(&format!("/api/permissions/{name}{query}")).await,
                status,
                problem,
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_has_what_the_catalogue_has_and_nothing_else() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    let clerk = json!({ "name": "clerk", "permissions": ["invoices.read"] });
    invalid(&admin.post("/api/roles", clerk.clone()).await, &["/permissions"]);
    assert_eq!(add(&owner, "invoices.read").await.status, 201);
    // Who manages roles gives it without holding it.
    assert_eq!(admin.post("/api/roles", clerk).await.status, 201);
    assert_eq!(
        admin
            .post("/api/users", json!({ "email": JANE, "roles": ["clerk"] }))
            .await
            .status,
        201
    );
    let patch = json!({ "permissions": ["invoices.read", "invoices.write", "orders.read"] });
    invalid(
        &admin.patch("/api/roles/clerk", patch).await,
        &["/permissions", "/permissions"],
    );
    // Also roles of the system.
    let member = owner
        .patch("/api/roles/member", json!({ "permissions": ["invoices.read"] }))
        .await;
    assert_eq!(
        (member.status.as_u16(), &member.body["permissions"]),
        (200, &json!(["invoices.read"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restricted_is_given_by_who_holds_it_or_owns_the_catalogue() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    let body = json!({ "name": "payments.make", "restricted": true });
    assert_eq!(owner.post("/api/permissions", body).await.status, 201);
    let payer = json!({ "name": "payer", "permissions": ["payments.make"] });
    refused(&admin.post("/api/roles", payer.clone()).await, 403, "not-held");
    role(&world, "empty", &[]).await;
    let gain = json!({ "permissions": ["payments.make"] });
    refused(&admin.patch("/api/roles/empty", gain.clone()).await, 403, "not-held");
    assert_eq!(owner.post("/api/roles", payer).await.status, 201);
    let jane = world.user(JANE).await;
    let roles = format!("/api/users/{jane}/roles");
    refused(&admin.post(&roles, json!({ "role": "payer" })).await, 403, "not-held");
    let invited = json!({ "email": "jack@example.org", "roles": ["payer"] });
    refused(&admin.post("/api/users", invited).await, 403, "not-held");
    let through_admin = json!({ "roles": ["payer"] });
    assert_eq!(
        admin
            .post(&format!("/v1/admin/users/{jane}/roles"), through_admin)
            .await
            .status,
        403
    );
    for patch in [json!({ "permissions": [] }), json!({ "name": "mine" })] {
        refused(&admin.patch("/api/roles/payer", patch).await, 403, "not-held");
    }
    refused(&admin.delete("/api/roles/payer").await, 403, "not-held");
    // Who holds it passes it on.
    role(&world, "manager", &["admin.users", "admin.roles"]).await;
    let (_, manager) = signed_in_with(&world, "jill@example.org", &["manager", "payer"]).await;
    assert_eq!(manager.post(&roles, json!({ "role": "payer" })).await.status, 201);
    assert_eq!(manager.patch("/api/roles/empty", gain).await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_has_is_removed_by_force_from_every_tenant_s_and_each_history_says_so() {
    let world = with_header().await;
    let (owner, acme) = (world.owner().await, owner_of(&world, "acme").await);
    for name in ["invoices.read", "orders.read"] {
        assert_eq!(add(&owner, name).await.status, 201);
        world.clock.advance(1);
    }
    let body = json!({ "name": "clerk", "permissions": ["invoices.read", "orders.read"] });
    let mut ids = Vec::new();
    for client in [&owner, &acme] {
        ids.push(client.post("/api/roles", body.clone()).await.str("id").to_owned());
    }
    for query in ["", "?force=false"] {
        let path = format!("/api/permissions/invoices.read{query}");
        refused(&owner.delete(&path).await, 409, "permission-in-use");
    }
    for client in [&owner, &acme] {
        assert_eq!(
            client.get("/api/roles/clerk").await.body["permissions"],
            body["permissions"]
        );
        // What was refused hides nothing.
        let reply = client
            .post(
                "/api/roles",
                json!({ "name": "also", "permissions": ["invoices.read"] }),
            )
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    world.clock.advance(1);
    assert_eq!(
        owner.delete("/api/permissions/invoices.read?force=true").await.status,
        204
    );
    for (client, id) in [(&owner, &ids[0]), (&acme, &ids[1])] {
        assert_eq!(
            client.get("/api/roles/clerk").await.body["permissions"],
            json!(["orders.read"])
        );
        assert_eq!(client.get("/api/roles/also").await.body["permissions"], json!([]));
        let rows = client.get(&format!("/api/rights-history?role={id}")).await.body;
        let newest = &rows["items"][0];
        assert_eq!(newest["kind"], "roleChanged");
        assert_eq!(newest["before"]["permissions"], json!(["invoices.read", "orders.read"]));
        assert_eq!(newest["after"]["permissions"], json!(["orders.read"]));
    }
    let all = owner.get("/api/rights-history?limit=100").await.body;
    let of_kind = |kind: &str| {
        let rows = all["items"].as_array().unwrap().iter();
        rows.filter(|row| row["kind"] == kind)
            .map(|row| row["target"].clone())
            .collect::<Vec<Value>>()
    };
    assert_eq!(of_kind("permissionRemoved"), ["invoices.read"]);
    assert_eq!(of_kind("permissionCreated"), ["orders.read", "invoices.read"]);
    // A role that is gone has nothing.
    for client in [&owner, &acme] {
        assert_eq!(client.delete("/api/roles/clerk").await.status, 204);
    }
    assert_eq!(owner.delete("/api/permissions/orders.read").await.status, 204);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_every_role_lost_is_in_no_role() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(add(&owner, "invoices.read").await.status, 201);
    role(&world, "clerk", &["invoices.read"]).await;
    role(&world, "gone", &["invoices.read"]).await;
    assert_eq!(
        owner
            .patch("/api/roles/clerk", json!({ "permissions": [] }))
            .await
            .status,
        200
    );
    assert_eq!(owner.delete("/api/roles/gone").await.status, 204);
    assert_eq!(owner.delete("/api/permissions/invoices.read").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_contract_shows_them_with_their_descriptions() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (name, description) in [("user:read", json!("Read users")), ("user:write", json!(null))] {
        let body = json!({ "name": name, "description": description });
        assert_eq!(owner.post("/api/permissions", body).await.status, 201);
    }
    role(&world, "reader", &["user:read", "user:write", "admin.keys"]).await;
    let id = world.user_with(JANE, &["reader"]).await;
    let body = owner.get(&format!("/v1/admin/users/{id}")).await.body;
    let reader = body["roles"]
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["name"] == "reader")
        .unwrap();
    assert_eq!(
        reader["permissions"],
        json!([
            { "name": "admin.keys", "description": "Create and revoke API keys and keys of service accounts" },
            { "name": "user:read", "description": "Read users" },
            { "name": "user:write", "description": null },
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_taken_from_more_roles_than_a_page_has_and_from_those_of_the_system() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(add(&owner, "invoices.read").await.status, 201);
    let held = json!({ "permissions": ["invoices.read"] });
    assert_eq!(owner.patch("/api/roles/member", held).await.status, 200);
    for n in 0..130 {
        role(&world, &format!("r{n}"), &["invoices.read"]).await;
    }
    // Those that lost it are no longer of interest, wherever they stand among the others.
    for n in (0..130).step_by(3) {
        let reply = owner
            .patch(&format!("/api/roles/r{n}"), json!({ "permissions": [] }))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    refused(
        &owner.delete("/api/permissions/invoices.read").await,
        409,
        "permission-in-use",
    );
    assert_eq!(
        owner.delete("/api/permissions/invoices.read?force=true").await.status,
        204
    );
    let mut cursor = String::new();
    loop {
        let page = owner.get(&format!("/api/roles?limit=100{cursor}")).await.body;
        for role in page["items"].as_array().unwrap() {
            let held = role["permissions"].as_array().unwrap();
            assert!(!held.contains(&json!("invoices.read")), "{}", role["name"]);
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // Nothing is left that says that a role has it.
    let items = world.items();
    assert!(items.iter().all(|item| item["PK"]["S"] != "CATALOGUE#invoices.read"));
}
