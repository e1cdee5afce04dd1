//! `POST /api/auth/forgot-password`

use serde_json::{Value, json};
use usher::actions::outbox::{Outbox, Outcome};

use super::{Look, raw};
use crate::backstage::{account, mails};
use crate::outbox::{Post, sweep};
use crate::proxy::{Cost, Proxy};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{PASSWORD, Reply, World, at_once};

async fn ask(world: &World, email: &str) -> Reply {
    let body = json!({ "email": email });
    world.nobody().post("/api/auth/forgot-password", body).await
}

/// To whom mails to choose a password by went, in order.
fn arrived(post: &Post) -> Vec<String> {
    arrived_about(post, "Choose a new password")
}

fn arrived_about(post: &Post, subject: &str) -> Vec<String> {
    let letters = post.letters().into_iter();
    let about = |text: &str| text.contains(&format!("Subject: {subject}"));
    let resets = letters.filter(|letter| about(&crate::outbox::message(letter)));
    let mut resets: Vec<String> = resets.map(|letter| letter.to).collect();
    resets.sort();
    resets
}

#[tokio::test]
async fn a_mail_goes_to_the_address_as_it_is_kept() {
    let world = World::new().await;
    world.user("Jane@Example.org").await;
    let reply = ask(&world, "jane@EXAMPLE.org").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (202, ""));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(mails(&world).contains(&("resetPassword".to_owned(), "Jane@Example.org".to_owned())));
}

/// All of one length: what differs otherwise tells something.
fn address(name: &str) -> String {
    format!("{name:x<8}@example.org")
}

/// Addresses of accounts in every state, and of nobody, and whether a mail goes to each.
async fn everybody(world: &World) -> Vec<(&'static str, bool)> {
    let owner = world.owner().await;
    let all = [
        ("active", true),
        ("invited", true),
        ("lockout", true),
        ("inactive", false),
        ("banned", false),
        ("locked", false),
        ("deleted", false),
    ];
    for (name, _) in all {
        let email = address(name);
        let body = match name {
            "invited" => json!({ "email": email }),
            _ => json!({ "email": email, "password": PASSWORD, "username": format!("name-of-{name}") }),
        };
        assert_eq!(owner.post("/api/users", body).await.status, 201);
    }
    for status in ["inactive", "banned"] {
        super::patched(world, &address(status), json!({ "status": status })).await;
    }
    assert_eq!(
        owner
            .post(&format!("/api/users/{}/lock", address("locked")), json!({}))
            .await
            .status,
        204
    );
    assert_eq!(
        owner.delete(&format!("/api/users/{}", address("deleted"))).await.status,
        204
    );
    for _ in 0..5 {
        super::login(world, &address("lockout"), "wrong").await;
    }
    let nobody = [("nobody", false), ("somebody", false)];
    all.into_iter().chain(nobody).collect()
}

/// What an asking looked like from outside, and what it asked of the table: every operation, what its transaction has,
/// and what all of it cost.
#[derive(Debug, PartialEq)]
struct Asked {
    look: Look,
    cost: Cost,
    /// Each write's kind, with the attributes of its item and how long they are.
    written: Vec<(String, Vec<(String, usize)>)>,
}

fn written(proxy: &Proxy) -> Vec<(String, Vec<(String, usize)>)> {
    let transactions = proxy.transactions().into_iter();
    let writes = transactions.flat_map(|one| one["TransactItems"].as_array().unwrap().clone());
    let of = |write: Value| {
        let (kind, write) = write
            .as_object()
            .unwrap()
            .iter()
            .next()
            .map(|(k, w)| (k.clone(), w.clone()))
            .unwrap();
        let item = write["Item"].as_object().unwrap().iter();
        let mut lengths: Vec<_> = item
            .map(|(name, value)| (name.clone(), value.to_string().len()))
            .collect();
        lengths.sort();
        (kind, lengths)
    };
    writes.map(of).collect()
}

/// Everybody asks at this path in three turns; the first turn, the one at once after it, and the one a minute later.
async fn three_turns(
    (world, proxy, outbox): (&World, &Proxy, &Outbox),
    (path, field): (&str, &str),
    all: &[(&'static str, bool)],
) -> Vec<(&'static str, &'static str, Asked)> {
    let ask = async |name: &str| {
        let body = json!({ field: address(name) });
        world.nobody().post(path, body).await
    };
    let mut seen = Vec::new();
    for turn in ["first", "at once again", "a minute later"] {
        if turn == "a minute later" {
            world.clock.advance(60);
        }
        // Settings and keys that are over ten seconds old are read again, by whoever comes first.
        ask("first").await;
        for (name, _) in all {
            proxy.cost();
            proxy.transactions();
            let look = Look::of(&ask(name).await);
            let (cost, written) = (proxy.cost(), written(proxy));
            seen.push((turn, *name, Asked { look, cost, written }));
        }
        if turn != "first" {
            sweep(outbox).await;
        }
    }
    seen
}

#[tokio::test]
async fn e03_asking_for_a_mail_looks_and_costs_the_same_whatever_the_address_is() {
    let (world, proxy) = counted().await;
    let all = everybody(&world).await;
    // The invitation and the first mails to verify an address go out; what follows is about other mails.
    sweep(&Post::default().outbox(&world.app)).await;
    let post = Post::default();
    let outbox = post.outbox(&world.app);
    for route in [
        ("/api/auth/forgot-password", "email"),
        ("/auth/resetpassword", "Email"),
        ("/v1/user/email/resend", "email"),
        ("/v1/auth/verification", "email"),
    ] {
        world.clock.advance(3600);
        let seen = three_turns((&world, &proxy, &outbox), route, &all).await;
        let (_, _, first) = &seen[0];
        assert_eq!(first.cost.operations.last().unwrap(), "TransactWriteItems");
        assert_eq!(first.written.len(), 1);
        for (turn, name, asked) in &seen {
            assert_eq!(asked, first, "{} {turn}: {name}", route.0);
        }
    }
    let mut expected: Vec<String> = all
        .iter()
        .filter(|(_, helps)| *helps)
        .flat_map(|(name, _)| vec![address(name); 4])
        .collect();
    expected.sort();
    for subject in ["Choose a new password", "Confirm your e-mail address"] {
        assert_eq!(
            arrived_about(&post, subject),
            expected,
            "by each of two contracts one at first and one a minute later"
        );
    }
    assert_reconciled(&world);
}

#[tokio::test]
async fn a03_more_than_one_mail_a_minute_is_not_sent() {
    let (world, post) = (World::new().await, Post::default());
    let outbox = post.outbox(&world.app);
    crate::outbox::verified(&world, "jane@example.org").await;
    crate::outbox::verified(&world, "john@example.org").await;
    for (ms, sent) in [(0, 1), (1, 1), (59_998, 1), (1, 2), (59_999, 2), (1, 3)] {
        world.clock.advance_ms(ms);
        assert_eq!(ask(&world, "jane@example.org").await.status, 202);
        sweep(&outbox).await;
        assert_eq!(arrived(&post).len(), sent, "after {ms} ms more");
    }
    assert_eq!(ask(&world, "john@example.org").await.status, 202);
    sweep(&outbox).await;
    assert_eq!(arrived(&post).len(), 4, "each address for itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a03_of_32_that_ask_at_once_one_gets_a_mail_sent() {
    let (world, post) = (World::new().await, Post::default());
    let id = crate::outbox::verified(&world, "jane@example.org").await;
    let before = account(&world, &id)["version"].clone();
    let replies = at_once(32, |_| {
        let client = world.nobody();
        async move {
            let body = json!({ "email": "jane@example.org" });
            client.post("/api/auth/forgot-password", body).await
        }
    })
    .await;
    assert!(replies.iter().all(|reply| reply.status == 202));
    let outbox = post.outbox(&world.app);
    let sent = at_once(4, |_| {
        let outbox = outbox.clone();
        async move { sweep(&outbox).await }
    })
    .await;
    let over = sent.iter().flatten().filter(|outcome| **outcome == Outcome::OverLimit);
    assert_eq!((over.count(), arrived(&post).len()), (31, 1));
    assert_eq!(
        account(&world, &id)["version"],
        before,
        "asking changes nothing that anybody sees"
    );
    assert_reconciled(&world);
}

#[tokio::test]
async fn asking_ends_no_session_and_no_password() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let pair = super::pair(&world, "jane@example.org").await;
    assert_eq!(ask(&world, "jane@example.org").await.status, 202);
    assert_eq!(super::opens(&world, &pair.access).await, 200);
    assert_eq!(super::login(&world, "jane@example.org", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn what_is_no_address_is_reported_with_its_place() {
    let world = World::new().await;
    for body in [
        json!({}),
        json!({ "email": "" }),
        json!({ "email": "jane" }),
        json!({ "email": 5 }),
        json!({ "email": "a@b\r\nBcc: c@d" }),
    ] {
        let reply = world.nobody().post("/api/auth/forgot-password", body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (400, vec!["/email"]),
            "{body}"
        );
    }
    let reply = raw(&world.nobody(), "/api/auth/forgot-password", "text/plain", "x").await;
    assert_eq!(reply.problem(), "unsupported-media-type");
}
