//! `/v1/settings`: what a tenant sets for itself.

mod bounds;
mod in_force;
mod lifetimes;
mod shape;

use serde_json::Value;

use crate::support::{Client, Reply, World};

pub const PATH: &str = "/v1/settings";

/// Changes the settings, and answers what they are since.
pub async fn set(by: &Client, patch: Value) -> Value {
    let reply = by.patch(PATH, patch).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body
}

/// An Usher of its own on the same table: another instance of the same functions.
pub async fn beside(world: &World) -> World {
    World::on(world.db.clone(), world.dynamodb.clone(), &[]).await
}

/// Logs in by the directory's `/token`.
pub async fn token(world: &World, password: &str) -> Reply {
    crate::auth::token(world, "jane@example.org", password).await
}
