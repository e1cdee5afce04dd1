//! `POST /v1/user/register`

use serde_json::{Value, json};
use usher::domain::tenant_settings::{EmailOnSignup, EmailVerification, Lengths};

use super::{assert_refusal, id_of, login, register, registered, token};
use crate::backstage::{account, mails, set};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World, at_once};

#[tokio::test]
async fn an_account_is_made_that_stands_on_the_lowest_rank_and_a_mail_is_on_its_way() {
    let world = World::new().await;
    let body = json!({ "username": "Jane_D-1", "email": "Jane@Example.org" });
    let reply = register(&world.nobody(), body).await;
    assert_eq!(reply.status, 200);
    let number = reply.body["data"]["user_id"].as_u64().unwrap();
    assert_eq!(reply.body, json!({ "data": { "user_id": number } }));
    assert!((1..1 << 53).contains(&number));
    let id = id_of(&world, &reply);
    let shown = world.owner().await.get(&format!("/api/users/{id}")).await.body;
    let kept = [
        "username",
        "email",
        "emailVerified",
        "status",
        "roles",
        "mustChangePassword",
    ];
    let kept: serde_json::Map<String, Value> = kept
        .map(|name| (name.to_owned(), shown[name].clone()))
        .into_iter()
        .collect();
    insta::assert_json_snapshot!(kept, @r#"
    {
      "username": "Jane_D-1",
      "email": "Jane@Example.org",
      "emailVerified": false,
      "status": "active",
      "roles": [
        "user"
      ],
      "mustChangePassword": false
    }
    "#);
    assert_eq!(
        mails(&world),
        [("verifyEmail".to_owned(), "Jane@Example.org".to_owned())]
    );
    token(&world, "jane_d-1").await;
    assert_reconciled(&world);
}

#[tokio::test]
async fn an_address_is_optional_and_a_blank_one_is_none() {
    let world = World::new().await;
    for (username, email) in [
        ("a", json!(null)),
        ("b", json!("")),
        ("c", Value::Null),
        ("d", json!(" ")),
        ("e", json!(" \t\r\n\u{a0}")),
    ] {
        let mut body = json!({ "username": username, "email": email });
        if username == "c" {
            body.as_object_mut().unwrap().remove("email");
        }
        let reply = register(&world.nobody(), body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let id = id_of(&world, &reply);
        assert!(account(&world, &id).get("email").is_none(), "{username}");
    }
    assert_eq!(mails(&world), []);
    assert_reconciled(&world);
}

#[tokio::test]
async fn what_breaks_a_rule_is_400_with_a_sentence_for_each() {
    const NAME: &str = "A username has 1 to 20 letters, digits, dashes or underscores";
    let world = World::new().await;
    let long = "x".repeat(65);
    for (body, words) in [
        (json!({ "username": "" }), NAME),
        (json!({ "username": "a".repeat(21) }), NAME),
        (json!({ "username": "jane doe" }), NAME),
        (json!({ "username": "jane.doe" }), NAME),
        (json!({ "username": "jane@example.org" }), NAME),
        (json!({ "username": "zoë" }), NAME),
        (json!({ "username": "j\u{430}ne" }), NAME),
        (
            json!({ "username": "a", "password": "12345", "confirm_password": "12345" }),
            "The password must have at least 6 characters",
        ),
        (
            json!({ "username": "a", "password": long, "confirm_password": long }),
            "The password must have at most 64 characters",
        ),
        (
            json!({ "username": "a", "confirm_password": "correct horsf" }),
            "Password and confirm_password are not the same",
        ),
        (
            json!({ "username": "a", "password": "" , "confirm_password": "x" }),
            "Password and confirm_password are not the same; The password must have at least 6 characters",
        ),
    ] {
        assert_refusal(&register(&world.nobody(), body.clone()).await, 400, words);
    }
    let address = register(&world.nobody(), json!({ "username": "a", "email": "no address" })).await;
    assert_eq!(address.status, 400);
    assert!(address.str("error").to_lowercase().contains("mail"), "{}", address.text);
    assert_eq!(world.owner().await.get("/api/users").await.body["total"], 2);
    assert_reconciled(&world);
}

#[tokio::test]
async fn what_is_missing_or_of_another_type_is_reported_with_its_place() {
    let world = World::new().await;
    for (body, words) in [
        (
            json!({ "password": PASSWORD, "confirm_password": PASSWORD }),
            "Missing field `username`",
        ),
        (
            json!({ "username": "a", "confirm_password": PASSWORD }),
            "Missing field `password`",
        ),
        (
            json!({ "username": "a", "password": PASSWORD }),
            "Missing field `confirm_password`",
        ),
        (
            json!({ "username": 5, "password": PASSWORD, "confirm_password": PASSWORD }),
            "username: this must be a text",
        ),
        (
            json!({ "username": "a", "email": ["b@example.org"], "password": PASSWORD, "confirm_password": PASSWORD }),
            "email: this must be a text",
        ),
        (json!([]), "The body must be an object"),
    ] {
        assert_refusal(&world.nobody().post("/v1/user/register", body).await, 400, words);
    }
}

#[tokio::test]
async fn i09_names_of_1_to_20_and_passwords_of_6_to_64_characters_are_taken_as_they_are() {
    let world = World::new().await;
    for (username, password) in [
        ("a".to_owned(), "six-ch".to_owned()),
        ("-_".repeat(10), "x".repeat(64)),
        ("0".to_owned(), "\u{1f511}".repeat(64)),
        ("B".to_owned(), "  pad  ".to_owned()),
    ] {
        let body = json!({ "username": username, "password": password, "confirm_password": password });
        assert_eq!(register(&world.nobody(), body).await.status, 200, "{username}");
        assert_eq!(login(&world, &username, &password).await.status, 200, "{username}");
        assert_eq!(
            login(&world, &username, password.trim_end()).await.status == 200,
            password.trim_end() == password
        );
    }
}

#[tokio::test]
async fn a_name_and_an_address_are_taken_in_every_letter_case_and_free_again_after_a_deletion() {
    let world = World::new().await;
    let id = registered(&world, "jane").await;
    let nobody = world.nobody();
    let name = json!({ "username": "JANE", "email": "other@example.org" });
    assert_refusal(&register(&nobody, name.clone()).await, 400, "Username is taken");
    let address = json!({ "username": "other", "email": "Jane@EXAMPLE.org" });
    assert_refusal(&register(&nobody, address).await, 400, "Email is taken");
    let account = json!({ "username": "Admin" });
    assert_refusal(&register(&nobody, account).await, 400, "Username is taken");
    assert_reconciled(&world);
    let gone = world.owner().await.delete(&format!("/api/users/{id}")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(register(&nobody, name).await.status, 200);
    assert_ne!(registered(&world, "jane2").await, id);
    assert_reconciled(&world);
}

#[tokio::test]
async fn where_an_address_is_required_who_gives_none_is_answered_with_exactly_that() {
    let world = World::new().await;
    set(&world, |chosen| chosen.email_on_signup = Some(EmailOnSignup::Required)).await;
    for email in [json!(null), json!(""), json!("  ")] {
        let reply = register(&world.nobody(), json!({ "username": "jane", "email": email })).await;
        assert_refusal(&reply, 400, "Email is required");
    }
    registered(&world, "jane").await;
}

#[tokio::test]
async fn where_no_address_is_asked_for_one_that_is_given_is_not_kept_and_gets_no_mail() {
    let world = World::new().await;
    set(&world, |chosen| chosen.email_on_signup = Some(EmailOnSignup::None)).await;
    let id = registered(&world, "jane").await;
    assert!(account(&world, &id).get("email").is_none());
    assert_eq!(mails(&world), []);
    assert_eq!(login(&world, "jane@example.org", PASSWORD).await.status, 403);
    // What is not kept need not be an address, and is nobody's.
    for (username, email) in [("jim", "no address"), ("joe", "owner@usher.local")] {
        let reply = register(&world.nobody(), json!({ "username": username, "email": email })).await;
        assert_eq!(reply.status, 200, "{email}: {}", reply.text);
    }
    assert_reconciled(&world);
}

#[tokio::test]
async fn where_addresses_are_not_verified_no_mail_is_sent() {
    let world = World::new().await;
    set(&world, |chosen| {
        chosen.email_verification = Some(EmailVerification::Off);
    })
    .await;
    registered(&world, "jane").await;
    assert_eq!(mails(&world), []);
    set(&world, |chosen| {
        chosen.email_verification = Some(EmailVerification::Required);
    })
    .await;
    registered(&world, "john").await;
    assert_eq!(mails(&world).len(), 1);
}

#[tokio::test]
async fn a_tenant_that_is_closed_for_registration_answers_so() {
    let world = World::new().await;
    set(&world, |chosen| chosen.registration_open = Some(false)).await;
    let reply = register(&world.nobody(), json!({ "username": "jane" })).await;
    assert_refusal(&reply, 403, "Registration is closed");
    set(&world, |chosen| chosen.registration_open = Some(true)).await;
    registered(&world, "jane").await;
    assert_reconciled(&world);
}

#[tokio::test]
async fn a_tenant_can_ask_for_longer_passwords_even_longer_than_64_characters() {
    let world = World::new().await;
    for (min, short, long) in [(12, 11, 12), (70, 69, 70)] {
        set(&world, |chosen| chosen.min_password_length = Some(min)).await;
        let with = |length: usize, name: &str| {
            let password = "x".repeat(length);
            json!({ "username": name, "password": password, "confirm_password": password })
        };
        let words = format!("The password must have at least {min} characters");
        assert_refusal(&register(&world.nobody(), with(short, "a")).await, 400, &words);
        let name = format!("long{min}");
        assert_eq!(register(&world.nobody(), with(long, &name)).await.status, 200);
    }
}

#[tokio::test]
async fn a_minimum_that_every_contract_asks_for_leaves_more_than_one_length() {
    let world = World::new().await;
    for (min, most) in [(63, 64), (64, 128), (70, 128), (128, 128)] {
        set(&world, |chosen| chosen.min_password_length = Some(min)).await;
        let with = |length: u32| {
            let password = "x".repeat(usize::try_from(length).unwrap());
            json!({ "username": format!("u{min}-{length}"), "password": password, "confirm_password": password })
        };
        assert_eq!(register(&world.nobody(), with(most)).await.status, 200, "{min}");
        let longer = register(&world.nobody(), with(most + 1)).await;
        assert_refusal(
            &longer,
            400,
            &format!("The password must have at most {most} characters"),
        );
    }
    // What the tenant itself set stands, as long as there is such a password.
    let lengths = |max| std::collections::BTreeMap::from([("registration".to_owned(), Lengths { min: None, max })]);
    for (max, min, most) in [(Some(20), 20, 20), (Some(20), 21, 128)] {
        set(&world, |chosen| {
            chosen.min_password_length = Some(min);
            chosen.password_lengths = lengths(max);
        })
        .await;
        let password = "y".repeat(most);
        let body = json!({ "username": format!("v{min}"), "password": password, "confirm_password": password });
        assert_eq!(register(&world.nobody(), body).await.status, 200, "{min} {most}");
    }
}

#[tokio::test]
async fn z03_nobody_gives_themselves_anything_by_registering() {
    let world = World::new().await;
    let plain = registered(&world, "plain").await;
    let body = json!({
        "username": "greedy", "email": "greedy@example.org", "role": "admin", "roles": ["admin", "owner"],
        "permissions": ["admin.users"], "is_admin": true, "admin": true, "administrator": true,
        "email_verified": true, "emailVerified": true, "status": "active", "banned": false, "password_hash": "x",
        "id": "00000000-0000-7000-8000-000000000000", "user_id": "00000000-0000-7000-8000-000000000000",
        "created_at": "2000-01-01T00:00:00Z", "version": 7, "pk": "T#main#USER#x", "sk": "USER", "tenant": "other",
        "grants": [], "epoch": 3, "mustChangePassword": true, "firstName": "Eve",
    });
    let reply = register(&world.nobody(), body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let greedy = id_of(&world, &reply);
    let without_own = |id: &str| {
        let mut item = account(&world, id);
        let item = item.as_object_mut().unwrap();
        for own in [
            "PK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK", "id", "email", "username", "password",
        ] {
            assert!(item.remove(own).is_some(), "{own}");
        }
        let grant = item["grants"]["L"][0]["M"].as_object_mut().unwrap();
        assert!(grant.remove("id").is_some() && grant.remove("seat").is_some() && grant.remove("round").is_some());
        json!(item)
    };
    assert_eq!(without_own(&greedy), without_own(&plain));
    let refused = world
        .with_token(&token(&world, "greedy").await)
        .delete("/v1/user/ban/plain")
        .await;
    assert_eq!(refused.status, 403);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_of_64_registrations_of_one_name_or_one_address_exactly_one_succeeds() {
    let world = World::new().await;
    let cased = |text: String, n: usize| -> String {
        let upper = |(i, c): (usize, char)| if n >> i & 1 == 1 { c.to_ascii_uppercase() } else { c };
        text.chars().enumerate().map(upper).collect()
    };
    for round in 0..5 {
        for (taken, by_name) in [("Username is taken", true), ("Email is taken", false)] {
            let replies = at_once(64, |n| {
                let client = world.nobody();
                let one = cased(format!("abcdef{round}{by_name}"), n);
                let body = match by_name {
                    true => json!({ "username": one, "email": format!("{n}x{round}@example.org") }),
                    false => json!({ "username": format!("{n}y{round}"), "email": format!("{one}@example.org") }),
                };
                async move { register(&client, body).await }
            })
            .await;
            let made = replies.iter().filter(|reply| reply.status == 200).count();
            let refused = replies
                .iter()
                .filter(|reply| reply.status == 400 && reply.str("error") == taken)
                .count();
            assert_eq!((made, refused), (1, 63), "round {round}");
        }
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_under_a_cap_on_the_role_that_everybody_has_exactly_the_cap_gets_in() {
    let world = World::new().await;
    let owner = world.owner().await;
    let capped = owner.patch("/api/roles/user", json!({ "maxCount": 9 })).await;
    assert_eq!(capped.status, 200, "{}", capped.text);
    let replies = at_once(64, |n| {
        let client = world.nobody();
        async move { register(&client, json!({ "username": format!("jane{n}") })).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(
        (made.len(), refused.len()),
        (7, 57),
        "two accounts are there from set-up"
    );
    for reply in refused {
        assert_refusal(reply, 409, "The role is full");
    }
    assert_reconciled(&world);
}
