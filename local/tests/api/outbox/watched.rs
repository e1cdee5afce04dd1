//! What the sweep measures: by these numbers operators learn that mails wait, that the stream brings none, and, where
//! there is no number, that nobody sweeps.

use usher::actions::outbox::Outcome;
use usher::metrics::{Gauge, Metric};

use super::{Mishap, Post, follow, invite, sweep};
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_sweep_measures_for_how_long_the_oldest_mail_was_due_and_the_stream_does_not() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let oldest = || world.app.metrics.largest(Gauge::OldestMailSeconds);
    follow(&world, &outbox).await;
    assert_eq!(oldest(), None, "what the stream brings shows nothing about the sweep");
    sweep(&outbox).await;
    assert_eq!(oldest(), Some(0), "that it ran is shown by a zero");
    post.expect([Mishap::Refused]);
    invite(&world, "jane@example.org").await;
    assert_eq!(sweep(&outbox).await, [Outcome::Postponed]);
    world.clock.advance(60 + 400);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(
        oldest(),
        Some(400),
        "from when it was due, not from when it was asked for"
    );
    assert_eq!(sweep(&outbox).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_try_that_fails_is_counted_and_what_is_sent_or_dropped_is_not() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let failures = || world.app.metrics.total(Metric::MailFailures);
    invite(&world, "sent@example.org").await;
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    let gone = invite(&world, "gone@example.org").await;
    let owner = world.owner().await;
    assert_eq!(owner.delete(&format!("/api/users/{gone}")).await.status, 204);
    sweep(&outbox).await;
    assert_eq!(failures(), 0);
    post.expect([Mishap::Refused; 2]);
    invite(&world, "refused@example.org").await;
    follow(&world, &outbox).await;
    world.clock.advance(60);
    assert_eq!(sweep(&outbox).await, [Outcome::Postponed]);
    assert_eq!(failures(), 2, "by the stream and by the sweep");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_mail_that_waited_for_the_sweep_is_one_that_the_stream_missed() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let missed = || world.app.metrics.total(Metric::MailsMissedByStream);
    invite(&world, "stream@example.org").await;
    follow(&world, &outbox).await;
    // Faster than the stream is no fault of the stream's.
    invite(&world, "soon@example.org").await;
    world.clock.advance(29);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(missed(), 0);
    // The stream brought this one, and it could not be sent.
    post.expect([Mishap::Refused]);
    invite(&world, "refused@example.org").await;
    follow(&world, &outbox).await;
    world.clock.advance(90);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(missed(), 0);
    invite(&world, "missed@example.org").await;
    world.clock.advance(30);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(missed(), 1);
    assert_eq!(post.letters().len(), 4);
}
