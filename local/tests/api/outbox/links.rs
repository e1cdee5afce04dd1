//! Links out of mails: what they open, for whom, and for how long.

use serde_json::{Value, json};
use usher::Error;
use usher::actions::outbox::Outcome;
use usher::actions::users::NewUser;
use usher::actions::{Context, links, registration};
use usher::domain::tenant::TenantId;
use usher::domain::text::{Email, Password};
use usher::proof::opaque::{Kind, Opaque};

use super::{Post, context, follow, invite, mails, state, sweep, token, verified};
use crate::support::{PASSWORD, World, at_once};

const NEW: &str = "battery staple";

async fn set_password(cx: &Context, token: &str) -> usher::Result<()> {
    let new = Password::presented(NEW.to_owned());
    links::set_password(cx, token, new).await.map(drop)
}

async fn ask_for_password(world: &World, email: &str) {
    links::ask_for_password(&context(world), &Email::parse(email).unwrap())
        .await
        .unwrap();
}

/// Registers somebody, who is to verify an address.
async fn register(world: &World, email: &str) {
    let new = NewUser {
        email: Some(Email::parse(email).unwrap()),
        password: Some(Password::presented(PASSWORD.to_owned())),
        ..NewUser::default()
    };
    registration::register(&context(world), new).await.unwrap();
}

/// Sends the only mail; its link's token.
async fn sent(world: &World) -> String {
    let post = Post::default();
    assert_eq!(sweep(&post.outbox(&world.app)).await, [Outcome::Sent]);
    token(&post.only())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_lets_its_holder_choose_a_password_and_sign_in() {
    let world = World::new().await;
    invite(&world, "jane@example.org").await;
    let token = sent(&world).await;
    set_password(&context(&world), &token).await.unwrap();
    world.signed_in("jane@example.org", NEW).await;
}

/// The invitation that follows is over the limit of mails: without the first one there would be no way in.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_stays_good_where_its_address_is_changed_and_put_back_or_its_account_disabled_for_a_moment() {
    let (one, other) = ("jane@example.org", "other@example.org");
    for [away, back] in [
        [json!({ "email": other }), json!({ "email": one })],
        [json!({ "status": "inactive" }), json!({ "status": "active" })],
    ] {
        let world = World::new().await;
        let path = format!("/api/users/{}", invite(&world, one).await);
        let token = sent(&world).await;
        let owner = world.owner().await;
        assert_eq!(owner.patch(&path, away.clone()).await.status, 204);
        let meanwhile = set_password(&context(&world), &token).await;
        assert!(meanwhile.is_err(), "{away}");
        assert_eq!(owner.patch(&path, back).await.status, 204);
        let post = Post::default();
        sweep(&post.outbox(&world.app)).await;
        assert!(post.letters().iter().all(|letter| letter.to == other), "{away}");
        set_password(&context(&world), &token).await.unwrap();
        world.signed_in(one, NEW).await;
        let again = set_password(&context(&world), &token).await;
        assert_eq!(again, Err(Error::InvalidLink));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_invitations_the_second_is_dead_once_the_first_was_taken_up() {
    let world = World::new().await;
    let path = format!("/api/users/{}/verification", invite(&world, "jane@example.org").await);
    let first = sent(&world).await;
    world.clock.advance(60);
    let again = world
        .owner()
        .await
        .post_empty(&path.replace("/api/", "/v1/admin/"))
        .await;
    assert!(again.status.is_success(), "{}", again.text);
    let second = sent(&world).await;
    set_password(&context(&world), &first).await.unwrap();
    assert_eq!(set_password(&context(&world), &second).await, Err(Error::InvalidLink));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_verify_an_address_verifies_it() {
    let world = World::new().await;
    register(&world, "jane@example.org").await;
    let token = sent(&world).await;
    let refused = set_password(&context(&world), &token).await;
    assert_eq!(refused, Err(Error::InvalidLink), "and does nothing else");
    let user = links::verify_email(&context(&world), &token).await.unwrap();
    assert!(user.email_verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_of_a_token_the_table_holds_the_sha256_alone() {
    let world = World::new().await;
    invite(&world, "jane@example.org").await;
    let token = sent(&world).await;
    let table = Value::from(world.items()).to_string();
    let (secret, _) = token.trim_start_matches("usher_ot_").rsplit_once('_').unwrap();
    assert_eq!(secret.len(), 43);
    assert!(!table.contains(secret), "{table}");
    let digest = Opaque::parse(Kind::OneTime, &token).unwrap().digest().to_string();
    assert!(table.contains(&format!("TOKEN#{digest}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_a_link_works_once_in_parallel_too() {
    let world = World::new().await;
    let user = verified(&world, "jane@example.org").await;
    ask_for_password(&world, "jane@example.org").await;
    let token = sent(&world).await;
    let cx = context(&world);
    let outcomes = at_once(8, |_| {
        let (cx, token) = (cx.clone(), token.clone());
        async move { set_password(&cx, &token).await }
    })
    .await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, vec![Error::InvalidLink; 7]);
    assert_eq!(
        world
            .signed_in("jane@example.org", NEW)
            .await
            .get(&format!("/api/users/{user}"))
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_a_link_of_one_tenant_is_nobodys_in_another() {
    let world = World::new().await;
    invite(&world, "jane@example.org").await;
    let token = sent(&world).await;
    let mut elsewhere = context(&world);
    elsewhere.tenant = TenantId::parse("acme").unwrap();
    assert_eq!(set_password(&elsewhere, &token).await, Err(Error::InvalidLink));
    set_password(&context(&world), &token).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_was_chosen_meanwhile_ends_a_link() {
    let world = World::new().await;
    let user = verified(&world, "jane@example.org").await;
    ask_for_password(&world, "jane@example.org").await;
    let token = sent(&world).await;
    let body = json!({ "newPassword": "another password" });
    let path = format!("/api/users/{user}/reset-password");
    assert_eq!(world.owner().await.post(&path, body).await.status, 204);
    assert_eq!(set_password(&context(&world), &token).await, Err(Error::InvalidLink));
    // One that is sent afterwards is good again.
    let post = Post::default();
    world.clock.advance(60);
    sweep(&post.outbox(&world.app)).await;
    world.clock.advance(60);
    ask_for_password(&world, "jane@example.org").await;
    sweep(&post.outbox(&world.app)).await;
    let texts = post.letters();
    let text = texts.iter().map(super::message).find(|text| text.contains("usher_ot_"));
    set_password(&context(&world), &super::token(&text.unwrap()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn links_live_an_hour_or_a_week_from_when_they_are_sent() {
    const HOUR: i64 = 3600;
    for (reset, life) in [(true, HOUR), (false, 7 * 24 * HOUR)] {
        for (after, works) in [(life - 1, true), (life, false)] {
            let world = World::new().await;
            if reset {
                verified(&world, "jane@example.org").await;
                ask_for_password(&world, "jane@example.org").await;
            } else {
                invite(&world, "jane@example.org").await;
            }
            // The mailer may have been down: the life begins when it is not.
            world.clock.advance(2 * HOUR);
            let token = sent(&world).await;
            world.clock.advance(after);
            assert_eq!(
                set_password(&context(&world), &token).await.is_ok(),
                works,
                "{reset} {after}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_with_a_link_is_dropped_where_the_account_has_gone_on() {
    for what in ["deleted", "another address", "inactive", "locked"] {
        let (world, post) = (World::new().await, Post::default());
        let user = invite(&world, "jane@example.org").await;
        let (owner, path) = (world.owner().await, format!("/api/users/{user}"));
        let reply = match what {
            "deleted" => owner.delete(&path).await,
            "another address" => owner.patch(&path, json!({ "email": "john@example.org" })).await,
            "inactive" => owner.patch(&path, json!({ "status": "inactive" })).await,
            _ => owner.post_empty(&format!("{path}/lock")).await,
        };
        assert!(reply.status.is_success(), "{what}: {}", reply.text);
        let outbox = post.outbox(&world.app);
        follow(&world, &outbox).await;
        let mails = mails(&world);
        let dropped = mails.iter().filter(|mail| mail["state"]["S"] == "dropped");
        assert_eq!(dropped.count(), 1, "{what}");
        // The new address is invited anew.
        let anew: &[&str] = match what {
            "another address" => &["john@example.org"],
            _ => &[],
        };
        let letters = post.letters();
        let to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
        assert_eq!(to, anew, "{what}");
        let tokens = world.items().into_iter();
        let tokens = tokens.filter(|item| item["SK"]["S"] == "TOKEN");
        assert_eq!(tokens.count(), anew.len(), "{what}: no token is left over");
    }
}

/// The account's address in another letter case, which is the same address (rule 2).
async fn spelled_anew(world: &World, user: &str) {
    let body = json!({ "email": "jANE@EXAMPLE.org" });
    let reply = world.owner().await.patch(&format!("/api/users/{user}"), body).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
}

/// The mail that follows the change is over the limit of mails: without the first one there would be no way in.
#[tokio::test(flavor = "multi_thread")]
async fn rule_2_a_link_stays_good_where_its_address_is_spelled_in_another_letter_case() {
    for kind in ["invitation", "reset", "verification"] {
        let world = World::new().await;
        let user = match kind {
            "invitation" => invite(&world, "Jane@example.org").await,
            "reset" => {
                let user = verified(&world, "Jane@example.org").await;
                ask_for_password(&world, "jane@example.org").await;
                user
            }
            _ => {
                register(&world, "Jane@example.org").await;
                let found = world.owner().await.get("/api/users/jane@example.org").await;
                found.str("id").to_owned()
            }
        };
        let token = sent(&world).await;
        spelled_anew(&world, &user).await;
        let post = Post::default();
        sweep(&post.outbox(&world.app)).await;
        assert!(post.letters().is_empty(), "{kind}");
        if kind == "verification" {
            let shown = links::verify_email(&context(&world), &token).await.unwrap();
            assert!(shown.email_verified);
        } else {
            set_password(&context(&world), &token).await.unwrap();
            world.signed_in("jane@example.org", NEW).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_2_a_mail_that_waits_goes_to_its_address_as_it_is_spelled_now() {
    let world = World::new().await;
    let user = invite(&world, "Jane@example.org").await;
    let first = mails(&world)[0]["PK"]["S"].as_str().unwrap().replace("MAIL#", "");
    spelled_anew(&world, &user).await;
    let post = Post::default();
    let outbox = post.outbox(&world.app);
    let sent = outbox.send(first.parse().unwrap()).await;
    assert_eq!(sent.unwrap(), Outcome::Sent);
    // The change has another one sent, which is over the limit.
    assert_eq!(sweep(&outbox).await, [Outcome::OverLimit]);
    let letters = post.letters();
    assert_eq!(letters[0].to, "jANE@example.org");
    set_password(&context(&world), &token(&post.only())).await.unwrap();
    world.signed_in("jane@example.org", NEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_are_no_reason_to_drop_a_mail() {
    let world = World::new().await;
    verified(&world, "jane@example.org").await;
    for _ in 0..6 {
        crate::auth::login(&world, "jane@example.org", "a wrong password").await;
    }
    ask_for_password(&world, "jane@example.org").await;
    let token = sent(&world).await;
    assert_eq!(state(&world), "sent");
    set_password(&context(&world), &token).await.unwrap();
    // The lock is gone with it.
    world.signed_in("jane@example.org", NEW).await;
}
