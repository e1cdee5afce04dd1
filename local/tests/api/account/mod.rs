//! `/{auth,user,member,admin,owner}/{action}`: the account contract.

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, World};


/// Somebody of each rung, by name; all signed in through the contract itself.
pub async fn signed_in(world: &World, name: &str, password: &str) -> Client {
    let body = json!({ "Username": name, "Password": password });
    let reply = world.nobody().post("/auth/login", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    world.with_token(reply.str("Token"))
}
