//! What a tag stands for: all that is shown, and nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{if_match, tag};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, World, at_once};
use crate::users::{grant, refused, role, signed_in_with, user};

/// A change of the display name, meant for this tag.
async fn rename(who: &Client, path: &str, tag: &str) -> u16 {
    let body = Some(json!({ "displayName": tag }));
    let reply = if_match(who, Method::PATCH, path, body, &[tag]).await;
    reply.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_tags_is_enough_and_a_delete_with_another_does_nothing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    assert_eq!(tag(&owner, &path).await, "\"1\"");
    let stale = if_match(&owner, Method::DELETE, &path, None, &["\"99999\""]).await;
    refused(&stale, 412, "stale");
    let body = Some(json!({ "displayName": "Jane" }));
    let reply = if_match(&owner, Method::PATCH, &path, body, &["\"99999\", \"1\""]).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    assert_eq!(owner.get(&path).await.str("displayName"), "Jane");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_answers_an_account_or_a_role_has_the_tag_that_get_shows() {
    let world = World::new().await;
    let owner = world.owner().await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD, "roles": ["admin"] });
    let made = owner.post("/api/users", body).await;
    let path = user(made.str("id"));
    assert_eq!(made.header("etag"), tag(&owner, &path).await);
    let wish = [("prefer", "return=representation")];
    let change = Some(json!({ "displayName": "Jane" }));
    let changed = owner.send(Method::PATCH, &path, change, &wish).await;
    assert_eq!(changed.header("etag"), tag(&owner, &path).await);
    let jane = world.signed_in("jane@example.org", PASSWORD).await;
    assert_eq!(tag(&jane, "/api/me/profile").await, tag(&owner, &path).await);
    let changed = jane.patch("/api/me/profile", json!({ "age": 7 })).await;
    assert_eq!(changed.header("etag"), tag(&owner, &path).await);
    let made = owner.post("/api/roles", json!({ "name": "editor" })).await;
    assert_eq!(made.header("etag"), tag(&owner, "/api/roles/editor").await);
    grant(
        &owner,
        jane.get("/api/me/profile").await.str("id"),
        json!({ "role": "editor" }),
    )
    .await;
    let changed = owner.patch("/api/roles/editor", json!({ "description": "d" })).await;
    assert_eq!(changed.header("etag"), tag(&owner, "/api/roles/editor").await);
}

/// What changes what is shown of an account, and is no change of its own item.
async fn beside(world: &World, owner: &Client, what: &str) {
    let reply = match what {
        "a role's permissions" => {
            owner
                .patch("/api/roles/editor", json!({ "permissions": ["admin.keys"] }))
                .await
        }
        "a role's name" => owner.patch("/api/roles/editor", json!({ "name": "writer" })).await,
        "a role's end" => owner.delete("/api/roles/writer?force=true").await,
        "failed logins" => {
            let wrong = json!({ "username": "jane@example.org", "password": "wrong" });
            for _ in 0..5 {
                world.nobody().post("/api/auth/login", wrong.clone()).await;
            }
            return;
        }
        _ => return world.clock.advance(16 * 60),
    };
    assert!(reply.status.is_success(), "{what}: {}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_ends_with_everything_that_is_shown_beside_the_account_itself() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    let (id, _) = signed_in_with(&world, "jane@example.org", &["editor"]).await;
    let until = json!({ "role": "member", "effectiveTo": "2026-11-22T08:15:00Z" });
    grant(&owner, &id, until).await;
    let path = user(&id);
    let all = [
        "a role's permissions",
        "a role's name",
        "failed logins",
        "time",
        "a role's end",
    ];
    for what in all {
        let old = tag(&owner, &path).await;
        assert_eq!(rename(&owner, &path, &old).await, 204, "{what}: it is the present one");
        let before = owner.get(&path).await;
        let seen = before.header("etag");
        beside(&world, &owner, what).await;
        let shown = owner.get(&path).await;
        assert_ne!(shown.body, before.body, "{what}");
        assert_ne!(shown.header("etag"), seen, "{what}");
        assert_eq!(rename(&owner, &path, seen).await, 412, "{what}");
        assert_eq!(rename(&owner, &path, shown.header("etag")).await, 204, "{what}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_s_tag_ends_with_its_permissions() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &[]).await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &["editor"]).await;
    let old = tag(&jane, "/api/me/profile").await;
    owner
        .patch("/api/roles/editor", json!({ "permissions": ["admin.keys"] }))
        .await;
    assert_eq!(rename(&jane, "/api/me/profile", &old).await, 412);
    let new = tag(&jane, "/api/me/profile").await;
    assert_ne!(new, old);
    assert_eq!(rename(&jane, "/api/me/profile", &new).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_s_tag_ends_with_its_number_of_members() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = format!("/api/roles/{}", role(&world, "editor", &[]).await);
    let jane = world.user("jane@example.org").await;
    let empty = tag(&owner, &path).await;
    let given = grant(&owner, &jane, json!({ "role": "editor" })).await;
    for method in [Method::PATCH, Method::DELETE] {
        let body = (method == Method::PATCH).then(|| json!({ "description": "new" }));
        refused(&if_match(&owner, method, &path, body, &[&empty]).await, 412, "stale");
    }
    assert_eq!(
        owner.delete(&format!("{}/roles/{given}", user(&jane))).await.status,
        204
    );
    assert_eq!(tag(&owner, &path).await, empty, "it is shown as it was");
    // With `force` it is taken from its members first, which is no change by somebody else.
    grant(&owner, &jane, json!({ "role": "editor" })).await;
    let (one, forced) = (tag(&owner, &path).await, format!("{path}?force=true"));
    refused(
        &if_match(&owner, Method::DELETE, &path, None, &[&one]).await,
        409,
        "role-has-members",
    );
    refused(
        &if_match(&owner, Method::DELETE, &forced, None, &[&empty]).await,
        412,
        "stale",
    );
    assert_eq!(tag(&owner, &path).await, one, "nobody lost it");
    assert_eq!(
        if_match(&owner, Method::DELETE, &forced, None, &[&one]).await.status,
        204
    );
    assert_eq!(owner.get(&path).await.status, 404);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_the_caller_s_to_change_is_refused_before_its_tag() {
    let world = World::new().await;
    let admin = world.admin().await;
    let owner = world.owner().await.get("/api/me/profile").await.str("id").to_owned();
    let cases: [(Method, String, Option<Value>, u16); 6] = [
        (Method::DELETE, user("nobody@example.org"), None, 404),
        (
            Method::PATCH,
            "/api/roles/nothing".to_owned(),
            Some(json!({ "description": "d" })),
            404,
        ),
        (Method::DELETE, user(&owner), None, 403),
        (Method::POST, format!("{}/lock", user(&owner)), None, 403),
        (
            Method::PATCH,
            "/api/roles/admin".to_owned(),
            Some(json!({ "description": "d" })),
            403,
        ),
        (Method::PATCH, user(&owner), Some(json!({ "age": "x" })), 400),
    ];
    for (method, path, body, status) in cases {
        let reply = if_match(&admin, method.clone(), &path, body, &["\"99999\""]).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_of_two_changes_of_a_role_with_one_tag_one_is_412() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = format!("/api/roles/{}", role(&world, "editor", &[]).await);
    for round in 0..10 {
        let tag = tag(&owner, &path).await;
        let replies = at_once(2, |n| {
            let (owner, path, tag) = (owner.clone(), path.clone(), tag.clone());
            let body = Some(json!({ "description": format!("{round} {n}") }));
            async move { if_match(&owner, Method::PATCH, &path, body, &[&tag]).await }
        })
        .await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_refused_where_the_client_knows_what_is_there() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = format!("/api/users/{}", world.user("jane@example.org").await);
    let own = tag(&owner, &path).await;
    for known in ["*", own.as_str(), &format!("\"0\", W/{own}")] {
        let headers = [("if-none-match", known)];
        let body = Some(json!({ "age": 42 }));
        let reply = owner.send(Method::PATCH, &path, body, &headers).await;
        assert_eq!(reply.status, 412, "{known}: {}", reply.text);
        assert_eq!(owner.send(Method::DELETE, &path, None, &headers).await.status, 412);
    }
    let headers = [("if-none-match", "\"0\"")];
    assert_eq!(owner.send(Method::DELETE, &path, None, &headers).await.status, 204);
}
