//! Z5: whatever is somebody's in one tenant is nobody's in another.

use serde_json::{Value, json};
use usher::actions::settings;
use usher::domain::tenant_settings::Chosen;

use super::{context, items_of, owner_of, signed_in, with_header, within};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, World};
use crate::users::{grant, invalid, refused};

/// Two tenants whose ids differ by one character, and their owners.
pub async fn two() -> (World, Client, Client) {
    let world = with_header().await;
    let one = owner_of(&world, "org1").await;
    let ten = owner_of(&world, "org10").await;
    (world, one, ten)
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_a_token_or_session_of_one_tenant_is_nobodys_in_another() {
    let (world, one, _) = two().await;
    let login = json!({ "email": "owner@example.org", "password": PASSWORD });
    let pair = within(&world.nobody(), "org1").post("/api/auth/token", login).await;
    let (access, refresh) = (
        pair.str("accessToken"),
        json!({ "refreshToken": pair.str("refreshToken") }),
    );
    for other in ["org10", "main"] {
        let other = within(&world.nobody(), other);
        for token in [&one.token, access] {
            let with = Client {
                token: token.to_owned(),
                ..other.clone()
            };
            refused(&with.get("/api/me/profile").await, 401, "invalid-token");
            refused(&with.post_empty("/api/auth/logout").await, 401, "invalid-token");
        }
        refused(
            &other.post("/api/auth/refresh", refresh.clone()).await,
            401,
            "invalid-token",
        );
        // RFC 7009: what is nobody's is revoked already.
        for token in [&one.token, access, pair.str("refreshToken")] {
            let revoked = other.post("/api/auth/revoke", json!({ "token": token })).await;
            assert_eq!(revoked.status, 200);
        }
    }
    let unnamed = world.with_token(access);
    refused(&unnamed.get("/api/me/profile").await, 401, "invalid-token");
    let own = within(&world.nobody(), "org1");
    assert_eq!(own.post("/api/auth/refresh", refresh).await.status, 200);
    assert_eq!(one.get("/api/me/profile").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_the_same_address_and_name_are_different_accounts_in_different_tenants() {
    let (world, one, ten) = two().await;
    let new = |password: &str| json!({ "email": "Jane@Example.org", "username": "jane", "password": password });
    for (owner, password) in [
        (&one, "the password in org1"),
        (&ten, "the password in org10"),
        (&world.owner().await, PASSWORD),
    ] {
        let reply = owner.post("/api/users", new(password)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        refused(&owner.post("/api/users", new(password)).await, 409, "email-taken");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (tenant, password) in [
        ("org1", "the password in org1"),
        ("org10", "the password in org10"),
        ("main", PASSWORD),
    ] {
        for name in ["jane", "JANE@example.org"] {
            let jane = signed_in(&world, tenant, name, password).await;
            ids.insert(jane.get("/api/me/profile").await.str("id").to_owned());
            for other in ["org1", "org10", "main"].iter().filter(|other| **other != tenant) {
                let body = json!({ "username": name, "password": password });
                let reply = within(&world.nobody(), other).post("/api/auth/login", body).await;
                refused(&reply, 401, "wrong-credentials");
            }
        }
    }
    assert_eq!(ids.len(), 3);
    // Deleted in one, it is as it was in the others.
    assert_eq!(one.delete("/api/users/jane").await.status, 204);
    assert_eq!(ten.get("/api/users/jane").await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_ids_and_names_of_one_tenant_name_nothing_in_another() {
    let (world, one, ten) = two().await;
    let id = one
        .post(
            "/api/users",
            json!({ "email": "jane@example.org", "username": "jane", "password": PASSWORD }),
        )
        .await
        .str("id")
        .to_owned();
    let role = one
        .post("/api/roles", json!({ "name": "editor" }))
        .await
        .str("id")
        .to_owned();
    let given = grant(&one, &id, json!({ "role": "editor" })).await;
    let key = crate::api_keys::made(&one, "x").await.str("id").to_owned();
    let before = items_of(&world, "org1");
    for user in [&id, "jane", "jane@example.org"] {
        let path = format!("/api/users/{user}");
        for reply in [
            ten.get(&path).await,
            ten.patch(&path, json!({ "displayName": "x" })).await,
            ten.put(&path, json!({ "status": "inactive" })).await,
            ten.delete(&path).await,
            ten.post_empty(&format!("{path}/lock")).await,
            ten.post_empty(&format!("{path}/reset-password")).await,
            ten.get(&format!("{path}/login-history")).await,
            ten.post(&format!("{path}/roles"), json!({ "role": "admin" })).await,
            ten.delete(&format!("{path}/roles/{given}")).await,
        ] {
            refused(&reply, 404, "not-found");
        }
    }
    refused(
        &ten.delete(&format!("/api/users/boss/roles/{given}")).await,
        404,
        "not-found",
    );
    for role in [role.as_str(), "editor"] {
        let path = format!("/api/roles/{role}");
        refused(&ten.get(&path).await, 404, "not-found");
        refused(&ten.patch(&path, json!({ "maxCount": 1 })).await, 404, "not-found");
        refused(&ten.delete(&format!("{path}?force=true")).await, 404, "not-found");
        invalid(
            &ten.post("/api/users/boss/roles", json!({ "role": role })).await,
            &["/role"],
        );
        invalid(&ten.get(&format!("/api/users?role={role}")).await, &["?role"]);
        let new = json!({ "email": "x@example.org", "password": PASSWORD, "roles": [role] });
        invalid(&ten.post("/api/users", new).await, &["/roles/0"]);
    }
    refused(&ten.delete(&format!("/api/api-keys/{key}")).await, 404, "not-found");
    assert_eq!(items_of(&world, "org1"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_a_cursor_of_one_tenant_continues_nothing_in_another() {
    let (world, one, ten) = two().await;
    for owner in [&one, &ten] {
        for name in ["a", "b"] {
            crate::api_keys::made(owner, name).await;
            let new = json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
            assert_eq!(owner.post("/api/users", new).await.status, 201);
        }
    }
    let cursors = ["/api/users", "/api/users?q=example", "/api/roles", "/api/api-keys"];
    for path in cursors {
        let mark = if path.contains('?') { '&' } else { '?' };
        let cursor = one
            .get(&format!("{path}{mark}limit=1"))
            .await
            .str("nextCursor")
            .to_owned();
        assert!(!cursor.is_empty(), "{path}");
        let next = format!("{path}{mark}limit=1&cursor={cursor}");
        assert_eq!(one.get(&next).await.status, 200, "{path}");
        invalid(&ten.get(&next).await, &["?cursor"]);
        invalid(&world.owner().await.get(&next).await, &["?cursor"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_search_listings_and_totals_are_a_tenants_own() {
    let (world, one, ten) = two().await;
    for n in 0..3 {
        let new =
            json!({ "email": format!("one{n}@example.org"), "username": format!("one-{n}"), "password": PASSWORD });
        assert_eq!(one.post("/api/users", new).await.status, 201);
    }
    one.post("/api/roles", json!({ "name": "editor" })).await;
    one.post_empty("/api/users/one-0/lock").await;
    let total = |body: Value| body["total"].clone();
    for (client, all, found, locked, members) in [
        (&one, 4, 3, 1, 4),
        (&ten, 1, 0, 0, 1),
        (&world.owner().await, 2, 0, 0, 2),
    ] {
        assert_eq!(total(client.get("/api/users").await.body), all);
        assert_eq!(total(client.get("/api/users?limit=1").await.body), all, "as counted");
        assert_eq!(total(client.get("/api/users?q=one").await.body), found);
        assert_eq!(total(client.get("/api/users?status=locked").await.body), locked);
        assert_eq!(total(client.get("/api/users?role=user").await.body), members);
        assert_eq!(client.get("/api/roles/user").await.body["memberCount"], members);
    }
    let roles = |body: Value| body["items"].as_array().unwrap().len();
    assert_eq!(roles(one.get("/api/roles").await.body), 7);
    assert_eq!(roles(ten.get("/api/roles").await.body), 6);
    let keys = |body: Value| body["items"].as_array().unwrap().len();
    crate::api_keys::made(&one, "x").await;
    assert_eq!(keys(one.get("/api/api-keys").await.body), 1);
    assert_eq!(
        keys(ten.get("/api/api-keys").await.body),
        0,
        "that of set-up is of main"
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_roles_of_one_name_are_different_roles_and_those_of_the_system_change_apart() {
    let (world, one, ten) = two().await;
    let mut ids = Vec::new();
    for owner in [&one, &ten] {
        let reply = owner.post("/api/roles", json!({ "name": "editor" })).await;
        assert_eq!(reply.status, 201);
        ids.push(reply.str("id").to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    let more = json!({ "description": "ours", "maxCount": 1 });
    assert_eq!(one.patch("/api/roles/member", more).await.status, 200);
    let member = ten.get("/api/roles/member").await.body;
    assert_eq!(
        (&member["description"], &member["maxCount"]),
        (&json!("Default member role"), &json!(null))
    );
    assert_eq!(one.delete("/api/roles/editor").await.status, 204);
    assert_eq!(ten.get("/api/roles/editor").await.status, 200);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_failed_logins_in_one_tenant_lock_nobody_in_another() {
    let (world, ..) = two().await;
    for name in ["boss", "owner@example.org", "nobody-at-all"] {
        let guess = |tenant: &'static str| {
            let body = json!({ "username": name, "password": "wrong" });
            let nobody = within(&world.nobody(), tenant);
            async move { nobody.post("/api/auth/login", body).await.status.as_u16() }
        };
        for _ in 0..5 {
            guess("org1").await;
        }
        assert_eq!(guess("org1").await, 423, "{name}");
        assert_eq!(guess("org10").await, 401, "{name}");
    }
    signed_in(&world, "org10", "boss", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_settings_of_one_tenant_are_in_force_in_it_alone() {
    let (world, one, ten) = two().await;
    let cx = context(&world, "org1").await;
    let set = |chosen: Chosen| {
        Ok(Chosen {
            min_password_length: Some(30),
            lockout_limit: Some(2),
            ..chosen
        })
    };
    settings::change(&cx, set).await.unwrap();
    world.clock.advance(10);
    let new = json!({ "email": "x@example.org", "password": PASSWORD });
    invalid(&one.post("/api/users", new.clone()).await, &["/password"]);
    assert_eq!(ten.post("/api/users", new.clone()).await.status, 201);
    assert_eq!(world.owner().await.post("/api/users", new).await.status, 201);
    let set = |item: &&Value| !item["minPasswordLength"].is_null();
    assert_eq!(items_of(&world, "org1").values().filter(set).count(), 1);
    assert_eq!(items_of(&world, "org10").values().filter(set).count(), 0);
    assert_eq!(
        settings::chosen(&context(&world, "org10").await).await.unwrap(),
        Chosen::default()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_histories_are_a_tenants_own() {
    let (world, one, ten) = two().await;
    let before = items_of(&world, "org10");
    let id = one
        .post(
            "/api/users",
            json!({ "email": "jane@example.org", "password": PASSWORD }),
        )
        .await
        .str("id")
        .to_owned();
    signed_in(&world, "org1", "jane@example.org", PASSWORD).await;
    one.post_empty(&format!("/api/users/{id}/lock")).await;
    assert_eq!(
        items_of(&world, "org10"),
        before,
        "not a row there of what happens here"
    );
    let history = one.get(&format!("/api/users/{id}/login-history")).await.body;
    assert_eq!(history["items"].as_array().unwrap().len(), 1);
    refused(
        &ten.get(&format!("/api/users/{id}/login-history")).await,
        404,
        "not-found",
    );
    let own = ten.get("/api/me/login-history").await.body;
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
}
