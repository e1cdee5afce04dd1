//! `POST /api/auth/revoke` and `POST /api/auth/logout`

use serde_json::json;

use super::{Pair, assert_refused, login, opens, pair, refresh};
use crate::support::{PASSWORD, Reply, World};

const JANE: &str = "jane@example.org";

async fn jane() -> (World, Pair) {
    let world = World::new().await;
    world.user(JANE).await;
    let tokens = pair(&world, JANE).await;
    (world, tokens)
}

async fn revoke(world: &World, token: &str) -> Reply {
    world.nobody().post("/api/auth/revoke", json!({ "token": token })).await
}

async fn assert_ended(world: &World, tokens: &Pair) {
    assert_eq!(opens(world, &tokens.access).await, 401);
    assert_refused(world, &tokens.refresh, "its session was ended").await;
}

#[tokio::test]
async fn r06_a_token_of_either_kind_ends_its_session_and_no_other() {
    let (world, other) = jane().await;
    let (by_refresh, by_access) = (pair(&world, JANE).await, pair(&world, JANE).await);
    let reply = revoke(&world, &by_refresh.refresh).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(revoke(&world, &by_access.access).await.status, 204);
    assert_ended(&world, &by_refresh).await;
    assert_ended(&world, &by_access).await;
    assert_eq!(opens(&world, &other.access).await, 200);
    assert_eq!(refresh(&world, &other.refresh).await.status, 200);
}

#[tokio::test]
async fn the_long_token_of_login_is_revoked_too() {
    let (world, _) = jane().await;
    let long = login(&world, JANE, PASSWORD).await.str("token").to_owned();
    assert_eq!(revoke(&world, &long).await.status, 204);
    assert_eq!(opens(&world, &long).await, 401);
}

#[tokio::test]
async fn an_older_token_of_the_session_ends_it_as_well() {
    let (world, first) = jane().await;
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    let third = Pair::of(&refresh(&world, &second.refresh).await);
    assert_eq!(revoke(&world, &first.refresh).await.status, 204);
    assert_ended(&world, &third).await;
}

#[tokio::test]
async fn whatever_is_no_token_of_ours_is_204_too_and_ends_nothing() {
    let (world, tokens) = jane().await;
    let revoked = pair(&world, JANE).await;
    for token in [
        revoked.refresh.as_str(),
        &revoked.refresh,
        &revoked.access,
        "",
        "garbage",
        "a.b.c",
        "usher_rt_x",
    ] {
        let reply = revoke(&world, token).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "{token}");
    }
    let forged = usher::proof::opaque::RefreshToken::parse(&tokens.refresh).unwrap();
    let forged = usher::proof::opaque::RefreshToken::first(forged.user(), forged.session()).unwrap();
    let forged = usher::secrecy::ExposeSecret::expose_secret(&forged.text()).to_owned();
    assert_eq!(revoke(&world, &forged).await.status, 204);
    assert_eq!(opens(&world, &tokens.access).await, 200);
}

#[tokio::test]
async fn a_body_without_the_token_is_reported() {
    let world = World::new().await;
    let reply = world.nobody().post("/api/auth/revoke", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.pointers()), (400, vec!["/token"]));
}

#[tokio::test]
async fn r06_a_logout_ends_the_caller_s_session_at_once_and_no_other() {
    let (world, other) = jane().await;
    let own = pair(&world, JANE).await;
    let reply = world.with_token(&own.access).post_empty("/api/auth/logout").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_ended(&world, &own).await;
    assert_eq!(opens(&world, &other.access).await, 200);
    let again = world.with_token(&own.access).post_empty("/api/auth/logout").await;
    assert_eq!((again.status.as_u16(), again.problem()), (401, "invalid-token"));
}

#[tokio::test]
async fn a_logout_needs_a_token_and_takes_any_body() {
    let (world, tokens) = jane().await;
    let reply = world.nobody().post_empty("/api/auth/logout").await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (401, "no-credentials"));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    let me = world.with_token(&tokens.access);
    assert_eq!(
        me.post("/api/auth/logout", json!({ "refreshToken": tokens.refresh }))
            .await
            .status,
        204
    );
    assert_ended(&world, &tokens).await;
}

#[tokio::test]
async fn a_logout_with_a_refreshed_token_ends_the_session() {
    let (world, first) = jane().await;
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    let reply = world.with_token(&second.access).post_empty("/api/auth/logout").await;
    assert_eq!(reply.status, 204);
    assert_ended(&world, &first).await;
    assert_ended(&world, &second).await;
}
