//! `docs/asvs.md` and its tables: each test that a requirement is shown by exists, and the counts are those of the rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::checks::{functions, place};
use crate::{root, sources};

const TABLES: [&str; 3] = ["input", "identity", "operation"];
const VERDICTS: [&str; 5] = ["test", "document", "design", "n/a", "**not done**"];

/// A requirement: its number, its level, its verdict, and what shows it.
struct Row {
    number: String,
    level: String,
    verdict: String,
    shown_by: String,
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn rows() -> Vec<Row> {
    let texts = TABLES.map(|table| read(&format!("docs/asvs/{table}.md")));
    let lines = texts.iter().flat_map(|text| text.lines());
    let requirement = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').splitn(5, '|').map(str::trim).collect();
        let is_one = cells.len() == 5 && cells[0].starts_with(|c: char| c.is_ascii_digit());
        is_one.then(|| Row {
            number: cells[0].to_owned(),
            level: cells[1].to_owned(),
            verdict: cells[3].to_owned(),
            shown_by: cells[4].to_owned(),
        })
    };
    lines.filter_map(requirement).collect()
}

/// What stands between backticks, but paths and commands that are no names of tests.
fn named(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name =
        |text: &&str| text.matches('_').count() > 2 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    quoted
        .filter(is_name)
        .filter(|text| text.chars().any(|c| c.is_ascii_lowercase()))
        .collect()
}

#[test]
fn every_test_that_shows_a_requirement_is_there_and_in_the_file_that_is_named() {
    let mut there = BTreeMap::<String, Vec<String>>::new();
    for source in sources(&["rs"]) {
        let short = place(&source.path);
        let short = short.trim_end_matches("/mod").trim_start_matches("local/tests/");
        for name in functions(&source) {
            there.entry(name.to_owned()).or_default().push(format!("`{short}`"));
        }
    }
    let (mut all, mut wrong) = (0, Vec::new());
    for row in rows() {
        let tests = named(&row.shown_by);
        for test in &tests {
            let places = there.get(*test).map(Vec::as_slice).unwrap_or_default();
            if !places.iter().any(|place| row.shown_by.contains(place)) {
                wrong.push(format!("{}: `{test}` is in {places:?}", row.number));
            }
        }
        if row.verdict == "test" && tests.is_empty() && !row.shown_by.contains("`.ci/checks/") {
            wrong.push(format!("{}: no test is named", row.number));
        }
        all += tests.len();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(all > 120, "only {all} tests were found");
}

#[test]
fn the_counts_are_those_of_the_rows_and_what_is_not_done_is_listed() {
    let (document, rows) = (read("docs/asvs.md"), rows());
    let numbers: BTreeSet<&str> = rows.iter().map(|row| row.number.as_str()).collect();
    assert_eq!((rows.len(), numbers.len()), (253, 253));
    let mut counts = BTreeMap::<String, [usize; 5]>::new();
    for row in &rows {
        let verdict = VERDICTS.iter().position(|verdict| *verdict == row.verdict).unwrap();
        let chapter = row.number.split('.').next().unwrap();
        for of in [
            "all".to_owned(),
            format!("of level {}", row.level),
            format!("[V{chapter} "),
        ] {
            counts.entry(of).or_default()[verdict] += 1;
        }
    }
    for (of, all) in counts {
        let line = document
            .lines()
            .find(|line| line.starts_with(&format!("| {of}")))
            .unwrap();
        let stated: Vec<&str> = line.trim_matches('|').split('|').skip(1).map(str::trim).collect();
        let counted: Vec<String> = all.iter().chain([&all.iter().sum()]).map(ToString::to_string).collect();
        assert_eq!(stated, counted, "{of}");
    }
    let (_, listed) = document.split_once("## Not done").unwrap();
    let listed: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|numbers| numbers.split(", "))
        .filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let not_done = rows.iter().filter(|row| row.verdict == VERDICTS[4]);
    assert_eq!(listed, not_done.map(|row| row.number.as_str()).collect());
}
