//! Fuzz targets: what reads bytes that strangers wrote, each as a function that panics where a property of it does not hold.
//!
//! `cargo test -p fuzz` runs each over its corpus and over seeded mutations of it; the binaries of `targets/` hand the same
//! functions to libFuzzer. What each holds, and how it is run for longer: `docs/fuzzing.md`.

#![expect(
    clippy::missing_panics_doc,
    reason = "to panic is how a target reports what it found"
)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a target fails by panicking")]
// The future of a request is as deep as all layers under it.
#![recursion_limit = "256"]

pub mod bodies;
pub mod cursor;
pub mod email;
pub mod event;
pub mod jwt;
pub mod merge_patch;
pub mod opaque;
pub mod path;
pub mod username;

mod document;
mod spelling;
mod stage;

/// A target by its name, which is that of its corpus and of its binary.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

pub const TARGETS: [Target; 9] = [
    Target {
        name: "bodies",
        run: bodies::run,
    },
    Target {
        name: "cursor",
        run: cursor::run,
    },
    Target {
        name: "email",
        run: email::run,
    },
    Target {
        name: "event",
        run: event::run,
    },
    Target {
        name: "jwt",
        run: jwt::run,
    },
    Target {
        name: "merge_patch",
        run: merge_patch::run,
    },
    Target {
        name: "opaque",
        run: opaque::run,
    },
    Target {
        name: "path",
        run: path::run,
    },
    Target {
        name: "username",
        run: username::run,
    },
];

/// The text without one character, which is replaced; which of them the seed chooses.
fn with_another_character(text: &str, seed: usize) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let place = seed % characters.len();
    let other = ['A', 'b', '0', '_', '.', '-', 'é'];
    let others = other.into_iter().cycle().skip(seed % other.len());
    let another = others.into_iter().find(|other| *other != characters[place]);
    characters[place] = another.unwrap();
    characters.into_iter().collect()
}

/// A number of any input, by which a place in it is chosen.
fn seed(data: &[u8]) -> usize {
    usize::try_from(crc32fast::hash(data)).unwrap()
}
