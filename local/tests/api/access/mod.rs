//! What may somebody do (rule 18): `/api/access/*` and `…/permissions`, a module per route.

mod check;
mod departments;
mod explain;
mod permissions;
mod preview;
mod preview_is_what_comes;
mod preview_refusals;

use serde_json::{Value, json};

use crate::support::{Client, Reply, World};
use crate::users::{role, signed_in_with};

const JANE: &str = "jane@example.org";

/// Adds permissions of an application to the catalogue.
pub async fn catalogue(world: &World, names: &[&str]) {
    let owner = world.owner().await;
    for name in names {
        let reply = owner.post("/api/permissions", json!({ "name": name })).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

/// Somebody who may ask what others may do, and nothing else.
async fn asker(world: &World) -> Client {
    role(world, "asker", &["admin.access"]).await;
    signed_in_with(world, "asker@example.org", &["asker"]).await.1
}

async fn check(client: &Client, body: Value) -> Reply {
    client.post("/api/access/check", body).await
}

/// Whether an account may do this now, and until when.
async fn verdict(client: &Client, user: &str, permission: &str) -> (bool, Value) {
    let reply = check(client, json!({ "user": user, "permission": permission })).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    (reply.body["allowed"].as_bool().unwrap(), reply.body["until"].clone())
}

/// The same about a department.
async fn allowed_in(client: &Client, user: &str, permission: &str, department: &str) -> bool {
    let body = json!({ "user": user, "permission": permission, "department": department });
    let reply = check(client, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["allowed"].as_bool().unwrap()
}

async fn explained(client: &Client, body: Value) -> Value {
    let reply = client.post("/api/access/explain", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body
}
