//! `POST /v1/admin/users/{user}/verification` and `POST /v1/auth/verification`

use serde_json::json;
use usher::domain::tenant_settings::EmailVerification;

use super::{admin, invalid, made_and_in, refused, role, user};
use crate::backstage::{account, mails, set};
use crate::outbox::{self, Post, sweep};
use crate::support::{PASSWORD, World};

fn mail(kind: &str, to: &str) -> (String, String) {
    (kind.to_owned(), to.to_owned())
}

#[tokio::test]
async fn an_administrator_sends_the_verification_mail_again() {
    let (world, post) = (World::new().await, Post::default());
    let id = world.user("jane@example.org").await;
    sweep(&post.outbox(&world.app)).await;
    let before = account(&world, &id);
    world.clock.advance(60);
    let admin = admin(&world).await;
    let reply = admin.post_empty(&format!("{}/verification", user(&id))).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body),
        (202, &json!({ "message": "Verification mail requested" }))
    );
    assert_eq!(mails(&world), [mail("verifyEmail", "jane@example.org")]);
    assert_eq!(account(&world, &id), before, "the account is as it was");
    sweep(&post.outbox(&world.app)).await;
    let link = outbox::token(&outbox::message(&post.letters()[1]));
    let followed = world.nobody().get(&format!("/v1/user/email/verify/{link}")).await;
    assert_eq!(followed.status, 200, "{}", followed.text);
}

#[tokio::test]
async fn who_has_no_password_yet_is_invited_again() {
    let world = World::new().await;
    outbox::invite(&world, "jane@example.org").await;
    sweep(&Post::default().outbox(&world.app)).await;
    let reply = admin(&world)
        .await
        .post_empty(&format!("{}/verification", user("jane@example.org")))
        .await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!(mails(&world), [mail("invitation", "jane@example.org")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_nothing_to_verify_the_refusal_states_why_and_nothing_is_sent() {
    let world = World::new().await;
    let (admin, owner) = (admin(&world).await, world.owner().await);
    outbox::verified(&world, "verified@example.org").await;
    let nameless = json!({ "username": "nameless", "password": PASSWORD });
    assert_eq!(owner.post("/api/users", nameless).await.status, 201);
    for email in ["inactive@example.org", "jane@example.org"] {
        world.user(email).await;
    }
    let inactive = json!({ "status": "inactive" });
    assert_eq!(
        owner.patch("/api/users/inactive@example.org", inactive).await.status,
        204
    );
    sweep(&Post::default().outbox(&world.app)).await;
    for (who, why) in [
        ("verified@example.org", "The e-mail address is verified already"),
        ("nameless", "The account has no e-mail address"),
        ("inactive@example.org", "The account is not active"),
    ] {
        refused(
            &admin.post_empty(&format!("{}/verification", user(who))).await,
            409,
            why,
        );
    }
    set(&world, |chosen| {
        chosen.email_verification = Some(EmailVerification::Off);
    })
    .await;
    let jane = format!("{}/verification", user("jane@example.org"));
    refused(
        &admin.post_empty(&jane).await,
        409,
        "This tenant verifies no e-mail addresses",
    );
    let reply = world
        .nobody()
        .post("/v1/auth/verification", json!({ "email": "jane@example.org" }))
        .await;
    assert_eq!(reply.status, 202);
    for unknown in ["nobody@example.org", "00000000-0000-7000-8000-000000000000"] {
        refused(
            &admin.post_empty(&format!("{}/verification", user(unknown))).await,
            404,
            "User not found",
        );
    }
    assert_eq!(mails(&world), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_a_mail_sent_to_whom_they_may_not_touch() {
    let world = World::new().await;
    role(&world, "helpdesk", &["admin.users"]).await;
    let admin = admin(&world).await;
    let (_, help) = made_and_in(&world, &admin, "help", &["helpdesk"]).await;
    let id = world.user_with("boss@example.org", &["owner"]).await;
    let path = format!("{}/verification", user(&id));
    refused(&help.post_empty(&path).await, 403, "The account stands above yours");
    refused(&world.nobody().post_empty(&path).await, 401, "Authentication required");
}

#[tokio::test]
async fn anybody_asks_for_it_again_and_every_address_is_answered_alike() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    sweep(&Post::default().outbox(&world.app)).await;
    let mut answers = Vec::new();
    for email in ["jane@example.org", "admin@gauth.local", "nobody@example.org"] {
        let reply = world
            .nobody()
            .post("/v1/auth/verification", json!({ "email": email }))
            .await;
        answers.push((reply.status.as_u16(), reply.text));
    }
    let sentence = "If the address is still to be verified, a mail with a link is sent to it";
    let expected = (202, json!({ "message": sentence }).to_string());
    assert_eq!(answers, [expected.clone(), expected.clone(), expected]);
    assert_eq!(mails(&world), [mail("verifyEmail", "jane@example.org")]);
    invalid(
        &world
            .nobody()
            .post("/v1/auth/verification", json!({ "email": "jane" }))
            .await,
        &["email"],
    );
}
