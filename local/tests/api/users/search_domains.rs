//! `GET /api/users?q=…` where what is looked for is in the names of many domains, of accounts far behind the newest: a domain
//! for each customer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::walked;
use crate::proxy::Proxy;
use crate::round_trips::counted;
use crate::support::{Client, World};

/// Of the first customer's domain, in which `ü` is twice.
const AT_THE_FIRST: usize = 60;
/// More domains than are asked for their accounts to count these.
const DOMAINS: usize = 230;

fn domain(n: usize) -> String {
    match n {
        0 => "customer000.münchen-müller.test".to_owned(),
        n => format!("customer{n:03}.müller.test"),
    }
}

async fn register(owner: &Client, name: String, domain: &str) {
    let body = json!({ "email": format!("{name}@{domain}"), "username": name });
    let reply = owner.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

/// The names of those at the customers' domains; others, more than are looked through, are newer.
async fn customers() -> (World, Proxy, Client, BTreeSet<String>) {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    let mut names = BTreeSet::new();
    for n in 0..AT_THE_FIRST {
        let name = format!("xx-{n}");
        register(&owner, name.clone(), &domain(0)).await;
        names.insert(name);
    }
    world.clock.advance(1);
    for n in 1..DOMAINS {
        let name = format!("yy-{n}");
        register(&owner, name.clone(), &domain(n)).await;
        names.insert(name);
    }
    world.clock.advance(1);
    for n in 0..1_100 {
        register(&owner, format!("zz-{n}"), "other.example").await;
    }
    (world, proxy, owner, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_accounts_at_many_domains_are_each_found_once_on_pages_that_are_full() {
    let (_world, proxy, owner, names) = customers().await;
    for q in ["customer", "%C3%BC", "ller.test"] {
        let (found, first, requests, _) = walked(&owner, &proxy, &format!("limit=20&q={q}")).await;
        assert_eq!(found.len(), names.len(), "{q}");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), names, "{q}");
        assert_eq!(first["items"].as_array().unwrap().len(), 20, "{q}");
        assert_eq!(
            (&first["total"], &first["totalIsAtLeast"]),
            (&json!(20), &json!(true)),
            "{q}"
        );
        assert!(requests <= 40, "{q}: {requests} requests for 20 domains");
    }
    // At two hundred domains they are counted.
    for (q, expected) in [("customer1", 100), ("customer000", AT_THE_FIRST)] {
        let page = owner.get(&format!("/api/users?limit=100&q={q}")).await.body;
        assert_eq!(
            (
                page["items"].as_array().unwrap().len(),
                &page["total"],
                &page["totalIsAtLeast"]
            ),
            (expected, &json!(expected), &Value::Null),
            "{q}"
        );
    }
    // By number: all of them, the newest first.
    let mut shown = Vec::new();
    for page in 1..=5 {
        let page = owner
            .get(&format!("/v1/admin/users/search?q=customer&page={page}&limit=100"))
            .await
            .body;
        assert_eq!(
            (&page["pagination"]["total"], &page["pagination"]["totalIsAtLeast"]),
            (&json!(names.len()), &Value::Null)
        );
        let users = page["users"].as_array().unwrap().iter();
        shown.extend(users.map(|user| user["user_name"].as_str().unwrap().to_owned()));
    }
    let newer = shown.iter().position(|name| name.starts_with("xx"));
    assert_eq!(newer, Some(DOMAINS - 1), "{shown:?}");
    assert!(
        shown[DOMAINS - 1..].iter().all(|name| name.starts_with("xx")),
        "{shown:?}"
    );
    assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), names);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_a_domain_that_comes_between_two_pages_repeats_and_hides_nobody() {
    let (world, _proxy, owner, names) = customers().await;
    let path = "/api/users?limit=50&q=customer";
    let mut page = owner.get(path).await.body;
    // Before the domain in which the first page ended.
    world.clock.advance(1);
    register(&owner, "late".to_owned(), "customer.test").await;
    let mut found = Vec::new();
    loop {
        let items = page["items"].as_array().unwrap().iter();
        found.extend(items.map(|user| user["username"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        page = owner.get(&format!("{path}&cursor={cursor}")).await.body;
    }
    let once: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!((once, found.len()), (names.clone(), names.len()));
}
