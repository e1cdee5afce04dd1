//! `POST /v1/user/email/resend`

use serde_json::json;
use usher::actions::outbox::Outcome;
use usher::domain::tenant_settings::EmailVerification;

use super::{assert_refusal, register, registered, token};
use crate::backstage::{mails, set};
use crate::outbox::{self, Post, sweep};
use crate::support::{PASSWORD, Reply, World};

async fn ask(world: &World, email: &str) -> Reply {
    let body = json!({ "email": email });
    world.nobody().post("/v1/user/email/resend", body).await
}

#[tokio::test]
async fn who_asks_again_gets_another_link_until_the_address_is_verified() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    registered(&world, "jane").await;
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    world.clock.advance(60);
    let reply = ask(&world, "JANE@example.org").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body, reply.header("cache-control")),
        (
            202,
            &json!({ "data": "If the address is still to be verified, a mail with a link is sent to it." }),
            "no-store"
        )
    );
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    let links: Vec<String> = post
        .letters()
        .iter()
        .map(|letter| outbox::token(&outbox::message(letter)))
        .collect();
    assert_eq!((links.len(), links[0] == links[1]), (2, false));
    // The first one is as good as it was.
    for link in links {
        let followed = world.nobody().get(&format!("/v1/user/email/verify/{link}")).await;
        assert_eq!(followed.status, 200, "{}", followed.text);
    }
    world.clock.advance(60);
    assert_eq!(ask(&world, "jane@example.org").await.body, reply.body);
    assert_eq!(sweep(&outbox).await, [Outcome::Dropped], "there is nothing to verify");
}

#[tokio::test]
async fn a_link_is_sent_once_a_minute_however_often_it_is_asked_for() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    registered(&world, "jane").await;
    for (seconds, sent) in [(0, 1), (59, 1), (1, 2), (1, 2), (59, 3)] {
        world.clock.advance(seconds);
        assert_eq!(ask(&world, "jane@example.org").await.status, 202);
        sweep(&outbox).await;
        assert_eq!(post.letters().len(), sent, "after {seconds} seconds more");
    }
}

#[tokio::test]
async fn where_addresses_are_not_verified_nothing_is_sent_to_anybody() {
    let world = World::new().await;
    set(&world, |chosen| {
        chosen.email_verification = Some(EmailVerification::Off);
    })
    .await;
    registered(&world, "jane").await;
    for email in ["jane@example.org", "nobody@example.org"] {
        assert_eq!(ask(&world, email).await.status, 202);
    }
    assert_eq!((mails(&world), outbox::mails(&world).len()), (Vec::new(), 0));
}

#[tokio::test]
async fn what_is_no_address_is_refused_in_this_contract_s_style() {
    let world = World::new().await;
    for body in [json!({ "email": "" }), json!({ "email": "jane" })] {
        let reply = world.nobody().post("/v1/user/email/resend", body).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(reply.body.as_object().unwrap().len(), 1, "{}", reply.text);
    }
    let reply = world.nobody().post("/v1/user/email/resend", json!({})).await;
    assert_refusal(&reply, 400, "Missing field `email`");
}

/// `/v1/user/email/…` has routes of its own beside `/v1/user/{user}/change-password`.
#[tokio::test]
async fn somebody_who_is_called_email_changes_the_password_by_that_name() {
    let world = World::new().await;
    let reply = register(&world.nobody(), json!({ "username": "email" })).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let me = world.with_token(&token(&world, "email").await);
    let body =
        json!({ "current_password": PASSWORD, "password": "battery staple", "confirm_password": "battery staple" });
    let changed = me.post("/v1/user/email/change-password", body).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}
