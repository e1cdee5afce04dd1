//! Each target over its corpus, and over what is near it: seeded mutations, so that a run is the same each time.
#![expect(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use fuzz::TARGETS;

/// What stands for much in what is read here.
const WORDS: [&str; 36] = [
    "null", "true", "-0", "1e400", "\"", "{}", "[]", ":", ",", "\\u0000", "\\ud800", "\n", "\r\n", "\t", " ", "%00",
    "%2f", "%40", "%", "..", "/", "//", "?", "#", "&", "=", "@", ".", "xn--", "é", "e\u{301}", "ß", "ς", "\u{212a}",
    "\u{200d}", "\u{202e}",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a target, with their files' names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder().join(target)).unwrap();
    let mut all: Vec<(String, Vec<u8>)> = files
        .map(|file| file.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

fn holds(target: &str, run: fn(&[u8]), input: &[u8], whence: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| run(input)));
    assert!(
        outcome.is_ok(),
        "{target} fails for {whence}: {:?}",
        input.escape_ascii().to_string()
    );
}

/// Runs a target over its corpus, and over so many mutations.
fn near(target: &str, mutations: usize) {
    let run = TARGETS.iter().find(|one| one.name == target).unwrap().run;
    let corpus = corpus(target);
    for (name, input) in &corpus {
        holds(target, run, input, name);
    }
    let mut rng = Rng::with_seed(mutations as u64);
    for n in 0..mutations {
        let mut input = rng.choice(&corpus).unwrap().1.clone();
        for _ in 0..rng.usize(1..4) {
            mutate(&mut input, &corpus, &mut rng);
        }
        holds(target, run, &input, &format!("mutation {n}"));
    }
}

/// One of what libFuzzer does too: bytes changed, put in, taken out, repeated, and put together with another input's.
fn mutate(input: &mut Vec<u8>, corpus: &[(String, Vec<u8>)], rng: &mut Rng) {
    let place = rng.usize(0..=input.len());
    let end = rng.usize(place..=input.len().min(place + 32));
    match rng.u8(0..7) {
        0 if place < input.len() => input[place] ^= 1 << rng.u8(0..8),
        1 if place < input.len() => input[place] = rng.u8(..),
        2 => drop(input.drain(place..end)),
        3 => {
            let piece = input[place..end].to_vec();
            input.splice(place..place, piece);
        }
        4 => {
            let other = &rng.choice(corpus).unwrap().1;
            input.splice(place.., other[rng.usize(0..=other.len())..].iter().copied());
        }
        5 => {
            let letter = char::from_u32(rng.u32(0x80..0x3000)).unwrap_or('\u{fffd}');
            input.splice(place..place, letter.to_string().into_bytes());
        }
        _ => {
            let word = rng.choice(WORDS).unwrap();
            input.splice(place..end, word.bytes());
        }
    }
}

macro_rules! targets {
    ($($target:ident: $mutations:literal,)*) => {
        $(#[test]
        fn $target() {
            near(stringify!($target), $mutations);
        })*

        #[test]
        fn every_target_has_a_corpus_a_test_and_a_binary() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($target)),*]);
            let manifest = include_str!("../Cargo.toml");
            for name in &names {
                assert!(manifest.contains(&format!("[[bin]]\nname = \"{name}\"")), "{name}");
                let inputs = corpus(name);
                let distinct: BTreeSet<&Vec<u8>> = inputs.iter().map(|(_, input)| input).collect();
                assert!(distinct.len() == inputs.len() && distinct.len() >= 20, "{name}: {}", distinct.len());
            }
            assert_eq!(std::fs::read_dir(folder()).unwrap().count(), names.len());
        }
    };
}

targets! {
    bodies: 1_000,
    cursor: 3_000,
    email: 10_000,
    event: 1_000,
    jwt: 3_000,
    merge_patch: 10_000,
    opaque: 10_000,
    path: 10_000,
    username: 10_000,
}
