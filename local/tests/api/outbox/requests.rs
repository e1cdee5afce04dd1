//! What requests ask for, as it arrives.

use serde_json::json;
use usher::actions::outbox::Outcome;

use super::{Post, invite, message, sweep};
use crate::support::World;

/// To whom mail went, and about what.
fn arrived(post: &Post) -> Vec<(String, String)> {
    let subject = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Subject: ")).unwrap();
        line.trim_start_matches("Subject: ").to_owned()
    };
    let mut arrived: Vec<_> = post
        .letters()
        .iter()
        .map(|letter| (letter.to.clone(), subject(&message(letter))))
        .collect();
    arrived.sort();
    arrived
}

#[tokio::test(flavor = "multi_thread")]
async fn i08_a_notice_of_another_address_goes_to_the_old_one() {
    let (world, post) = (World::new().await, Post::default());
    let user = world.user("Jane@example.org").await;
    let reply = world
        .owner()
        .await
        .patch(
            &format!("/api/users/{user}"),
            json!({ "email": "john@example.org", "password": "battery staple" }),
        )
        .await;
    assert!(reply.status.is_success(), "{}", reply.text);
    sweep(&post.outbox(&world.app)).await;
    let expected = [
        "The e-mail address of your account was changed",
        "The password of your account was changed",
    ];
    assert_eq!(
        arrived(&post),
        expected.map(|subject| ("Jane@example.org".to_owned(), subject.to_owned()))
    );
    let texts: Vec<String> = post.letters().iter().map(message).collect();
    assert!(
        texts
            .iter()
            .all(|text| !text.contains("john@") && !text.contains("battery")),
        "{texts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_a_password_or_without_an_address_gets_no_invitation() {
    let (world, post) = (World::new().await, Post::default());
    world.user("jane@example.org").await;
    let reply = world
        .owner()
        .await
        .post("/api/users", json!({ "username": "john" }))
        .await;
    assert_eq!(reply.status, 201);
    assert_eq!(sweep(&post.outbox(&world.app)).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn i05_a_name_with_a_line_break_or_markup_changes_no_header_and_is_in_no_part() {
    let (world, post) = (World::new().await, Post::default());
    for (n, name) in [
        "Jane\r\nBcc: everybody@example.org",
        "<img src=x onerror=alert(1)>",
        "\u{202e}enaJ",
    ]
    .into_iter()
    .enumerate()
    {
        let body =
            json!({ "email": format!("jane{n}@example.org"), "profile": { "displayName": name }, "displayName": name });
        let reply = world.owner().await.post("/api/users", body).await;
        // Whether a contract refuses such a name is its own affair.
        assert!([201, 400].contains(&reply.status.as_u16()), "{}", reply.text);
    }
    invite(&world, "jane@example.org").await;
    sweep(&post.outbox(&world.app)).await;
    assert!(!post.letters().is_empty());
    for letter in post.letters() {
        let text = message(&letter);
        for evil in ["Bcc", "<img", "&lt;img", "=E2=80=AE", "enaJ", "everybody"] {
            assert!(!text.contains(evil), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_leads_to_where_the_request_came() {
    let (world, post) = (World::new().await, Post::default());
    invite(&world, "jane@example.org").await;
    assert_eq!(sweep(&post.outbox(&world.app)).await, [Outcome::Sent]);
    let text = post.only();
    let link = format!("\r\nhttps://usher.test/set-password#{}\r\n", super::token(&text));
    assert!(text.contains(&link), "{text}");
}
