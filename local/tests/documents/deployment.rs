//! `docs/deploy.md` shows what `.ci/deploy` prints: the same steps, and the same that the emulator leaves out.

use std::collections::BTreeSet;

use crate::root;

/// What stands between these marks in a file, each time.
fn between(file: &str, before: &str, after: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let parts = text.split(before).skip(1);
    parts.map(|part| part.split_once(after).unwrap().0.to_owned()).collect()
}

#[test]
fn the_first_deployment_has_the_steps_of_its_script_in_their_order() {
    let steps = between(".ci/deployment.py", "@step(\"", "\")");
    let block = between("docs/deploy.md", "```text\n", "```").remove(0);
    let titles = block.lines().map(|line| line[..12].trim_end());
    let shown: Vec<&str> = titles.filter(|title| *title != "left out").collect();
    assert_eq!(shown, steps, "run .ci/deploy --write");
    let whole = std::fs::read_to_string(root().join("docs/deploy.md")).unwrap();
    let explained = |step: &&String| !whole.contains(&format!("[{step}]"));
    let without: Vec<&String> = steps.iter().filter(explained).collect();
    assert_eq!(
        without,
        ["permissions", "authorizer", "logs"],
        "steps that no command above the block is for"
    );
}

#[test]
fn the_first_deployment_shows_all_that_is_left_out() {
    let block = between("docs/deploy.md", "```text\n", "```").remove(0);
    let lines = block.lines().filter_map(|line| line.strip_prefix("left out     "));
    let shown: BTreeSet<&str> = lines.map(|line| line.split_once(" (").unwrap().0).collect();
    let list = between(".ci/left_out.py", "LeftOut(\"", "\",");
    assert_eq!(
        shown,
        list.iter().map(String::as_str).collect(),
        "run .ci/deploy --write"
    );
}
