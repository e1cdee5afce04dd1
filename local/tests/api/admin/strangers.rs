//! Other people's things: what a body sets that it has no right to, and ids of other tenants.

use reqwest::Method;
use serde_json::{Value, json};

use super::{admin, made, made_and_in, refused, roles_of, user};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};
use crate::tenants::with_header;

/// Fields that raise rights or are none of a client's business.
fn smuggled() -> Value {
    json!({
        "role": "owner", "permissions": ["admin.users", "admin.tenants"], "is_admin": true, "emailVerified": true,
        "status": "banned", "banned": true, "password_hash": "$argon2id$x", "passwordHash": "x", "tenant": "acme",
        "id": "00000000-0000-7000-8000-000000000000", "created_at": "2000-01-01T00:00:00Z", "createdAt": 0,
        "version": 99, "epoch": 99, "pk": "x", "PK": "x", "SK": "x", "grants": [{ "role": "owner" }],
        "must_change_password": true, "social_accounts": [{ "provider": "x", "provider_user_id": "y" }],
    })
}

fn with(mut body: Value) -> Value {
    let smuggled = smuggled();
    body.as_object_mut()
        .unwrap()
        .extend(smuggled.as_object().unwrap().clone());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_fields_that_a_route_does_not_have_have_no_effect() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let plain = json!({ "email": "jane@example.org", "password": PASSWORD, "user_name": "jane" });
    let made = admin.post("/v1/admin/users", with(plain)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.str("id");
    assert_eq!(
        (made.str("created_at"), &made.body["email_verified"]),
        ("2026-11-22T08:00:00.000Z", &json!(false))
    );
    let whole = || async { admin.get(&format!("/api/users/{id}")).await.body };
    let before = whole().await;
    assert_eq!(
        (&before["status"], &before["roles"]),
        (&json!("active"), &json!(["user"]))
    );
    assert_eq!(before["mustChangePassword"], false);
    let known = with(json!({ "user_name": "jane" }));
    assert_eq!(admin.put(&user(id), known).await.status, 200);
    assert_eq!(
        admin
            .post(&format!("{}/roles", user(id)), with(json!({ "roles": ["user"] })))
            .await
            .status,
        200
    );
    assert_eq!(whole().await, before);
    let settings = admin.get("/v1/settings").await.body;
    let reply = admin.patch("/v1/settings", with(json!({}))).await;
    assert_eq!(reply.status, 400, "an unknown setting is refused");
    assert_eq!(admin.get("/v1/settings").await.body, settings);
    let body = with(json!({ "email": "admin@gauth.local", "password": "Admin@123" }));
    let reply = world.nobody().post("/v1/auth/login", body).await;
    assert_eq!(
        reply.body["user"]["roles"].as_array().unwrap().len(),
        2,
        "{}",
        reply.text
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn z02_an_ordinary_account_s_token_opens_nothing_of_another_s_nor_of_its_own() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let john = made(&admin, "john", &[]).await;
    let (jane, client) = made_and_in(&world, &admin, "jane", &[]).await;
    for id in [&john, &jane] {
        for reply in everything_to(&client, id, &[]).await {
            refused(&reply, 403, "Admin access required");
        }
        assert_eq!(roles_of(&admin, id).await, ["user"]);
    }
}

/// Everything that can be done to an account.
async fn everything_to(client: &Client, id: &str, headers: &[(&str, &str)]) -> Vec<Reply> {
    let (path, roles) = (user(id), format!("{}/roles", user(id)));
    let mut replies = Vec::new();
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::PUT, path.clone(), Some(json!({ "user_name": "changed" }))),
        (Method::PUT, path.clone(), Some(json!({ "roles": ["member"] }))),
        (Method::PUT, path.clone(), Some(json!({ "password": "another one" }))),
        (Method::POST, roles.clone(), Some(json!({ "roles": ["member"] }))),
        (Method::DELETE, format!("{roles}/user"), None),
        (Method::DELETE, path, None),
    ] {
        replies.push(client.send(method, &path, body, headers).await);
    }
    replies
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_one_tenant_s_accounts_tokens_and_settings_are_nobody_s_in_another() {
    let world = with_header().await;
    let owner = json!({ "email": "admin@gauth.local", "username": "admin", "password": "Admin@123 of acme" });
    let body = json!({ "id": "acme", "owner": owner });
    assert_eq!(world.owner().await.post("/api/tenants", body).await.status, 201);
    let (here, there) = (&[][..], &[("x-tenant", "acme")][..]);
    let nobody = world.nobody();
    let login = |password: &str, headers: &'static [(&'static str, &'static str)]| {
        let (nobody, body) = (
            nobody.clone(),
            json!({ "email": "admin@gauth.local", "password": password }),
        );
        async move { nobody.send(Method::POST, "/v1/auth/login", Some(body), headers).await }
    };
    refused(
        &login("Admin@123", &[("x-tenant", "acme")]).await,
        401,
        "Invalid credentials",
    );
    refused(&login("Admin@123 of acme", &[]).await, 401, "Invalid credentials");
    refused(
        &login("Admin@123", &[("x-tenant", "nowhere")]).await,
        404,
        "Tenant not found",
    );
    let main = admin(&world).await;
    let of_acme = login("Admin@123 of acme", &[("x-tenant", "acme")]).await;
    let acme = world.with_token(of_acme.str("access_token"));
    let id = made(&main, "jane", &[]).await;

    // A token of one opens nothing of the other.
    let reply = acme.send(Method::GET, "/v1/admin/users", None, here).await;
    refused(&reply, 401, "Authentication required");
    let reply = main.send(Method::GET, "/v1/admin/users", None, there).await;
    refused(&reply, 401, "Authentication required");
    let body = json!({ "refresh_token": of_acme.str("refresh_token") });
    let reply = nobody.send(Method::POST, "/v1/auth/refresh", Some(body), here).await;
    refused(&reply, 401, "Authentication required");

    // An id, an address and a name of one are nobody's in the other.
    for name in [id.as_str(), "jane@example.org", "jane"] {
        for reply in everything_to(&acme, name, there).await {
            refused(&reply, 404, "User not found");
        }
    }
    for path in ["/v1/admin/users", "/v1/admin/users/search?q=jane"] {
        let list = acme.send(Method::GET, path, None, there).await.body;
        assert!(!list.to_string().contains("jane"), "{list}");
    }
    assert_eq!(roles_of(&main, &id).await, ["user"]);

    // The settings of one are not the other's.
    let body = json!({ "min_password_length": 20, "token_lifetimes": { "admin": { "access": 60 } } });
    let reply = acme.send(Method::PATCH, "/v1/settings", Some(body), there).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["min_password_length"]),
        (200, &json!(20))
    );
    assert_eq!(main.get("/v1/settings").await.body["min_password_length"], 0);
    made(&main, "short", &[]).await;
    let body = json!({ "email": "s@example.org", "password": PASSWORD, "user_name": "s" });
    let reply = acme.send(Method::POST, "/v1/admin/users", Some(body), there).await;
    assert_eq!(reply.status, 400);
}
