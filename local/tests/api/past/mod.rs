//! What somebody could do at a moment before now: `GET /api/users/{user}/permissions?at`, and `at` of
//! `POST /api/access/explain`.

mod kept;
mod known;

use serde_json::{Value, json};
use usher::jiff::Timestamp;

use crate::support::{Client, Reply, World};
use crate::users::{refused, role, user};

pub const DAY: i64 = 24 * 3600;

/// A world with two permissions of an application, and the roles `reader` and `writer`, each with one of them.
async fn offices(settings: &[(&str, &str)]) -> World {
    let world = World::with(settings).await;
    let owner = world.owner().await;
    for name in ["invoices.read", "invoices.write"] {
        let made = owner.post("/api/permissions", json!({ "name": name })).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    role(&world, "reader", &["invoices.read"]).await;
    role(&world, "writer", &["invoices.write"]).await;
    world
}

/// What an account may do in requests about `sales`: now, or at a moment.
async fn may(client: &Client, id: &str, at: Option<Timestamp>) -> Reply {
    let at = at.map(|at| format!("&at={at:.3}")).unwrap_or_default();
    client
        .get(&format!("{}/permissions?department=sales{at}", user(id)))
        .await
}

/// The same as it is answered where there is an answer, without an order of roles.
async fn seen(client: &Client, id: &str, at: Option<Timestamp>) -> Value {
    let reply = may(client, id, at).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut body = reply.body;
    body["roles"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    body
}

/// Whether it could read invoices at a moment, and its state then.
async fn explained(client: &Client, id: &str, at: Timestamp) -> (bool, String) {
    let body = json!({ "user": id, "permission": "invoices.read", "at": format!("{at:.3}") });
    let reply = client.post("/api/access/explain", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    (reply.body["allowed"].as_bool().unwrap(), reply.str("status").to_owned())
}

fn names(seen: &Value) -> Vec<&str> {
    let all = seen["permissions"].as_array().unwrap().iter();
    all.map(|one| one["name"].as_str().or(one.as_str()).unwrap()).collect()
}

#[track_caller]
fn not_kept(reply: &Reply) {
    refused(reply, 410, "not-kept");
}

#[track_caller]
fn done(reply: &Reply) {
    assert!(reply.status.is_success(), "{}", reply.text);
}
