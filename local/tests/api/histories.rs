//! The two histories (rule 7): a row for everything that it names, in the transaction of what it records.

use serde_json::{Value, json};

use crate::auth::{self, Pair, login, pair, refresh, token};
use crate::support::{Client, PASSWORD, World};

mod logins;
mod targets;

const JANE: &str = "jane@example.org";

/// The kinds of an account's login history, newest first.
async fn kinds(client: &Client) -> Vec<String> {
    let reply = client.get(&format!("/api/users/{JANE}/login-history?limit=100")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let items = reply.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// The rows of the rights history, oldest first: what happened, before, after, and the row itself.
fn rights(world: &World) -> Vec<Value> {
    let rows = world.items().into_iter();
    let mut rows: Vec<Value> = rows
        .filter(|item| item["PK"]["S"].as_str().unwrap().contains("#RIGHTS#"))
        .collect();
    // Ids of one millisecond sort by chance; tests that ask for an order move the clock.
    rows.sort_by_key(|row| row["SK"]["S"].as_str().unwrap().to_owned());
    rows
}

fn kind(row: &Value) -> &str {
    row["kind"]["S"].as_str().unwrap()
}

#[tokio::test]
async fn every_login_failure_refresh_logout_and_lockout_has_its_row_newest_first() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user(JANE).await;
    assert!(kinds(&owner).await.is_empty());
    let step = || world.clock.advance(1);
    step();
    let first = pair(&world, JANE).await;
    step();
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    step();
    assert_eq!(
        world
            .with_token(&second.access)
            .post_empty("/api/auth/logout")
            .await
            .status,
        204
    );
    step();
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 200);
    for _ in 0..4 {
        step();
        assert_eq!(token(&world, JANE, "wrong").await.status, 401);
    }
    assert_eq!(
        kinds(&owner).await,
        [
            "loginFailed",
            "loginFailed",
            "loginFailed",
            "loginFailed",
            "login",
            "logout",
            "refresh",
            "login"
        ]
    );
    step();
    assert_eq!(token(&world, JANE, "wrong").await.status, 401);
    let mut newest = kinds(&owner).await[..2].to_vec();
    newest.sort();
    assert_eq!(newest, ["lockout", "loginFailed"]);
    let before = kinds(&owner).await.len();
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 423);
    assert_eq!(
        kinds(&owner).await.len(),
        before,
        "what was not compared is no login that failed"
    );
}

#[tokio::test]
async fn a_refusal_after_the_right_password_and_a_wrong_current_one_are_failures_too() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user(JANE).await;
    let me = world.signed_in(JANE, PASSWORD).await;
    world.clock.advance(1);
    let body = json!({ "currentPassword": "wrong", "newPassword": "battery staple" });
    assert_eq!(me.post("/api/auth/change-password", body).await.status, 403);
    assert_eq!(kinds(&owner).await, ["loginFailed", "login"]);
    auth::patched(&world, JANE, json!({ "status": "inactive" })).await;
    world.clock.advance(1);
    assert_eq!(login(&world, JANE, PASSWORD).await.status, 401);
    assert_eq!(kinds(&owner).await, ["loginFailed", "loginFailed", "login"]);
}

#[tokio::test]
async fn a_revocation_and_a_reuse_end_a_session_and_are_logouts() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user(JANE).await;
    let revoked = pair(&world, JANE).await;
    world.clock.advance(1);
    let body = json!({ "token": revoked.refresh });
    assert_eq!(world.nobody().post("/api/auth/revoke", body.clone()).await.status, 200);
    assert_eq!(kinds(&owner).await, ["logout", "login"]);
    assert_eq!(world.nobody().post("/api/auth/revoke", body).await.status, 200);
    assert_eq!(kinds(&owner).await.len(), 2, "what has ended does not end again");
    world.clock.advance(1);
    let first = pair(&world, JANE).await;
    world.clock.advance(1);
    let second = Pair::of(&refresh(&world, &first.refresh).await);
    assert_eq!(auth::opens(&world, &second.access).await, 200);
    world.clock.advance(1);
    assert_eq!(refresh(&world, &first.refresh).await.status, 401);
    assert_eq!(kinds(&owner).await, ["logout", "refresh", "login", "logout", "login"]);
}

#[tokio::test]
async fn a_row_shows_when_through_which_contract_from_where_and_with_what() {
    let world = World::new().await;
    world.user(JANE).await;
    let body = json!({ "username": JANE, "password": PASSWORD });
    // Other bytes than ASCII are none that a header may not have (RFC 9110, 5.5).
    let long = format!("José {}", "agent ".repeat(100));
    let headers = [("user-agent", long.as_str()), ("x-forwarded-for", "203.0.113.9")];
    let nobody = world.nobody();
    let reply = nobody
        .send(reqwest::Method::POST, "/api/auth/login", Some(body), &headers)
        .await;
    let me = world.with_token(reply.str("token"));
    let history = me.get("/api/me/login-history").await;
    let first: String = long.chars().take(256).collect();
    assert_eq!(history.body["items"][0]["userAgent"], first);
    insta::assert_json_snapshot!(auth::covered(&history.body, &["/items/0/userAgent"]), @r#"
    {
      "items": [
        {
          "at": "2026-11-22T08:00:00.000Z",
          "kind": "login",
          "surface": "directory",
          "ip": "127.0.0.1",
          "userAgent": "[items/0/userAgent]"
        }
      ],
      "nextCursor": null
    }
    "#);
}

#[tokio::test]
async fn i09_what_a_client_calls_itself_is_kept_as_it_is_and_breaks_nothing() {
    let world = World::new().await;
    world.user(JANE).await;
    let body = json!({ "username": JANE, "password": PASSWORD });
    let headers = [("user-agent", "<script>alert(1)</script>\t=cmd|' /C calc'!A0")];
    let reply = world
        .nobody()
        .send(reqwest::Method::POST, "/api/auth/login", Some(body), &headers)
        .await;
    let history = world.with_token(reply.str("token")).get("/api/me/login-history").await;
    assert_eq!(history.body["items"][0]["userAgent"], headers[0].1);
    assert_eq!(history.header("content-type"), "application/json");
}

#[tokio::test]
async fn nobody_s_failures_are_in_no_account_s_history_and_expire() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(login(&world, "nobody@example.org", "wrong").await.status, 401);
    }
    let items = world.items();
    let rows: Vec<&Value> = items
        .iter()
        .filter(|item| item["PK"]["S"].as_str().unwrap().contains("#GUESS#"))
        .collect();
    assert_eq!(rows.len(), 7, "the count, five failures and a lockout");
    assert!(
        rows.iter()
            .all(|row| row["ttl"]["N"].is_string() && row["GSI1PK"].is_null()),
        "{rows:#?}"
    );
    assert!(
        !rows.iter().any(|row| row.to_string().contains("nobody@example.org")),
        "the name is hashed"
    );
}

#[tokio::test]
async fn a_login_whose_row_cannot_be_written_is_none() {
    let world = World::new().await;
    world.user(JANE).await;
    let (before, sessions) = (world.items().len(), sessions(&world));
    let me = world.signed_in(JANE, PASSWORD).await;
    // The session is its row.
    assert_eq!(
        (world.items().len(), self::sessions(&world)),
        (before + 1, sessions + 1)
    );
    assert_eq!(me.post_empty("/api/auth/logout").await.status, 204);
    assert_eq!((world.items().len(), self::sessions(&world)), (before + 2, sessions));
}

/// How many sessions were not ended.
fn sessions(world: &World) -> usize {
    let items = world.items();
    let sessions = items
        .iter()
        .filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#"));
    sessions.filter(|item| item["kind"].is_null()).count()
}

#[tokio::test]
async fn every_change_of_rights_has_its_row_with_who_to_whom_what_and_when() {
    let world = World::new().await;
    let owner = world.owner().await;
    let actor = owner.get("/api/me/profile").await.str("id").to_owned();
    let known = rights(&world).len();
    let path = format!("/api/users/{JANE}");
    let at = |seconds: i64| (world.now().as_millisecond() + seconds * 1000).to_string();
    let step = || world.clock.advance(1);
    step();
    let began = at(0);
    let jane = world.user(JANE).await;
    step();
    let role = json!({ "name": "clerk", "permissions": ["admin.users"] });
    let clerk = owner.post("/api/roles", role).await.str("id").to_owned();
    step();
    let grant = owner.post(&format!("{path}/roles"), json!({ "role": "clerk" })).await;
    assert_eq!(grant.status, 201, "{}", grant.text);
    step();
    let grant = format!("{path}/roles/{}", grant.str("userRoleId"));
    assert_eq!(owner.delete(&grant).await.status, 204);
    step();
    assert_eq!(
        owner
            .patch("/api/roles/clerk", json!({ "permissions": [] }))
            .await
            .status,
        200
    );
    step();
    assert_eq!(owner.delete("/api/roles/clerk").await.status, 204);
    step();
    assert_eq!(owner.patch(&path, json!({ "status": "banned" })).await.status, 204);
    step();
    assert_eq!(owner.delete(&path).await.status, 204);
    let rows = rights(&world).split_off(known);
    let kinds: Vec<&str> = rows.iter().map(kind).collect();
    let expected = [
        "userCreated",
        "roleCreated",
        "roleGranted",
        "roleRevoked",
        "roleChanged",
        "roleDeleted",
        "statusChanged",
        "userDeleted",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(rows[0]["at"]["N"], json!(began));
    for row in &rows {
        assert_eq!(row["actor"]["S"], json!(actor), "{row}");
        let target = row["target"]["M"].clone();
        let target = if kind(row).starts_with("role") && !["roleGranted", "roleRevoked"].contains(&kind(row)) {
            (target["role"]["S"].clone(), json!(clerk))
        } else {
            (target["user"]["S"].clone(), json!(jane))
        };
        assert_eq!(target.0, target.1, "{row}");
        assert!(row["ttl"]["N"].is_string() && row["GSI1PK"]["S"].is_string() && row["GSI2PK"]["S"].is_string());
    }
    assert_eq!(rows[4]["before"]["M"]["permissions"]["L"][0]["S"], "admin.users");
    assert_eq!(rows[4]["after"]["M"]["permissions"]["L"], json!([]));
    assert_eq!(rows[6]["before"]["M"]["status"]["S"], "active");
    assert_eq!(rows[6]["after"]["M"]["status"]["S"], "banned");
}

#[tokio::test]
async fn a_change_that_is_refused_or_changes_nothing_has_no_row() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user(JANE).await;
    let known = rights(&world).len();
    let path = format!("/api/users/{JANE}");
    assert_eq!(
        owner
            .patch(&path, json!({ "status": "active", "email": JANE }))
            .await
            .status,
        204
    );
    assert_eq!(
        owner
            .post("/api/users", json!({ "email": JANE, "password": PASSWORD }))
            .await
            .status,
        409
    );
    assert_eq!(
        owner
            .post(&format!("{path}/roles"), json!({ "role": "wizard" }))
            .await
            .status,
        400
    );
    let admin = world.admin().await;
    assert_eq!(admin.delete("/api/users/owner@usher.local").await.status, 403);
    assert_eq!(owner.post("/api/roles", json!({ "name": "admin" })).await.status, 409);
    assert_eq!(rights(&world).len(), known);
}
