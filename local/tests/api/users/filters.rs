//! `GET /api/users` with more than one filter, in a large tenant: no page takes more than ten requests, and all pages
//! together are everybody who passes, once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher::actions::transfer;
use usher::domain::tenant_size::TenantSize;
use usher::jiff::SignedDuration;

use super::walked;
use crate::databases::offer_dynamodb;
use crate::proxy::Proxy;
use crate::round_trips::counted_in;
use crate::support::{Client, World};

const MANY: usize = 8_000;

/// The status of an account: of the oldest ten are banned, and five have had a lock that is over.
fn status(n: usize) -> &'static str {
    match n {
        100..110 => "banned",
        200..205 => "locked",
        _ if n % 4 == 1 => "inactive",
        _ => "active",
    }
}

/// Thousands have it, and none of the newer half.
fn is_member(n: usize) -> bool {
    n.is_multiple_of(2) && n < MANY / 2
}

fn is_guest_admin(n: usize) -> bool {
    [6, 600, 6_000].contains(&n)
}

fn name(n: usize) -> String {
    let text = if n < 10 { "rare" } else { "a" };
    format!("{text}{n}")
}

/// A line of an account, the first of them the oldest.
fn line(world: &World, n: usize) -> Value {
    let before = i64::try_from(MANY - n).unwrap();
    let roles = [("member", is_member(n)), ("admin", is_guest_admin(n))];
    let roles: Vec<&str> = roles.iter().filter(|(_, has)| *has).map(|(role, _)| *role).collect();
    let mut line = json!({
        "username": name(n),
        "status": status(n),
        "roles": roles,
        "createdAt": (world.now() - SignedDuration::from_secs(before)).to_string(),
    });
    if status(n) == "locked" {
        line["lockedUntil"] = json!((world.now() - SignedDuration::from_secs(1)).to_string());
    }
    if let Some(domain) = domain(n) {
        line["email"] = json!(format!("{}@{domain}", name(n)));
    }
    line
}

fn domain(n: usize) -> Option<&'static str> {
    match n {
        0..10 => Some("tiny.test"),
        _ if n.is_multiple_of(3) => Some("first.example"),
        _ => None,
    }
}

/// A large tenant of thousands, and its owner.
async fn thousands() -> (World, Proxy, Client) {
    let (world, proxy) = counted_in(TenantSize::Large).await;
    let (_, store) = offer_dynamodb(world.db.clone()).await;
    let cx = crate::transfer::operator(&world).await;
    for start in (0..MANY).step_by(1_000) {
        let lines: Vec<_> = (start..start + 1_000)
            .map(|n| crate::transfer::account(&line(&world, n)))
            .collect();
        let bulk = transfer::many(&cx, &lines).await.unwrap().unwrap();
        store.load("usher", &bulk.items).await.unwrap();
        bulk.done(&world.app.table);
    }
    let owner = world.owner().await;
    assert_eq!(owner.get("/api/users?limit=1").await.body["total"], MANY + 2);
    (world, proxy, owner)
}

/// Whether an account passes.
type Passes = fn(usize) -> bool;

fn is_active(n: usize) -> bool {
    ["active", "locked"].contains(&status(n))
}

fn has_e(n: usize) -> bool {
    n < 10 || domain(n).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_a_page_of_several_filters_takes_ten_requests_in_a_large_tenant() {
    let (_world, proxy, owner) = thousands().await;
    // Where the first page is not full though more match, the next ones lead on.
    let cases: [(&str, Passes); 14] = [
        // Nobody newer than thousands of others has the role.
        ("role=member&status=active", |n| is_member(n) && is_active(n)),
        ("role=member&status=inactive", |n| {
            is_member(n) && status(n) == "inactive"
        }),
        ("role=member&status=banned", |n| is_member(n) && status(n) == "banned"),
        ("role=admin&status=active", |n| is_guest_admin(n) && is_active(n)),
        ("q=a&status=active", is_active),
        ("q=a&status=inactive", |n| status(n) == "inactive"),
        ("q=a&status=banned", |n| status(n) == "banned"),
        // Few match, and they are the oldest.
        ("q=rare&status=active", |n| n < 10 && is_active(n)),
        ("q=tiny&status=active", |n| n < 10 && is_active(n)),
        ("q=first&status=active", |n| {
            domain(n) == Some("first.example") && is_active(n)
        }),
        ("q=rare&role=member", |n| n < 10 && is_member(n)),
        ("q=a&role=admin", is_guest_admin),
        ("q=first&role=member", |n| {
            domain(n) == Some("first.example") && is_member(n)
        }),
        ("q=e&role=member&status=active", |n| {
            has_e(n) && is_member(n) && is_active(n)
        }),
    ];
    let mut wrong = Vec::new();
    for (query, passes) in cases {
        let (mut found, first, requests, units) = walked(&owner, &proxy, &format!("limit=25&{query}")).await;
        found.retain(|name| name.chars().any(|one| one.is_ascii_digit()));
        let expected: BTreeSet<String> = (0..MANY).filter(|n| passes(*n)).map(name).collect();
        let once: BTreeSet<String> = found.iter().cloned().collect();
        if (&once, once.len()) != (&expected, found.len()) {
            wrong.push(format!("{query}: {} of {} were found", found.len(), expected.len()));
        }
        let shown = first["items"].as_array().unwrap().len();
        if shown < expected.len().min(25) {
            wrong.push(format!("{query}: {shown} on the first page"));
        }
        let total = usize::try_from(first["total"].as_u64().unwrap()).unwrap();
        // `admin` and `owner` match some of them.
        let all = expected.len()..=expected.len() + 2;
        let is_floor = first["totalIsAtLeast"] == true;
        if !(all.contains(&total) || is_floor && total <= expected.len()) {
            wrong.push(format!("{query}: {total} in all, at least: {is_floor}"));
        }
        if requests > 10 || units > 700.0 {
            wrong.push(format!("{query}: {requests} requests, {units} units"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
