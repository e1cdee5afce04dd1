//! `/api/users*`: a module per route.

mod create;
mod delete;
pub mod ended;
mod filters;
mod grants;
mod list;
pub mod list_cursors;
mod lock;
mod login_history;
mod patch;
mod put;
mod ranks;
mod reset_password;
mod search;
mod search_domains;
mod sessions;
mod show;
mod totals;

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::support::{Client, PASSWORD, Reply, World};

/// The path of an account.
pub fn user(id: &str) -> String {
    format!("/api/users/{id}")
}

/// A role made by the owner, with these permissions; its id.
pub async fn role(world: &World, name: &str, permissions: &[&str]) -> String {
    let body = json!({ "name": name, "permissions": permissions });
    let reply = world.owner().await.post("/api/roles", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// An account with these roles, signed in; its id and its requests.
pub async fn signed_in_with(world: &World, email: &str, roles: &[&str]) -> (String, Client) {
    let id = world.user_with(email, roles).await;
    (id, world.signed_in(email, PASSWORD).await)
}

/// Gives a role; the grant's id.
pub async fn grant(client: &Client, id: &str, body: Value) -> String {
    let reply = client.post(&format!("/api/users/{id}/roles"), body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("userRoleId").to_owned()
}

/// Asserts a refusal: its status and the kind of its problem.
#[track_caller]
pub fn refused(reply: &Reply, status: u16, problem: &str) {
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (status, problem),
        "{}",
        reply.text
    );
}

/// Asserts that validation refused it at these places.
#[track_caller]
pub fn invalid(reply: &Reply, pointers: &[&str]) {
    refused(reply, 400, "validation");
    assert_eq!(reply.pointers(), pointers, "{}", reply.text);
}

/// All pages of a question: the names, the first page, and the requests and units of the page that took most.
pub async fn walked(owner: &Client, proxy: &Proxy, query: &str) -> (Vec<String>, Value, usize, f64) {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    let (mut first, mut requests, mut units) = (Value::Null, 0, 0.0_f64);
    loop {
        proxy.cost();
        let page = owner.get(&format!("/api/users?{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        let cost = proxy.cost();
        requests = requests.max(cost.operations.len());
        units = units.max(cost.read);
        let shown = page.body["items"].as_array().unwrap().iter();
        names.extend(shown.map(|user| user["username"].as_str().unwrap().to_owned()));
        if first.is_null() {
            first = page.body.clone();
        }
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (names, first, requests, units),
        }
    }
}
