//! What the documents for newcomers have one type can be typed, and the README's story is true: its lines are run against a fresh server, and their answers are those that it shows.
//! `.ci/containers` has it run against the functions in containers: at the address that `STORY_AT` gives.
#![expect(clippy::unwrap_used, reason = "a test may end by panicking")]

use std::collections::HashMap;
use std::process::Command;

use local::{Options, Stack, server};

const README: &str = include_str!("../../README.md");
const ADDRESS: &str = "http://127.0.0.1:3000";

/// The `sh` blocks of the story, in order, each with the answer that stands below it.
fn story() -> Vec<(String, Option<String>)> {
    let (_, story) = README.split_once("## A story").unwrap();
    let (story, _) = story.split_once("## Where to look").unwrap();
    let mut steps: Vec<(String, Option<String>)> = Vec::new();
    for block in story.split("```").skip(1).step_by(2) {
        match block.split_once('\n').unwrap() {
            ("sh", lines) => steps.push((lines.to_owned(), None)),
            ("json", answer) => steps.last_mut().unwrap().1 = Some(answer.trim().to_owned()),
            (other, _) => unreachable!("a block of {other}"),
        }
    }
    steps
}

/// What differs from run to run, made equal: ids by the order in which they appear, so that two places with one id still
/// have one; moments of this century alike.
fn settle(value: &mut serde_json::Value, ids: &mut HashMap<String, usize>) {
    match value {
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| settle(field, ids)),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| settle(item, ids)),
        serde_json::Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => {
            let next = ids.len();
            *text = format!("id {}", ids.entry(text.clone()).or_insert(next));
        }
        serde_json::Value::String(text) if text.len() == 24 && text.ends_with('Z') && !text.starts_with("2030") => {
            "a moment".clone_into(text);
        }
        _ => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "of a test, and no setting")]
/// The address to play at, and where nobody gave one a server that listens there.
async fn stage() -> String {
    if let Ok(given) = std::env::var("STORY_AT") {
        return given;
    }
    let listener = server::bind("127.0.0.1", 0).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let stack = Stack::start(Options {
        address: address.clone(),
        ..Options::default()
    })
    .await
    .unwrap();
    tokio::spawn(async move { stack.serve(listener, std::future::pending()).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_the_readme_has_the_answers_that_it_shows() {
    let address = stage().await;
    // One shell for all of it, since later lines use what earlier ones set; a mark ends each step's output.
    let steps = story();
    let script: String = steps
        .iter()
        .map(|(lines, _)| format!("{lines}\necho; echo '=== end'\n"))
        .collect();
    let script = script.replace(ADDRESS, &address);
    let run = tokio::task::spawn_blocking(move || Command::new("bash").args(["-c", &script]).output().unwrap());
    let output = run.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).unwrap();
    let (mut ids_shown, mut ids) = (HashMap::new(), HashMap::new());
    let mut compared = 0;
    for ((lines, shown), answer) in steps.iter().zip(output.split("=== end").map(str::trim)) {
        let Some(shown) = shown else {
            assert_eq!(answer, "", "{lines}");
            continue;
        };
        let mut shown = serde_json::from_str(shown).unwrap();
        let mut answer = serde_json::from_str(answer).unwrap_or_else(|_| panic!("{lines}\n{answer}"));
        settle(&mut shown, &mut ids_shown);
        settle(&mut answer, &mut ids);
        assert_eq!(shown, answer, "{lines}");
        compared += 1;
    }
    assert!(compared >= 9, "only {compared} answers were compared");
}

/// The languages of blocks that are there to be read: whatever is to be typed stands in an `sh` block.
const SHOWN: [&str; 9] = [
    "json",
    "mermaid",
    "text",
    "console",
    "rust",
    "toml",
    "yaml",
    "typescript",
    "python",
];

/// Documents for whoever is new here: a block of commands in them can be pasted as it stands.
const FOR_NEWCOMERS: [(&str, &str); 4] = [
    ("README.md", README),
    ("CONTRIBUTING.md", include_str!("../../CONTRIBUTING.md")),
    (
        "docs/contracts/README.md",
        include_str!("../../docs/contracts/README.md"),
    ),
    ("docs/container.md", include_str!("../../docs/container.md")),
];

/// The programs of those blocks. A stand-in for each notes how it was called.
const PROGRAMS: [&str; 15] = [
    "cargo",
    "curl",
    "docker",
    "hurl",
    "mypy",
    "node",
    "npm",
    "npx",
    "openapi-python-client",
    "pip",
    "python3",
    "sam",
    "script",
    "sed",
    "uv",
];

/// The blocks of a document with their languages, wherever they are indented to.
fn blocks(document: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in document.lines() {
        let trimmed = line.trim_start();
        match trimmed.strip_prefix("```") {
            Some(language) if !open => found.push((language.to_owned(), String::new())),
            Some(_) => {}
            None if open => found.last_mut().unwrap().1.push_str(&format!("{trimmed}\n")),
            None => continue,
        }
        open ^= trimmed.starts_with("```");
    }
    assert!(!open);
    found
}

/// How the programs are called where this block is pasted at the top of the repository: a line for each call.
fn calls(block: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    for program in PROGRAMS {
        let stand_in = directory.path().join(program);
        std::fs::write(
            &stand_in,
            format!("#!/bin/sh\necho \"{program} $*\" >>'{}'\n", log.display()),
        )
        .unwrap();
        std::fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    // Our own scripts are not run either.
    let own = |line: &str| {
        if line.starts_with(".ci/") {
            format!("script {line}\n")
        } else {
            format!("{line}\n")
        }
    };
    let script: String = block.lines().map(own).collect();
    let output = Command::new("/bin/bash")
        .args(["-ec", &script])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env_clear()
        .env("HOME", directory.path())
        .env("PATH", directory.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{block}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let log = std::fs::read_to_string(log).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

/// What is wrong with a call, as far as it can be seen without making it.
fn mistake(call: &str) -> Option<String> {
    use clap::Parser;
    let words: Vec<&str> = call.split_whitespace().collect();
    if let ["cargo", "run", rest @ ..] = words.as_slice()
        && rest.first() != Some(&"-p")
    {
        let flags = match rest {
            [] => &[][..],
            ["--", flags @ ..] => flags,
            _ => return Some("`cargo run` takes flags of the server behind `--`".to_owned()),
        };
        let parsed = local::args::Args::try_parse_from(std::iter::once("usher").chain(flags.iter().copied()));
        return parsed.err().map(|error| error.to_string());
    }
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let is_ours = |word: &&str| {
        ["docs/", ".ci/", "local/", "events/"]
            .iter()
            .any(|one| word.starts_with(one))
    };
    let mut paths = words.iter().copied().filter(is_ours);
    let missing = paths.find(|path| !top.join(path).exists());
    missing.map(|path| format!("{path} is not there"))
}

#[test]
fn whatever_a_newcomer_is_to_type_can_be_pasted_as_it_stands() {
    assert!(mistake("cargo run the whole of it on http://127.0.0.1:3000").is_some());
    assert!(mistake("cargo run -- --no-such-flag").is_some());
    assert!(mistake("hurl --test docs/contracts/nothing.hurl").is_some());
    let mut called = 0;
    for (document, text) in FOR_NEWCOMERS {
        for (language, block) in blocks(text) {
            if language != "sh" {
                assert!(
                    SHOWN.contains(&language.as_str()),
                    "{document}: a block of {language:?}"
                );
                let typed = block
                    .lines()
                    .find(|line| PROGRAMS.iter().any(|one| line.starts_with(&format!("{one} "))));
                assert!(typed.is_none(), "{document}: {typed:?} is no {language}");
                continue;
            }
            for call in calls(&block) {
                assert_eq!(mistake(&call), None, "{document}: {call}");
                called += 1;
            }
        }
    }
    assert!(called > 40, "only {called} calls");
}
