//! The README's story is true: its lines are run against a fresh server, and their answers are those that it shows.
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
