//! A login's row, which is its session while that lives.

use serde_json::Value;

use super::{JANE, kinds};
use crate::auth::{self, Pair, pair, refresh, token};
use crate::support::World;

/// What is kept at the place of the account's one session.
fn of_session(world: &World, id: &str) -> Value {
    let items = world.items().into_iter();
    let mut of =
        items.filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#") && item["user"]["S"] == id);
    of.next().unwrap()
}

#[tokio::test]
async fn the_row_of_a_login_outlives_its_session_as_it_was_and_without_its_secrets() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user(JANE).await;
    let jane = pair(&world, JANE).await;
    let path = format!("/api/users/{JANE}/login-history");
    let shown = owner.get(&path).await.body["items"][0].clone();
    assert_eq!(shown["kind"], "login");
    let living = of_session(&world, &id);
    assert!(living["refresh"]["M"].is_object());
    world.clock.advance(1);
    assert_eq!(
        world
            .with_token(&jane.access)
            .post_empty("/api/auth/logout")
            .await
            .status,
        204
    );
    let left = of_session(&world, &id);
    for secret in ["refresh", "expiresAt", "version", "epoch"] {
        assert!(left[secret].is_null(), "{secret}: {left}");
    }
    for same in ["PK", "SK", "GSI1PK", "GSI1SK", "ip", "userAgent", "ttl"] {
        assert_eq!(left[same], living[same], "{same}");
    }
    let after = owner.get(&path).await;
    assert_eq!(kinds(&owner).await, ["logout", "login"]);
    assert_eq!(after.body["items"][1], shown);
    assert_eq!(auth::opens(&world, &jane.access).await, 401);
    assert_eq!(refresh(&world, &jane.refresh).await.status, 401);
}

#[tokio::test]
async fn a_row_is_kept_for_its_retention_and_a_session_that_lives_longer_shows_none_then() {
    let settings = [("USHER_HISTORY_DAYS", "1")];
    let world = World::with(&settings).await;
    let owner = world.owner().await;
    let id = world.user(JANE).await;
    pair(&world, JANE).await;
    let (day, session) = (24 * 3600, of_session(&world, &id));
    let number = |name: &str| session[name]["N"].as_str().unwrap().parse::<i64>().unwrap();
    assert!(number("expiresAt") > number("createdAt") + day * 1000);
    assert_eq!(number("ttl") * 1000, number("expiresAt"), "while it lives");
    assert_eq!(kinds(&owner).await, ["login"]);
    world.clock.advance(day);
    let owner = world.owner().await;
    assert!(kinds(&owner).await.is_empty());
}

#[tokio::test]
async fn pages_of_a_history_have_each_row_once_whatever_is_its_item() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user(JANE).await;
    let mut expected = Vec::new();
    for n in 0..7 {
        world.clock.advance(1);
        if n % 3 == 2 {
            assert_eq!(token(&world, JANE, "wrong").await.status, 401);
            expected.push("loginFailed");
        } else {
            let jane = pair(&world, JANE).await;
            expected.push("login");
            if n % 2 == 0 {
                world.clock.advance(1);
                let client = world.with_token(&jane.access);
                assert_eq!(client.post_empty("/api/auth/logout").await.status, 204);
                expected.push("logout");
            }
        }
    }
    expected.reverse();
    for limit in 1..=4 {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/users/{JANE}/login-history?limit={limit}{cursor}");
            let page = owner.get(&path).await.body;
            let rows = page["items"].as_array().unwrap();
            assert!(rows.len() <= limit);
            found.extend(rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "{limit}");
    }
}

#[tokio::test]
async fn only_logins_and_logouts_are_among_everyone_s() {
    let world = World::new().await;
    let id = world.user(JANE).await;
    let jane = pair(&world, JANE).await;
    let second = Pair::of(&refresh(&world, &jane.refresh).await);
    assert_eq!(token(&world, JANE, "wrong").await.status, 401);
    let client = world.with_token(&second.access);
    assert_eq!(client.post_empty("/api/auth/logout").await.status, 204);
    let items = world.items().into_iter();
    let rows = items.filter(|item| item["user"]["S"] == id.as_str() && item["kind"]["S"].is_string());
    let rows = rows.filter(|row| row["surface"]["S"].is_string());
    let mut listed: Vec<(String, bool)> = rows
        .map(|row| (row["kind"]["S"].as_str().unwrap().to_owned(), row["GSI1PK"].is_object()))
        .collect();
    listed.sort();
    let expected = [
        ("login", true),
        ("loginFailed", false),
        ("logout", true),
        ("refresh", false),
    ];
    assert_eq!(listed, expected.map(|(kind, is)| (kind.to_owned(), is)));
}

/// DynamoDB takes days to remove what expired.
#[tokio::test]
async fn rows_are_shown_for_as_long_as_they_are_kept() {
    let world = World::with(&[("USHER_HISTORY_DAYS", "90")]).await;
    world.user(JANE).await;
    let session = pair(&world, JANE).await;
    world.clock.advance(1);
    let out = world.with_token(&session.access).post_empty("/api/auth/logout").await;
    assert_eq!(out.status, 204);
    let (of_jane, of_all) = (format!("/api/users/{JANE}/login-history"), "/admin/entries?limit=100");
    let rights = format!("/api/rights-history?target={JANE}");
    let shown = async |path: &str| {
        let body = world.owner().await.get(path).await.body;
        let items = body["items"].as_array().or(body.as_array());
        items.unwrap_or_else(|| panic!("{path}: {body}")).len()
    };
    let day = 24 * 3_600;
    world.clock.advance(90 * day - 2);
    assert_eq!((shown(&of_jane).await, shown(&rights).await), (2, 1));
    let kept = shown(of_all).await;
    world.clock.advance(2);
    assert_eq!((shown(&of_jane).await, shown(&rights).await), (0, 0));
    // Each look was a login of its own.
    assert!(shown(of_all).await <= kept + 3 - 2, "{kept}");
}
