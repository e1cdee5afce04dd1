use jiff::SignedDuration;

use super::files::Files;
use super::memory::Memory;
use super::*;
use crate::domain::mail::MailKind;
use crate::domain::tenant::TenantId;

const ID: &str = "019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f";

fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

fn mail(kind: MailKind) -> Mail {
    Mail {
        id: ID.parse().unwrap(),
        tenant: TenantId::main(),
        kind,
        user: "019ab0f2-1d5a-7c33-8e4f-000000000001".parse().unwrap(),
        to: "Jane@example.org".to_owned(),
        name: Some("Jane O'Neil".to_owned()),
        caused_by: None,
        base: "https://usher.example.org/prod".to_owned(),
        created_at: now() - SignedDuration::from_mins(5),
    }
}

fn link() -> Link {
    Link {
        url: "https://usher.example.org/prod/set-password#usher_ot_secret".to_owned(),
        until: now() + SignedDuration::from_hours(1),
    }
}

fn from() -> Sender {
    "Usher <no-reply@example.org>".parse().unwrap()
}

fn letter(mail: &Mail) -> Letter {
    let link = mail.kind.link().map(|_| link());
    written(mail, link.as_ref(), &from(), now()).unwrap()
}

fn text(letter: &Letter) -> String {
    String::from_utf8(letter.message.clone()).unwrap()
}

const KINDS: [(&str, MailKind); 5] = [
    ("verify_email", MailKind::VerifyEmail),
    ("reset_password", MailKind::ResetPassword),
    ("invitation", MailKind::Invitation),
    ("email_changed", MailKind::EmailChanged),
    ("password_changed", MailKind::PasswordChanged),
];

#[test]
fn each_mail_as_it_is_sent() {
    for (name, kind) in KINDS {
        insta::assert_snapshot!(name, text(&letter(&mail(kind))).replace("\r\n", "\n"));
    }
}

#[test]
fn i10_names_that_are_no_names_are_in_no_part_of_a_mail() {
    let all = [
        "Jane\r\nBcc: everybody@example.org",
        "Jane\nX-Evil: 1",
        "<script>alert(1)</script>",
        "\u{202e}enaJ",
        "\u{2066}Jane",
        "Win at https://evil.example",
        "evil.example",
        "evil.example wants you",
        "=?utf-8?q?Jane?=",
        "Jane & Co",
        "\"Jane\" <jane@evil.example>",
        "{{7*7}}",
        &"a".repeat(41),
        " ",
    ];
    for kind in KINDS.map(|(_, kind)| kind) {
        let nameless = letter(&Mail {
            name: None,
            ..mail(kind)
        });
        assert!(text(&nameless).contains("\r\n\r\nHello,\r\n"), "{}", text(&nameless));
        for name in all {
            let name = Some(name.to_owned());
            assert_eq!(
                text(&letter(&Mail {
                    name: name.clone(),
                    ..mail(kind)
                })),
                text(&nameless),
                "{name:?}"
            );
        }
    }
}

#[test]
fn names_that_are_names_are_greeted_by() {
    for name in [
        "Jane",
        "Jane O'Neil",
        "J. R. R. Tolkien",
        "J.R.R. Tolkien",
        "jane_doe-2",
        "Zoë",
        "李雷",
        "שלום",
    ] {
        let greeted = words::of(
            &Mail {
                name: Some(name.to_owned()),
                ..mail(MailKind::EmailChanged)
            },
            None,
        );
        assert!(greeted.unwrap().text.starts_with(&format!("Hello {name},\n")), "{name}");
    }
}

#[test]
fn i10_an_address_with_the_characters_of_markup_is_escaped_in_html_and_as_it_is_in_text() {
    let mail = Mail {
        to: "o'neil&sons@example.org".to_owned(),
        ..mail(MailKind::ResetPassword)
    };
    let words = words::of(&mail, Some(&link())).unwrap();
    assert!(words.text.contains("o'neil&sons@example.org"));
    let html = words.html;
    assert!(
        html.contains("o&#39;neil&#38;sons@example.org") && !html.contains("neil&sons"),
        "{html}"
    );
}

#[test]
fn i08_mail_goes_to_the_stored_address_with_its_domain_as_dns_has_it() {
    for (stored, to) in [
        ("Jane+News@Example.ORG", "Jane+News@example.org"),
        ("jane@Bücher.example", "jane@xn--bcher-kva.example"),
        // With a Cyrillic о: another domain, and not example.org.
        ("jane@example.\u{43e}rg", "jane@example.xn--rg-emc"),
        // Under one key with the next, and another domain.
        ("jane@\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}.gr", "jane@xn--uxachkp.gr"),
        ("jane@\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c3}.gr", "jane@xn--uxachku.gr"),
    ] {
        let letter = letter(&Mail {
            to: stored.to_owned(),
            ..mail(MailKind::VerifyEmail)
        });
        assert_eq!(letter.to, to);
        assert!(
            text(&letter).contains(&format!("\r\nTo: {to}\r\n")),
            "{}",
            text(&letter)
        );
    }
}

#[test]
fn every_address_that_an_account_can_have_can_be_written_to() {
    let local = "!#$%&'*+-/=?^_`{|}~.0".to_owned() + &"a".repeat(43);
    let domain = format!("{}.{}.example", "b".repeat(63), "c".repeat(63));
    for stored in [
        format!("{local}@{domain}"),
        "a@b.co".to_owned(),
        "jane@xn--bcher-kva.example".to_owned(),
    ] {
        Email::parse(&stored).unwrap();
        assert_eq!(
            letter(&Mail {
                to: stored.clone(),
                ..mail(MailKind::Invitation)
            })
            .to,
            stored
        );
    }
}

#[test]
fn i05_no_header_holds_what_a_person_typed_but_the_address() {
    let heads = KINDS.map(|(_, kind)| {
        let text = text(&letter(&mail(kind)));
        let head = text.split("\r\n\r\n").next().unwrap().to_owned();
        head.lines()
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    });
    for head in heads {
        let expected = [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type",
        ];
        assert_eq!(head, expected);
    }
    for to in [
        "jane@example.org\r\nBcc: a@b.example",
        "jane@example.org, a@b.example",
        "",
    ] {
        let refused = written(
            &Mail {
                to: to.to_owned(),
                ..mail(MailKind::EmailChanged)
            },
            None,
            &from(),
            now(),
        );
        assert!(
            matches!(&refused, Err(Error::Fault(why)) if !why.0.contains("jane")),
            "{refused:?}"
        );
    }
}

#[test]
fn a_message_is_seven_bits_wide_and_none_of_its_lines_too_long() {
    let wide = Mail {
        to: "jane@Bücher.example".to_owned(),
        name: Some("Zoë".to_owned()),
        ..mail(MailKind::Invitation)
    };
    let text = text(&letter(&wide));
    assert!(text.is_ascii());
    assert!(
        text.split("\r\n")
            .all(|line| line.len() < 998 && !line.contains(['\r', '\n']))
    );
}

#[test]
fn a_link_that_is_no_web_address_or_is_missing_is_a_defect_and_sends_nothing() {
    for url in [
        "javascript:alert(1)",
        "https://x\r\nBcc: y",
        "//usher.example.org",
        "https://x y",
        "",
    ] {
        let link = Link {
            url: url.to_owned(),
            ..link()
        };
        let refused = written(&mail(MailKind::Invitation), Some(&link), &from(), now());
        assert!(matches!(refused, Err(Error::Fault(_))), "{url}");
    }
    assert!(written(&mail(MailKind::Invitation), None, &from(), now()).is_err());
}

#[test]
fn what_debug_shows_of_a_letter_has_no_secret_and_no_address() {
    let shown = format!("{:?}", letter(&mail(MailKind::Invitation)));
    assert!(
        shown.contains(ID) && !shown.contains("usher_ot_") && !shown.contains("example.org"),
        "{shown}"
    );
}

#[test]
fn a_sender_is_one_mailbox() {
    for text in [
        "Usher <no-reply@example.org>",
        "no-reply@localhost",
        "<no-reply@example.org>",
    ] {
        text.parse::<Sender>().unwrap();
    }
    for text in [
        "Usher",
        "",
        "a@b.example, c@d.example",
        "Usher <a@b.example>\r\nBcc: c@d.example",
        "Usher\r\nBcc: c@d.example <a@b.example>",
        "Usher <a@b.example\r\nBcc: c@d.example>",
        "A <a@b.example>, B <c@d.example>",
    ] {
        assert!(text.parse::<Sender>().is_err(), "{text:?}");
    }
    for (sender, header) in [
        ("Usher <a@b.example>", "Usher <a@b.example>"),
        (
            "Usher, Inc. <a@b.example>",
            "=?utf-8?b?VXNoZXIsIEluYy4=?= <a@b.example>",
        ),
        ("a@b.example", "a@b.example"),
    ] {
        let sender = sender.parse().unwrap();
        let letter = written(&mail(MailKind::EmailChanged), None, &sender, now()).unwrap();
        assert!(
            text(&letter).starts_with(&format!("From: {header}\r\n")),
            "{}",
            text(&letter)
        );
    }
}

#[tokio::test]
async fn a_letter_that_is_there_already_is_not_delivered_again() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("outbox");
    let (files, memory) = (Files::at(&directory).unwrap(), Memory::default());
    let first = letter(&mail(MailKind::Invitation));
    let second = Letter {
        message: b"another".to_vec(),
        ..first.clone()
    };
    for letter in [&first, &second] {
        files.deliver(letter).await.unwrap();
        memory.deliver(letter).await.unwrap();
    }
    let names: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, [format!("{ID}.eml").as_str()]);
    assert_eq!(
        std::fs::read(directory.join(format!("{ID}.eml"))).unwrap(),
        first.message
    );
    assert_eq!(memory.letters(), std::slice::from_ref(&first));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&directory), mode(&directory.join(format!("{ID}.eml")))),
            (0o700, 0o600)
        );
    }
}

#[tokio::test]
async fn what_was_being_written_when_the_power_went_is_no_letter_and_is_swept_out() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join(format!("{ID}-00.draft")), "From: Ush").unwrap();
    let files = Files::at(place.path()).unwrap();
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    files.deliver(&letter(&mail(MailKind::Invitation))).await.unwrap();
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    std::fs::remove_dir_all(place.path()).unwrap();
    let refused = files.deliver(&letter(&mail(MailKind::Invitation))).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}
