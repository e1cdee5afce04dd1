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

/// `BatchSize` as the AWS CLI calls it.
fn flag(property: &str) -> String {
    let mut flag = "-".to_owned();
    for letter in property.chars() {
        if letter.is_ascii_uppercase() {
            flag.push('-');
        }
        flag.push(letter.to_ascii_lowercase());
    }
    flag
}

#[test]
fn a_stream_that_is_mapped_by_hand_has_every_setting_of_the_template_s_mapping() {
    let asked = between("template.yaml", "\n        Asked:\n", "\n        Due:").remove(0);
    let properties = asked.lines().filter_map(|line| {
        let line = line.strip_prefix("            ")?;
        let (name, _) = line.split_once(':')?;
        name.starts_with(|first: char| first.is_ascii_uppercase())
            .then_some(name)
    });
    let command = between("docs/restore.md", "create-event-source-mapping", "```").remove(0);
    let without: Vec<&str> = properties.filter(|name| !command.contains(&flag(name))).collect();
    assert_eq!(without, ["Stream", "Enabled"], "the stream's ARN has another name");
}

#[test]
fn every_variable_of_the_commands_that_restore_a_stack_is_set_by_one_before() {
    let operations = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let (first, _) = operations.split_once("\n## ").unwrap();
    let document = std::fs::read_to_string(root().join("docs/restore.md")).unwrap();
    // The last part is for whoever has no stack.
    let (before, gone) = document.split_once("## The stack is gone").unwrap();
    let is_set = |name: &str, within: &str| {
        within
            .split([' ', '\n', '('])
            .any(|word| word.starts_with(&format!("{name}=")))
    };
    let used = |part: &str| -> BTreeSet<String> {
        let names = part.split('$').skip(1).map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect()
        });
        names.filter(|name: &String| name.len() > 1).collect()
    };
    let unset = |part: &str, set: &str| -> Vec<String> {
        used(part)
            .into_iter()
            .filter(|name| !is_set(name, part) && !is_set(name, set))
            .collect()
    };
    assert_eq!(unset(before, first), [""; 0]);
    assert_eq!(unset(gone, first.split("TABLE=").next().unwrap()), [""; 0]);
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
