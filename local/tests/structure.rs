//! How the code is put together, held by reading it: which room a file stands in and what it may name
//! (`docs/architecture.md`, Four rooms), and that one place alone sends a transaction again.

#![expect(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every Rust file of the product below this folder, with its path from the top.
fn sources(folder: &str) -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    let mut folders = vec![top.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
                let name = path.strip_prefix(&top).unwrap().to_string_lossy().into_owned();
                found.push((name, code(&fs::read_to_string(&path).unwrap())));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust in {folder}");
    found.sort();
    found
}

/// The code of a file, without its comments and its tests.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Files of a folder that name one of these.
fn naming(folder: &str, names: &[&str]) -> Vec<String> {
    let offends = |(file, text): (String, String)| {
        let name = names.iter().find(|name| text.contains(**name))?;
        Some(format!("{file} names {name}"))
    };
    sources(folder).into_iter().filter_map(offends).collect()
}

#[test]
fn a_room_names_only_what_it_may() {
    let http = ["http::", "axum::", "StatusCode", "lambda_http::"];
    let cases: [(&str, &[&str]); 8] = [
        ("shared/src/domain", &http),
        ("shared/src/access", &http),
        (
            "shared/src/actions",
            &["crate::http", "axum::", "StatusCode", "lambda_http::"],
        ),
        (
            "shared/src/store",
            &["crate::http", "crate::actions", "axum::", "StatusCode"],
        ),
        (
            "shared/src/proof",
            &["crate::http", "crate::actions", "crate::store", "axum::"],
        ),
        (
            "shared/src/domain",
            &[
                "aws_",
                "async fn",
                ".await",
                "crate::store",
                "crate::actions",
                "SystemTime",
            ],
        ),
        (
            "shared/src/access",
            &[
                "aws_",
                "async fn",
                ".await",
                "crate::store",
                "crate::actions",
                "SystemTime",
            ],
        ),
        ("functions", &["aws_sdk_", "aws_config", "argon2", "jsonwebtoken::"]),
    ];
    let offences: Vec<String> = cases.iter().flat_map(|(folder, names)| naming(folder, names)).collect();
    assert_eq!(offences, Vec::<String>::new());
}

#[test]
fn a_transaction_is_sent_again_in_the_unit_of_work_and_nowhere_else() {
    let sending = naming("shared/src", &[".transact("]);
    assert_eq!(sending, ["shared/src/store/unit.rs names .transact("]);
    let counted = |(file, text): (String, String)| {
        let commits = text.contains("atomically(") || text.contains("unit::write(") || text.contains("unit::commit(");
        let counts = text
            .lines()
            .find(|line| line.trim_start().starts_with("for ") && line.contains(" in 0.."))?;
        commits.then(|| format!("{file}: {}", counts.trim()))
    };
    let tries: Vec<String> = sources("shared/src/actions").into_iter().filter_map(counted).collect();
    // A sweep of mails goes from page to page, and set-up comes to an account again once whoever has its name gave way:
    // neither sends a transaction again.
    let others = [
        "migration/names.rs: for _ in 0..TRIES {",
        "outbox.rs: for _ in 0..PAGES {",
    ];
    assert_eq!(tries, others.map(|one| format!("shared/src/actions/{one}")));
}

#[test]
fn the_actions_have_no_circle() {
    let files = sources("shared/src/actions");
    let name = |file: &str| Path::new(file).file_stem().unwrap().to_string_lossy().into_owned();
    let mut left: Vec<(String, Vec<String>)> = files
        .iter()
        .filter(|(file, _)| name(file) != "mod")
        .map(|(file, text)| {
            (
                name(file),
                used(text, &files.iter().map(|(file, _)| name(file)).collect::<Vec<_>>()),
            )
        })
        .collect();
    while let Some(free) = left
        .iter()
        .position(|(_, uses)| !uses.iter().any(|one| left.iter().any(|(n, _)| n == one)))
    {
        left.remove(free);
    }
    assert!(
        left.is_empty(),
        "files of the actions that lead to each other: {left:?}"
    );
}

/// Which of these sibling files a file uses.
fn used(text: &str, siblings: &[String]) -> Vec<String> {
    let imports = text
        .split("use super::")
        .skip(1)
        .filter_map(|rest| rest.split(';').next());
    let words: Vec<&str> = imports
        .flat_map(|import| import.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .chain(text.split("super::").skip(1).filter_map(|rest| rest.split("::").next()))
        .collect();
    let is_used = |name: &&String| words.contains(&name.as_str());
    siblings.iter().filter(is_used).cloned().collect()
}

/// The crates that are a function's binary, and their manifests.
fn lambdas() -> Vec<(String, String)> {
    let mut lambdas = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions")).unwrap() {
        let path = entry.unwrap().path();
        if path.join("src/main.rs").exists() {
            let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
            lambdas.push((path.file_name().unwrap().to_string_lossy().into_owned(), manifest));
        }
    }
    assert!(lambdas.len() > 8, "the functions are not found");
    lambdas
}

/// Names and versions of the crates that are linked for a function, sorted.
fn linked(function: &str) -> Vec<(String, String)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "tree",
        "--locked",
        "--package",
        function,
        "--edges",
        "normal,no-proc-macro",
    ]);
    cargo.args(["--prefix", "none", "--format", "{p}"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: BTreeSet<(String, String)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned()))
        .collect();
    assert!(found.len() > 100, "{function} is made of {} crates", found.len());
    found.into_iter().collect()
}

/// What `.ci/sizes.py` looks for in binaries that are built, asked of cargo.
#[test]
fn a_function_is_built_of_nothing_that_it_does_not_need_and_of_nothing_twice() {
    // `aws-config` brings `aws-sdk-sts` along, of which nothing is called and so nothing linked.
    let unneeded = [
        "aws-sdk-sso",
        "aws-sdk-ssooidc",
        "aws-smithy-http-client",
        "h2",
        "native-tls",
        "openssl",
        "regex",
        "regex-automata",
        "ring",
    ];
    // Not ours to choose: `serde_dynamo` and `hyper-util` are behind and ahead of all others, `aws-lc-rs` is behind
    // `rustls-webpki`. A few kilobytes.
    let twice = ["base64", "untrusted"];
    for (function, _) in lambdas() {
        let crates = linked(&function);
        for (name, _) in &crates {
            assert!(!unneeded.contains(&name.as_str()), "{function} needs no {name}");
            let sends = function == "outbox" || name != "aws-sdk-sesv2";
            assert!(sends, "{function} sends no mail");
        }
        for pair in crates.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            assert!(twice.contains(&pair[0].0.as_str()), "{function} has {pair:?}");
        }
    }
}

#[test]
fn no_file_is_over_400_lines_and_no_lambda_crate_imports_another() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["shared/src", "functions", "local/src", "bench/src"] {
        for (file, _) in sources(folder) {
            let lines = fs::read_to_string(top.join(&file)).unwrap().lines().count();
            assert!(lines <= 400, "{file} has {lines} lines");
        }
    }
    let lambdas = lambdas();
    for (function, manifest) in &lambdas {
        let imported = lambdas.iter().find(|(other, _)| {
            other != function && manifest.lines().any(|line| line.starts_with(&format!("{other}.")))
        });
        assert!(imported.is_none(), "{function} imports {imported:?}");
    }
}

#[test]
fn the_top_of_the_repository_is_what_a_reader_takes_in_at_a_glance() {
    let known = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
        "bench",
        "docs",
        "edge.yaml",
        "events",
        "functions",
        "local",
        "openapi.json",
        "routes.txt",
        "rust-toolchain.toml",
        "samconfig.toml",
        "shared",
        "target",
        "template.yaml",
    ];
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(top).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others: Vec<String> = names
        .filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()))
        .collect();
    assert_eq!(
        others,
        Vec::<String>::new(),
        "a tool's file is a dotfile, or stands with its owner"
    );
}
