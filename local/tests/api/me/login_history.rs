//! `GET /api/me/login-history`

use serde_json::json;

use crate::support::{PASSWORD, World};
use crate::users::{invalid, refused};

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_s_own_logins_are_listed_newest_first_a_page_at_a_time() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let login = |password: &'static str| {
        let world = &world;
        async move {
            world.clock.advance(60);
            let body = json!({ "username": "jane@example.org", "password": password });
            world.nobody().post("/api/auth/login", body).await
        }
    };
    login(PASSWORD).await;
    login("wrong").await;
    let jane = world.with_token(login(PASSWORD).await.str("token"));
    world.clock.advance(60);
    assert_eq!(jane.post_empty("/api/auth/logout").await.status, 204);
    let jane = world.with_token(login(PASSWORD).await.str("token"));
    let all = jane.get("/api/me/login-history").await.body;
    let rows: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["at"].as_str().unwrap()))
        .collect();
    assert_eq!(
        rows,
        [
            ("login", "2026-11-22T08:05:00.000Z"),
            ("logout", "2026-11-22T08:04:00.000Z"),
            ("login", "2026-11-22T08:03:00.000Z"),
            ("loginFailed", "2026-11-22T08:02:00.000Z"),
            ("login", "2026-11-22T08:01:00.000Z"),
        ]
    );
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = jane.get(&format!("/api/me/login-history?limit=2{cursor}")).await.body;
        walked.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(walked), all["items"]);
    // The cursor is the caller's; an administrator's question about the same account is the administrator's.
    invalid(
        &world
            .owner()
            .await
            .get(&format!("/api/me/login-history?limit=2{cursor}"))
            .await,
        &["?cursor"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_its_limit_and_cursor_are_held_to_their_bounds() {
    let world = World::new().await;
    let admin = world.admin().await;
    for limit in ["0", "101", "-1", "x"] {
        invalid(
            &admin.get(&format!("/api/me/login-history?limit={limit}")).await,
            &["?limit"],
        );
    }
    invalid(&admin.get("/api/me/login-history?cursor=AAAA").await, &["?cursor"]);
    refused(
        &world.nobody().get("/api/me/login-history").await,
        401,
        "no-credentials",
    );
}
