//! What requests ask for, as it arrives.

use serde_json::json;
use usher::actions::outbox::Outcome;
use usher::domain::tenant_settings::EmailVerification;

use super::{Post, invite, message, sweep, token, verified};
use crate::support::{PASSWORD, World};

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

/// A change of Jane's account by the owner.
async fn changed(world: &World, user: &str, body: serde_json::Value) {
    let reply = world.owner().await.patch(&format!("/api/users/{user}"), body).await;
    assert!(reply.status.is_success(), "{}", reply.text);
}

/// The mails that are to be sent, as the table has them: kind and address of each.
fn asked(world: &World) -> Vec<(String, String)> {
    crate::backstage::mails(world)
}

fn mail(kind: &str, to: &str) -> (String, String) {
    (kind.to_owned(), to.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn i08_a_notice_of_another_address_goes_to_the_old_one() {
    let (world, post) = (World::new().await, Post::default());
    let user = verified(&world, "Jane@example.org").await;
    let body = json!({ "email": "john@example.org", "password": "battery staple" });
    changed(&world, &user, body).await;
    sweep(&post.outbox(&world.app)).await;
    // Two notices to one address at one moment would be one too many: this one matters more.
    let expected = [
        ("Jane@example.org", "The e-mail address of your account was changed"),
        ("john@example.org", "Confirm your e-mail address"),
    ];
    assert_eq!(arrived(&post), expected.map(|(to, subject)| mail(to, subject)));
    let letters = post.letters();
    let notice = letters.iter().find(|letter| letter.to == "Jane@example.org").unwrap();
    let text = message(notice);
    assert!(!text.contains("john@") && !text.contains("battery"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_go_to_verified_addresses_alone() {
    let world = World::new().await;
    let user = world.user("stranger@example.org").await;
    changed(&world, &user, json!({ "password": "battery staple" })).await;
    changed(&world, &user, json!({ "email": "jane@example.org" })).await;
    changed(&world, &user, json!({ "password": "correct battery" })).await;
    let unverified = [
        mail("verifyEmail", "jane@example.org"),
        mail("verifyEmail", "stranger@example.org"),
    ];
    assert_eq!(asked(&world), unverified, "nobody showed that these are theirs");
    changed(&world, &user, json!({ "emailVerified": true })).await;
    changed(&world, &user, json!({ "password": "horse staple" })).await;
    changed(&world, &user, json!({ "email": "other@example.org" })).await;
    let mut expected = unverified.to_vec();
    expected.extend([
        mail("emailChanged", "jane@example.org"),
        mail("passwordChanged", "jane@example.org"),
        mail("verifyEmail", "other@example.org"),
    ]);
    expected.sort();
    assert_eq!(asked(&world), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sets_an_address_that_is_not_verified_a_mail_goes_there_to_verify_it_unless_that_is_off() {
    for verification in [None, Some(EmailVerification::Required), Some(EmailVerification::Off)] {
        let world = World::new().await;
        crate::backstage::set(&world, |chosen| chosen.email_verification = verification).await;
        let user = world.user("jane@example.org").await;
        changed(&world, &user, json!({ "email": "john@example.org" })).await;
        // Of those that are verified from the start there is nothing to show.
        verified(&world, "known@example.org").await;
        changed(
            &world,
            &user,
            json!({ "email": "jim@example.org", "emailVerified": true }),
        )
        .await;
        let expected = match verification {
            Some(EmailVerification::Off) => Vec::new(),
            _ => vec![
                mail("verifyEmail", "jane@example.org"),
                mail("verifyEmail", "john@example.org"),
            ],
        };
        assert_eq!(asked(&world), expected, "{verification:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_set_while_its_account_is_off_is_to_be_verified_when_it_is_on_again() {
    let until = json!({ "until": "2026-11-22T08:00:04Z" });
    for (way, lock) in [
        ("inactive", None),
        ("banned", None),
        ("", Some(json!({}))),
        ("", Some(until)),
    ] {
        let world = World::new().await;
        let user = verified(&world, "jane@example.org").await;
        let owner = world.owner().await;
        match &lock {
            Some(lock) => {
                let locked = owner.post(&format!("/api/users/{user}/lock"), lock.clone()).await;
                assert_eq!(locked.status, 204, "{}", locked.text);
            }
            None => changed(&world, &user, json!({ "status": way })).await,
        }
        changed(&world, &user, json!({ "email": "john@example.org" })).await;
        let before = [mail("emailChanged", "jane@example.org")];
        assert_eq!(asked(&world), before, "{way}: it would be dropped");
        match lock {
            Some(lock) if lock.get("until").is_some() => {
                world.clock.advance(4);
                world.signed_in("john@example.org", PASSWORD).await;
            }
            Some(_) => assert_eq!(owner.post_empty(&format!("/api/users/{user}/unlock")).await.status, 204),
            None => changed(&world, &user, json!({ "status": "active" })).await,
        }
        let both = [before.to_vec(), vec![mail("verifyEmail", "john@example.org")]].concat();
        assert_eq!(asked(&world), both, "{way}");
        // And once.
        changed(&world, &user, json!({ "status": "active", "displayName": "John" })).await;
        world.signed_in("john@example.org", PASSWORD).await;
        assert_eq!(asked(&world), both, "{way}");
        let post = Post::default();
        sweep(&post.outbox(&world.app)).await;
        assert_eq!(post.letters().len(), 2, "{:?}", arrived(&post));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_goes_out_again_when_the_address_changes_or_the_account_is_switched_on() {
    let world = World::new().await;
    let user = invite(&world, "jane@example.org").await;
    assert_eq!(
        asked(&world),
        [mail("invitation", "jane@example.org")],
        "and no other mail beside it"
    );
    changed(&world, &user, json!({ "email": "john@example.org" })).await;
    changed(&world, &user, json!({ "displayName": "John" })).await;
    let two = [
        mail("invitation", "jane@example.org"),
        mail("invitation", "john@example.org"),
    ];
    assert_eq!(asked(&world), two);
    changed(&world, &user, json!({ "status": "inactive" })).await;
    changed(&world, &user, json!({ "email": "jim@example.org" })).await;
    assert_eq!(asked(&world), two, "nobody is invited to what is switched off");
    changed(&world, &user, json!({ "status": "active" })).await;
    let mut three = [two.to_vec(), vec![mail("invitation", "jim@example.org")]].concat();
    three.sort();
    assert_eq!(asked(&world), three);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_a_password_or_without_an_address_gets_no_invitation() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    let reply = world
        .owner()
        .await
        .post("/api/users", json!({ "username": "john" }))
        .await;
    assert_eq!(reply.status, 201);
    assert_eq!(asked(&world), [mail("verifyEmail", "jane@example.org")]);
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
    assert_eq!(world.nobody().get(&link).await.text, followed.text, "each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forgot_the_password_gets_a_link_to_the_page_that_sets_one_and_a_notice_that_it_did() {
    let (world, post) = (World::new().await, Post::default());
    verified(&world, "jane@example.org").await;
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
    world.clock.advance(60);
    assert_eq!(sweep(&outbox).await, [Outcome::Sent]);
    assert_eq!(arrived(&post)[1].1, "The password of your account was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn e03_an_unregistered_address_gets_no_mail_and_the_same_answer() {
    let (world, post) = (World::new().await, Post::default());
    verified(&world, "jane@example.org").await;
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
