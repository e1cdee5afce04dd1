//! `GET /api/users`: totals beyond what is counted one by one.

use serde_json::{Value, json};
use usher::jiff::SignedDuration;

use crate::round_trips::counted;
use crate::support::{PASSWORD, World};
use crate::users::user;

#[tokio::test(flavor = "multi_thread")]
async fn a_total_is_exact_for_one_filter_and_says_where_there_may_be_more() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut last = String::new();
    for n in 0..1_049 {
        let reply = owner
            .post("/api/users", json!({ "username": format!("u{n:04}") }))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.str("id").clone_into(&mut last);
    }
    let (exactly, at_least) = (Value::Null, Value::Bool(true));
    for (query, total, more) in [
        ("limit=1", 1_051, &exactly),
        ("role=user", 1_051, &exactly),
        ("status=active", 1_051, &exactly),
        ("role=user&status=active", 1_051, &exactly),
        ("q=u", 1_000, &at_least),
        ("q=u&status=active", 1_000, &at_least),
        ("q=u&role=user&status=active", 1_000, &at_least),
        ("role=user&status=inactive", 0, &exactly),
        ("q=u&status=inactive", 0, &exactly),
        ("q=u10&limit=1", 49, &exactly),
    ] {
        let page = owner.get(&format!("/api/users?{query}")).await;
        let counted = (&page.body["total"], &page.body["totalIsAtLeast"]);
        assert_eq!(counted, (&json!(total), more), "{query}: {}", page.status);
    }
    // The account that a thousand others stand before is counted all the same.
    let first = owner.get("/api/users/u0000").await.str("id").to_owned();
    for id in [&first, &last] {
        assert_eq!(
            owner.patch(&user(id), json!({ "status": "inactive" })).await.status,
            204
        );
    }
    for query in ["role=user&status=inactive&limit=1", "q=u&status=inactive&limit=1"] {
        let page = owner.get(&format!("/api/users?{query}")).await.body;
        assert_eq!(
            (&page["total"], &page["totalIsAtLeast"]),
            (&json!(2), &exactly),
            "{query}"
        );
    }
    // The admin contract's pages are of all that match.
    let found = owner.get("/v1/admin/users/search?q=u0&page=2&limit=10").await.body;
    assert_eq!(found["pagination"]["total"], 1_000);
    let found = owner.get("/v1/admin/users/search?q=u&page=106&limit=10").await.body;
    assert_eq!(
        (&found["pagination"]["total"], found["users"].as_array().unwrap().len()),
        (&json!(1_051), 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_that_ended_are_counted_as_active_without_reading_an_account() {
    let (world, proxy) = counted().await;
    let owner = world.owner().await;
    for n in 0..60 {
        let email = format!("u{n:02}@example.org");
        let made = owner
            .post("/api/users", json!({ "email": email, "password": PASSWORD }))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        // Some by an administrator, until then or for good, and some by failures.
        let until = (world.now() + SignedDuration::from_mins(10)).to_string();
        let lock = match n % 3 {
            0 => json!({ "until": until }),
            1 => json!({}),
            _ => {
                for _ in 0..5 {
                    crate::auth::login(&world, &email, "not this one").await;
                }
                continue;
            }
        };
        let locked = owner.post(&format!("{}/lock", user(made.str("id"))), lock).await;
        assert_eq!(locked.status, 204, "{}", locked.text);
    }
    // The newest is none of them.
    world.clock.advance_ms(1);
    world.user("newest@example.org").await;
    // Ten minutes for those of the administrator's, fifteen for those by failures.
    for (minutes, ended) in [(0, 0), (11, 20), (5, 40)] {
        world.clock.advance(minutes * 60);
        let owner = world.owner().await;
        proxy.cost();
        let active = owner.get("/api/users?status=active&limit=1").await.body;
        let cost = proxy.cost();
        assert_eq!(active["total"], ended + 3, "after {minutes} more minutes");
        assert!(cost.read < 12.0 && cost.operations.len() <= 5, "{cost:?}");
        let locked = owner.get("/api/users?status=locked&limit=1").await.body;
        assert_eq!(locked["total"], 60 - ended);
    }
}
