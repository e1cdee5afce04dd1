//! What operators count is counted, once for each time that it happens.

use serde_json::json;
use usher::metrics::Metric;

use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::{Fault, Proxy};
use crate::support::{PASSWORD, World};

/// Signs in through the contract that has this route; the status.
async fn login(world: &World, name: &str, password: &str) -> u16 {
    let body = json!({ "username": name, "password": password });
    world.nobody().post("/api/auth/login", body).await.status.as_u16()
}

#[tokio::test]
async fn logins_failures_and_lockouts_are_counted_and_those_of_no_account_apart() {
    let world = World::new().await;
    let total = |metric| world.app.metrics.total(metric);
    world.user("jane@example.org").await;
    assert_eq!(
        (total(Metric::Logins), total(Metric::FailedLogins)),
        (1, 0),
        "the owner's"
    );
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await, 200);
    let admin = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    assert_eq!(world.nobody().post("/v1/auth/login", admin).await.status, 200);
    assert_eq!(total(Metric::Logins), 3, "through any contract");
    let names = [
        ("jane@example.org", (1, 0)),
        ("nobody@example.org", (1, 1)),
        ("nobody", (1, 2)),
    ];
    for (name, locked) in names {
        for _ in 0..5 {
            assert_eq!(login(&world, name, "a wrong password").await, 401);
        }
        let lockouts = (total(Metric::Lockouts), total(Metric::UnknownLockouts));
        assert_eq!(lockouts, locked, "{name}");
        assert_eq!(login(&world, name, PASSWORD).await, 423);
        assert_eq!(total(Metric::FailedLogins), 6 * (locked.0 + locked.1), "{name}");
    }
    assert_eq!((total(Metric::Logins), total(Metric::ColdStarts)), (3, 1));
}

#[tokio::test]
async fn each_429_is_counted_once_through_any_contract_and_no_other_refusal_is() {
    let world = World::with(&[("USHER_RATE_LIMITS", "true")]).await;
    let mut refused = 0;
    for n in 0..70 {
        let body = json!({ "login": format!("nobody-{n}"), "password": PASSWORD });
        let by_registration = world.nobody().post("/v1/user/login", body).await.status.as_u16();
        let by_directory = login(&world, &format!("nobody-{n}"), PASSWORD).await;
        refused += [by_registration, by_directory]
            .iter()
            .filter(|status| **status == 429)
            .count() as u64;
        assert_eq!(world.app.metrics.total(Metric::RateLimited), refused, "{n}");
    }
    assert!(refused > 1 && refused < 140, "{refused}");
}

#[tokio::test]
async fn a_password_that_is_hashed_again_is_counted_once() {
    let weak = World::new().await;
    weak.user("jane@example.org").await;
    let settings = [("USHER_ARGON2", "m=16,t=1,p=1")];
    let world = World::on(weak.db.clone(), weak.dynamodb.clone(), &settings).await;
    for _ in 0..2 {
        assert_eq!(login(&world, "jane@example.org", PASSWORD).await, 200);
        assert_eq!(world.app.metrics.total(Metric::Rehashes), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dynamodb_is_asked_again_is_counted_by_the_sdk_s_tries_and_by_ours() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let world = World::on(db, proxy.url.clone(), &[]).await;
    let owner = world.owner().await;
    for (fault, repeated) in [(Fault::Throttled, 2), (Fault::Unprocessed, 2)] {
        let before = world.app.metrics.total(Metric::StoreRetries);
        proxy.plan(move |call| (call.number <= repeated).then_some(fault));
        assert_eq!(owner.get("/api/me/profile").await.status, 200, "{fault:?}");
        proxy.calm();
        let counted = world.app.metrics.total(Metric::StoreRetries) - before;
        assert_eq!(counted, repeated as u64, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_5xx_is_counted_and_a_refusal_is_not() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let world = World::on(db, proxy.url.clone(), &[]).await;
    let owner = world.owner().await;
    assert_eq!(world.nobody().get("/api/me/profile").await.status, 401);
    assert_eq!(owner.get("/nothing").await.status, 404);
    assert_eq!(world.app.metrics.total(Metric::ServerErrors), 0);
    proxy.plan(|_| Some(Fault::Throttled));
    assert_eq!(owner.get("/api/me/profile").await.status, 503);
    proxy.calm();
    assert_eq!(world.app.metrics.total(Metric::ServerErrors), 1);
}
