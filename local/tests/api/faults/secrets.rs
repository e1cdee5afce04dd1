//! A stack without its master key, or with another one: nothing is issued, and what was issued goes on being verified.

use serde_json::json;

use crate::support::World;

async fn issues_nothing_and_verifies(setting: (&str, &str), told: &str) {
    let good = World::new().await;
    let owner = good.owner().await;
    let bad = World::on(good.db.clone(), good.dynamodb.clone(), &[setting]).await;
    let body = json!({ "username": "admin", "password": "Admin@123" });
    let reply = bad.nobody().post("/api/auth/login", body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem(), reply.header("retry-after")),
        (503, "unavailable", "1")
    );
    assert!(
        !reply.text.to_lowercase().contains("key"),
        "the answer tells nothing: {}",
        reply.text
    );
    let log = bad.watch.log.text();
    assert!(log.contains(told), "the log says what to do: {log}");
    let sessions = |world: &World| {
        world
            .items()
            .iter()
            .filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("SESSION#"))
            .count()
    };
    assert_eq!(sessions(&bad), 1, "the owner's, and no other");
    assert_eq!(bad.with_token(&owner.token).get("/api/me/profile").await.status, 200);
}

#[tokio::test]
async fn f9_without_a_master_key_nothing_is_issued_and_tokens_are_verified() {
    issues_nothing_and_verifies(("USHER_MASTER_KEY", ""), "USHER_MASTER_KEY_SECRET is not set").await;
}

#[tokio::test]
async fn f9_with_another_master_key_nothing_is_issued_and_tokens_are_verified() {
    let other = "o".repeat(64);
    issues_nothing_and_verifies(
        ("USHER_MASTER_KEY", &other),
        "the master key is another one; see docs/operations.md",
    )
    .await;
}

#[tokio::test]
async fn f9_with_a_master_key_that_is_none_nothing_is_issued_and_tokens_are_verified() {
    issues_nothing_and_verifies(("USHER_MASTER_KEY", "short"), "USHER_MASTER_KEY").await;
}
