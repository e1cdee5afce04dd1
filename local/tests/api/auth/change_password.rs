//! `POST /api/auth/change-password`, and what is closed until it was called (rule 14).

use serde_json::{Value, json};

use super::{Pair, assert_refused, login, opens, pair, raw, refresh, token};
use crate::support::{Client, PASSWORD, Reply, World};

const NEW: &str = "battery staple";

async fn change(client: &Client, current: &str, new: &str) -> Reply {
    let body = json!({ "currentPassword": current, "newPassword": new });
    client.post("/api/auth/change-password", body).await
}

#[tokio::test]
async fn the_password_changes_and_every_other_session_ends() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let (own, other) = (
        pair(&world, "jane@example.org").await,
        pair(&world, "jane@example.org").await,
    );
    let long = login(&world, "jane@example.org", PASSWORD)
        .await
        .str("token")
        .to_owned();
    let reply = change(&world.with_token(&own.access), PASSWORD, NEW).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(opens(&world, &own.access).await, 200, "its own goes on");
    assert_eq!(opens(&world, &other.access).await, 401);
    assert_eq!(opens(&world, &long).await, 401);
    assert_refused(&world, &other.refresh, "another session's").await;
    assert_eq!(refresh(&world, &own.refresh).await.status, 200);
    assert_eq!(token(&world, "jane@example.org", PASSWORD).await.status, 401);
    assert_eq!(token(&world, "jane@example.org", NEW).await.status, 200);
}

#[tokio::test]
async fn it_may_be_the_first_thing_that_a_refreshed_token_is_used_for() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let first = pair(&world, "jane@example.org").await;
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    let reply = change(&world.with_token(&second.access), PASSWORD, NEW).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    let third = Pair::of(&refresh(&world, &second.refresh).await);
    assert_eq!(opens(&world, &third.access).await, 200);
}

#[tokio::test]
async fn i09_a_new_password_is_held_to_10_to_128_characters() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let me = world.with_token(&pair(&world, "jane@example.org").await.access);
    for new in [
        "",
        "123456789",
        &"x".repeat(129),
        &"x".repeat(1025),
        &"\u{1f511}".repeat(9),
    ] {
        let reply = change(&me, PASSWORD, new).await;
        let length = new.chars().count();
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (400, "validation"),
            "{length}"
        );
        assert_eq!(reply.pointers(), ["/newPassword"], "{length}");
    }
    let mut current = PASSWORD.to_owned();
    for new in ["ten-letter".to_owned(), "x".repeat(128), "\u{1f511}".repeat(128)] {
        assert_eq!(change(&me, &current, &new).await.status, 204, "{}", new.chars().count());
        current = new;
    }
    assert_eq!(token(&world, "jane@example.org", &current).await.status, 200);
}

#[tokio::test]
async fn a_stack_can_ask_for_longer_passwords() {
    let world = World::with(&[("USHER_MIN_PASSWORD_LENGTH", "15")]).await;
    let me = world.owner().await;
    assert_eq!(change(&me, "Owner@12345", "12345678901234").await.status, 400);
    assert_eq!(change(&me, "Owner@12345", "123456789012345").await.status, 204);
}

#[tokio::test]
async fn what_is_missing_is_reported_with_its_place_and_costs_no_attempt() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let me = world.with_token(&pair(&world, "jane@example.org").await.access);
    let compared = world.app.hasher.comparisons();
    for _ in 0..3 {
        for (body, pointer) in [
            (json!({ "newPassword": NEW }), "/currentPassword"),
            (json!({ "currentPassword": "wrong" }), "/newPassword"),
            (
                json!({ "currentPassword": "wrong", "newPassword": "short" }),
                "/newPassword",
            ),
            (
                json!({ "currentPassword": null, "newPassword": NEW }),
                "/currentPassword",
            ),
        ] {
            let reply = me.post("/api/auth/change-password", body.clone()).await;
            assert_eq!(
                (reply.status.as_u16(), reply.pointers()),
                (400, vec![pointer]),
                "{body}"
            );
        }
    }
    assert_eq!(
        raw(&me, "/api/auth/change-password", "text/plain", "{}").await.status,
        415
    );
    assert_eq!(world.app.hasher.comparisons(), compared);
    assert_eq!(change(&me, PASSWORD, NEW).await.status, 204);
}

#[tokio::test]
async fn a_wrong_current_password_is_403_and_counts_as_a_failed_login() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let tokens = pair(&world, "jane@example.org").await;
    let me = world.with_token(&tokens.access);
    for _ in 0..4 {
        let reply = change(&me, "not this one", NEW).await;
        assert_eq!((reply.status.as_u16(), reply.problem()), (403, "wrong-password"));
    }
    assert_eq!(login(&world, "jane@example.org", "not this one").await.status, 401);
    // Five failures, by either way: locked, and no password is compared while that lasts, by a session neither.
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 423);
    let compared = world.app.hasher.comparisons();
    assert_eq!(change(&me, PASSWORD, NEW).await.status, 423);
    assert_eq!(world.app.hasher.comparisons(), compared);
    world.clock.advance(900);
    assert_eq!(change(&me, PASSWORD, NEW).await.status, 204);
}

#[tokio::test]
async fn the_fifth_wrong_current_password_locks() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let me = world.with_token(&pair(&world, "jane@example.org").await.access);
    for _ in 0..5 {
        assert_eq!(change(&me, "not this one", NEW).await.status, 403);
    }
    let reply = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (423, "900"));
}

#[tokio::test]
async fn the_right_current_password_clears_the_count() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let me = world.with_token(&pair(&world, "jane@example.org").await.access);
    for _ in 0..4 {
        assert_eq!(change(&me, "not this one", NEW).await.status, 403);
    }
    assert_eq!(change(&me, PASSWORD, NEW).await.status, 204);
    for _ in 0..4 {
        assert_eq!(change(&me, PASSWORD, NEW).await.status, 403);
    }
    assert_eq!(change(&me, NEW, PASSWORD).await.status, 204);
}

#[tokio::test]
async fn it_needs_a_token() {
    let world = World::new().await;
    let reply = change(&world.nobody(), PASSWORD, NEW).await;
    assert_eq!((reply.status.as_u16(), reply.problem()), (401, "no-credentials"));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    assert_eq!(
        change(&world.with_token("garbage"), PASSWORD, NEW).await.problem(),
        "invalid-token"
    );
}

/// Every route but those that anyone may call, and those by rank, which the guard walk asks as well.
async fn everything_else_refuses(world: &World, me: &Client) {
    for row in crate::support::tables()
        .iter()
        .flat_map(usher::http::routes::Routes::rows)
    {
        let open = [
            "/api/auth/change-password",
            "/api/auth/logout",
            "/v1/auth/logout",
            "/v1/user/{user}/change-password",
        ];
        let open = open.contains(&&*row.path);
        if open || !row.guard.is_guarded() || row.options.api_key.is_some() {
            continue;
        }
        let path = row
            .path
            .replace("{user}", "owner@usher.local")
            .replace("{role}", "user")
            .replace("{grant}", "x")
            .replace("{session}", "x");
        let body = (row.method != "GET").then(|| json!({}));
        let reply = me.send(row.method.clone(), &path, body, &[]).await;
        let what = format!("{} {path}", row.method);
        let said = reply.body["error"].as_str().unwrap_or(reply.problem());
        let words = ["must-change-password", "Change your password first"];
        assert!(reply.status == 403 && words.contains(&said), "{what}: {}", reply.text);
    }
    assert_eq!(world.owner().await.get("/api/users").await.status, 200);
}

async fn admin_who_must_change(world: &World) -> (String, Value) {
    world.user_with("jane@example.org", &["admin"]).await;
    let path = "/api/users/jane@example.org/reset-password";
    let reset = world.owner().await.post_empty(path).await;
    assert_eq!(reset.status, 200, "{}", reset.text);
    let temporary = reset.str("temporaryPassword").to_owned();
    let reply = login(world, "jane@example.org", &temporary).await;
    assert_eq!(reply.status, 200);
    (temporary, reply.body)
}

#[tokio::test]
async fn until_a_one_time_password_is_changed_nothing_else_is_open() {
    let world = World::new().await;
    let (temporary, body) = admin_who_must_change(&world).await;
    assert_eq!(body["user"]["mustChangePassword"], true);
    let me = world.with_token(body["token"].as_str().unwrap());
    everything_else_refuses(&world, &me).await;
    assert_eq!(change(&me, &temporary, NEW).await.status, 204);
    assert_eq!(
        me.get("/api/users").await.status,
        200,
        "the same token opens everything now"
    );
    let again = login(&world, "jane@example.org", NEW).await;
    assert_eq!(again.body["user"]["mustChangePassword"], false);
    assert_eq!(login(&world, "jane@example.org", &temporary).await.status, 401);
}

#[tokio::test]
async fn a_refreshed_token_of_such_an_account_opens_no_more() {
    let world = World::new().await;
    let (temporary, _) = admin_who_must_change(&world).await;
    let first = Pair::of(&token(&world, "jane@example.org", &temporary).await);
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    let me = world.with_token(&second.access);
    assert_eq!(me.get("/api/me/profile").await.problem(), "must-change-password");
    assert_eq!(change(&me, &temporary, NEW).await.status, 204);
    assert_eq!(opens(&world, &second.access).await, 200);
}

#[tokio::test]
async fn whoever_must_change_the_password_can_log_out() {
    let world = World::new().await;
    let (_, body) = admin_who_must_change(&world).await;
    let me = world.with_token(body["token"].as_str().unwrap());
    assert_eq!(me.post_empty("/api/auth/logout").await.status, 204);
    assert_eq!(me.get("/api/me/profile").await.status, 401);
}

#[tokio::test]
async fn an_account_can_be_made_so() {
    let world = World::new().await;
    let body = json!({ "email": "jane@example.org", "password": PASSWORD, "mustChangePassword": true });
    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
    let reply = login(&world, "jane@example.org", PASSWORD).await;
    assert_eq!(reply.body["user"]["mustChangePassword"], true);
    let me = world.with_token(reply.str("token"));
    assert_eq!(me.get("/api/me/profile").await.status, 403);
}
