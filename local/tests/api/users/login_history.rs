//! `GET /api/users/{user}/login-history`

use serde_json::json;

use super::{invalid, refused};
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_s_logins_are_listed_newest_first_and_are_nobody_else_s() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = world.user("jane@example.org").await;
    world.user("jack@example.org").await;
    for password in [PASSWORD, "wrong", PASSWORD] {
        world.clock.advance(1);
        let body = json!({ "username": "jane@example.org", "password": password });
        let client = world.nobody();
        let request = client.http.post(format!("{}/api/auth/login", world.base)).json(&body);
        request.header("user-agent", "test/1").send().await.unwrap();
    }
    let row = |second: u8, kind: &str| {
        json!({ "at": format!("2026-11-22T08:00:0{second}.000Z"), "kind": kind, "surface": "directory",
            "ip": "127.0.0.1", "userAgent": "test/1" })
    };
    let all = json!({ "items": [row(3, "login"), row(2, "loginFailed"), row(1, "login")], "nextCursor": null });
    for path in [
        format!("/api/users/{id}/login-history"),
        "/api/users/JANE%40example.org/login-history".to_owned(),
    ] {
        assert_eq!(owner.get(&path).await.body, all);
    }
    let path = format!("/api/users/{id}/login-history");
    let first = owner.get(&format!("{path}?limit=2")).await.body;
    assert_eq!(first["items"], json!([row(3, "login"), row(2, "loginFailed")]));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = owner.get(&format!("{path}?limit=2&cursor={cursor}")).await.body;
    assert_eq!(second, json!({ "items": [row(1, "login")], "nextCursor": null }));
    // The cursor is of this account's history, for this caller.
    let other = format!("/api/users/jack@example.org/login-history?cursor={cursor}");
    invalid(&owner.get(&other).await, &["?cursor"]);
    invalid(
        &world.admin().await.get(&format!("{path}?cursor={cursor}")).await,
        &["?cursor"],
    );
    invalid(&owner.get(&format!("/api/users?cursor={cursor}")).await, &["?cursor"]);
    let jack = owner.get("/api/users/jack@example.org/login-history").await.body;
    assert_eq!(jack, json!({ "items": [], "nextCursor": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_its_limit_is_1_to_100_and_the_account_must_be_one() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = "/api/users/owner@usher.local/login-history";
    for limit in ["0", "101", "-1", "abc", "", "1e2", "1.0", "1000000000"] {
        invalid(&owner.get(&format!("{path}?limit={limit}")).await, &["?limit"]);
    }
    for limit in ["1", "100"] {
        assert_eq!(owner.get(&format!("{path}?limit={limit}")).await.status, 200);
    }
    invalid(&owner.get(&format!("{path}?cursor=x")).await, &["?cursor"]);
    refused(
        &owner.get("/api/users/no@example.org/login-history").await,
        404,
        "not-found",
    );
}
