//! `POST /api/auth/forgot-password`

use serde_json::json;

use super::{Look, raw};
use crate::backstage::{account, mails};
use crate::reconcile::assert_reconciled;
use crate::round_trips::counted;
use crate::support::{PASSWORD, Reply, World, at_once};

async fn ask(world: &World, email: &str) -> Reply {
    let body = json!({ "email": email });
    world.nobody().post("/api/auth/forgot-password", body).await
}

fn resets(world: &World) -> Vec<String> {
    let mails = mails(world).into_iter();
    mails
        .filter(|(kind, _)| kind == "resetPassword")
        .map(|(_, to)| to)
        .collect()
}

#[tokio::test]
async fn a_mail_goes_to_the_address_as_it_is_kept() {
    let world = World::new().await;
    world.user("Jane@Example.org").await;
    let reply = ask(&world, "jane@EXAMPLE.org").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (202, ""));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(resets(&world), ["Jane@Example.org"]);
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
        let email = format!("{name}@example.org");
        let body = match name {
            "invited" => json!({ "email": email }),
            _ => json!({ "email": email, "password": PASSWORD }),
        };
        assert_eq!(owner.post("/api/users", body).await.status, 201);
    }
    for status in ["inactive", "banned"] {
        super::patched(world, &format!("{status}@example.org"), json!({ "status": status })).await;
    }
    assert_eq!(
        owner.post("/api/users/locked@example.org/lock", json!({})).await.status,
        204
    );
    assert_eq!(owner.delete("/api/users/deleted@example.org").await.status, 204);
    for _ in 0..5 {
        super::login(world, "lockout@example.org", "wrong").await;
    }
    let nobody = [("nobody", false), ("somebody", false)];
    all.into_iter().chain(nobody).collect()
}

#[tokio::test]
async fn e03_every_address_gets_the_same_answer_for_as_many_requests_to_the_table_and_a_mail_only_where_it_helps() {
    let (world, proxy) = counted().await;
    let all = everybody(&world).await;
    let mut seen = Vec::new();
    for turn in ["first", "at once again", "a minute later"] {
        for (name, _) in &all {
            proxy.cost();
            let reply = ask(&world, &format!("{name}@example.org")).await;
            seen.push((turn, *name, Look::of(&reply), proxy.cost().operations));
        }
        if turn == "at once again" {
            world.clock.advance(60);
            // Settings and keys that are over ten seconds old are read again, by whoever comes first.
            ask(&world, "first@example.org").await;
        }
    }
    assert_eq!(seen[0].3, ["GetItem", "GetItem", "TransactWriteItems"]);
    for (turn, name, look, operations) in &seen {
        assert_eq!((look, operations), (&seen[0].2, &seen[0].3), "{turn}: {name}");
    }
    let mut expected: Vec<String> = all
        .iter()
        .filter(|(_, helps)| *helps)
        .flat_map(|(name, _)| [format!("{name}@example.org"), format!("{name}@example.org")])
        .collect();
    expected.sort();
    assert_eq!(resets(&world), expected, "one at first and one a minute later");
    assert_reconciled(&world);
}

#[tokio::test]
async fn a03_more_than_one_mail_a_minute_is_not_sent() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    world.user("john@example.org").await;
    for (ms, sent) in [(0, 1), (1, 1), (59_998, 1), (1, 2), (59_999, 2), (1, 3)] {
        world.clock.advance_ms(ms);
        assert_eq!(ask(&world, "jane@example.org").await.status, 202);
        assert_eq!(resets(&world).len(), sent, "after {ms} ms more");
    }
    assert_eq!(ask(&world, "john@example.org").await.status, 202);
    assert_eq!(resets(&world).len(), 4, "each address for itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a03_of_32_that_ask_at_once_one_gets_a_mail_sent() {
    let world = World::new().await;
    let id = world.user("jane@example.org").await;
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
    assert_eq!(resets(&world).len(), 1);
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
