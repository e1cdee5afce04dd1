use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::*;

mod held;

/// Argon2 at its cheapest: what is tested here does not depend on the cost.
const CHEAP: Params = Params {
    memory_kib: 64,
    iterations: 1,
    parallelism: 1,
};

/// "password" under "somesalt", from the test suite of Argon2's reference implementation.
const REFERENCE: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

fn hasher() -> Hasher {
    Hasher::new(CHEAP, 2).unwrap()
}

fn argon2(params: Params) -> Argon2 {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.checked().unwrap())
}

async fn verdict(hasher: &Hasher, password: &str, phc: &str) -> Verdict {
    hasher.verify(password.into(), Some(phc.to_owned())).await.unwrap()
}

async fn is_distinguished(stored: &str, tried: &str) -> bool {
    let hasher = hasher();
    let phc = hasher.hash(stored.into()).await.unwrap();
    assert_eq!(verdict(&hasher, stored, &phc).await, Verdict::Right { rehash: false });
    verdict(&hasher, tried, &phc).await == Verdict::Wrong
}

#[tokio::test]
async fn i09_a_password_beyond_72_bytes_is_not_truncated() {
    let x = format!("{}x", "a".repeat(72));
    let y = format!("{}y", "a".repeat(72));
    assert!(is_distinguished(&x, &y).await);
    assert!(is_distinguished(&x, &"a".repeat(72)).await);
    let x = format!("{}x", "a".repeat(1023));
    let y = format!("{}y", "a".repeat(1023));
    assert!(is_distinguished(&x, &y).await);
}

#[tokio::test]
async fn i09_a_password_is_hashed_exactly_as_it_was_sent() {
    for (stored, tried) in [
        ("before\0after-1", "before\0after-2"),
        ("\u{1f980}\u{1f980}\u{1f980}", "\u{1f980}\u{1f980}"),
        ("caf\u{e9} noir", "cafe\u{301} noir"),
        (" spaced out", "spaced out"),
        ("spaced out ", "spaced out"),
        ("Case Matters", "case matters"),
        ("", " "),
    ] {
        assert!(
            is_distinguished(stored, tried).await,
            "{stored:?} and {tried:?} are one password"
        );
    }
}

#[tokio::test]
async fn the_same_password_never_hashes_to_the_same_string() {
    let hasher = hasher();
    let one = hasher.hash("correct horse".into()).await.unwrap();
    let two = hasher.hash("correct horse".into()).await.unwrap();
    assert_ne!(one, two);
    assert!(one.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{one}");
}

#[tokio::test]
async fn the_default_is_what_owasp_recommends() {
    let hasher = Hasher::new(Params::default(), 1).unwrap();
    let phc = hasher.hash("correct horse".into()).await.unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
}

#[tokio::test]
async fn a_hash_of_another_implementation_is_understood() {
    let hasher = hasher();
    assert!(matches!(
        verdict(&hasher, "password", REFERENCE).await,
        Verdict::Right { .. }
    ));
    assert_eq!(verdict(&hasher, "passwore", REFERENCE).await, Verdict::Wrong);
}

#[tokio::test]
async fn a_hash_below_the_present_cost_is_to_be_made_again() {
    let phc = hasher().hash("correct horse".into()).await.unwrap();
    for (params, rehash) in [
        (CHEAP, false),
        (
            Params {
                memory_kib: 32,
                ..CHEAP
            },
            false,
        ),
        (
            Params {
                memory_kib: 128,
                ..CHEAP
            },
            true,
        ),
        (Params { iterations: 2, ..CHEAP }, true),
        (
            Params {
                parallelism: 2,
                ..CHEAP
            },
            true,
        ),
    ] {
        let hasher = Hasher::new(params, 1).unwrap();
        assert_eq!(
            verdict(&hasher, "correct horse", &phc).await,
            Verdict::Right { rehash },
            "{params:?}"
        );
    }
}

#[test]
fn a_hash_is_weaker_by_any_one_of_its_parts_and_by_none_that_is_more() {
    let wanted = Params {
        memory_kib: 64,
        iterations: 2,
        parallelism: 2,
    };
    let wanted = wanted.checked().unwrap();
    let is = |head: &str, salt: usize, output: usize| {
        let [salt, output] = [salt, output].map(|len| STANDARD_NO_PAD.encode(vec![7; len]));
        is_weaker(&stored(&format!("${head}${salt}${output}")).unwrap(), &wanted)
    };
    for (head, expected) in [
        ("argon2id$v=19$m=64,t=2,p=2", false),
        ("argon2id$v=19$m=65,t=2,p=2", false),
        ("argon2id$v=19$m=63,t=2,p=2", true),
        ("argon2id$v=19$m=64,t=3,p=2", false),
        ("argon2id$v=19$m=64,t=1,p=2", true),
        ("argon2id$v=19$m=64,t=2,p=3", false),
        ("argon2id$v=19$m=64,t=2,p=1", true),
        ("argon2id$v=16$m=64,t=2,p=2", true),
        ("argon2id$m=64,t=2,p=2", true),
        ("argon2i$v=19$m=64,t=2,p=2", true),
    ] {
        assert_eq!(is(head, SALT_LEN, OUTPUT_LEN), expected, "{head}");
    }
    let head = "argon2id$v=19$m=64,t=2,p=2";
    for (salt, output, expected) in [(17, 33, false), (15, 32, true), (16, 31, true)] {
        assert_eq!(is(head, salt, output), expected, "{salt} and {output} bytes");
    }
}

#[test]
fn what_a_hash_may_cost_at_most_is_still_taken() {
    let params = |memory_kib, iterations| Params {
        memory_kib,
        iterations,
        parallelism: 1,
    };
    for (params, is_taken) in [
        (params(1 << 20, 1), true),
        (params((1 << 20) + 1, 1), false),
        (params(64, MAX_ITERATIONS), true),
        (params(64, MAX_ITERATIONS + 1), false),
        (params(64, MAX_ITERATIONS + 2), false),
    ] {
        assert_eq!(params.checked().is_ok(), is_taken, "{params}");
        assert_eq!(params.to_string().parse(), Ok(params));
    }
    assert_eq!(params(64, 3).to_string(), "m=64,t=3,p=1");
}

#[tokio::test]
async fn a_hasher_counts_its_hashes_and_names_its_cost_and_no_secret() {
    let hasher = hasher();
    for _ in 0..2 {
        hasher.hash("correct horse".into()).await.unwrap();
    }
    assert_eq!(hasher.hashes(), 2);
    assert_eq!(hasher.cost().as_deref(), Some("$argon2id$v=19$m=64,t=1,p=1:32"));
    let shown = format!("{hasher:?}");
    assert!(shown.contains("m_cost: 64"), "{shown}");
    assert!(!shown.contains(&hasher.inner.decoy), "{shown}");
}

#[test]
fn no_more_memory_is_kept_than_for_the_hashes_that_run_at_once() {
    let hasher = Hasher::new(CHEAP, 1).unwrap();
    let two = [(); 2].map(|()| hasher.inner.arena(argon2(CHEAP)).unwrap());
    drop(two);
    assert_eq!(hasher.inner.pool().len(), 1);
}

#[tokio::test]
async fn e02_an_unregistered_name_costs_one_comparison_like_any_other() {
    let hasher = hasher();
    let phc = hasher.hash("correct horse".into()).await.unwrap();
    assert_eq!((hasher.comparisons(), hasher.hashes()), (0, 1));
    assert_eq!(hasher.verify("correct horse".into(), None).await, Ok(Verdict::Wrong));
    assert_eq!((hasher.comparisons(), hasher.hashes()), (1, 1));
    assert_eq!(verdict(&hasher, "wrong horse", &phc).await, Verdict::Wrong);
    assert_eq!((hasher.comparisons(), hasher.hashes()), (2, 1));
}

#[tokio::test]
async fn e02_the_decoy_asks_for_the_same_work_as_a_fresh_hash() {
    let hasher = hasher();
    let real = stored(&hasher.hash("correct horse".into()).await.unwrap()).unwrap();
    let decoy = stored(&hasher.inner.decoy).unwrap();
    let work = |hash: &Decoded| {
        (
            hash.algorithm,
            hash.version,
            hash.params,
            hash.salt.len(),
            hash.hash.len(),
        )
    };
    assert_eq!(work(&real), work(&decoy));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a01_no_more_hashes_run_at_once_than_the_memory_is_meant_for() {
    let params = Params {
        memory_kib: 4096,
        ..CHEAP
    };
    let hasher = Hasher::new(params, 2).unwrap();
    let flood = (0..24).map(|_| {
        let hasher = hasher.clone();
        tokio::spawn(async move { hasher.verify("guess".into(), None).await })
    });
    let flood: Vec<_> = flood.collect();
    // Requests that hang up must not let others in while their hash still runs.
    flood.iter().take(8).for_each(tokio::task::JoinHandle::abort);
    for request in flood {
        if let Ok(verdict) = request.await {
            assert_eq!(verdict, Ok(Verdict::Wrong));
        }
    }
    assert!(hasher.comparisons() >= 16);
    assert!(
        hasher.inner.allocated.load(Ordering::Relaxed) <= 2,
        "an arena for each hash"
    );
}

#[tokio::test]
async fn a01_a_hash_leaves_the_async_thread_free() {
    let hasher = Hasher::new(Params::default(), 1).unwrap();
    let mut hash = std::pin::pin!(hasher.hash("correct horse".into()));
    // Were it computed here, the first poll would only come back when it is done.
    assert!(futures::poll!(&mut hash).is_pending());
    tokio::time::timeout(Duration::from_secs(30), hash)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a01_a_stored_hash_cannot_ask_for_absurd_work() {
    let hasher = hasher();
    for cost in [
        "m=1048577,t=1,p=1",
        "m=4294967295,t=2,p=1",
        "m=64,t=65,p=1",
        "m=64,t=4294967295,p=1",
    ] {
        let phc = REFERENCE.replace("m=65536,t=2,p=1", cost);
        let answer = hasher.verify("password".into(), Some(phc)).await;
        assert!(matches!(answer, Err(Error::Fault(_))), "{cost}: {answer:?}");
    }
    assert_eq!(hasher.comparisons(), 0);
    assert!(
        Hasher::new(
            Params {
                memory_kib: MAX_MEMORY_KIB + 1,
                ..CHEAP
            },
            1
        )
        .is_err()
    );
}

#[tokio::test]
async fn what_is_no_hash_is_a_fault_and_is_not_repeated_in_the_log() {
    let hasher = hasher();
    for phc in [
        "",
        "plain-secret",
        "$2b$1$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=18$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        let answer = hasher.verify("password".into(), Some(phc.to_owned())).await;
        let Err(Error::Fault(cause)) = answer else {
            panic!("{phc:?}: {answer:?}");
        };
        for part in phc.split('$').filter(|part| part.len() > 8) {
            assert!(!cause.0.contains(part), "{cause:?}");
        }
    }
}

#[tokio::test]
async fn the_memory_of_a_hash_is_kept_for_the_next() {
    let hasher = hasher();
    for _ in 0..3 {
        hasher.hash("correct horse".into()).await.unwrap();
    }
    assert_eq!(hasher.inner.allocated.load(Ordering::Relaxed), 1);
    assert_eq!(hasher.inner.pool().len(), 1);
    assert_eq!(hasher.inner.pool()[0].reserved_blocks(), 64);
}

#[tokio::test]
async fn a_smaller_hash_leaves_memory_for_all_others() {
    let hasher = hasher();
    let smaller = Hasher::new(
        Params {
            memory_kib: 32,
            ..CHEAP
        },
        1,
    )
    .unwrap();
    let phc = smaller.hash("correct horse".into()).await.unwrap();
    let right = Verdict::Right { rehash: true };
    assert_eq!(verdict(&hasher, "correct horse", &phc).await, right);
    assert_eq!(hasher.inner.pool()[0].reserved_blocks(), 64);
}

#[tokio::test]
async fn a_larger_hash_does_not_leave_its_memory_behind() {
    let hasher = hasher();
    verdict(&hasher, "password", REFERENCE).await;
    assert!(hasher.inner.pool().is_empty());
}

#[test]
fn a_hasher_that_could_never_hash_is_not_built() {
    assert!(Hasher::new(CHEAP, 0).is_err());
    assert!(Hasher::new(Params { iterations: 0, ..CHEAP }, 1).is_err());
    assert!(Hasher::new(Params { memory_kib: 1, ..CHEAP }, 1).is_err());
}

#[tokio::test]
async fn f11_a_hash_that_panics_is_a_fault_and_leaves_its_place_and_its_memory_to_the_next() {
    let hasher = Hasher::new(CHEAP, 1).unwrap();
    let phc = hasher.hash("a password".into()).await.unwrap();
    for _ in 0..3 {
        let panicked: Result<()> = hasher
            .apart(|inner| {
                let _arena = inner.arena(argon2(CHEAP))?;
                let _locked = inner.pool();
                panic!("in the middle of it")
            })
            .await;
        assert!(matches!(panicked, Err(Error::Fault(_))), "{panicked:?}");
    }
    let again = tokio::time::timeout(Duration::from_mins(1), verdict(&hasher, "a password", &phc));
    assert_eq!(again.await.unwrap(), Verdict::Right { rehash: false });
}
