//! Each contract refuses in its own style, for as long as it states.

use reqwest::Method;
use serde_json::{Value, json};

use super::{from, from_elsewhere, limited, set};
use crate::support::{PASSWORD, Reply, World};

const HERE: &str = "198.51.100.1";

/// Logs in with a wrong password and another name each time, as often as there is room; the refusal that follows.
async fn over(world: &World, path: &str, body: impl Fn(String) -> Value) -> Reply {
    assert_eq!(set(world, json!({ "login_by_address": 10 })).await.status, 200);
    for n in 0..10 {
        let reply = from(&world.nobody(), HERE, path, body(format!("person{n}@example.org"))).await;
        assert!(
            [401, 403].contains(&reply.status.as_u16()),
            "{path} {n}: {}",
            reply.text
        );
    }
    let refused = from(&world.nobody(), HERE, path, body("person11@example.org".to_owned())).await;
    assert_eq!(refused.status, 429, "{path}: {}", refused.text);
    assert_eq!(refused.header("ratelimit-policy"), "\"login_by_address\";q=10;w=60");
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    assert_eq!(
        refused.header("ratelimit"),
        format!("\"login_by_address\";r=0;t={seconds}")
    );
    // Elsewhere nobody notices.
    let other = from(
        &world.nobody(),
        "198.51.100.2",
        path,
        body("person12@example.org".to_owned()),
    )
    .await;
    assert!([401, 403].contains(&other.status.as_u16()), "{path}: {}", other.text);
    // It helps to wait as long as that, and no less.
    world.clock.advance(seconds - 1);
    let early = from(&world.nobody(), HERE, path, body("person13@example.org".to_owned())).await;
    assert_eq!(
        (early.status.as_u16(), early.header("retry-after")),
        (429, "1"),
        "{path}"
    );
    world.clock.advance(1);
    let then = from(&world.nobody(), HERE, path, body("person14@example.org".to_owned())).await;
    assert!([401, 403].contains(&then.status.as_u16()), "{path}: {}", then.text);
    refused
}

#[tokio::test]
async fn the_directory_contract_refuses_with_problem_details() {
    for (path, field) in [("/api/auth/login", "username"), ("/api/auth/token", "email")] {
        let world = limited().await;
        let refused = over(&world, path, |name| json!({ field: name, "password": "wrong" })).await;
        let seconds = refused.header("retry-after");
        let expected = json!({
            "type": "/problems/rate-limited", "title": "Too many requests", "status": 429,
            "detail": format!("too many requests: try again in {seconds} s"), "instance": path,
        });
        assert_eq!(refused.body, expected);
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn the_account_contract_refuses_in_both_languages() {
    let world = limited().await;
    let refused = over(
        &world,
        "/auth/login",
        |name| json!({ "Username": name, "Password": "wrong" }),
    )
    .await;
    let seconds = refused.header("retry-after");
    let english = format!("too many requests: try again in {seconds} s");
    let bulgarian = format!("твърде много заявки: опитайте пак след {seconds} с");
    assert_eq!(
        refused.body,
        json!({ "Message": english, "En": english, "Bg": bulgarian })
    );
}

#[tokio::test]
async fn the_admin_contract_refuses_with_an_error() {
    let world = limited().await;
    let refused = over(
        &world,
        "/v1/auth/login",
        |name| json!({ "email": name, "password": "wrong" }),
    )
    .await;
    let seconds = refused.header("retry-after");
    assert_eq!(
        refused.body,
        json!({ "error": format!("Too many requests: try again in {seconds} s") })
    );
}

#[tokio::test]
async fn the_registration_contract_refuses_with_an_error_at_each_of_its_ways_in() {
    let world = limited().await;
    let refused = over(
        &world,
        "/v1/user/login",
        |name| json!({ "login": name, "password": "wrong" }),
    )
    .await;
    let seconds = refused.header("retry-after");
    assert_eq!(
        refused.body,
        json!({ "error": format!("Too many requests: try again in {seconds} s") })
    );
}

#[tokio::test]
async fn registrations_are_limited_at_both_contracts_by_one_count() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "registration_by_address": 5 })).await.status, 200);
    let account = |n: usize| json!({ "Email": format!("a{n}@example.org"), "Username": format!("account{n}"), "Password": PASSWORD });
    let registered = |n: usize| {
        json!({
            "email": format!("r{n}@example.org"), "username": format!("registered{n}"),
            "password": PASSWORD, "confirm_password": PASSWORD,
        })
    };
    for n in 0..5 {
        let reply = match n % 2 {
            0 => from(&world.nobody(), HERE, "/auth/register", account(n)).await,
            _ => from(&world.nobody(), HERE, "/v1/user/register", registered(n)).await,
        };
        assert_eq!(reply.status, 200, "{n}: {}", reply.text);
    }
    for (path, body) in [("/auth/register", account(6)), ("/v1/user/register", registered(7))] {
        let hashes = world.app.hasher.hashes();
        let refused = from(&world.nobody(), HERE, path, body.clone()).await;
        assert_eq!(refused.status, 429, "{path}: {}", refused.text);
        assert!(
            refused
                .header("ratelimit")
                .starts_with("\"registration_by_address\";r=0;")
        );
        assert_eq!(world.app.hasher.hashes(), hashes, "no password is hashed");
        let elsewhere = from(&world.nobody(), "198.51.100.2", path, body).await;
        assert_eq!(elsewhere.status, 200, "{path}: {}", elsewhere.text);
    }
}

#[tokio::test]
async fn invitations_are_limited_by_who_sends_them() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "invitation_by_account": 10 })).await.status, 200);
    let owner = from_elsewhere(&world).await;
    let invite = |n: usize| json!({ "email": format!("invited{n}@example.org") });
    for n in 0..9 {
        let reply = owner.post("/api/users", invite(n)).await;
        assert_eq!(reply.status, 201, "{n}: {}", reply.text);
        let left = format!("\"invitation_by_account\";r={};t=3600", 9 - n);
        assert_eq!(reply.header("ratelimit"), left, "{n}");
    }
    let again = "/v1/admin/users/invited1@example.org/verification";
    assert_eq!(owner.post_empty(again).await.status, 202);
    assert_eq!(owner.post_empty(again).await.status, 429);
    assert_eq!(owner.post("/api/users", invite(11)).await.problem(), "rate-limited");
    let tenant = json!({ "id": "another", "owner": { "email": "invited14@example.org" } });
    assert_eq!(owner.post("/api/tenants", tenant).await.problem(), "rate-limited");
    let admin = json!({ "email": "invited12@example.org", "user_name": "invited", "roles": ["user"] });
    assert_ne!(owner.post("/v1/admin/users", admin).await.status, 201);
    // Who has a password is not invited, and another's invitations are another's.
    let made = json!({ "email": "made@example.org", "password": PASSWORD });
    assert_eq!(owner.post("/api/users", made).await.status, 201);
    let body = json!({ "username": "admin", "password": "Admin@123" });
    let reply = from(&world.nobody(), "203.0.113.251", "/api/auth/login", body).await;
    let admin = world.with_token(reply.str("token"));
    assert_eq!(admin.post("/api/users", invite(13)).await.status, 201);
}

#[tokio::test]
async fn no_limit_takes_away_the_answer_of_a_registration_that_is_sent_again_with_its_key() {
    let world = limited().await;
    assert_eq!(set(&world, json!({ "registration_by_address": 5 })).await.status, 200);
    let send = |name: &str, key: &str| {
        let body = json!({ "username": name, "password": PASSWORD, "confirm_password": PASSWORD });
        let (client, key) = (world.nobody(), key.to_owned());
        async move {
            let headers = [("x-forwarded-for", "198.51.100.1"), ("idempotency-key", key.as_str())];
            let path = "/v1/user/register";
            client.send(Method::POST, path, Some(body), &headers).await
        }
    };
    let first = send("jane", "one").await;
    assert_eq!(first.status, 200, "{}", first.text);
    for n in 1..5 {
        let other = send(&format!("person{n}"), &format!("key{n}")).await;
        assert_eq!(other.status, 200, "{}", other.text);
    }
    assert_eq!(send("joan", "three").await.status, 429);
    let again = send("jane", "one").await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(send("joan", "one").await.status, 422, "that of another request");
    assert_eq!(
        send("joan", "three").await.status,
        429,
        "what was refused is not answered"
    );
    world.clock.advance(24 * 3_600);
    assert_eq!(send("jane", "one").await.status, 400, "after a day the key is free");
}
