//! Mail that cannot be sent: tried again, later each time, and given up in the end.

use usher::actions::outbox::{Outbox, Outcome};
use usher::domain::mail::{ATTEMPTS, pause_after};
use usher::metrics::Metric;

use super::{Mishap, Post, follow, invite, mails, sequence_number, state, sweep};
use crate::databases::{serve_dynamodb, table_set_up_with};
use crate::operator::{operate, rows_of};
use crate::proxy::{Fault, Proxy};
use crate::support::World;
use crate::watch::Log;

#[tokio::test(flavor = "multi_thread")]
async fn f08_the_mailer_down_and_up_again_sends_each_mail_once_after_a_rest() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    post.expect([Mishap::Refused; 3]);
    // The account is made whatever the mailer does.
    let user = invite(&world, "jane@example.org").await;
    assert_eq!(world.owner().await.get(&format!("/api/users/{user}")).await.status, 200);
    assert!(
        follow(&world, &outbox).await.batch_item_failures.is_empty(),
        "the sweep's from now on, and no longer the stream's"
    );
    for rest in [60, 120, 240] {
        world.clock.advance(rest - 1);
        assert_eq!(sweep(&outbox).await, [], "{rest}");
        world.clock.advance(1);
        let expected = if rest == 240 { Outcome::Sent } else { Outcome::Postponed };
        assert_eq!(sweep(&outbox).await, [expected], "{rest}");
    }
    assert_eq!((post.asked().len(), state(&world)), (4, "sent".to_owned()));
    post.only();
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_delivery_whose_answer_is_lost_is_not_done_twice() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    post.expect([Mishap::AnswerLost]);
    invite(&world, "jane@example.org").await;
    follow(&world, &outbox).await;
    let first = post.only();
    world.clock.advance(60);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(post.only(), first);
}

/// A mail that every try failed: whose it is, and its id.
async fn dead(world: &World, post: &Post, outbox: &Outbox) -> (String, String) {
    let user = invite(world, "jane@example.org").await;
    let id = mails(world)[0]["id"]["S"].as_str().unwrap().to_owned();
    for _ in 0..ATTEMPTS {
        post.expect([Mishap::Refused]);
        sweep(outbox).await;
        world.clock.advance(3600);
    }
    assert_eq!(state(world), "dead");
    (user, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_mail_is_sent_once_after_the_operator_retried_it() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let (user, id) = dead(&world, &post, &outbox).await;
    let (listed, _) = operate(&world, &["mail", "list"]).await.unwrap();
    assert!(listed.contains(&id) && listed.contains("1 dead mails"), "{listed}");
    operate(&world, &["mail", "retry", &id, "--dry-run"]).await.unwrap();
    assert_eq!((state(&world), sweep(&outbox).await), ("dead".to_owned(), Vec::new()));
    operate(&world, &["mail", "retry", &id]).await.unwrap();
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    let again = operate(&world, &["mail", "retry", &id]).await.unwrap_err();
    assert!(again.contains("no mail of this id was given up"), "{again}");
    assert_eq!((state(&world), sweep(&outbox).await), ("sent".to_owned(), Vec::new()));
    post.only();
    assert_eq!(rows_of(&world, &user, "mailRetried").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_mail_that_is_retried_is_within_the_limits_of_the_day_on_which_it_is() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let (_, id) = dead(&world, &post, &outbox).await;
    world.clock.advance(24 * 3_600);
    for n in 0..10 {
        let ask = serde_json::json!({ "email": "jane@example.org" });
        let asked = world.nobody().post("/api/auth/forgot-password", ask).await;
        assert!(asked.status.is_success(), "{n}: {}", asked.text);
        assert_eq!(sweep(&outbox).await, [Outcome::Sent], "{n}");
        world.clock.advance(60);
    }
    operate(&world, &["mail", "retry", &id]).await.unwrap();
    assert_ne!(sweep(&outbox).await, [Outcome::Sent], "ten a day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_mail_that_is_dropped_is_never_sent_and_holds_no_address() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let (user, id) = dead(&world, &post, &outbox).await;
    operate(&world, &["mail", "drop", &id]).await.unwrap();
    assert_eq!(
        (state(&world), sweep(&outbox).await),
        ("dropped".to_owned(), Vec::new())
    );
    assert!(mails(&world)[0].get("to").is_none());
    assert_eq!(rows_of(&world, &user, "mailDropped").await, 1);
}

/// On one thread, whose clock of tokio's is stopped and moved while the mailer answers nothing.
#[tokio::test]
async fn a_mailer_that_never_answers_counts_as_a_failure_before_the_lease_ends() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    invite(&world, "jane@example.org").await;
    post.expect([Mishap::SilentBefore]);
    let sending = {
        let outbox = outbox.clone();
        tokio::spawn(async move { sweep(&outbox).await })
    };
    while post.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let lease = usher::domain::mail::LEASE.as_secs();
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(lease.unsigned_abs() - 1)).await;
    tokio::time::resume();
    // Or it would wait on, for as long as the rest of its patience.
    let given_up = tokio::time::timeout(std::time::Duration::from_secs(10), sending).await;
    assert_eq!(given_up.unwrap().unwrap(), [Outcome::Postponed]);
    world.clock.advance(60);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    post.only();
}

#[tokio::test]
async fn f08_a_mail_that_cannot_be_sent_for_a_day_stays_as_a_dead_letter_and_is_reported_once_without_its_address() {
    let log = Log::default();
    let guard = tracing::dispatcher::set_default(&log.dispatch());
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    invite(&world, "john.sent@example.org").await;
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    post.expect([Mishap::Refused; 100]);
    invite(&world, "jane.dead@example.org").await;
    for attempt in 1..ATTEMPTS {
        assert_eq!(sweep(&outbox).await, [Outcome::Postponed], "{attempt}");
        world.clock.advance(pause_after(attempt).as_secs());
    }
    assert_eq!(sweep(&outbox).await, [Outcome::Dead]);
    for _ in 0..3 {
        world.clock.advance(24 * 3600);
        assert_eq!(sweep(&outbox).await, []);
        follow(&world, &outbox).await;
    }
    drop(guard);
    assert_eq!(world.app.metrics.total(Metric::DeadMails), 1);
    assert_eq!(post.asked().len(), 1 + usize::try_from(ATTEMPTS).unwrap());
    let dead = mails(&world)
        .into_iter()
        .find(|mail| mail["to"]["S"] == "jane.dead@example.org")
        .unwrap();
    assert_eq!(
        (&dead["state"]["S"], &dead["GSI1PK"]["S"]),
        (&"dead".into(), &"MAILS#dead#0".into())
    );
    assert_eq!(
        dead["to"]["S"], "jane.dead@example.org",
        "so that it can be sent after all"
    );
    let log = log.text();
    let reports: Vec<&str> = log.lines().filter(|line| line.contains("mail_dead")).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("\"ERROR\"") && reports[0].contains("the mailer is down"),
        "{}",
        reports[0]
    );
    assert_eq!(log.matches("mail_sent").count(), 1);
    for secret in ["jane.dead", "john.sent", "usher_ot_"] {
        let said: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(said.is_empty(), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_senders_are_always_killed_is_given_up_as_well() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    invite(&world, "jane@example.org").await;
    let id = mails(&world)[0]["id"]["S"].as_str().unwrap().parse().unwrap();
    for _ in 0..ATTEMPTS {
        usher::store::mails::claim(&world.app.table, id, world.now())
            .await
            .unwrap()
            .unwrap();
        world.clock.advance(60);
    }
    assert_eq!(sweep(&outbox).await, [Outcome::Dead]);
    assert_eq!((post.asked().len(), state(&world)), (0, "dead".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_takes_an_account_s_dead_mails_and_no_other_s() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let jane = invite(&world, "jane@example.org").await;
    invite(&world, "john@example.org").await;
    post.expect(vec![Mishap::Refused; 2 * usize::try_from(ATTEMPTS).unwrap()]);
    for _ in 0..ATTEMPTS {
        sweep(&outbox).await;
        world.clock.advance(3600);
    }
    assert!(mails(&world).iter().all(|mail| mail["state"]["S"] == "dead"));
    let tenant = usher::domain::tenant::TenantId::main();
    usher::store::mails::remove_unsent(&world.app.table, &tenant, jane.parse().unwrap())
        .await
        .unwrap();
    let left = mails(&world);
    let to: Vec<&str> = left.iter().map(|mail| mail["to"]["S"].as_str().unwrap()).collect();
    assert_eq!(to, ["john@example.org"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_where_the_table_does_not_answer_lambda_hands_over_those_records_once_more_and_no_others() {
    let db = table_set_up_with(&[]).await;
    let proxy = Proxy::before(&serve_dynamodb(db.clone()).await).await;
    let (world, post) = (World::on(db, proxy.url.clone(), &[]).await, Post::default());
    let outbox = post.outbox(&world.app);
    for n in 0..2 {
        world.clock.advance_ms(1);
        invite(&world, &format!("jane{n}@example.org")).await;
    }
    let [first, second] = [0, 1].map(|n| mails(&world)[n].clone());
    let id = first["id"]["S"].as_str().unwrap().parse().unwrap();
    usher::store::mails::claim(&world.app.table, id, world.now())
        .await
        .unwrap();
    // The first is another's at this moment, which is well; the second cannot be claimed. They are tried at once.
    proxy.plan(move |asked| (asked.body["Key"]["PK"] == second["PK"]).then_some(Fault::Busy));
    let answer = follow(&world, &outbox).await;
    let failed: Vec<&str> = answer
        .batch_item_failures
        .iter()
        .filter_map(|failure| failure.item_identifier.as_deref())
        .collect();
    assert_eq!(failed, [sequence_number(1)]);
    proxy.plan(|_| Some(Fault::Busy));
    assert!(outbox.sweep().await.is_err(), "and the schedule is notified");
    proxy.calm();
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    world.clock.advance(60);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(post.letters().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sweep_sends_more_than_one_page_of_mails_longest_due_first() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    let writes: Vec<_> = (0..230)
        .map(|n| {
            let mail = usher::domain::mail::Mail {
                id: usher::id::MailId::new(world.now()).unwrap(),
                tenant: usher::domain::tenant::TenantId::main(),
                kind: usher::domain::mail::MailKind::PasswordChanged,
                user: usher::id::UserId::new(world.now()).unwrap(),
                to: format!("jane{n}@example.org"),
                name: None,
                caused_by: None,
                base: "https://usher.test".to_owned(),
                created_at: world.now(),
            };
            world.clock.advance_ms(1);
            usher::store::mails::put(&mail).unwrap()
        })
        .collect();
    world.app.table.batch_write(&writes).await.unwrap();
    assert_eq!(sweep(&outbox).await, vec![Outcome::Sent; 230]);
    let to: Vec<String> = post.letters().into_iter().map(|letter| letter.to).collect();
    assert_eq!(to, (0..230).map(|n| format!("jane{n}@example.org")).collect::<Vec<_>>());
}
