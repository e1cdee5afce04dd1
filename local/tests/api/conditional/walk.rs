//! The route table is data, so every row that writes to an account or a role is asked to honour `If-Match`, and every
//! row that shows one to answer `304`: no new route forgets.

use reqwest::Method;
use serde_json::{Value, json};

use super::{if_match, tag};
use crate::me::sessions::own_id;
use crate::service_accounts::{key, service};
use crate::support::{Client, PASSWORD, Reply, World, tables};
use crate::users::{grant, refused, role, user};

const PROFILE: &str = "/api/me/profile";

/// What a row is about.
fn subject(path: &str) -> Option<&'static str> {
    let below = ["/api/users/{user}", "/api/roles/{role}", PROFILE];
    let is_about = |subject: &&str| {
        path.strip_prefix(subject)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below.into_iter().find(is_about)
}

fn rows(is_read: bool) -> Vec<(Method, String)> {
    let mut rows = Vec::new();
    for table in tables() {
        let own = table.rows().iter().filter(|row| subject(&row.path).is_some());
        let own = own.filter(|row| (row.method == Method::GET) == is_read);
        rows.extend(own.map(|row| (row.method.clone(), row.path.to_string())));
    }
    rows
}

/// A body with which this row does what it is for.
fn body(method: &Method, path: &str) -> Option<Value> {
    match (method.as_str(), path) {
        ("PUT", "/api/users/{user}") => Some(json!({ "status": "inactive" })),
        ("PATCH", "/api/users/{user}" | PROFILE) => Some(json!({ "displayName": "Jane" })),
        ("POST", "/api/users/{user}/lock") => Some(json!({ "reason": "on leave" })),
        ("POST", "/api/users/{user}/reset-password") => Some(json!({ "newPassword": "another horse" })),
        ("POST", "/api/users/{user}/roles") => Some(json!({ "role": "member" })),
        ("POST", "/api/users/{user}/keys") => Some(json!({ "name": "Deployed" })),
        ("PATCH", "/api/roles/{role}") => Some(json!({ "description": "new" })),
        ("POST", "/api/users/{user}/unlock") | ("DELETE", _) => None,
        _ => panic!("{method} {path} writes to what has an ETag: give it a body here, and let it honour If-Match"),
    }
}

/// Something of this row's own to write to: who writes, the row's path, and the path that shows it.
async fn something(world: &World, owner: &Client, n: usize, path: &str) -> (Client, String, String) {
    let name = format!("s{n}@example.org");
    match subject(path).unwrap() {
        "/api/roles/{role}" => {
            let id = role(world, &format!("role {n}"), &[]).await;
            let shown = format!("/api/roles/{id}");
            (owner.clone(), path.replace("/api/roles/{role}", &shown), shown)
        }
        PROFILE => {
            world.user(&name).await;
            let jane = world.signed_in(&name, PASSWORD).await;
            (jane, path.to_owned(), PROFILE.to_owned())
        }
        _ if path.contains("/keys") => {
            let id = service(owner, &format!("s{n}"), &[]).await;
            let made = match path.contains("{key}") {
                true => key(owner, &id).await.str("id").to_owned(),
                false => String::new(),
            };
            let at = path.replace("/api/users/{user}", &user(&id)).replace("{key}", &made);
            (owner.clone(), at, user(&id))
        }
        _ => {
            let id = world.user(&name).await;
            if path.ends_with("/unlock") {
                assert_eq!(owner.post(&format!("{}/lock", user(&id)), json!({})).await.status, 204);
            }
            let given = match path.contains("{grant}") {
                true => grant(owner, &id, json!({ "role": "SYS_ADMIN" })).await,
                false => String::new(),
            };
            let session = match path.ends_with("/sessions/{session}") {
                true => opened(world, owner, &id).await,
                false => String::new(),
            };
            let at = path.replace("/api/users/{user}", &user(&id)).replace("{grant}", &given);
            let at = at.replace("{session}", &session);
            (owner.clone(), at, user(&id))
        }
    }
}

/// A new session of an account.
async fn opened(world: &World, owner: &Client, id: &str) -> String {
    let email = owner.get(&user(id)).await.str("email").to_owned();
    own_id(&world.signed_in(&email, PASSWORD).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_to_an_account_or_a_role_honours_if_match_and_does_nothing_on_a_stale_tag() {
    let world = World::new().await;
    let owner = world.owner().await;
    let rows = rows(false);
    assert!(rows.len() >= 11, "the walk has lost its routes: {rows:?}");
    for (n, (method, path)) in rows.iter().enumerate() {
        let (who, at, shown) = something(&world, &owner, n, path).await;
        let body = body(method, path);
        let send = |lines: &'static [&'static str]| if_match(&who, method.clone(), &at, body.clone(), lines);
        let tag = tag(&who, &shown).await;
        let before = world.items();
        let stale: [&'static [&'static str]; 5] =
            [&["\"99999\""], &["\"99998\", \"99999\""], &["x"], &["99999"], &[""]];
        for lines in stale {
            refused(&send(lines).await, 412, "stale");
        }
        let weak = if_match(&who, method.clone(), &at, body.clone(), &[&format!("W/{tag}")]).await;
        refused(&weak, 412, "stale");
        assert!(world.items() == before, "{method} {path} did something");
        let done = if_match(
            &who,
            method.clone(),
            &at,
            body.clone(),
            &["\"99999\"", &format!("W/\"1\", {tag}")],
        )
        .await;
        assert!(
            done.status.is_success(),
            "{method} {path}: {} {}",
            done.status,
            done.text
        );
        assert!(world.items() != before, "{method} {path} did nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_star_matches_whatever_is_there() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (n, (method, path)) in rows(false).iter().enumerate() {
        let (who, at, _) = something(&world, &owner, n, path).await;
        let done = if_match(&who, method.clone(), &at, body(method, path), &["*"]).await;
        assert!(
            done.status.is_success(),
            "{method} {path}: {} {}",
            done.status,
            done.text
        );
    }
}

async fn if_none_match(who: &Client, path: &str, lines: &[&str]) -> Reply {
    let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("if-none-match", *line)).collect();
    who.send(Method::GET, path, None, &headers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shows_an_account_or_a_role_is_304_to_who_has_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut tagged = Vec::new();
    for (n, (_, path)) in rows(true).iter().enumerate() {
        let (who, at, _) = something(&world, &owner, n, path).await;
        let whole = who.get(&at).await;
        if whole.header("etag").is_empty() {
            continue;
        }
        tagged.push(path.clone());
        let tag = whole.header("etag").to_owned();
        let (weak, list) = (format!("W/{tag}"), format!("\"99999\", {tag}"));
        for lines in [&[tag.as_str()][..], &[&weak], &[&list], &["\"99999\"", &weak], &["*"]] {
            let reply = if_none_match(&who, &at, lines).await;
            assert_eq!(
                (reply.status.as_u16(), reply.text.as_str()),
                (304, ""),
                "{path}: {lines:?}"
            );
            assert_eq!(reply.header("etag"), tag, "{path}");
            assert_eq!(reply.header("content-type"), "", "{path}");
            assert_eq!(reply.header("cache-control"), whole.header("cache-control"), "{path}");
        }
        for other in ["\"99999\"", "W/\"99999\"", tag.trim_matches('"'), "", "x"] {
            let reply = if_none_match(&who, &at, &[other]).await;
            assert_eq!(
                (reply.status.as_u16(), &reply.body),
                (200, &whole.body),
                "{path}: {other}"
            );
        }
    }
    tagged.sort();
    assert_eq!(tagged, [PROFILE, "/api/roles/{role}", "/api/users/{user}"]);
    // Who may not see it is not shown that it is there.
    let reply = if_none_match(&owner, "/api/users/nobody@example.org", &["*"]).await;
    refused(&reply, 404, "not-found");
}
