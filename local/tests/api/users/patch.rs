//! `PATCH /api/users/{user}`

use reqwest::Method;
use serde_json::{Value, json};

use super::{invalid, refused, signed_in_with, user};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World, at_once, whole};

const REPRESENTATION: (&str, &str) = ("prefer", "return=representation");

async fn send(client: &Client, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
    client.send(Method::PATCH, path, Some(body), headers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_null_goes_what_is_absent_stays_and_the_rest_is_set() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    let path = user(&id);
    let first = json!({ "username": "jane", "firstName": "Jane", "age": 42, "gender": "Other",
        "address": { "country": "Germany", "city": "Kiel" }, "contact": { "tikTok": "@j" } });
    let reply = owner.patch(&path, first).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    world.clock.advance_ms(1_500);
    let second = json!({ "firstName": null, "age": 0, "address": { "city": null, "street": "1" }, "contact": { "tikTok": null } });
    let reply = send(&owner, &path, second, &[REPRESENTATION]).await;
    let expected = whole(json!({
        "id": id, "email": "jane@example.org", "emailVerified": false, "username": "jane", "age": 0, "gender": "Other",
        "address": { "country": "Germany", "street": "1" }, "status": "active", "mustChangePassword": false,
        "roles": ["user"], "permissions": [],
        "createdAt": "2026-11-22T08:00:00.000Z", "modifiedAt": "2026-11-22T08:00:01.500Z",
    }));
    assert_eq!((reply.status.as_u16(), &reply.body), (200, &expected));
    assert_eq!(owner.get(&path).await.body, expected);
    // Names: either may go, and not both.
    assert_eq!(owner.patch(&path, json!({ "email": null })).await.status, 204);
    assert_eq!(owner.get("/api/users/jane@example.org").await.status, 404);
    invalid(&owner.patch(&path, json!({ "username": null })).await, &["/email"]);
    assert_eq!(
        owner
            .patch(&path, json!({ "username": null, "email": "new@example.org" }))
            .await
            .status,
        204
    );
    assert_eq!(
        owner.get("/api/users/NEW@example.org").await.body["username"],
        json!(null)
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_names_the_version_that_is_changed() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    let tag = owner.get(&path).await.header("etag").to_owned();
    let change = |name: &str| json!({ "displayName": name });
    assert_eq!(
        send(&owner, &path, change("A"), &[("if-match", &tag)]).await.status,
        204
    );
    let stale = send(&owner, &path, change("B"), &[("if-match", &tag)]).await;
    assert_eq!(
        stale.body,
        json!({
            "type": "/problems/stale", "title": "Precondition failed", "status": 412,
            "detail": "it has changed since it was read: read it again", "instance": path,
        })
    );
    // The account is at version 2 now: its tag is that text, and no other that reads as the number.
    assert_eq!(owner.get(&path).await.header("etag"), "\"2\"");
    for tag in [
        "\"99\"", "W/\"2\"", "2", "\"x\"", "", "\"\"", "\"02\"", "\"+2\"", "\"2.0\"", "\" 2\"",
    ] {
        refused(
            &send(&owner, &path, change("C"), &[("if-match", tag)]).await,
            412,
            "stale",
        );
    }
    assert_eq!(owner.get(&path).await.str("displayName"), "A");
    assert_eq!(send(&owner, &path, change("D"), &[("if-match", "*")]).await.status, 204);
    let now = owner.get(&path).await.header("etag").to_owned();
    assert_ne!(now, tag);
    // A change that changes nothing is none.
    assert_eq!(
        send(&owner, &path, change("D"), &[("if-match", &now)]).await.status,
        204
    );
    assert_eq!(owner.get(&path).await.header("etag"), now);
    // Every other change of what is shown changes the tag as well.
    let mut tags = vec![now];
    for (action, body) in [
        ("lock", json!({})),
        ("unlock", json!({})),
        ("roles", json!({ "role": "member" })),
    ] {
        owner.post(&format!("{path}/{action}"), body).await;
        tags.push(owner.get(&path).await.header("etag").to_owned());
    }
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_of_two_changes_with_one_tag_one_is_412() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    for round in 0..20 {
        let tag = owner.get(&path).await.header("etag").to_owned();
        let replies = at_once(2, |n| {
            let (owner, path, tag) = (owner.clone(), path.clone(), tag.clone());
            let field = if n == 0 { "firstName" } else { "lastName" };
            async move {
                send(
                    &owner,
                    &path,
                    json!({ field: round.to_string() }),
                    &[("if-match", &tag)],
                )
                .await
            }
        })
        .await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 412], "round {round}");
        // Without a tag both are kept: neither overwrites what the other made.
        at_once(2, |n| {
            let (owner, path) = (owner.clone(), path.clone());
            let field = if n == 0 { "middleName" } else { "displayName" };
            async move { owner.patch(&path, json!({ field: round.to_string() })).await }
        })
        .await;
        let shown = owner.get(&path).await.body;
        assert_eq!(
            (shown["middleName"].as_str(), shown["displayName"].as_str()),
            (Some(&*round.to_string()), Some(&*round.to_string()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_or_name_in_another_spelling_is_kept_in_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    owner.patch(&path, json!({ "username": "jane" })).await;
    for (field, spelled) in [
        ("email", "Jane@Example.ORG"),
        ("username", "JaneD"),
        ("username", "JANED"),
    ] {
        assert_eq!(owner.patch(&path, json!({ field: spelled })).await.status, 204);
        assert_eq!(owner.get(&path).await.str(field), spelled);
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_unverified_ends_the_sessions_and_frees_the_old_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    world.user("taken@example.org").await;
    let path = user(&id);
    refused(
        &owner.patch(&path, json!({ "email": "TAKEN@example.org" })).await,
        409,
        "email-taken",
    );
    refused(
        &owner.patch(&path, json!({ "username": "Admin" })).await,
        409,
        "username-taken",
    );
    assert_eq!(jane.get("/api/me/profile").await.status, 200);
    assert_eq!(owner.patch(&path, json!({ "emailVerified": true })).await.status, 204);
    assert_eq!(owner.get(&path).await.body["emailVerified"], true);
    assert_eq!(
        owner.patch(&path, json!({ "email": "new@example.org" })).await.status,
        204
    );
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    let shown = owner.get(&path).await;
    assert_eq!(
        (shown.str("email"), &shown.body["emailVerified"]),
        ("new@example.org", &json!(false))
    );
    world.user("jane@example.org").await;
    assert_eq!(owner.get("/api/users?q=jane").await.body["total"], 1);
    assert_eq!(owner.get("/api/users?q=NEW%40").await.body["items"][0]["id"], json!(id));
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_holds_from_the_next_request_of_tokens_already_issued() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (id, _) = signed_in_with(&world, "jane@example.org", &[]).await;
    for status in ["inactive", "banned", "locked"] {
        let jane = world.signed_in("jane@example.org", PASSWORD).await;
        assert_eq!(
            owner
                .patch(&user(&id), json!({ "status": status.to_uppercase() }))
                .await
                .status,
            204
        );
        refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
        assert_eq!(owner.get(&user(&id)).await.str("status"), status);
        assert_eq!(owner.get(&format!("/api/users?status={status}")).await.body["total"], 1);
        assert_eq!(owner.patch(&user(&id), json!({ "status": "active" })).await.status, 204);
        refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_ends_every_session() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (_, jane) = signed_in_with(&world, "jane@example.org", &[]).await;
    let reply = owner
        .patch("/api/users/jane@example.org", json!({ "password": "another horse" }))
        .await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    refused(&jane.get("/api/me/profile").await, 401, "invalid-token");
    let old = json!({ "username": "jane@example.org", "password": PASSWORD });
    assert_eq!(world.nobody().post("/api/auth/login", old).await.status, 401);
    world.signed_in("jane@example.org", "another horse").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_reported_at_once_and_nothing_is_changed() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    let before = owner.get(&path).await;
    let body = json!({ "email": "x", "username": "a  b", "password": "short", "status": "gone", "firstName": "a\nb" });
    let reply = owner.patch(&path, body).await;
    invalid(&reply, &["/email", "/username", "/status", "/password", "/firstName"]);
    invalid(&owner.patch(&path, json!({ "status": "deleted" })).await, &["/status"]);
    invalid(
        &owner.patch(&path, json!({ "emailVerified": "yes" })).await,
        &["/emailVerified"],
    );
    invalid(&owner.patch(&path, json!({ "address": "Kiel" })).await, &["/address"]);
    invalid(
        &owner.patch(&path, json!({ "address": { "city": 1 } })).await,
        &["/address/city"],
    );
    invalid(
        &owner.patch(&path, json!({ "contact": { "website": "a\nb" } })).await,
        &["/contact/website"],
    );
    invalid(&owner.patch(&path, json!({ "age": -1 })).await, &["/age"]);
    refused(
        &owner.patch("/api/users/no@example.org", json!({ "age": 1 })).await,
        404,
        "not-found",
    );
    let after = owner.get(&path).await;
    assert_eq!(
        (after.body.clone(), after.header("etag")),
        (before.body.clone(), before.header("etag"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z03_roles_and_inner_fields_cannot_be_set() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    let before = owner.get(&path).await.body;
    let body = json!({
        "id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "roles": ["owner"], "role": "owner", "permissions": ["admin.users"],
        "grants": [{ "role": "owner" }], "isAdmin": true, "passwordHash": "x", "version": 99, "epoch": 99, "tenant": "x",
        "createdAt": "2000-01-01T00:00:00Z", "PK": "x", "SK": "x", "deletedAt": "2000-01-01T00:00:00Z", "lock": {},
    });
    invalid(&owner.patch(&path, body.clone()).await, &[""]);
    let mut beside = body;
    beside["age"] = json!(null);
    assert_eq!(owner.patch(&path, beside).await.status, 204);
    assert_eq!(owner.get(&path).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_the_largest_profile_fits() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    let [name, text] = [100, 256].map(|characters| "\u{1f511}".repeat(characters));
    let body = json!({
        "firstName": text, "middleName": text, "lastName": text, "displayName": name,
        "address": { "country": text, "city": text, "street": text },
        "contact": {
            "mobile": text, "email": text, "website": text, "facebook": text, "instagram": text, "tikTok": text,
            "youtube": text, "twitter": text,
        },
    });
    assert_eq!(owner.patch(&path, body).await.status, 204);
    let more =
        json!({ "address": { "city": "\u{1f511}".repeat(257) }, "contact": { "tikTok": "\u{1f511}".repeat(257) } });
    let mut reply = owner.patch(&path, more).await;
    reply.body["errors"]
        .as_array_mut()
        .unwrap()
        .sort_by_key(|error| error["pointer"].to_string());
    invalid(&reply, &["/address/city", "/contact/tikTok"]);
}
