//! How long tokens last: what is shown is what is issued.

use serde_json::{Value, json};
use usher::jiff::Timestamp;

use super::{PATH, set};
use crate::admin::{admin, made};
use crate::support::{PASSWORD, World};

/// Seconds that the access token of a login lasts, and its session where it has one, by the contract's name.
async fn issued(world: &World, name: &str) -> (i64, Option<i64>) {
    let nobody = world.nobody();
    let by_email = json!({ "email": "jane@example.org", "password": PASSWORD });
    let (path, body, refresh) = match name {
        "directory" => (
            "/api/auth/token",
            by_email,
            Some(("/api/auth/refresh", "refreshToken", "expiresIn")),
        ),
        "identity" => (
            "/api/auth/login",
            json!({ "username": "jane", "password": PASSWORD }),
            None,
        ),
        "admin" => (
            "/v1/auth/login",
            by_email,
            Some(("/v1/auth/refresh", "refresh_token", "expires_in")),
        ),
        other => panic!("nobody knows how to log in through {other}"),
    };
    world.clock.advance(1);
    let reply = nobody.post(path, body).await;
    assert_eq!(reply.status, 200, "{name}: {}", reply.text);
    let now = world.now();
    let access = match (
        &reply.body["expiresIn"],
        &reply.body["expires_in"],
        &reply.body["expiresAt"],
    ) {
        (Value::Number(seconds), ..) | (_, Value::Number(seconds), _) => seconds.as_i64().unwrap(),
        (.., at) => {
            let at: Timestamp = at.as_str().unwrap().parse().unwrap();
            at.as_second() - now.as_second()
        }
    };
    let Some((path, field, _)) = refresh else {
        return (access, None);
    };
    // The session that was opened last.
    let items = world.items();
    let sessions = items
        .iter()
        .filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#"));
    let at = |item: &Value, field: &str| item[field]["N"].as_str().unwrap().parse::<i64>().unwrap();
    let newest = sessions.max_by_key(|item| at(item, "createdAt")).unwrap();
    let session = (at(newest, "expiresAt") - now.as_millisecond()) / 1_000;
    let again = nobody.post(path, json!({ field: reply.body[field] })).await;
    assert_eq!(again.status, 200, "{}", again.text);
    (access, Some(session))
}

/// The names whose contracts are served here.
const SERVED: [&str; 3] = ["directory", "identity", "admin"];

#[tokio::test(flavor = "multi_thread")]
async fn the_lifetimes_that_are_shown_are_those_that_logins_give() {
    let world = World::new().await;
    let admin = admin(&world).await;
    made(&admin, "jane", &[]).await;
    let shown = admin.get(PATH).await.body["token_lifetimes"].clone();
    for name in SERVED {
        let (access, session) = issued(&world, name).await;
        assert_eq!(
            (&shown[name]["access"], shown[name]["session"].as_i64()),
            (&json!(access), session),
            "{name}"
        );
    }
    let chosen = json!({
        "directory": { "access": 61, "session": 7_000_000 }, "identity": { "access": 123_456 },
        "admin": { "access": 1_234, "session": 5_678 },
    });
    set(&admin, json!({ "token_lifetimes": chosen })).await;
    for name in SERVED {
        let (access, session) = issued(&world, name).await;
        assert_eq!(
            (&chosen[name]["access"], chosen[name]["session"].as_i64()),
            (&json!(access), session),
            "{name}"
        );
    }
}

#[test]
fn the_lifetimes_that_are_shown_are_those_of_the_contracts_terms() {
    let shown =
        ::admin::wire::LIFETIMES.map(|(name, access, session)| (name, i64::from(access), session.map(i64::from)));
    for terms in [auth::wire::TOKEN_TERMS, auth::wire::LOGIN_TERMS, ::admin::wire::TERMS] {
        let session = terms.refresh.then(|| terms.session.as_secs());
        let expected = (terms.name, terms.access.as_secs(), session);
        assert!(shown.contains(&expected), "{expected:?}");
    }
}
