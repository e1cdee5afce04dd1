//! `docs/checks.md` is true: the tests that it names are there, and every check has one, or a reason why not.

use std::path::PathBuf;

const CHECKS: &str = include_str!("../../docs/checks.md");

/// The rows: a check, and what holds it.
fn rows() -> Vec<(&'static str, &'static str)> {
    let cells = |line: &'static str| {
        line.trim_matches('|')
            .split_once('|')
            .map(|(a, b)| (a.trim(), b.trim()))
    };
    CHECKS
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(cells)
        .skip(1)
        .collect()
}

/// The file that a place in the table stands for.
fn source(place: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = match place.split_once('/')? {
        ("api", rest) => format!("local/tests/api/{rest}.rs"),
        ("usher", rest) => format!("shared/src/{rest}.rs"),
        _ => format!("{place}.rs"),
    };
    std::fs::read_to_string(root.join(path)).ok()
}

#[test]
fn every_test_that_the_table_names_is_where_it_says() {
    let mut named = 0;
    for (check, cell) in rows() {
        let quoted: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        for pair in quoted.windows(2).filter(|pair| !pair[1].contains(['/', '.', ' '])) {
            let Some(text) = source(pair[0]) else { continue };
            assert!(
                text.contains(&format!("fn {}(", pair[1])),
                "{check}: {} is not in {}",
                pair[1],
                pair[0]
            );
            named += 1;
        }
    }
    assert!(named > 150, "only {named} tests are named");
}

#[test]
fn every_check_has_a_test_or_a_reason() {
    let rows = rows();
    assert!(rows.len() > 70, "only {} checks", rows.len());
    let bare: Vec<_> = rows
        .iter()
        .filter(|(_, cell)| cell.is_empty() || cell.contains("MISSING"))
        .collect();
    assert!(bare.is_empty(), "{bare:?}");
}
