//! What requests ask for, as it arrives.

use serde_json::json;
use usher::actions::outbox::Outcome;

use super::{Post, invite, message, sweep, token};
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
        for evil in ["Bcc", "<img", "&lt;img", "&#60;img", "=E2=80=AE", "enaJ", "everybody"] {
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
    let link = format!("\r\nhttps://usher.test/set-password#{}\r\n", token(&text));
    assert!(text.contains(&link), "{text}");
}

/// The path of the only link that arrived.
fn path(post: &Post) -> String {
    let text = post.only();
    let line = text
        .lines()
        .find(|line| line.starts_with("https://usher.test/"))
        .unwrap();
    line.trim_start_matches("https://usher.test").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_registers_gets_a_link_that_verifies_the_address_by_being_followed() {
    let (world, post) = (World::new().await, Post::default());
    let id = crate::registration::registered(&world, "jane").await;
    assert_eq!(sweep(&post.outbox(&world.app)).await, [Outcome::Sent]);
    let link = path(&post);
    assert_eq!(link, format!("/v1/user/email/verify/{}", token(&post.only())));
    let followed = world.nobody().get(&link).await;
    assert_eq!(
        (followed.status.as_u16(), followed.text.as_str()),
        (200, "Email verified, you can close this page.")
    );
    let account = world.owner().await.get(&format!("/api/users/{id}")).await;
    assert_eq!(account.body["emailVerified"], true, "{}", account.text);
    assert_eq!(world.nobody().get(&link).await.status, 400, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forgot_the_password_gets_a_link_to_the_page_that_sets_one_and_a_notice_that_it_did() {
    let (world, post) = (World::new().await, Post::default());
    world.user("jane@example.org").await;
    let asked = json!({ "email": "JANE@example.org" });
    assert!(
        world
            .nobody()
            .post("/api/auth/forgot-password", asked)
            .await
            .status
            .is_success()
    );
    let outbox = post.outbox(&world.app);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(
        post.letters()[0].to,
        "jane@example.org",
        "as it is stored, and not as somebody typed it"
    );
    let link = path(&post);
    let (page, token) = link.split_once('#').unwrap();
    assert_eq!(world.nobody().get(page).await.status, 200);
    let chosen = json!({ "token": token, "newPassword": "battery staple" });
    let reply = world.nobody().post("/api/auth/set-password", chosen).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    world.signed_in("jane@example.org", "battery staple").await;
    world.clock.advance_ms(1);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(arrived(&post)[1].1, "The password of your account was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn e03_an_unregistered_address_gets_no_mail_and_the_same_answer() {
    let (world, post) = (World::new().await, Post::default());
    world.user("jane@example.org").await;
    let ask = async |email: &str| {
        world
            .nobody()
            .post("/api/auth/forgot-password", json!({ "email": email }))
            .await
    };
    let (known, unknown) = (ask("jane@example.org").await, ask("nobody@example.org").await);
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
    // And no more than one in a minute.
    ask("jane@example.org").await;
    sweep(&post.outbox(&world.app)).await;
    assert_eq!(
        arrived(&post),
        [("jane@example.org".to_owned(), "Choose a new password".to_owned())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_mail_that_was_sent_or_dropped_the_table_keeps_no_address_and_no_name() {
    let (world, post) = (World::new().await, Post::default());
    for (email, name) in [("jane@example.org", "Jane Doe"), ("john@example.org", "John Doe")] {
        let body = json!({ "email": email, "displayName": name });
        assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
        assert!(
            serde_json::Value::from(super::mails(&world))
                .to_string()
                .contains(email)
        );
    }
    assert_eq!(
        world.owner().await.delete("/api/users/john@example.org").await.status,
        204
    );
    let mut outcomes = sweep(&post.outbox(&world.app)).await;
    outcomes.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(outcomes, [Outcome::Dropped, Outcome::Sent]);
    let kept = serde_json::Value::from(super::mails(&world)).to_string();
    assert!(!kept.contains("@example.org") && !kept.contains("Doe"), "{kept}");
}
