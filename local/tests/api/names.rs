//! Names in every script (rule 2): what differs by letter case alone is one name, whoever asks and wherever it is typed.

use serde_json::{Value, json};

use crate::auth::login;
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, World};

/// Nikos in capitals; as it is written; and with the sigma that stands inside of words at the end.
pub const NIKOS: [&str; 3] = [
    "\u{39d}\u{399}\u{39a}\u{39f}\u{3a3}",
    "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}",
    "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c3}",
];

async fn made(owner: &Client, body: Value) -> String {
    let reply = owner.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// The ids that a search finds; its total is their number.
async fn found(owner: &Client, q: &str) -> Vec<String> {
    let q = percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC);
    let page = owner.get(&format!("/api/users?q={q}")).await.body;
    let items = page["items"].as_array().unwrap().iter();
    let ids: Vec<String> = items.map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(page["total"], ids.len(), "{q}");
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_username_is_one_in_capitals_and_small_through_every_contract() {
    let world = World::new().await;
    let owner = world.owner().await;
    for (one, others) in [
        (NIKOS[0], &NIKOS[1..]),
        ("stra\u{df}e", &["STRA\u{1e9e}E"][..]),
        ("\u{531}\u{532}", &["\u{561}\u{562}"]),
        ("\u{3b1}\u{1fb3}", &["\u{391}\u{391}\u{399}"]),
    ] {
        let id = made(&owner, json!({ "username": one, "password": PASSWORD })).await;
        let other = made(&owner, json!({ "email": "jane@example.org", "password": PASSWORD })).await;
        for name in others {
            let reply = owner.post("/api/users", json!({ "username": name })).await;
            assert_eq!(
                (reply.status.as_u16(), reply.problem()),
                (409, "username-taken"),
                "{name}"
            );
            let body = json!({ "Email": "john@example.org", "Username": name, "Password": PASSWORD });
            assert_eq!(world.nobody().post("/auth/register", body).await.status, 409, "{name}");
            let body = json!({ "email": "john@example.org", "password": PASSWORD, "user_name": name });
            assert_eq!(owner.post("/v1/admin/users", body).await.status, 409, "{name}");
            let body = json!({ "user_name": name });
            let path = format!("/v1/admin/users/{other}");
            assert_eq!(owner.put(&path, body).await.status, 409, "{name}");
            assert_eq!(login(&world, name, PASSWORD).await.status, 200, "{name}");
            assert_eq!(owner.get(&format!("/api/users/{name}")).await.str("id"), id);
        }
        assert_reconciled(&world);
        for id in [id, other] {
            assert_eq!(owner.delete(&format!("/api/users/{id}")).await.status, 204);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_s_name_is_one_in_capitals_and_small() {
    let world = World::new().await;
    let owner = world.owner().await;
    let reply = owner.post("/api/roles", json!({ "name": NIKOS[0] })).await;
    assert_eq!(reply.status, 201);
    let id = reply.str("id").to_owned();
    assert_eq!(owner.post("/api/roles", json!({ "name": "other" })).await.status, 201);
    for name in &NIKOS[1..] {
        let reply = owner.post("/api/roles", json!({ "name": name })).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (409, "role-name-taken"),
            "{name}"
        );
        let renamed = owner.patch("/api/roles/other", json!({ "name": name })).await;
        assert_eq!(renamed.status, 409, "{name}");
        assert_eq!(owner.get(&format!("/api/roles/{name}")).await.str("id"), id);
    }
    assert_reconciled(&world);
    assert_eq!(owner.delete(&format!("/api/roles/{}", NIKOS[1])).await.status, 204);
    assert_eq!(owner.post("/api/roles", json!({ "name": NIKOS[2] })).await.status, 201);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_in_capitals_and_small() {
    let world = World::new().await;
    let owner = world.owner().await;
    made(
        &owner,
        json!({ "email": format!("a@{}.example", NIKOS[1]), "password": PASSWORD }),
    )
    .await;
    for domain in [NIKOS[0], NIKOS[2]] {
        let email = format!("A@{domain}.example");
        let reply = owner.post("/api/users", json!({ "email": email })).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (409, "email-taken"),
            "{email}"
        );
        assert_eq!(login(&world, &email, PASSWORD).await.status, 200, "{email}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn e05_guesses_at_a_name_count_together_however_it_is_spelled() {
    let world = World::new().await;
    let owner = world.owner().await;
    for registered in [false, true] {
        let name = |n: usize| format!("{}{registered}", NIKOS[n % 3]).replace("true", "");
        if registered {
            made(&owner, json!({ "username": name(1), "password": PASSWORD })).await;
        }
        for n in 0..5 {
            assert_eq!(login(&world, &name(n), "wrong").await.status, 401);
        }
        for n in 0..3 {
            assert_eq!(login(&world, &name(n), PASSWORD).await.status, 423, "{registered}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_no_name_in_any_letter_case() {
    let world = World::new().await;
    let owner = world.owner().await;
    let long = |name: &str| format!("{name} {name}");
    for name in NIKOS {
        let body = json!({ "username": long(NIKOS[0]), "password": long(name) });
        assert_eq!(owner.post("/api/users", body).await.status, 400, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_username_of_several_words_works_wherever_a_name_does() {
    let world = World::new().await;
    let owner = world.owner().await;
    let id = made(&owner, json!({ "email": "b@example.org", "password": PASSWORD })).await;
    let renamed = owner
        .put(
            &format!("/v1/admin/users/{id}"),
            json!({ "user_name": "Beyhan O\u{11f}ur" }),
        )
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    assert_reconciled(&world);
    for name in [
        "Beyhan O\u{11f}ur",
        "beyhan o\u{11f}ur",
        "BEYHAN O\u{11e}UR",
        "Beyhan Og\u{306}ur",
    ] {
        assert_eq!(login(&world, name, PASSWORD).await.status, 200, "{name}");
        let path = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(owner.get(&format!("/api/users/{path}")).await.str("id"), id, "{name}");
        let body = json!({ "login": name, "password": PASSWORD });
        assert_eq!(world.nobody().post("/v1/user/login", body).await.status, 200);
        let body = json!({ "Username": name, "Password": PASSWORD });
        assert_eq!(world.nobody().post("/auth/login", body).await.status, 200);
        assert_eq!(found(&owner, name).await, [id.as_str()]);
    }
    let banned = owner.delete("/v1/user/ban/beyhan%20o%C4%9Fur").await;
    assert_eq!(banned.body, json!({ "data": "Banned user: Beyhan O\u{11f}ur" }));
    for q in ["n o", " ", " o", "an o\u{11f}"] {
        assert_eq!(found(&owner, q).await, [id.as_str()], "{q:?}");
    }
    // The id behind a name in the table is not a part of it.
    for q in [
        format!("ur {}", &id[..8]),
        "ur ".to_owned(),
        format!("b@example.org {}", &id[..2]),
    ] {
        assert_eq!(found(&owner, &q).await, [] as [&str; 0], "{q:?}");
        let q = percent_encoding::utf8_percent_encode(&q, percent_encoding::NON_ALPHANUMERIC);
        let page = owner.get(&format!("/v1/admin/users/search?q={q}")).await.body;
        assert_eq!(
            (&page["users"], &page["pagination"]["total"]),
            (&json!([]), &json!(0)),
            "{q}"
        );
    }
    for name in [
        " a",
        "a ",
        "a  b",
        "a\u{a0}b",
        "a\tb",
        "a\u{3000}b",
        &format!("a {}", "b".repeat(63)),
    ] {
        let reply = owner.post("/api/users", json!({ "username": name })).await;
        assert_eq!(reply.pointers(), ["/username"], "{name:?}");
    }
    let narrow = json!({ "username": "a b", "password": PASSWORD, "confirm_password": PASSWORD });
    assert_eq!(world.nobody().post("/v1/user/register", narrow).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn q_finds_in_any_letter_case_of_any_script_composed_or_not() {
    let world = World::new().await;
    let owner = world.owner().await;
    let odysseus = "\u{39f}\u{394}\u{3a5}\u{3a3}\u{3a3}\u{395}\u{3a5}\u{3a3}";
    let ids = [
        made(&owner, json!({ "username": odysseus })).await,
        made(&owner, json!({ "username": "Zoe\u{308}" })).await,
        made(&owner, json!({ "username": "Ana\u{ef}s" })).await,
        made(&owner, json!({ "email": format!("a@{}.example", NIKOS[1]) })).await,
        made(&owner, json!({ "username": "gro\u{df}" })).await,
    ];
    for (q, whose) in [
        ("\u{39f}\u{394}\u{3a5}\u{3a3}", 0),
        ("\u{3bf}\u{3b4}\u{3c5}\u{3c2}", 0),
        ("\u{3bf}\u{3b4}\u{3c5}\u{3c3}\u{3c3}\u{3b5}\u{3c5}\u{3c2}", 0),
        (odysseus, 0),
        ("o\u{eb}", 1),
        ("OE\u{308}", 1),
        ("zo\u{eb}", 1),
        ("nai\u{308}S", 2),
        ("NA\u{cf}", 2),
        (NIKOS[0], 3),
        (NIKOS[1], 3),
        ("GRO\u{1e9e}", 4),
    ] {
        assert_eq!(found(&owner, q).await, [ids[whose].as_str()], "{q:?}");
        let q = percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC);
        let page = owner.get(&format!("/v1/admin/users/search?q={q}")).await;
        assert_eq!(page.body["users"][0]["id"], ids[whose], "{}", page.text);
    }
    assert_eq!(found(&owner, "gross").await, [] as [&str; 0]);
    assert_reconciled(&world);
}
