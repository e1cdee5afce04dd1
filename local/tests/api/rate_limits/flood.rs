//! A flood: over several instances, at once, and what a refusal costs.

use reqwest::Method;
use serde_json::json;

use super::{LIMITED, from, guess, limited, set, statuses};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::Proxy;
use crate::support::{PASSWORD, Reply, World, at_once};

const HERE: &str = "198.51.100.1";

/// How many were not refused by a limit.
fn passed(replies: &[u16]) -> usize {
    replies.iter().filter(|status| **status != 429).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a02_no_more_pass_than_the_limit_however_many_come_at_once_to_two_instances() {
    let one = limited().await;
    assert_eq!(set(&one, json!({ "login_by_address": 10 })).await.status, 200);
    let two = World::later(one.db.clone(), &LIMITED, one.now()).await;
    let bases = [one.base.clone(), two.base.clone()];
    let client = one.nobody();
    for window in 1..=2 {
        let compared = one.app.hasher.comparisons() + two.app.hasher.comparisons();
        let replies = at_once(100, |n| {
            let mut client = client.clone();
            client.base.clone_from(&bases[n % 2]);
            let body = json!({ "username": format!("person{window}x{n}"), "password": "wrong" });
            async move { from(&client, HERE, "/api/auth/login", body).await.status.as_u16() }
        })
        .await;
        assert_eq!(passed(&replies), 10, "{replies:?}");
        let now = one.app.hasher.comparisons() + two.app.hasher.comparisons();
        assert_eq!(now - compared, 10, "and no password of the others is compared");
        for world in [&one, &two] {
            world.clock.advance(120);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a02_a_flood_that_is_refused_gives_back_the_attempts_that_it_reserved() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "login_by_address": 10 })).await.status, 200);
    let client = world.nobody();
    // All of them look before any is counted, so that most lose only when they are.
    let replies = at_once(60, |n| {
        let client = client.clone();
        let name = if n % 2 == 0 { "owner" } else { "unknown" };
        let body = json!({ "username": name, "password": "wrong" });
        async move { from(&client, HERE, "/api/auth/login", body).await.status.as_u16() }
    })
    .await;
    let failed = passed(&replies);
    assert_eq!(failed, 10, "{replies:?}");
    let counts: u64 = world
        .items()
        .iter()
        .filter_map(|item| {
            let count = item
                .get("usernameFailedLoginCount")
                .or_else(|| item.get("failedLoginCount"))?;
            count["N"].as_str()?.parse::<u64>().ok()
        })
        .sum();
    assert_eq!(counts, 10, "as many failures are counted as there were");
}

#[tokio::test(flavor = "multi_thread")]
async fn a01_a_refused_request_costs_a_fraction_of_a_login() {
    let db = table_set_up_with(&LIMITED).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let world = World::on(db, proxy.url.clone(), &LIMITED).await;
    let right = json!({ "username": "owner", "password": "Owner@12345" });
    let log_in = || from(&world.nobody(), HERE, "/api/auth/login", right.clone());
    assert_eq!(log_in().await.status, 200);
    proxy.cost();
    assert_eq!(log_in().await.status, 200);
    let login = proxy.cost();
    let mut operations = login.operations.clone();
    operations.sort();
    let expected = [
        "BatchGetItem",
        "GetItem",
        "TransactWriteItems",
        "UpdateItem",
        "UpdateItem",
        "UpdateItem",
    ];
    assert_eq!(operations, expected);
    assert!(
        (login.read - 2.0).abs() < 0.01 && (login.written - 8.0).abs() < 0.01,
        "{login:?}"
    );
    statuses(70, |n| guess(&world, HERE, &format!("person{n}"))).await;
    let compared = world.app.hasher.comparisons();
    proxy.cost();
    assert_eq!(log_in().await.status, 429);
    let mut refused = proxy.cost();
    refused.operations.sort();
    assert_eq!(refused.operations, ["BatchGetItem", "GetItem"]);
    assert!(refused.read <= 2.0 && refused.written < 0.01, "{refused:?}");
    assert_eq!(world.app.hasher.comparisons(), compared);
    // Nor does a flood of registrations with a key each write anything, not even its keys.
    let register = |n: usize| {
        let name = format!("person{n}");
        let body = json!({ "username": name, "password": PASSWORD, "confirm_password": PASSWORD });
        let (key, client) = (format!("key-{n}"), world.nobody());
        async move {
            let headers = [("x-forwarded-for", HERE), ("idempotency-key", key.as_str())];
            client
                .send(Method::POST, "/v1/user/register", Some(body), &headers)
                .await
        }
    };
    statuses(60, register).await;
    proxy.cost();
    assert_eq!(register(60).await.status, 429);
    let refused = proxy.cost();
    // It is looked whether the key has an answer.
    assert_eq!(refused.operations, ["BatchGetItem", "GetItem"]);
    assert!(refused.read <= 2.0 && refused.written < 0.01, "{refused:?}");
    // Whatever is only counted beside others: a mail that is asked for.
    let ask = |n: usize| json!({ "email": format!("person{n}@example.org") });
    statuses(61, |n| from(&world.nobody(), HERE, "/api/auth/forgot-password", ask(n))).await;
    proxy.cost();
    let reply: Reply = from(&world.nobody(), HERE, "/api/auth/forgot-password", ask(70)).await;
    assert_eq!(reply.status, 429);
    let refused = proxy.cost();
    assert_eq!(refused.operations, ["BatchGetItem"]);
    assert!(refused.read <= 1.0 && refused.written < 0.01, "{refused:?}");
}
