//! `/api/api-keys*`: a module per route, and what a route that asks for a key does with it.

mod check;
mod create;
mod list;
mod revoke;
mod set_up;

use serde_json::{Value, json};

use crate::support::{Client, Reply, World};

/// A key made by this client; the answer.
pub async fn made(client: &Client, name: &str) -> Reply {
    let reply = client.post("/api/api-keys", json!({ "name": name })).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply
}

/// The items of the tenant's keys in the table, that of set-up among them.
pub fn stored(world: &World) -> Vec<Value> {
    let items = world.items().into_iter();
    items.filter(|item| item["SK"]["S"] == "KEY").collect()
}

/// The rows of the rights history of this kind, newest last: the whole row as plain JSON.
pub fn rights_rows(world: &World, kind: &str) -> Vec<Value> {
    let items = world.items().into_iter();
    let mut rows: Vec<Value> = items
        .filter(|item| item["PK"]["S"].as_str().unwrap().contains("#RIGHTS#") && item["kind"]["S"] == kind)
        .map(|item| Value::Object(crate::reconcile::plain_item(&item)))
        .collect();
    rows.sort_by_key(|row| row["id"].to_string());
    rows
}
