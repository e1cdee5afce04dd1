//! `GET /v1/user/email/verify/{token}`

use serde_json::json;
use usher::domain::mail::{OneTime, Purpose};
use usher::domain::tenant::TenantId;

use super::{assert_refusal, registered};
use crate::backstage::{account, link, one_time, sent};
use crate::reconcile::assert_reconciled;
use crate::support::{Reply, World, at_once};

async fn follow(world: &World, token: &str) -> Reply {
    world.nobody().get(&format!("/v1/user/email/verify/{token}")).await
}

fn assert_text(reply: &Reply, status: u16, text: &str) {
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (status, text));
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
}

fn assert_followed(reply: &Reply) {
    assert_text(reply, 200, "Email verified, you can close this page.");
}

fn assert_no_good(reply: &Reply) {
    assert_text(reply, 400, "Token invalid.");
}

fn is_verified(world: &World, id: &str) -> bool {
    account(world, id)["emailVerified"]["BOOL"].as_bool().unwrap()
}

#[tokio::test]
async fn the_link_verifies_the_address_and_answers_the_same_each_time_it_is_followed() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let token = one_time(&world, &id, Purpose::VerifyEmail).await;
    assert!(!is_verified(&world, &id));
    let version = |world: &World| account(world, &id)["version"].clone();
    assert_followed(&follow(&world, &token).await);
    assert!(is_verified(&world, &id));
    let once = version(&world);
    assert_followed(&follow(&world, &token).await);
    assert!(is_verified(&world, &id));
    assert_eq!(version(&world), once, "and changes nothing any more");
    world.clock.advance_ms(super::WEEK * 1000);
    assert_no_good(&follow(&world, &token).await);
    assert_reconciled(&world);
}

#[tokio::test]
async fn it_works_without_regard_to_who_is_signed_in_and_ends_no_session() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let signed_in = world.with_token(&super::token(&world, "jane").await);
    let token = one_time(&world, &id, Purpose::VerifyEmail).await;
    assert_followed(&signed_in.get(&format!("/v1/user/email/verify/{token}")).await);
    assert_eq!(signed_in.get("/api/me/profile").await.status, 200);
}

#[tokio::test]
async fn the_link_lasts_until_the_moment_of_its_end() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let (first, second) = (
        one_time(&world, &id, Purpose::VerifyEmail).await,
        one_time(&world, &id, Purpose::VerifyEmail).await,
    );
    world.clock.advance_ms(super::WEEK * 1000 - 1);
    assert_followed(&follow(&world, &first).await);
    world.clock.advance_ms(1);
    assert_no_good(&follow(&world, &second).await);
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_reported_in_plain_text() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let token = one_time(&world, &id, Purpose::VerifyEmail).await;
    let mut typo = token.clone();
    typo.replace_range(12..13, if &token[12..13] == "a" { "b" } else { "a" });
    let refresh = crate::auth::pair(&world, "jane@example.org").await.refresh;
    let access = super::token(&world, "jane").await;
    for bad in [
        "x",
        "%00",
        "..%2F..",
        "usher_ot_",
        &typo,
        &token.to_uppercase(),
        &format!("{token}x"),
        &refresh,
        &access,
        &"x".repeat(4000),
    ] {
        assert_no_good(&follow(&world, bad).await);
    }
    assert!(!is_verified(&world, &id));
    assert_followed(&follow(&world, &token).await);
}

#[tokio::test]
async fn a_token_is_nobody_s_for_another_purpose_tenant_or_address() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let good = link(&world, &id, Purpose::VerifyEmail).await;
    let other = |change: fn(&mut OneTime)| {
        let mut other = good.clone();
        change(&mut other);
        other
    };
    for bad in [
        other(|link| link.purpose = Purpose::SetPassword),
        other(|link| link.tenant = TenantId::parse("acme").unwrap()),
        other(|link| link.email = "other@example.org".to_owned()),
        other(|link| link.user = "00000000-0000-7000-8000-000000000000".parse().unwrap()),
    ] {
        assert_no_good(&follow(&world, &sent(&world, &bad).await).await);
    }
    assert!(!is_verified(&world, &id));
}

#[tokio::test]
async fn a_link_to_an_address_that_the_account_no_longer_has_shows_nothing_about_the_new_one() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let token = one_time(&world, &id, Purpose::VerifyEmail).await;
    let path = format!("/api/users/{id}");
    let changed = world
        .owner()
        .await
        .patch(&path, json!({ "email": "new@example.org" }))
        .await;
    assert_eq!(changed.status, 204);
    assert_no_good(&follow(&world, &token).await);
    assert!(!is_verified(&world, &id));
}

#[tokio::test]
async fn a_deleted_account_has_no_address_to_verify() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let token = one_time(&world, &id, Purpose::VerifyEmail).await;
    assert_eq!(
        world.owner().await.delete(&format!("/api/users/{id}")).await.status,
        204
    );
    assert_no_good(&follow(&world, &token).await);
    assert_reconciled(&world);
}

#[tokio::test]
async fn a_changed_password_leaves_the_link_good() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let token = one_time(&world, &id, Purpose::VerifyEmail).await;
    let path = format!("/api/users/{id}/reset-password");
    assert_eq!(world.owner().await.post_empty(&path).await.status, 200);
    assert_followed(&follow(&world, &token).await);
}

#[tokio::test]
async fn a_wrong_method_and_a_path_without_a_token_are_refused_in_json() {
    let world = World::new().await;
    let reply = world.nobody().post_empty("/v1/user/email/verify/x").await;
    assert_refusal(&reply, 405, "This path does not take this method");
    assert_eq!(reply.header("allow"), "GET");
    assert_refusal(&follow(&world, "").await, 404, "There is nothing at this path");
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_of_16_that_follow_one_link_at_once_each_is_answered_as_the_first() {
    let world = World::new().await;
    for round in 0..10 {
        let id = registered(&world, &format!("jane{round}")).await;
        let token = one_time(&world, &id, Purpose::VerifyEmail).await;
        let path = format!("/v1/user/email/verify/{token}");
        let replies = at_once(16, |_| {
            let (client, path) = (world.nobody(), path.clone());
            async move { client.get(&path).await }
        })
        .await;
        replies.iter().for_each(assert_followed);
        assert!(is_verified(&world, &id));
    }
    assert_reconciled(&world);
}
