//! What a change is refused for, its preview is refused for in the same words (`POST /api/access/preview`).

use reqwest::Method;
use serde_json::{Value, json};

use super::catalogue;
use crate::support::{Client, Reply, World};
use crate::users::{grant, role, signed_in_with, user};

const JANE: &str = "jane@example.org";

/// A change, as a preview has it and as it is made.
struct Change {
    previewed: Value,
    method: Method,
    path: String,
    body: Option<Value>,
}

fn give(id: &str, grant: Value) -> Change {
    Change {
        previewed: json!({ "user": id, "grant": grant }),
        method: Method::POST,
        path: format!("{}/roles", user(id)),
        body: Some(grant),
    }
}

fn take(id: &str, grant: &str) -> Change {
    Change {
        previewed: json!({ "user": id, "revoke": grant }),
        method: Method::DELETE,
        path: format!("{}/roles/{grant}", user(id)),
        body: None,
    }
}

fn edit(role: &str, permissions: &[&str]) -> Change {
    Change {
        previewed: json!({ "role": role, "permissions": permissions }),
        method: Method::PATCH,
        path: format!("/api/roles/{role}"),
        body: Some(json!({ "permissions": permissions })),
    }
}

/// Status, kind and words of a refusal; nothing of what was done.
pub fn refusal(reply: &Reply) -> Option<(u16, String, Value)> {
    let words = || {
        (
            reply.status.as_u16(),
            reply.problem().to_owned(),
            reply.body["detail"].clone(),
        )
    };
    (!reply.status.is_success()).then(words)
}

/// Asserts that a change is refused with this, and that its preview was.
async fn refused_alike(client: &Client, change: Change, status: u16, problem: &str) {
    let preview = client.post("/api/access/preview", change.previewed.clone()).await;
    let made = client.send(change.method, &change.path, change.body, &[]).await;
    assert_eq!(
        refusal(&preview),
        refusal(&made),
        "{}: {}",
        change.previewed,
        preview.text
    );
    let (made_status, made_problem) = (made.status.as_u16(), made.problem());
    assert_eq!(
        (made_status, made_problem),
        (status, problem),
        "{}: {}",
        change.previewed,
        made.text
    );
}

async fn own_id(client: &Client) -> String {
    client.get("/api/me/profile").await.str("id").to_owned()
}

async fn grant_of(owner: &Client, id: &str, role: &str) -> String {
    let all = owner.get(&format!("{}/roles", user(id))).await.body;
    let found = all.as_array().unwrap().iter().find(|grant| grant["role"] == role);
    found.unwrap()["userRoleId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_an_account_cannot_take() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "clerk", &[]).await;
    role(&world, "seat", &[]).await;
    let limited = owner.patch("/api/roles/seat", json!({ "maxCount": 1 })).await;
    assert_eq!(limited.status, 200, "{}", limited.text);
    let jane = world.user_with(JANE, &["clerk"]).await;
    let jack = world.user("jack@example.org").await;
    refused_alike(&owner, give(&jane, json!({ "role": "clerk" })), 409, "grant-stands").await;
    refused_alike(&owner, give(&jane, json!({ "role": "user" })), 409, "grant-stands").await;
    let ends = json!({ "role": "seat", "effectiveTo": "2026-11-22T08:00:10Z" });
    let first = grant(&owner, &jane, ends).await;
    refused_alike(&owner, give(&jack, json!({ "role": "seat" })), 409, "role-full").await;
    // Whoever has a seat needs no other; and a grant that ended has none, and cannot be taken.
    let preview = owner
        .post("/api/access/preview", give(&jane, json!({ "role": "seat" })).previewed)
        .await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    world.clock.advance(10);
    let preview = owner
        .post("/api/access/preview", give(&jack, json!({ "role": "seat" })).previewed)
        .await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    let preview = owner.post("/api/access/preview", take(&jane, &first).previewed).await;
    assert_eq!((preview.status.as_u16(), preview.pointers()), (400, vec!["/revoke"]));
    for n in 0..18 {
        grant(&owner, &jane, json!({ "role": "clerk", "department": format!("d{n}") })).await;
    }
    let more = json!({ "role": "clerk", "department": "more" });
    refused_alike(&owner, give(&jane, more), 409, "too-many-grants").await;
    let own = grant_of(&owner, &jane, "user").await;
    refused_alike(&owner, take(&jane, &own), 409, "system-role").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_its_caller_may_not_give_or_take() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    let boss = own_id(&owner).await;
    role(&world, "clerk", &[]).await;
    role(&world, "keeper", &["admin.keys"]).await;
    role(&world, "manager", &["admin.users", "admin.roles"]).await;
    role(&world, "editor", &["admin.roles"]).await;
    let jane = world.user_with(JANE, &["clerk"]).await;
    let (_, manager) = signed_in_with(&world, "manager@example.org", &["manager"]).await;
    let (_, editor) = signed_in_with(&world, "editor@example.org", &["editor"]).await;
    let (id, brief) = signed_in_with(&world, "brief@example.org", &["manager"]).await;
    let keeper = json!({ "role": "keeper", "effectiveTo": "2026-11-22T09:00:00Z" });
    grant(&owner, &id, keeper).await;
    refused_alike(
        &admin,
        give(&jane, json!({ "role": "owner" })),
        403,
        "role-above-own-rank",
    )
    .await;
    refused_alike(&admin, give(&boss, json!({ "role": "clerk" })), 403, "above-own-rank").await;
    let own = grant_of(&owner, &boss, "owner").await;
    refused_alike(&admin, take(&boss, &own), 403, "above-own-rank").await;
    refused_alike(&manager, give(&jane, json!({ "role": "keeper" })), 403, "not-held").await;
    refused_alike(&brief, give(&jane, json!({ "role": "keeper" })), 403, "held-for-less").await;
    refused_alike(
        &editor,
        give(&jane, json!({ "role": "clerk" })),
        403,
        "missing-permission",
    )
    .await;
    let clerk = grant_of(&owner, &jane, "clerk").await;
    refused_alike(&editor, take(&jane, &clerk), 403, "missing-permission").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_taking_the_last_administrator_s_role() {
    let world = World::new().await;
    let owner = world.owner().await;
    let boss = own_id(&owner).await;
    let own = grant_of(&owner, &boss, "owner").await;
    let banned = owner.patch(&user("admin"), json!({ "status": "banned" })).await;
    assert_eq!(banned.status, 204, "{}", banned.text);
    refused_alike(&owner, take(&boss, &own), 409, "last-administrator").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_role_that_its_caller_may_not_edit() {
    let world = World::new().await;
    let (owner, admin) = (world.owner().await, world.admin().await);
    catalogue(&world, &["invoices.read"]).await;
    let restricted = json!({ "name": "invoices.pay", "restricted": true });
    assert_eq!(owner.post("/api/permissions", restricted).await.status, 201);
    for (name, permissions) in [
        ("clerk", &["invoices.read"][..]),
        ("payer", &["invoices.pay"]),
        ("keeper", &["admin.keys"]),
        ("manager", &["admin.users", "admin.roles"]),
        ("above", &["invoices.read"]),
    ] {
        role(&world, name, permissions).await;
    }
    let boss = own_id(&owner).await;
    grant(&owner, &boss, json!({ "role": "above" })).await;
    let (_, manager) = signed_in_with(&world, "manager@example.org", &["manager"]).await;
    refused_alike(&admin, edit("member", &["invoices.read"]), 403, "below-rank").await;
    refused_alike(&admin, edit("above", &[]), 403, "above-own-rank").await;
    refused_alike(&admin, edit("payer", &[]), 403, "not-held").await;
    refused_alike(&admin, edit("clerk", &["invoices.pay"]), 403, "not-held").await;
    refused_alike(&manager, edit("keeper", &[]), 403, "not-held").await;
    refused_alike(&manager, edit("clerk", &["admin.keys"]), 403, "not-held").await;
    refused_alike(&owner, edit("clerk", &["invoices.none"]), 400, "validation").await;
    // The one who holds it would be the last in charge.
    assert_eq!(
        owner.patch(&user("admin"), json!({ "status": "banned" })).await.status,
        204
    );
    let own = grant_of(&owner, &boss, "owner").await;
    assert_eq!(owner.delete(&format!("{}/roles/{own}", user(&boss))).await.status, 204);
    refused_alike(&manager, edit("manager", &["admin.roles"]), 409, "last-administrator").await;
    let second = invited(&manager, "second").await;
    grant(&manager, &second, json!({ "role": "manager" })).await;
    refused_alike(&manager, edit("manager", &["admin.roles"]), 409, "last-administrator").await;
    for n in 0..19 {
        let one = invited(&manager, &format!("u{n}")).await;
        grant(&manager, &one, json!({ "role": "manager" })).await;
    }
    refused_alike(&manager, edit("manager", &["admin.roles"]), 409, "too-many-members").await;
}

async fn invited(client: &Client, name: &str) -> String {
    let body = json!({ "username": name, "email": format!("{name}@example.org") });
    let reply = client.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}
