//! `POST /api/auth/refresh`

use serde_json::json;

use super::{Pair, assert_refused, covered, opens, pair, patched, refresh, token};
use crate::support::{PASSWORD, World};

const JANE: &str = "jane@example.org";
const DAY: i64 = 24 * 3600;

async fn jane() -> (World, Pair) {
    let world = World::new().await;
    world.user(JANE).await;
    let tokens = pair(&world, JANE).await;
    (world, tokens)
}

async fn next(world: &World, pair: &Pair) -> Pair {
    Pair::of(&refresh(world, &pair.refresh).await)
}

#[tokio::test]
async fn a_refresh_token_gets_another_pair() {
    let (world, first) = jane().await;
    let reply = refresh(&world, &first.refresh).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_json_snapshot!(covered(&reply.body, &["/accessToken", "/refreshToken"]), @r#"
    {
      "tokenType": "Bearer",
      "accessToken": "[accessToken]",
      "expiresIn": 3600,
      "refreshToken": "[refreshToken]"
    }
    "#);
    let second = Pair::of(&reply);
    assert!(second.access != first.access && second.refresh != first.refresh);
    assert_eq!(opens(&world, &second.access).await, 200);
    assert_eq!(
        opens(&world, &first.access).await,
        200,
        "the access token before it lasts its hour"
    );
}

#[tokio::test]
async fn r02_a_client_that_lost_the_answer_asks_again_and_what_it_lost_dies() {
    let (world, first) = jane().await;
    let lost = next(&world, &first).await;
    let found = next(&world, &first).await;
    assert_eq!(opens(&world, &lost.access).await, 401, "the lost access token");
    assert_refused(&world, &lost.refresh, "the lost refresh token").await;
    assert_eq!(opens(&world, &found.access).await, 200);
    let third = next(&world, &found).await;
    assert_eq!(opens(&world, &third.access).await, 200, "the dead one ended nothing");
}

#[tokio::test]
async fn r02_an_answer_can_be_lost_many_times_and_at_every_depth() {
    let (world, mut newest) = jane().await;
    for _ in 0..4 {
        let mut lost = Vec::new();
        for _ in 0..5 {
            lost.push(next(&world, &newest).await);
        }
        let found = lost.pop().unwrap();
        for dead in &lost {
            assert_eq!(opens(&world, &dead.access).await, 401);
            assert_refused(&world, &dead.refresh, "a lost answer's").await;
        }
        assert_eq!(opens(&world, &found.access).await, 200);
        for dead in &lost {
            assert_refused(&world, &dead.refresh, "a lost answer's, once the found one was used").await;
        }
        newest = found;
    }
    assert_eq!(opens(&world, &newest.access).await, 200);
}

#[tokio::test]
async fn r01_once_the_successor_s_refresh_token_was_used_the_old_one_ends_the_family() {
    let (world, first) = jane().await;
    let second = next(&world, &first).await;
    let third = next(&world, &second).await;
    assert_refused(&world, &first.refresh, "spent").await;
    for pair in [&first, &second, &third] {
        assert_eq!(opens(&world, &pair.access).await, 401);
        assert_refused(&world, &pair.refresh, "of an ended family").await;
    }
}

#[tokio::test]
async fn r01_once_the_successor_s_access_token_was_used_the_old_one_ends_the_family() {
    let (world, first) = jane().await;
    let second = next(&world, &first).await;
    assert_eq!(opens(&world, &second.access).await, 200);
    assert_refused(&world, &first.refresh, "spent").await;
    assert_eq!(opens(&world, &second.access).await, 401);
    assert_refused(&world, &second.refresh, "of an ended family").await;
}

#[tokio::test]
async fn r01_reuse_is_known_however_long_ago_the_token_was_spent_and_is_in_the_history() {
    let (world, first) = jane().await;
    let other = pair(&world, JANE).await;
    let mut newest = first.clone();
    for _ in 0..6 {
        newest = next(&world, &newest).await;
    }
    world.clock.advance(1);
    assert_refused(&world, &first.refresh, "spent six rotations ago").await;
    assert_refused(&world, &newest.refresh, "of an ended family").await;
    let history = world
        .with_token(&other.access)
        .get("/api/me/login-history?limit=1")
        .await;
    assert_eq!(
        history.body["items"][0]["kind"], "logout",
        "and nobody else's session ended"
    );
}

#[tokio::test]
async fn the_use_of_the_first_access_token_does_not_spend_anything() {
    let (world, first) = jane().await;
    assert_eq!(opens(&world, &first.access).await, 200);
    let lost = next(&world, &first).await;
    assert_eq!(
        opens(&world, &first.access).await,
        200,
        "the pair before, not the successor"
    );
    let found = next(&world, &first).await;
    assert_eq!(opens(&world, &lost.access).await, 401);
    assert_eq!(opens(&world, &found.access).await, 200);
}

#[tokio::test]
async fn r05_refreshing_never_moves_the_end_of_the_session() {
    let (world, mut newest) = jane().await;
    for _ in 0..29 {
        world.clock.advance(DAY);
        newest = next(&world, &newest).await;
    }
    world.clock.advance(DAY - 600);
    let reply = refresh(&world, &newest.refresh).await;
    assert_eq!(
        reply.body["expiresIn"], 600,
        "an access token does not outlive its session"
    );
    let last = Pair::of(&reply);
    world.clock.advance(599);
    assert_eq!(opens(&world, &last.access).await, 200);
    world.clock.advance(1);
    assert_eq!(opens(&world, &last.access).await, 401);
    assert_refused(&world, &last.refresh, "thirty days are over").await;
}

#[tokio::test]
async fn r05_a_refresh_token_that_nobody_uses_lasts_thirty_days() {
    let (world, first) = jane().await;
    let other = pair(&world, JANE).await;
    world.clock.advance_ms(30 * DAY * 1000 - 1);
    assert_eq!(refresh(&world, &first.refresh).await.status, 200);
    world.clock.advance_ms(1);
    assert_refused(&world, &other.refresh, "thirty days are over").await;
}

#[tokio::test]
async fn r04_a_refresh_token_dies_with_what_it_was_given_for() {
    let changes = [
        ("inactive", json!({ "status": "inactive" })),
        ("banned", json!({ "status": "banned" })),
        ("locked", json!({ "status": "locked" })),
        (
            "a password that an administrator set",
            json!({ "password": "battery staple" }),
        ),
        ("another address", json!({ "email": "elsewhere@example.org" })),
    ];
    let world = World::new().await;
    for (n, (why, change)) in changes.into_iter().enumerate() {
        let email = format!("jane{n}@example.org");
        world.user(&email).await;
        let tokens = pair(&world, &email).await;
        patched(&world, &email, change).await;
        assert_refused(&world, &tokens.refresh, why).await;
    }
}

#[tokio::test]
async fn r04_deletion_logout_reset_and_a_new_password_end_it_too() {
    let (world, tokens) = jane().await;
    let owner = world.owner().await;
    let path = format!("/api/users/{JANE}");
    let me = world.with_token(&tokens.access);
    assert_eq!(me.post_empty("/api/auth/logout").await.status, 204);
    assert_refused(&world, &tokens.refresh, "logged out").await;

    let (tokens, own) = (pair(&world, JANE).await, pair(&world, JANE).await);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "battery staple" });
    let reply = world
        .with_token(&own.access)
        .post("/api/auth/change-password", body)
        .await;
    assert_eq!(reply.status, 204);
    assert_refused(&world, &tokens.refresh, "the password was changed").await;

    let reset = json!({ "newPassword": PASSWORD });
    assert_eq!(owner.post(&format!("{path}/reset-password"), reset).await.status, 204);
    assert_refused(&world, &own.refresh, "the password was reset").await;

    let tokens = pair(&world, JANE).await;
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_refused(&world, &tokens.refresh, "deleted").await;
}

#[tokio::test]
async fn a_changed_role_is_in_the_next_pair_and_ends_nothing() {
    let (world, first) = jane().await;
    let owner = world.owner().await;
    let body = json!({ "role": "admin" });
    assert_eq!(owner.post(&format!("/api/users/{JANE}/roles"), body).await.status, 201);
    assert_eq!(world.with_token(&first.access).get("/api/users").await.status, 200);
    let second = next(&world, &first).await;
    assert_eq!(world.with_token(&second.access).get("/api/users").await.status, 200);
}

/// A token of our form: `usher_rt_`, the body in base64url, and its checksum.
mod forged {
    use usher::id::{SessionId, UserId};
    use usher::proof::opaque::RefreshToken;
    use usher::secrecy::ExposeSecret;

    pub fn with(user: UserId, session: SessionId) -> String {
        RefreshToken::first(user, session)
            .unwrap()
            .text()
            .expose_secret()
            .to_owned()
    }

    pub fn parsed(text: &str) -> RefreshToken {
        RefreshToken::parse(text).unwrap()
    }

    pub fn text(token: &RefreshToken) -> String {
        token.text().expose_secret().to_owned()
    }
}

#[tokio::test]
async fn r07_a_token_of_one_account_with_the_session_of_another_is_nothing() {
    let (world, jane) = jane().await;
    world.user("john@example.org").await;
    let john = pair(&world, "john@example.org").await;
    let (a, b) = (forged::parsed(&jane.refresh), forged::parsed(&john.refresh));
    for forged in [
        forged::with(a.user(), b.session()),
        forged::with(b.user(), a.session()),
        forged::with(a.user(), a.session()),
    ] {
        assert_refused(&world, &forged, "forged").await;
    }
    for pair in [&jane, &john] {
        assert_eq!(
            refresh(&world, &pair.refresh).await.status,
            200,
            "and nobody is logged out by it"
        );
    }
}

#[tokio::test]
async fn r07_a_successor_that_was_never_issued_is_nothing() {
    let (world, first) = jane().await;
    let parsed = forged::parsed(&first.refresh);
    for (depth, attempt) in [(0, 1), (1, 0), (7, 0), (u32::MAX, u32::MAX)] {
        let forged = forged::text(&parsed.next(depth, attempt).unwrap());
        assert_refused(&world, &forged, "never issued").await;
    }
    assert_eq!(refresh(&world, &first.refresh).await.status, 200);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let (world, first) = jane().await;
    let token = &first.refresh;
    let mut flipped = token.clone();
    let last = flipped.pop().unwrap();
    flipped.push(if last == 'A' { 'B' } else { 'A' });
    for text in [
        "",
        "garbage",
        "usher_rt_",
        &token[..token.len() - 1],
        &token[1..],
        &flipped,
        &format!("{token}A"),
        &format!(" {token}"),
        &token.to_uppercase(),
        &token.replace("usher_rt_", "usher_ak_"),
        &first.access,
        &"usher_rt_".repeat(5000),
    ] {
        assert_refused(&world, text, text).await;
    }
    assert_eq!(refresh(&world, token).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_opens_no_route() {
    let (world, first) = jane().await;
    assert_eq!(opens(&world, &first.refresh).await, 401);
}

#[tokio::test]
async fn a_body_without_the_token_is_reported() {
    let world = World::new().await;
    for body in [json!({}), json!({ "refreshToken": null }), json!({ "refreshToken": 3 })] {
        let reply = world.nobody().post("/api/auth/refresh", body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec!["/refreshToken"]),
            "{body}"
        );
    }
}

#[tokio::test]
async fn each_login_is_a_family_of_its_own() {
    let (world, first) = jane().await;
    let other = Pair::of(&token(&world, JANE, PASSWORD).await);
    let second = next(&world, &first).await;
    next(&world, &second).await;
    assert_refused(&world, &first.refresh, "spent").await;
    assert_eq!(opens(&world, &other.access).await, 200);
    assert_eq!(refresh(&world, &other.refresh).await.status, 200);
}
