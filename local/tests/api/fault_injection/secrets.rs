//! A stack without its master key, or with another one: nothing is issued, and what was issued goes on being verified.

use serde_json::{Value, json};
use setup::cloudformation::Event;
use usher::ambient::ManualClock;
use usher::app::App;

use super::diff::{between, dump};
use crate::support::{PASSWORD, World, settings_of};
use crate::watch::Watch;

/// Another function on the same table, with this master key. Set-up does not come into it.
async fn instance(world: &World, master: &str) -> World {
    let clock = ManualClock::at(world.now());
    let settings = settings_of(&world.dynamodb, &[("USHER_MASTER_KEY", master)]);
    let app = App::with_clock(settings, clock.clone()).unwrap();
    World::serving(app, clock, world.db.clone(), world.dynamodb.clone(), Watch::new()).await
}

/// Every way to get a token, with what each is asked: five logins, and the three kinds of refreshing, one of which only
/// does so for tokens that are older than a week.
async fn ways(world: &World) -> Vec<(&'static str, Value)> {
    let login = json!({ "email": "jane@example.org", "password": PASSWORD });
    let pair = world.nobody().post("/api/auth/token", login.clone()).await;
    let admin = world.nobody().post("/v1/auth/login", login.clone()).await;
    let registration = crate::registration::login(world, "jane@example.org", PASSWORD).await;
    let token = crate::registration::token_of(&registration);
    world.clock.advance(8 * 24 * 3_600);
    // That the API key was used today is written down now.
    crate::account::login(world, "jane@example.org", PASSWORD).await;
    vec![
        ("/api/auth/token", login.clone()),
        (
            "/api/auth/login",
            json!({ "username": "jane@example.org", "password": PASSWORD }),
        ),
        (
            "/auth/login",
            json!({ "Username": "jane@example.org", "Password": PASSWORD }),
        ),
        ("/v1/auth/login", login),
        (
            "/v1/user/login",
            json!({ "login": "jane@example.org", "password": PASSWORD }),
        ),
        ("/api/auth/refresh", json!({ "refreshToken": pair.str("refreshToken") })),
        (
            "/v1/auth/refresh",
            json!({ "refresh_token": admin.str("refresh_token") }),
        ),
        ("/v1/user/token/renew", json!({ "token": token })),
    ]
}

async fn issues_nothing_and_verifies(master: &str, message: &str) {
    let good = World::new().await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD, "emailVerified": true });
    assert_eq!(good.owner().await.post("/api/users", body).await.status, 201);
    let ways = ways(&good).await;
    let owner = good.owner().await;
    let bad = instance(&good, master).await;
    let before = dump(&good);
    for (path, body) in &ways {
        let logged_before = bad.watch.log.text().len();
        let reply = bad.nobody().post(path, body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("retry-after")),
            (503, "1"),
            "{path}: {}",
            reply.text
        );
        assert!(
            !reply.text.to_lowercase().contains("key"),
            "{path} reveals something: {}",
            reply.text
        );
        let log = bad.watch.log.text();
        let log = &log[logged_before..];
        assert!(
            log.contains(message),
            "{path}: the log does not state what to do: {log}"
        );
    }
    let changed = between(&before, &dump(&good));
    assert!(
        changed.is_empty(),
        "no session is opened, and no refresh token used up: {changed:?}"
    );
    assert_eq!(bad.with_token(&owner.token).get("/api/me/profile").await.status, 200);
    // Nor is anything sealed that the right key could not open, now or when the next rotation is due.
    for seconds in [0, usher::domain::rotation::PERIOD.as_secs()] {
        bad.clock.advance(seconds);
        let refused = setup::cloud::handle(&bad.app, Event::Other).await.unwrap_err();
        assert!(format!("{refused:?}").contains(message), "{refused:?}");
        assert!(between(&before, &dump(&good)).is_empty());
    }
    // With the right key back, all is as it was.
    for (path, body) in ways {
        let reply = good.nobody().post(path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn f9_without_a_master_key_nothing_is_issued_and_tokens_are_verified() {
    issues_nothing_and_verifies("", "USHER_MASTER_KEY_SECRET is not set").await;
}

#[tokio::test]
async fn f9_with_another_master_key_nothing_is_issued_and_tokens_are_verified() {
    let message = "the master key is another one; see docs/operations.md, The master key";
    issues_nothing_and_verifies(&"o".repeat(64), message).await;
}

#[tokio::test]
async fn f9_with_a_master_key_that_is_none_nothing_is_issued_and_tokens_are_verified() {
    issues_nothing_and_verifies(
        "short",
        "`openssl rand -base64 48`; see docs/operations.md, The master key",
    )
    .await;
}
