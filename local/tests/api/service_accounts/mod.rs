//! Service accounts, their keys (`/api/users/{user}/keys`), and what their keys open.

mod accounts;
mod create;
mod credentials;
mod introspect;
mod list_revoke;
mod restricted;
mod use_of_keys;
mod while_used;

use serde_json::{Value, json};

use crate::support::{Client, Reply, World};

/// A service account made by this client, with these roles beside those of every one; its id.
pub async fn service(client: &Client, name: &str, roles: &[&str]) -> String {
    let body = json!({ "kind": "service", "username": name, "roles": roles });
    let reply = client.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// A key for this account that does not end; the answer.
pub async fn key(client: &Client, account: &str) -> Reply {
    key_until(client, account, json!(null)).await
}

pub async fn key_until(client: &Client, account: &str, end: Value) -> Reply {
    let body = json!({ "name": "Deployed", "expiresAt": end });
    let reply = client.post(&format!("/api/users/{account}/keys"), body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply
}

/// A service account with these roles and a key, made by the owner: its id, the key's id, and what it requests.
pub async fn keyed(world: &World, name: &str, roles: &[&str]) -> (String, String, Client) {
    let owner = world.owner().await;
    let account = service(&owner, name, roles).await;
    let made = key(&owner, &account).await;
    (account, made.str("id").to_owned(), world.with_token(made.str("key")))
}

/// The items of service accounts' keys.
pub fn stored(world: &World) -> Vec<Value> {
    let mut items = world.items();
    items.retain(|item| item["SK"]["S"].as_str().unwrap().starts_with("SERVICEKEY#"));
    items
}
