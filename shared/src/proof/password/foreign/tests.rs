use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::{Hasher, Params, Verdict, imported};

const PASSWORD: &str = "correct horse";

/// "correct horse", by libxcrypt, Python's hashlib, and the forms of Django, ASP.NET Core Identity and Passlib.
const HASHES: [&str; 16] = [
    "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "bcrypt$$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$OAkZqUBelG6VIYdTJfYSENL5OmZRxMa3GwXn5oFliTg",
    "$pbkdf2-sha1$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$aUfE2vx5Q7zgbb0jx49AaNpXUQQVW6pePKN5ab37G40",
    "$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M",
    "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M",
    "$pbkdf2-sha512$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$OM0FAoIqCVK1sWtxDiffVlBejtLa+ks4TP71JiecwuQ",
    "pbkdf2_sha256$1000$aBcDeFgHiJkL$6b4f1TG8ECXkklvvlYe79ptQS/BIgIhik+2OXWlOcm0=",
    "pbkdf2_sha1$1000$aBcDeFgHiJkL$H0wByXoP8tqdfjEejigrLMvfN8c=",
    "AQAAAAAAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWZpR8Ta/HlDvOBtvSPHj0Bo2ldRBBVbql48o3lpvfsbjQ==",
    "AQAAAAEAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWZwGDwPYO6eBEH2TvqzNOF/l6F/IHP33VrLo9PxKvCTgw==",
    "AQAAAAIAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWY4zQUCgioJUrWxa3EOJ99WUF6O0tr6SzhM/vUmJ5zC5A==",
    "ADAxMjM0NTY3ODlhYmNkZWZpR8Ta/HlDvOBtvSPHj0Bo2ldRBBVbql48o3lpvfsbjQ==",
    "$pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M",
];

fn hasher() -> Hasher {
    let cheap = Params {
        memory_kib: 64,
        iterations: 1,
        parallelism: 1,
    };
    Hasher::new(cheap, 2).unwrap()
}

#[tokio::test]
async fn a_hash_of_another_kind_is_compared_and_is_to_be_replaced() {
    let hasher = hasher();
    for hash in HASHES {
        let kept = imported(hash).unwrap_or_else(|why| panic!("{hash}: {why}")).hash;
        assert_eq!(imported(&kept).map(|again| again.hash).as_ref(), Ok(&kept), "{hash}");
        let right = hasher.verify(PASSWORD.into(), Some(kept.clone())).await.unwrap();
        assert_eq!(right, Verdict::Right { rehash: true }, "{hash}");
        let wrong = hasher.verify("correct horsE".into(), Some(kept)).await.unwrap();
        assert_eq!(wrong, Verdict::Wrong, "{hash}");
    }
}

#[tokio::test]
async fn argon2_of_every_kind_and_in_django_s_form_is_compared() {
    let hasher = hasher();
    let own = hasher.hash(PASSWORD.into()).await.unwrap();
    let kept = imported(&format!("argon2{own}")).map(|kept| kept.hash);
    assert_eq!(kept.as_ref(), Ok(&own));
    // "password" under "somesalt", from the test suite of the reference implementation.
    let argon2i = "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
    let kept = imported(argon2i).map(|kept| kept.hash).unwrap();
    let verdict = hasher.verify("password".into(), Some(kept)).await.unwrap();
    assert_eq!(verdict, Verdict::Right { rehash: true });
}

#[tokio::test]
async fn bcrypt_knows_72_bytes_of_a_password_and_argon2_all_of_it_from_the_first_login_on() {
    let long = "a".repeat(80);
    // By libxcrypt, of 80 letters.
    let hash = "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe";
    let verdict = hasher().verify(long.into(), Some(hash.to_owned())).await.unwrap();
    assert_eq!(verdict, Verdict::Right { rehash: true });
}

#[test]
fn what_would_cost_minutes_or_gigabytes_is_refused_with_a_reason() {
    let (salt, hash) = ("MDEyMzQ1Njc4OWFiY2RlZg", "cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M");
    for (text, why) in [
        (
            "$2b$15$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned(),
            "cost",
        ),
        (
            "$2b$+4$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned(),
            "bcrypt hash",
        ),
        (
            "$2b$004$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned(),
            "bcrypt hash",
        ),
        (
            "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned(),
            "cost",
        ),
        (format!("$scrypt$ln=30,r=8,p=1${salt}${hash}"), "256 MiB"),
        (format!("$scrypt$ln=14,r=4294967295,p=1${salt}${hash}"), "256 MiB"),
        (format!("$scrypt$ln=14,r=8,p=1000${salt}${hash}"), "N·r·p"),
        (format!("$scrypt$ln=64,r=1,p=1${salt}${hash}"), "256 MiB"),
        (format!("$scrypt$ln=64,r=0,p=1${salt}${hash}"), ""),
        (format!("$scrypt$ln=300,r=0,p=1${salt}${hash}"), ""),
        (format!("$scrypt$ln=14${salt}${hash}"), "no r"),
        (format!("$pbkdf2-sha256$i=4294967295${salt}${hash}"), "rounds"),
        (format!("$pbkdf2-sha1$i=2000000${salt}${hash}"), "rounds"),
        (format!("$pbkdf2-sha256$i=0${salt}${hash}"), "rounds"),
        (format!("$argon2id$v=19$m=1048576,t=1,p=1${salt}${hash}"), "m must be"),
        (format!("$argon2id$v=19$m=262144,t=64,p=1${salt}${hash}"), "m·t"),
        (format!("$argon2id$v=19$m=4194304,t=3,p=1${salt}${hash}"), "absurd"),
        (format!("$argon2id$v=19$m=64,t=3${salt}${hash}"), ""),
        (format!("$argon2id$v=19$m=64,t=3,p=1,x=1${salt}${hash}"), "parameters"),
        (format!("$argon2id$v=19$m=64,t=3,p=1${salt}${hash}$"), ""),
        (format!("$argon2id$v=19$m=64,t=3,p=9${salt}${hash}"), ""),
        (
            "$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned(),
            "",
        ),
        ("$2b$04$short".to_owned(), "bcrypt"),
        ("argon2".to_owned(), "no password hash of a kind"),
        (STANDARD.encode([0; 48]), "no password hash"),
        (STANDARD.encode([0; 50]), "no password hash"),
        ("5f4dcc3b5aa765d61d8327deb882cf99".to_owned(), "no password hash"),
        ("$1$salt$qJH7.N4xYta3aEG/dfqo/0".to_owned(), ""),
        (String::new(), ""),
    ] {
        let refused = imported(&text).map(|kept| kept.hash).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
        assert!(text.is_empty() || !refused.contains(&text), "{refused}");
    }
}

#[test]
fn what_a_hash_may_cost_at_most_is_imported_and_a_step_more_is_not() {
    let (salt, hash) = ("MDEyMzQ1Njc4OWFiY2RlZg", "cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M");
    for (most, more) in [
        ("scrypt$ln=18,r=8,p=1", "scrypt$ln=18,r=9,p=1"),
        ("scrypt$ln=17,r=8,p=2", "scrypt$ln=17,r=8,p=3"),
        ("pbkdf2-sha256$i=3000000", "pbkdf2-sha256$i=3000001"),
        ("pbkdf2-sha1$i=1500000", "pbkdf2-sha1$i=1500001"),
        ("argon2id$v=19$m=262144,t=4,p=1", "argon2id$v=19$m=262145,t=1,p=1"),
        ("argon2id$v=19$m=209715,t=5,p=1", "argon2id$v=19$m=209716,t=5,p=1"),
    ] {
        let is_imported = |head: &str| imported(&format!("${head}${salt}${hash}")).is_ok();
        assert!(is_imported(most), "{most}");
        assert!(!is_imported(more), "{more}");
    }
}

#[tokio::test]
async fn a_decoy_costs_what_hashes_of_its_cost_do() {
    let hasher = hasher();
    for hash in HASHES {
        let kept = imported(hash).unwrap();
        let decoy = super::decoy(&kept.cost).unwrap();
        assert_eq!(super::cost(&decoy).as_ref(), Some(&kept.cost), "{decoy}");
        let before = hasher.comparisons();
        hasher.verify_decoy(PASSWORD.into(), kept.cost).await.unwrap();
        assert_eq!(hasher.comparisons(), before + 1);
    }
}
