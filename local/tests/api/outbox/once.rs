//! Each mail arrives once, whatever happens to whoever sends it.

use std::sync::Arc;

use usher::actions::links;
use usher::actions::outbox::{Outbox, Outcome};
use usher::domain::text::Password;
use usher::mail::files::Files;

use super::limits::places;
use super::{Mishap, Post, context, follow, invite, mails, state, sweep, token};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::proxy::{Fault, Proxy};
use crate::support::{World, at_once};

/// A world whose DynamoDB is behind a proxy.
async fn behind_proxy() -> (World, Proxy) {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    (World::on(db, proxy.url.clone(), &[]).await, proxy)
}

/// After a death: nothing happens while the lease lasts, and then it is sent.
async fn sent_when_the_lease_ends(world: &World, outbox: &Outbox) {
    world.clock.advance(59);
    assert_eq!(sweep(outbox).await, []);
    world.clock.advance(1);
    assert_eq!(sweep(outbox).await, [Outcome::Sent]);
    assert_eq!(state(world), "sent");
    world.clock.advance(3600);
    assert_eq!(sweep(outbox).await, []);
}

async fn its_link_works(world: &World, message: &str) {
    let password = Password::presented("battery staple".to_owned());
    links::set_password(&context(world), &token(message), password)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sent_once_and_not_again_by_a_repeated_record_or_a_sweep() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    invite(&world, "jane@example.org").await;
    assert_eq!(state(&world), "pending");
    for _ in 0..3 {
        assert!(follow(&world, &outbox).await.batch_item_failures.is_empty());
        assert_eq!(sweep(&outbox).await, []);
        world.clock.advance(600);
    }
    assert_eq!(post.asked().len(), 1);
    assert_eq!(state(&world), "sent");
    its_link_works(&world, &post.only()).await;
}

/// The calls of one sending: the claim, the account, the limits, the token and the places within them, the mark. At each of them in turn the network goes,
/// before or after it is done, and with it all that the sender could still have written.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_call_to_the_table_the_mail_arrives_once() {
    for call in 1..=5 {
        for fault in [Fault::DroppedBefore, Fault::DroppedAfter] {
            let ((world, proxy), post) = (behind_proxy().await, Post::default());
            let outbox = post.outbox(&world.app);
            invite(&world, "jane@example.org").await;
            proxy.plan(move |asked| match asked.number {
                n if n < call => None,
                n if n == call => Some(fault),
                _ => Some(Fault::DroppedBefore),
            });
            let answer = follow(&world, &outbox).await;
            assert_eq!(
                answer.batch_item_failures.len(),
                1,
                "{call} {fault:?}: it is reported to Lambda"
            );
            proxy.calm();
            let case = format!("killed {fault:?} at call {call}");
            match (call, fault) {
                (1, Fault::DroppedBefore) => assert_eq!(sweep(&outbox).await, [Outcome::Sent], "{case}: never claimed"),
                (5, Fault::DroppedAfter) => assert_eq!(state(&world), "sent", "{case}"),
                _ => sent_when_the_lease_ends(&world, &outbox).await,
            }
            assert_eq!(state(&world), "sent", "{case}");
            assert_eq!(
                places(&world),
                [1, 1],
                "{case}: counted once, to its address and for its cause"
            );
            its_link_works(&world, &post.only()).await;
            // Only where it was delivered and nobody could write so down is it delivered again: to be known again.
            let deliveries = if (call, fault) == (5, Fault::DroppedBefore) {
                2
            } else {
                1
            };
            assert_eq!(post.asked().len(), deliveries, "{case}");
        }
    }
}

/// A single answer that is lost is asked for again, and whatever was done is known to be one's own.
#[tokio::test(flavor = "multi_thread")]
async fn f02_an_answer_of_the_table_that_is_lost_neither_delays_nor_doubles_a_mail() {
    for call in 1..=5 {
        let ((world, proxy), post) = (behind_proxy().await, Post::default());
        let outbox = post.outbox(&world.app);
        invite(&world, "jane@example.org").await;
        proxy.plan(move |asked| (asked.number == call).then_some(Fault::DroppedAfter));
        assert!(follow(&world, &outbox).await.batch_item_failures.is_empty(), "{call}");
        proxy.calm();
        assert_eq!((post.asked().len(), state(&world)), (1, "sent".to_owned()), "{call}");
        its_link_works(&world, &post.only()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_or_after_the_delivery_the_mail_arrives_once() {
    for mishap in [Mishap::SilentBefore, Mishap::SilentAfter] {
        let (world, post) = (World::new().await, Post::default());
        let outbox = post.outbox(&world.app);
        invite(&world, "jane@example.org").await;
        post.expect([mishap]);
        let sending = {
            let outbox = outbox.clone();
            tokio::spawn(async move { sweep(&outbox).await })
        };
        while post.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        let first = (mishap == Mishap::SilentAfter).then(|| loop_until_there(&post));
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
        sent_when_the_lease_ends(&world, &outbox).await;
        let message = post.only();
        assert!(
            first.is_none_or(|first| first == message),
            "what arrived stays as it was"
        );
        its_link_works(&world, &message).await;
    }
}

fn loop_until_there(post: &Post) -> String {
    while post.letters().is_empty() {
        std::thread::yield_now();
    }
    post.only()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_at_once_send_each_of_twenty_mails_once() {
    let world = Arc::new(World::new().await);
    let post = Post::default();
    // In two processes, as far as they could know.
    let other = World::on(world.db.clone(), world.dynamodb.clone(), &[]).await;
    let outboxes = [post.outbox(&world.app), post.outbox(&other.app)];
    for n in 0..20 {
        invite(&world, &format!("jane{n}@example.org")).await;
        at_once(4, |task| {
            let (world, outbox) = (world.clone(), outboxes[task % 2].clone());
            async move {
                match task {
                    0 | 1 => drop(follow(&world, &outbox).await),
                    _ => drop(sweep(&outbox).await),
                }
            }
        })
        .await;
        assert_eq!(post.asked().len(), n + 1);
        // The owner causes no more than ten an hour.
        for clock in [&world.clock, &other.clock] {
            clock.advance(600);
        }
    }
    assert_eq!(post.letters().len(), 20);
    assert!(mails(&world).iter().all(|mail| mail["state"]["S"] == "sent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_comes_back_after_its_lease_changes_nothing() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    invite(&world, "jane@example.org").await;
    let table = &world.app.table;
    let id = mails(&world)[0]["id"]["S"].as_str().unwrap().parse().unwrap();
    let late = usher::store::mails::claim(table, id, world.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(usher::store::mails::claim(table, id, world.now()).await.unwrap(), None);
    world.clock.advance(60);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    let before = mails(&world);
    for fate in [
        usher::store::mails::Fate::Dead,
        usher::store::mails::Fate::Due(world.now()),
        usher::store::mails::Fate::Dropped,
    ] {
        assert!(
            !usher::store::mails::settle(table, &late, fate, world.now())
                .await
                .unwrap()
        );
    }
    assert_eq!(mails(&world), before);
    assert_eq!(post.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_once_though_it_is_delivered_twice() {
    let ((world, proxy), place) = (behind_proxy().await, tempfile::tempdir().unwrap());
    let files = Arc::new(Files::at(place.path()).unwrap());
    let outbox = ::outbox::outbox(world.app.clone(), files).unwrap();
    invite(&world, "jane@example.org").await;
    proxy.plan(|asked| (asked.number >= 5).then_some(Fault::DroppedBefore));
    follow(&world, &outbox).await;
    proxy.calm();
    let read = || {
        let files: Vec<_> = std::fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        std::fs::read_to_string(&files[0]).unwrap()
    };
    let first = read();
    sent_when_the_lease_ends(&world, &outbox).await;
    assert_eq!(read(), first);
    its_link_works(&world, &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_of_all_partitions_are_found_page_by_page_the_longest_due_first() {
    let world = World::new().await;
    let mut asked = Vec::new();
    for n in 0..24 {
        world.clock.advance(1);
        invite(&world, &format!("jane{n}@example.org")).await;
    }
    let partitions: std::collections::BTreeSet<String> = mails(&world)
        .iter()
        .map(|mail| mail["GSI1PK"]["S"].as_str().unwrap().to_owned())
        .collect();
    assert!(partitions.len() > 3, "{partitions:?}");
    let mut after = None;
    loop {
        let due = usher::store::mails::due(&world.app.table, world.now(), after, 5)
            .await
            .unwrap();
        assert!(due.mails.len() <= 5);
        asked.extend(due.mails.iter().map(|mail| mail.due));
        after = due.more;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(asked.len(), 24);
    assert!(asked.is_sorted(), "{asked:?}");
}
