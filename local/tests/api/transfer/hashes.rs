//! Hashes of other kinds, at the login.

use serde_json::{Value, json};

use super::{imported, refusal};
use crate::auth::{Look, login, token};
use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, World};

/// Hashes of the tests' password, each of another kind.
const HASHES: [(&str, &str); 6] = [
    ("bcrypt", "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"),
    (
        "scrypt",
        "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$OAkZqUBelG6VIYdTJfYSENL5OmZRxMa3GwXn5oFliTg",
    ),
    (
        "sha1",
        "$pbkdf2-sha1$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$aUfE2vx5Q7zgbb0jx49AaNpXUQQVW6pePKN5ab37G40",
    ),
    (
        "sha512",
        "$pbkdf2-sha512$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$OM0FAoIqCVK1sWtxDiffVlBejtLa+ks4TP71JiecwuQ",
    ),
    (
        "django",
        "pbkdf2_sha256$1000$aBcDeFgHiJkL$6b4f1TG8ECXkklvvlYe79ptQS/BIgIhik+2OXWlOcm0=",
    ),
    (
        "identity",
        "AQAAAAIAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWY4zQUCgioJUrWxa3EOJ99WUF6O0tr6SzhM/vUmJ5zC5A==",
    ),
];

fn line(name: &str, hash: &str) -> Value {
    json!({ "email": format!("{name}@example.org"), "emailVerified": true, "username": name, "passwordHash": hash })
}

/// The hash that an account has in the table.
fn kept(world: &World, id: &str) -> String {
    let is_it = |item: &Value| item["SK"]["S"] == "USER" && item["id"]["S"] == id;
    let item = world.items().into_iter().find(is_it).unwrap();
    item["password"]["S"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_right_login_with_an_imported_hash_replaces_it_and_no_wrong_one_does() {
    let world = World::new().await;
    for (name, hash) in HASHES {
        let id = imported(&world, &line(name, hash)).await;
        let before = kept(&world, &id);
        assert!(!before.starts_with("$argon2id$"), "{before}");
        assert_eq!(login(&world, name, "wrong horse!").await.status, 401, "{name}");
        assert_eq!(kept(&world, &id), before);
        assert_eq!(
            token(&world, &format!("{name}@example.org"), PASSWORD).await.status,
            200,
            "{name}"
        );
        let after = kept(&world, &id);
        assert!(after.starts_with("$argon2id$"), "{after}");
        assert_eq!(login(&world, name, PASSWORD).await.status, 200, "{name}");
        assert_eq!(kept(&world, &id), after, "it was replaced twice");
        assert_eq!(login(&world, name, "wrong horse!").await.status, 401, "{name}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_passwords_lock_an_account_with_an_imported_hash_as_any_other() {
    let world = World::new().await;
    imported(&world, &line("bcrypt", HASHES[0].1)).await;
    for _ in 0..5 {
        assert_eq!(login(&world, "bcrypt", "wrong horse!").await.status, 401);
    }
    let before = world.app.hasher.comparisons();
    let locked = login(&world, "bcrypt", PASSWORD).await;
    assert_eq!(locked.status, 423, "{}", locked.text);
    assert_eq!(
        world.app.hasher.comparisons(),
        before,
        "a locked account is not compared with"
    );
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_cost_what_imported_accounts_cost_each_always_the_same() {
    let world = World::new().await;
    // A kind of hash that one comparison with takes long enough to be distinguished from another.
    let slow = "$2b$10$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    imported(&world, &line("slow", slow)).await;
    world.clock.advance(11);
    let like = Look::of(&login(&world, "slow", "wrong horse!").await);
    let mut all = Vec::new();
    for n in 0..24 {
        let name = format!("nobody-{n}");
        let mut times = Vec::new();
        for _ in 0..2 {
            let before = world.app.hasher.comparisons();
            let begun = std::time::Instant::now();
            let reply = login(&world, &name, "wrong horse!").await;
            times.push(begun.elapsed().as_millis());
            assert_eq!(Look::of(&reply), like, "{name}");
            assert_eq!(world.app.hasher.comparisons(), before + 1);
        }
        all.push(times.into_iter().min().unwrap());
    }
    let is_slow = |time: &&u128| **time >= 30;
    let slow = all.iter().filter(is_slow).count();
    assert!((4..=20).contains(&slow), "{slow} of 24 cost what bcrypt costs: {all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_costs_minutes_or_gigabytes_is_refused_with_its_reason() {
    let world = World::new().await;
    let costly = [
        (
            "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            "/passwordHash: bcrypt's cost",
        ),
        (
            "$pbkdf2-sha256$i=4000000000$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M",
            "/passwordHash: PBKDF2",
        ),
        (
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "/passwordHash: this is no password hash",
        ),
    ];
    for (hash, why) in costly {
        let refused = refusal(&world, &line("costly", hash)).await;
        assert!(refused.starts_with(why), "{refused}");
    }
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ninth_kind_of_hash_is_refused_also_by_who_knows_of_seven() {
    let world = World::new().await;
    let of_cost = |cost: u32| {
        let hash = format!("$2b${cost:02}$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e");
        line(&format!("cost-{cost}"), &hash)
    };
    for cost in 4..=10 {
        imported(&world, &of_cost(cost)).await;
    }
    let other = World::later(world.db.clone(), &[], world.now()).await;
    imported(&other, &of_cost(11)).await;
    let refused = refusal(&world, &of_cost(12)).await;
    assert!(refused.starts_with("/passwordHash: 8 kinds"), "{refused}");
    imported(
        &world,
        &line("again", "$2b$11$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"),
    )
    .await;
    assert_reconciled(&world);
}
