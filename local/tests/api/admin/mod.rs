//! The admin contract: `/v1/auth/*` and `/v1/admin/*`. Its `/v1/settings` are in `tenant_settings`.

mod auth;
mod create;
mod delete;
mod depth;
mod document;
mod guards;
mod list;
mod races;
mod roles;
mod show;
mod strangers;
mod update;
mod verification;

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, World};

/// Logs in by `/v1/auth/login`.
pub async fn login(world: &World, email: &str, password: &str) -> Reply {
    let body = json!({ "email": email, "password": password });
    world.nobody().post("/v1/auth/login", body).await
}

/// Requests with the token of a login here.
pub async fn signed_in(world: &World, email: &str, password: &str) -> Client {
    let reply = login(world, email, password).await;
    assert_eq!(reply.status, 200, "{email} cannot log in: {}", reply.text);
    world.with_token(reply.str("access_token"))
}

/// The default administrator.
pub async fn admin(world: &World) -> Client {
    signed_in(world, "admin@gauth.local", "Admin@123").await
}

/// The path of an account.
pub fn user(id: &str) -> String {
    format!("/v1/admin/users/{id}")
}

/// An account `<name>@example.org` with these roles and a verified address; its id.
pub async fn made(by: &Client, name: &str, roles: &[&str]) -> String {
    let body = json!({
        "email": format!("{name}@example.org"), "password": PASSWORD, "user_name": name, "email_verified": true,
        "roles": roles,
    });
    let reply = by.post("/v1/admin/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// The same, signed in; its id and its requests.
pub async fn made_and_in(world: &World, by: &Client, name: &str, roles: &[&str]) -> (String, Client) {
    let id = made(by, name, roles).await;
    (id, signed_in(world, &format!("{name}@example.org"), PASSWORD).await)
}

/// A role made by the owner, with these permissions; its id.
pub async fn role(world: &World, name: &str, permissions: &[&str]) -> String {
    let body = json!({ "name": name, "permissions": permissions });
    let reply = world.owner().await.post("/api/roles", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// Names of the roles that an account shows.
pub async fn roles_of(client: &Client, id: &str) -> Vec<String> {
    let reply = client.get(&user(id)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let roles = reply.body["roles"].as_array().unwrap();
    roles
        .iter()
        .map(|role| role["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Asserts a refusal that is nothing but its text.
#[track_caller]
pub fn refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!(
        (reply.status.as_u16(), &reply.body),
        (status, &json!({ "error": error })),
        "{}",
        reply.text
    );
    assert_eq!(reply.header("content-type"), "application/json");
}

/// Asserts that validation refused it for these fields.
#[track_caller]
pub fn invalid(reply: &Reply, fields: &[&str]) {
    assert_eq!(
        (reply.status.as_u16(), reply.str("error")),
        (400, "Validation failed"),
        "{}",
        reply.text
    );
    let details = reply.body["details"].as_array().unwrap();
    let named: Vec<&str> = details.iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(named, fields, "{}", reply.text);
    assert!(
        details
            .iter()
            .all(|one| one.as_object().unwrap().len() == 2 && !one["message"].as_str().unwrap().is_empty())
    );
    assert_eq!(reply.body.as_object().unwrap().len(), 2);
}

/// A body with every id and token of it covered.
pub fn settled(body: &Value) -> Value {
    match body {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), settled(value)))
            .collect(),
        Value::Array(items) => items.iter().map(settled).collect(),
        Value::String(text) if text.starts_with("eyJ") => json!("[token]"),
        Value::String(text) if text.starts_with("usher_rt_") => json!("[refresh token]"),
        Value::String(text) if text.parse::<usher::id::UserId>().is_ok() && !text.starts_with("00000000") => {
            json!("[id]")
        }
        other => other.clone(),
    }
}
