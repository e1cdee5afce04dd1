//! `GET /api/users?q=…` in a directory of thousands: each page costs its page, whatever it finds, and all pages together
//! are everybody that matches, once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::walked;
use crate::proxy::Proxy;
use crate::round_trips::counted;
use crate::support::{Client, World};

/// Accounts of these, oldest first.
async fn register(by: &Client, all: impl Iterator<Item = Value>) {
    for body in all {
        let reply = by.post("/api/users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

/// 1,100 at one domain, a hundred of them with a role; then 1,100 others, at a domain and name of which nothing is in those,
/// and whose addresses have nothing of their names: a search finds them by one entry each.
async fn thousands() -> (World, Proxy, Client) {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    assert_eq!(owner.post("/api/roles", json!({ "name": "press" })).await.status, 201);
    let early = (0..1_100).map(|n| {
        let roles: &[&str] = if n % 11 == 0 { &["press"] } else { &[] };
        json!({ "email": format!("xx{n}@first.example"), "username": format!("xx{n}"), "roles": roles })
    });
    register(&owner, early).await;
    let late = (0..1_100).map(|n| json!({ "email": format!("zz{n}@second.test"), "username": format!("yy{n}") }));
    register(&owner, late).await;
    (world, proxy, owner)
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_a_search_in_thousands_finds_everybody_once_at_the_cost_of_a_page() {
    let (world, proxy, owner) = thousands().await;
    let early: BTreeSet<String> = (0..1_100).map(|n| format!("xx{n}")).collect();
    let press: BTreeSet<String> = (0..1_100).step_by(11).map(|n| format!("xx{n}")).collect();
    for (query, expected) in [
        // Far behind the newest: in the order of the entries, of the accounts' and of the domain's.
        ("q=xx", &early),
        (
            "q=x1",
            &early.iter().filter(|name| name.contains("x1")).cloned().collect(),
        ),
        ("q=first", &early),
        ("q=t.ex", &early),
        // Everybody's and nearly everybody's.
        ("q=e", &everybody()),
        ("q=.", &everybody()),
        // With another filter.
        ("q=xx&role=press", &press),
        ("q=first&status=active", &early),
        ("role=press&status=active", &press),
        ("q=e&role=press&status=active", &press),
    ] {
        let (mut found, _, requests, units) = walked(&owner, &proxy, &format!("limit=100&{query}")).await;
        let all = found.len();
        found.retain(|name| name.starts_with("xx") || name.starts_with("yy"));
        let once: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!((&once, once.len()), (expected, found.len()), "{query}: {all}");
        assert!(requests <= 10, "{query}: {requests} requests");
        assert!(units <= 700.0, "{query}: {units} units");
    }
    drop(world);
}

fn everybody() -> BTreeSet<String> {
    (0..1_100).flat_map(|n| [format!("xx{n}"), format!("yy{n}")]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_what_a_search_counts_is_exact_up_to_a_thousand_and_says_where_it_is_not() {
    let (_world, _proxy, owner) = thousands().await;
    let (exactly, at_least) = (Value::Null, Value::Bool(true));
    for (query, total, more) in [
        ("q=xx10", 111, &exactly),
        ("q=xx", 1_000, &at_least),
        ("q=yy", 1_000, &at_least),
        ("q=first", 1_000, &at_least),
        ("q=xx1&role=press", 19, &exactly),
        ("q=first&role=press", 100, &exactly),
        ("role=press&status=inactive", 0, &exactly),
    ] {
        let page = owner.get(&format!("/api/users?limit=1&{query}")).await.body;
        assert_eq!(
            (&page["total"], &page["totalIsAtLeast"]),
            (&json!(total), more),
            "{query}"
        );
    }
    // By number, far down: nothing is left out.
    for (page, shown) in [(1, 10), (110, 10), (111, 0)] {
        let page = owner
            .get(&format!("/v1/admin/users/search?q=xx&page={page}&limit=10"))
            .await
            .body;
        let (users, paging) = (page["users"].as_array().unwrap(), &page["pagination"]);
        assert!(
            users
                .iter()
                .all(|user| user["user_name"].as_str().unwrap().starts_with("xx"))
        );
        assert_eq!(
            (users.len(), &paging["total"], &paging["totalIsAtLeast"]),
            (shown, &json!(1_100), &exactly)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_the_moment_it_is_there_and_by_its_new_name_alone() {
    let (world, _proxy) = counted().await;
    let owner = world.owner().await;
    let made = owner
        .post("/api/users", json!({ "email": "jane@new.example", "username": "jane" }))
        .await;
    let path = format!("/api/users/{}", made.str("id"));
    let total = async |q: &str| {
        owner.get(&format!("/api/users?q={q}")).await.body["total"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        [total("ane").await, total("w.exam").await, total("e@new").await],
        [1, 1, 1]
    );
    assert_eq!(
        owner
            .patch(&path, json!({ "email": "john@other.example", "username": "john" }))
            .await
            .status,
        204
    );
    assert_eq!(
        [total("ane").await, total("w.exam").await, total("e@new").await],
        [0, 0, 0]
    );
    assert_eq!(
        [total("ohn").await, total("r.exam").await, total("n@oth").await],
        [1, 1, 1]
    );
    // Refused, and nothing is found that is not.
    assert_eq!(
        owner
            .post(
                "/api/users",
                json!({ "email": "john@other.example", "username": "mary" })
            )
            .await
            .status,
        409
    );
    assert_eq!(owner.patch(&path, json!({ "username": "owner" })).await.status, 409);
    assert_eq!(
        [total("mary").await, total("r.exam").await, total("owne").await],
        [0, 1, 1]
    );
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!([total("ohn").await, total("r.exam").await], [0, 0]);
}
