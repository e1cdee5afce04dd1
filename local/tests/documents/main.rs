//! What is written about the code is true: citations lead somewhere, generated documents are current, and what stands
//! in documents as a value is the code's.
#![expect(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

mod asvs;
mod checks;
mod citations;
mod configuration;
mod deployment;
mod generated;
mod values;
mod verify;

/// The top of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What ends a part that a command writes.
const END: &str = "\n<!-- end -->";

/// Holds the part of a document behind this mark to what `made` makes of it, or writes it.
fn hold(document: &str, mark: &str, made: impl FnOnce(&str) -> String) {
    let file = root().join(document);
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(mark).unwrap();
    let (part, after) = rest.split_once(END).unwrap();
    let now = made(part);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, format!("{before}{mark}{now}{END}{after}")).unwrap();
        return;
    }
    let (was, is): (BTreeSet<&str>, BTreeSet<&str>) = (part.lines().collect(), now.lines().collect());
    let changed: Vec<_> = is.symmetric_difference(&was).collect();
    assert!(
        changed.is_empty(),
        "run UPDATE_DOCS=1 cargo test -p local --test documents: {changed:#?}"
    );
}

/// A file of the repository.
struct Source {
    /// From the top of the repository, with slashes.
    path: String,
    text: String,
}

/// Every file of the repository with one of these extensions, in the order of their paths.
fn sources(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root(), extensions, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 10, "{extensions:?}: {}", found.len());
    found
}

fn walk(directory: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["target", "node_modules", ".git", ".usher", ".aws-sam"].contains(&name) {
                walk(&path, extensions, found);
            }
        } else if path
            .extension()
            .is_some_and(|end| extensions.iter().any(|one| end == *one))
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push(Source { path, text });
        }
    }
}
