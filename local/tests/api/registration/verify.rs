//! `POST /v1/user/token/verify`: "valid" means what rule 1 states.

use serde_json::json;

use super::{assert_refusal, login, registered, token, verdict};
use crate::auth::{self, pair};
use crate::support::{PASSWORD, World};

const VALID: &str = "Token is valid.";
const INVALID: &str = "Token invalid.";

#[tokio::test]
async fn a_token_of_any_contract_is_valid_while_its_account_is_active() {
    let world = World::new().await;
    registered(&world, "jane").await;
    assert_eq!(verdict(&world, &token(&world, "jane").await).await, VALID);
    let other = auth::login(&world, "jane", PASSWORD).await;
    assert_eq!(verdict(&world, other.str("token")).await, VALID);
    let pair = pair(&world, "jane@example.org").await;
    assert_eq!(verdict(&world, &pair.access).await, VALID);
    assert_eq!(verdict(&world, &pair.refresh).await, INVALID);
}

#[tokio::test]
async fn the_two_answers_are_these() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let body = json!({ "token": token(&world, "jane").await });
    insta::assert_json_snapshot!(world.nobody().post("/v1/user/token/verify", body).await.body, @r#"
    {
      "data": "Token is valid."
    }
    "#);
    let body = json!({ "token": "x" });
    insta::assert_json_snapshot!(world.nobody().post("/v1/user/token/verify", body).await.body, @r#"
    {
      "data": "Token invalid."
    }
    "#);
}

#[tokio::test]
async fn what_is_no_token_is_invalid_and_no_token_at_all_is_a_broken_rule() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let good = token(&world, "jane").await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for bad in [
        "",
        " ",
        "x",
        "a.b.c",
        &forged,
        &format!("Bearer {good}"),
        &format!("{good} "),
        &"x".repeat(9000),
    ] {
        assert_eq!(verdict(&world, bad).await, INVALID, "{bad:.40}");
    }
    for (body, words) in [
        (json!({}), "Missing field `token`"),
        (json!({ "token": null }), "Missing field `token`"),
        (json!({ "token": 1 }), "token: this must be a text"),
    ] {
        assert_refusal(&world.nobody().post("/v1/user/token/verify", body).await, 400, words);
    }
}

#[tokio::test]
async fn r06_whatever_disables_an_account_or_ends_a_session_is_seen_on_the_next_request() {
    for disabled in ["banned", "inactive", "locked", "deleted", "logout", "password", "email"] {
        let world = World::new().await;
        let id = registered(&world, "jane").await;
        let token = token(&world, "jane").await;
        assert_eq!(verdict(&world, &token).await, VALID, "{disabled}");
        let (owner, path) = (world.owner().await, format!("/api/users/{id}"));
        let status = match disabled {
            "banned" | "inactive" => owner.patch(&path, json!({ "status": disabled })).await.status,
            "locked" => owner.post(&format!("{path}/lock"), json!({})).await.status,
            "deleted" => owner.delete(&path).await.status,
            "logout" => world.with_token(&token).post_empty("/api/auth/logout").await.status,
            "password" => owner.patch(&path, json!({ "password": "battery staple" })).await.status,
            _ => owner.patch(&path, json!({ "email": "new@example.org" })).await.status,
        };
        assert_eq!(status, 204, "{disabled}");
        assert_eq!(verdict(&world, &token).await, INVALID, "{disabled}");
    }
}

#[tokio::test]
async fn a_lock_by_failed_logins_is_not_seen() {
    let world = World::new().await;
    registered(&world, "jane").await;
    let token = token(&world, "jane").await;
    for _ in 0..5 {
        login(&world, "jane", "wrong").await;
    }
    assert_eq!(login(&world, "jane", "wrong").await.status, 423);
    assert_eq!(verdict(&world, &token).await, VALID);
}

#[tokio::test]
async fn rule_14_a_token_of_an_account_that_must_change_its_password_is_valid_once_that_is_done() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let made = world
        .owner()
        .await
        .post_empty(&format!("/api/users/{id}/reset-password"))
        .await;
    let temporary = made.str("temporaryPassword");
    let token = super::token_of(&login(&world, "jane", temporary).await);
    assert_eq!(verdict(&world, &token).await, INVALID);
    let body = json!({ "current_password": temporary, "password": "six-ch", "confirm_password": "six-ch" });
    let changed = world
        .with_token(&token)
        .post("/v1/user/jane/change-password", body)
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(verdict(&world, &token).await, VALID);
}
