//! How much mail is sent (rule 16): one a minute and ten a day to an address, ten an hour caused by an account.

use std::sync::Arc;

use serde_json::{Value, json};
use usher::actions::links;
use usher::actions::outbox::{Outbox, Outcome};
use usher::domain::mail::{Mail, MailKind};
use usher::domain::tenant::TenantId;
use usher::domain::text::Email;
use usher::id::{MailId, UserId};
use usher::metrics::Metric;

use super::{Mishap, Post, context, mails, sweep, verified};
use crate::registration::registered;
use crate::support::{PASSWORD, World, at_once};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// How many places each of the items holds that say when mails were sent.
pub fn places(world: &World) -> Vec<usize> {
    let items = world.items().into_iter();
    let limits = items.filter(|item| item["PK"]["S"].as_str().unwrap().starts_with("MAILED#"));
    limits.map(|item| item["sent"]["L"].as_array().unwrap().len()).collect()
}

async fn ask(world: &World, email: &str) {
    let body = json!({ "email": email });
    let reply = world.nobody().post("/api/auth/forgot-password", body).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
}

/// Puts a notice to this address, caused by this account, among those to be sent.
async fn notice(world: &World, to: &str, caused_by: Option<UserId>) -> MailId {
    let mail = Mail {
        id: MailId::new(world.now()).unwrap(),
        tenant: TenantId::main(),
        kind: MailKind::PasswordChanged,
        user: UserId::new(world.now()).unwrap(),
        to: to.to_owned(),
        name: None,
        caused_by,
        base: "https://usher.test".to_owned(),
        created_at: world.now(),
    };
    let put = usher::store::mails::put(&mail).unwrap();
    usher::store::unit::commit(&world.app.table, &[put]).await.unwrap();
    mail.id
}

fn letters_to(post: &Post, to: &str) -> usize {
    post.letters().iter().filter(|letter| letter.to == to).count()
}

/// Line 4 of issue 10: 1,542 mails in ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn d06_an_account_that_changes_its_address_to_and_fro_sends_strangers_next_to_nothing() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    registered(&world, "mallory").await;
    let mallory = world.signed_in("mallory", PASSWORD).await;
    let mut own = "mallory@example.org";
    let strangers = ["victim@example.org", "other.victim@example.org"];
    let change = async |from: &str, to: &str| {
        let body = json!({ "Key": "Email", "Old": from, "New": to });
        let reply = mallory.post("/user/change", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        sweep(&outbox).await;
    };
    for n in 0..60 {
        world.clock.advance_ms(150);
        change(own, strangers[n % 2]).await;
        own = strangers[n % 2];
    }
    let sent = strangers.map(|to| letters_to(&post, to));
    assert_eq!(sent, [1, 1], "in nine seconds");
    // With all the patience of an hour, what the account causes is ten, in whatever way it spreads them.
    for n in 0..HOUR / MINUTE - 1 {
        world.clock.advance(MINUTE);
        let to = format!("victim{n}@example.org");
        change(own, &to).await;
        change(&to, strangers[0]).await;
        own = strangers[0];
    }
    assert_eq!(post.letters().len(), 10, "in an hour");
}

/// Line 4 of issue 10: 81 mails in eight seconds.
#[tokio::test(flavor = "multi_thread")]
async fn d06_to_register_and_delete_over_and_over_sends_one_mail_a_minute_and_ten_a_day() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let flood = async |n: i64, rest: i64| {
        for _ in 0..n {
            registered(&world, "victim").await;
            sweep(&outbox).await;
            let victim = world.signed_in("victim", PASSWORD).await;
            assert_eq!(victim.get("/user/delete").await.status, 200);
            world.clock.advance(rest);
        }
    };
    flood(30, 1).await;
    assert_eq!(letters_to(&post, "victim@example.org"), 1);
    flood(30, MINUTE).await;
    assert_eq!(letters_to(&post, "victim@example.org"), 10);
    world.clock.advance(24 * HOUR);
    flood(2, 0).await;
    assert_eq!(letters_to(&post, "victim@example.org"), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_in_any_spelling_and_in_every_tenant() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    notice(&world, "Jane@Example.org", None).await;
    notice(&world, "jane@example.org", None).await;
    crate::backstage::tenant(&world, "acme").await;
    let mut elsewhere = context(&world);
    elsewhere.tenant = TenantId::parse("acme").unwrap();
    let new = usher::actions::users::NewUser {
        email: Some(Email::parse("jane@example.org").unwrap()),
        password: Some(usher::domain::text::Password::presented(PASSWORD.to_owned())),
        ..Default::default()
    };
    usher::actions::registration::register(&elsewhere, new).await.unwrap();
    let mut outcomes = sweep(&outbox).await;
    outcomes.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(outcomes, [Outcome::OverLimit, Outcome::OverLimit, Outcome::Sent]);
    assert_eq!(post.letters().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_mails_that_are_sent_at_once_no_more_go_out_than_one_after_the_other() {
    let world = World::new().await;
    let post = Post::default();
    let cause = UserId::new(world.now()).unwrap();
    for (same_address, expected) in [(true, 1), (false, 10)] {
        let mut ids = Vec::new();
        for n in 0..24 {
            let to = if same_address {
                "jane@example.org".to_owned()
            } else {
                format!("jane{n}@example.org")
            };
            ids.push(notice(&world, &to, (!same_address).then_some(cause)).await);
        }
        let outboxes: Vec<Arc<Outbox>> = (0..24).map(|_| post.outbox(&world.app)).collect();
        let outcomes = at_once(24, |task| {
            let (outbox, id) = (outboxes[task].clone(), ids[task]);
            async move { outbox.send(id).await.unwrap() }
        })
        .await;
        let sent = outcomes.iter().filter(|outcome| **outcome == Outcome::Sent).count();
        let over = outcomes
            .iter()
            .filter(|outcome| **outcome == Outcome::OverLimit)
            .count();
        assert_eq!((sent, over), (expected, 24 - expected), "{outcomes:?}");
    }
    assert_eq!(post.letters().len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_tried_again_keeps_the_place_that_it_took() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let cause = UserId::new(world.now()).unwrap();
    post.expect([Mishap::Refused; 3]);
    let first = notice(&world, "jane@example.org", Some(cause)).await;
    assert_eq!(outbox.send(first).await.unwrap(), Outcome::Postponed);
    let second = notice(&world, "jane@example.org", Some(cause)).await;
    assert_eq!(
        outbox.send(second).await.unwrap(),
        Outcome::OverLimit,
        "the place is the first's"
    );
    for rest in [60, 120] {
        world.clock.advance(rest);
        assert_eq!(outbox.send(first).await.unwrap(), Outcome::Postponed);
    }
    world.clock.advance(240);
    assert_eq!(outbox.send(first).await.unwrap(), Outcome::Sent);
    assert_eq!(places(&world), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_limit_leaves_no_token_and_no_address_and_is_counted() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    verified(&world, "jane@example.org").await;
    for _ in 0..2 {
        ask(&world, "jane@example.org").await;
    }
    let outcomes = world.watch.over("outbox", outbox.sweep()).await.unwrap();
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Outcome::OverLimit)
            .count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(world.app.metrics.total(Metric::MailsOverLimit), 1);
    assert!(world.watch.log.text().contains("mail_over_limit"));
    let tokens = world.items().into_iter().filter(|item| item["SK"]["S"] == "TOKEN");
    assert_eq!(tokens.count(), 1);
    let kept = Value::from(mails(&world)).to_string();
    assert!(!kept.contains("example.org"), "{kept}");
    let limits: Vec<Value> = world.items();
    let limits = limits
        .iter()
        .filter(|item| item["PK"]["S"].as_str().unwrap().starts_with("MAILED#"));
    for item in limits {
        assert!(!item.to_string().contains('@'), "{item}");
        let ends = item["ttl"]["N"].as_str().unwrap().parse::<i64>().unwrap();
        assert!(ends > world.now().as_second() + HOUR, "{item}");
    }
    world.clock.advance(3 * 24 * HOUR);
    assert_eq!(sweep(&outbox).await, [], "and is not sent later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_asks_causes_nothing_and_whoever_is_signed_in_ten_an_hour() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let owner = world.owner().await;
    for n in 0..12 {
        let reply = owner
            .post("/api/users", json!({ "email": format!("jane{n}@example.org") }))
            .await;
        assert_eq!(reply.status, 201);
    }
    sweep(&outbox).await;
    assert_eq!(post.letters().len(), 10, "invitations, all of the owner's");
    world.clock.advance(MINUTE);
    for n in 0..12 {
        let email = Email::parse(&format!("jane{n}@example.org")).unwrap();
        links::ask_for_password(&context(&world), &email).await.unwrap();
    }
    sweep(&outbox).await;
    assert_eq!(post.letters().len(), 22, "who was not invited can ask");
}
