//! A change is in force at once where it was made, and within ten seconds in every other instance.

use super::{beside, set, token};
use crate::admin::{admin, login, made};
use crate::support::{Client, PASSWORD, World};
use serde_json::{Value, json};

/// Two instances on one table, both with the settings from before at hand; and the first's administrator.
async fn two() -> (World, World, Client) {
    let world = World::new().await;
    let other = beside(&world).await;
    let admin = admin(&world).await;
    other.admin().await;
    (world, other, admin)
}

/// Changes the settings through the first instance; the other has ten seconds of its own clock to notice.
async fn change(by: &Client, other: &World, patch: Value) {
    set(by, patch).await;
    other.clock.advance(10);
}

/// What each way to set a password answers to one of this many characters.
async fn passwords(world: &World, length: usize) -> Vec<(&'static str, u16)> {
    let owner = world.owner().await;
    let password = "p".repeat(length);
    // The same account gets one after the other, and none twice.
    let [patched, reset, put] = ["b", "c", "y"].map(|letter| letter.repeat(length));
    let name = format!(
        "n{}",
        owner.get("/v1/admin/users?limit=1").await.body["pagination"]["total"]
    );
    let id = made_with(&owner, &name, "a password of thirty characters").await;
    let own = world.signed_in(&name, "a password of thirty characters").await;
    let mut answers = Vec::new();
    let body = json!({ "currentPassword": "a password of thirty characters", "newPassword": password });
    answers.push((
        "change",
        own.post("/api/auth/change-password", body).await.status.as_u16(),
    ));
    let body = json!({ "email": format!("d.{name}@example.org"), "password": password });
    answers.push(("create", owner.post("/api/users", body).await.status.as_u16()));
    let path = format!("/api/users/{id}");
    let body = json!({ "password": patched });
    answers.push(("patch", owner.patch(&path, body).await.status.as_u16()));
    let reset = json!({ "newPassword": reset });
    let answer = owner.post(&format!("{path}/reset-password"), reset).await;
    answers.push(("reset", answer.status.as_u16()));
    let new =
        json!({ "email": format!("a.{name}@example.org"), "user_name": format!("a.{name}"), "password": password });
    answers.push(("admin create", owner.post("/v1/admin/users", new).await.status.as_u16()));
    let body = json!({ "password": put });
    let answer = owner.put(&format!("/v1/admin/users/{id}"), body).await;
    answers.push(("admin put", answer.status.as_u16()));
    let body = json!({ "username": format!("r-{name}"), "password": password, "confirm_password": password });
    let answer = world.nobody().post("/v1/user/register", body).await;
    answers.push(("register", answer.status.as_u16()));
    answers
}

async fn made_with(by: &Client, name: &str, password: &str) -> String {
    let body = json!({ "email": format!("{name}@example.org"), "user_name": name, "password": password });
    let reply = by.post("/v1/admin/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_minimum_on_every_surface() {
    let (world, other, admin) = two().await;
    let before = passwords(&other, 10).await;
    assert!(before.iter().all(|(_, status)| *status < 300), "{before:?}");
    change(&admin, &other, json!({ "min_password_length": 20 })).await;
    for instance in [&world, &other] {
        let short = passwords(instance, 19).await;
        assert!(short.iter().all(|(_, status)| *status == 400), "{short:?}");
        let enough = passwords(instance, 20).await;
        assert!(enough.iter().all(|(_, status)| *status < 300), "{enough:?}");
    }
    // A minimum lower than a contract's own lowers nothing.
    change(&admin, &other, json!({ "min_password_length": 1 })).await;
    for instance in [&world, &other] {
        let own = passwords(instance, 9).await;
        let expected = own
            .iter()
            .all(|(way, status)| (*status < 300) == ["admin create", "admin put", "register"].contains(way));
        assert!(expected, "{own:?}");
    }
    // At a login nothing is asked of a password but that it is right (rule 4).
    change(&admin, &other, json!({ "min_password_length": 128 })).await;
    for instance in [&world, &other] {
        instance.admin().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lockout_numbers() {
    let (world, other, admin) = two().await;
    for name in ["jane", "john"] {
        made(&admin, name, &[]).await;
    }
    change(&admin, &other, json!({ "lockout": { "limit": 3, "seconds": 30 } })).await;
    for (instance, email) in [(&world, "jane@example.org"), (&other, "john@example.org")] {
        for _ in 0..3 {
            assert_eq!(login(instance, email, "wrong").await.status, 401);
        }
        let locked = login(instance, email, PASSWORD).await;
        assert_eq!((locked.status.as_u16(), locked.header("retry-after")), (423, "30"));
        instance.clock.advance(30);
        assert_eq!(login(instance, email, PASSWORD).await.status, 200);
    }
    change(&admin, &other, json!({ "lockout": { "limit": 7 } })).await;
    world.clock.advance(60);
    other.clock.advance(60);
    for (instance, email) in [(&world, "jane@example.org"), (&other, "john@example.org")] {
        for _ in 0..6 {
            assert_eq!(login(instance, email, "wrong").await.status, 401);
        }
        assert_eq!(login(instance, email, PASSWORD).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_lifetimes_shorter_and_longer() {
    let (world, other, admin) = two().await;
    made(&admin, "jane", &["admin"]).await;
    let old = token(&other, PASSWORD).await;
    for (access, session) in [(120, 600), (7_200, 5_000_000)] {
        let lasts = json!({ "access": access, "session": session });
        let patch = json!({ "token_lifetimes": { "admin": lasts, "directory": lasts } });
        change(&admin, &other, patch).await;
        for instance in [&world, &other] {
            let here = login(instance, "jane@example.org", PASSWORD).await;
            let there = token(instance, PASSWORD).await;
            assert_eq!(
                (&here.body["expires_in"], &there.body["expiresIn"]),
                (&json!(access), &json!(access))
            );
        }
    }
    // What was issued before keeps the session that it has; its next access token is of the new length.
    let body = json!({ "refreshToken": old.str("refreshToken") });
    let next = other.nobody().post("/api/auth/refresh", body).await;
    assert_eq!(next.body["expiresIn"], 7_200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_access_token_and_session_end_when_they_are_said_to() {
    let (_, other, admin) = two().await;
    made(&admin, "jane", &["admin"]).await;
    let lasts = json!({ "admin": { "access": 60, "session": 120 } });
    change(&admin, &other, json!({ "token_lifetimes": lasts })).await;
    let reply = login(&other, "jane@example.org", PASSWORD).await;
    let client = other.with_token(reply.str("access_token"));
    other.clock.advance(59);
    assert_eq!(client.get("/v1/settings").await.status, 200);
    other.clock.advance(1);
    assert_eq!(client.get("/v1/settings").await.status, 401);
    let refresh = |token: &str| {
        let (nobody, body) = (other.nobody(), json!({ "refresh_token": token }));
        async move { nobody.post("/v1/auth/refresh", body).await }
    };
    let next = refresh(reply.str("refresh_token")).await;
    assert_eq!((next.status.as_u16(), &next.body["expires_in"]), (200, &json!(60)));
    other.clock.advance(60);
    assert_eq!(refresh(next.str("refresh_token")).await.status, 401);
}

/// For how many days the newest row of a history is kept.
fn kept(world: &World, index: &str) -> i64 {
    let items = world.items();
    let rows = items.iter().filter(|item| {
        let of_index = item["GSI1PK"]["S"].as_str();
        of_index.is_some_and(|pk| pk.starts_with(&format!("T#main#{index}#")))
    });
    let newest = rows.max_by_key(|item| item["GSI1SK"]["S"].as_str().unwrap()).unwrap();
    let number = |name: &str| newest[name]["N"].as_str().unwrap().parse::<i64>().unwrap();
    // A login's row is its session while that lives, and its end as a session may be later.
    match newest["recordedUntil"].is_object() {
        true => (number("recordedUntil") - number("createdAt")) / 86_400_000,
        false => (number("ttl") - number("at") / 1_000) / 86_400,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_new_rows_of_the_histories_are_kept() {
    let (world, other, admin) = two().await;
    assert_eq!(kept(&other, "LOGINS"), 400);
    for days in [97, 3_650] {
        change(&admin, &other, json!({ "history_days": days })).await;
        for instance in [&world, &other] {
            instance.clock.advance(15);
            let owner = instance.owner().await;
            assert_eq!(kept(instance, "LOGINS"), days);
            let name = format!("n{}", instance.now().as_millisecond());
            made(&owner, &name, &[]).await;
            assert_eq!(kept(instance, "TARGET"), days);
        }
        world.clock.advance(15);
    }
}

async fn register(world: &World, name: &str) -> (u16, Value) {
    let body = json!({ "username": name, "password": PASSWORD, "confirm_password": PASSWORD });
    let reply = world.nobody().post("/v1/user/register", body).await;
    (reply.status.as_u16(), reply.body["error"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_closed_and_open_again() {
    let (world, other, admin) = two().await;
    assert_eq!(register(&other, "first").await.0, 200);
    change(&admin, &other, json!({ "registration_open": false })).await;
    for instance in [&world, &other] {
        assert_eq!(register(instance, "second").await.0, 403);
    }
    change(&admin, &other, json!({ "registration_open": null })).await;
    assert_eq!(register(&world, "second").await.0, 200);
    assert_eq!(register(&other, "third").await.0, 200);
    change(&admin, &other, json!({ "email_on_signup": "required" })).await;
    for instance in [&world, &other] {
        assert_eq!(register(instance, "fourth").await, (400, json!("Email is required")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_password_is_that_the_registration_contract_sets_and_no_other() {
    let (world, other, admin) = two().await;
    let lengths = json!({ "min_password_length": 8, "max_password_length": 12 });
    change(&admin, &other, json!({ "registration": lengths })).await;
    for (n, instance) in [&world, &other].into_iter().enumerate() {
        let name = |length: usize| format!("r{n}-{length}");
        let register = |length: usize| {
            let password = "\u{e9}".repeat(length);
            let body = json!({ "username": name(length), "password": password, "confirm_password": password });
            let nobody = instance.nobody();
            async move { nobody.post("/v1/user/register", body).await }
        };
        let short = "The password must have at least 8 characters";
        let long = "The password must have at most 12 characters";
        for (length, error) in [
            (7, json!(short)),
            (13, json!(long)),
            (8, json!(null)),
            (12, json!(null)),
        ] {
            assert_eq!(register(length).await.body["error"], error, "{length}");
        }
        let jane = instance.signed_in(&name(8), &"\u{e9}".repeat(8)).await;
        let path = format!("/v1/user/{}/change-password", name(8));
        for (length, error) in [(7, json!(short)), (13, json!(long)), (9, json!(null))] {
            let new = "\u{e9}".repeat(length);
            let body = json!({ "current_password": "\u{e9}".repeat(8), "password": new, "confirm_password": new });
            assert_eq!(jane.post(&path, body).await.body["error"], error, "{length}");
        }
        // The other contracts keep their own.
        let body = json!({ "email": format!("d{n}@example.org"), "password": "\u{e9}".repeat(13) });
        assert_eq!(instance.owner().await.post("/api/users", body).await.status, 201);
        made_with(&instance.owner().await, &format!("a{n}"), "six-ch").await;
    }
}
