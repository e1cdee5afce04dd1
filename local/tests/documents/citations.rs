//! Whatever a comment or a document refers to is in the repository.

use std::collections::BTreeSet;

use crate::{Source, root, sources};

/// The numbers of the rules, as `docs/rules.md` has them.
fn rules() -> Vec<u32> {
    let text = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    headings
        .filter_map(|heading| heading.split_once(". ")?.0.parse().ok())
        .collect()
}

/// The numbers in `rule 4`, `rules 5 and 6`, `rules 2, 4 and 6`.
fn cited(text: &str) -> Vec<u32> {
    let lower = text.to_lowercase();
    let mut found = Vec::new();
    for after in lower.split("rule").skip(1) {
        let words = after.strip_prefix('s').unwrap_or(after).split_whitespace();
        for word in words.skip_while(|word| word.is_empty()) {
            match word.trim_end_matches(|c: char| !c.is_ascii_digit()).parse() {
                Ok(number) if word.starts_with(|c: char| c.is_ascii_digit()) => found.push(number),
                _ if ["and", "to", "or"].contains(&word) => {}
                _ => break,
            }
        }
    }
    found
}

/// The comments of a file, one text.
fn comments(source: &Source) -> String {
    let comment = |line: &str| {
        line.find("//")
            .map(|at| line[at..].trim_start_matches(['/', '!']).to_owned())
    };
    source.text.lines().filter_map(comment).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_rule_that_a_comment_cites_is_in_the_rules() {
    assert_eq!(rules(), (1..=19).collect::<Vec<_>>());
    assert_eq!(
        cited("Rules 5 and 6. (rule 9), rule 14. a rule of thumb, rules: 3"),
        [5, 6, 9, 14]
    );
    let known: BTreeSet<u32> = rules().into_iter().collect();
    let mut all = 0;
    for source in sources(&["rs"]) {
        for number in cited(&comments(&source)) {
            assert!(known.contains(&number), "{} cites rule {number}", source.path);
            all += 1;
        }
    }
    assert!(all > 40, "only {all} citations were found");
}

#[test]
fn every_section_of_the_asvs_that_a_comment_cites_is_in_the_rules() {
    let rules = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let mut all = 0;
    for source in sources(&["rs"]) {
        for section in comments(&source).split("ASVS ").skip(1) {
            let section: String = section
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect();
            let section = section.trim_end_matches('.');
            assert!(rules.contains(section), "{} cites ASVS {section}", source.path);
            all += usize::from(!section.is_empty());
        }
    }
    assert!(all > 5, "only {all} citations were found");
}

/// Names of Markdown files in a text: `docs/table.md`, `decisions/009-x.md`.
fn markdown_files(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._/-".contains(c)));
    words.filter(|word| word.ends_with(".md") && word.len() > ".md".len())
}

#[test]
fn every_document_that_a_file_names_is_there() {
    let mut all = 0;
    for source in sources(&["rs", "md", "py", "toml", "yaml", "yml", "html"]) {
        // The names that this file makes up.
        if source.path.ends_with("documents/citations.rs") {
            continue;
        }
        let beside = root().join(&source.path).parent().unwrap().to_owned();
        for name in markdown_files(&source.text) {
            let there = root().join(name.trim_start_matches("../")).is_file() || beside.join(name).is_file();
            assert!(there, "{} names {name}", source.path);
            all += 1;
        }
    }
    assert!(all > 100, "only {all} names were found");
}

/// Files that a document names in code, by the ends of their paths: `users/plan.rs`.
fn named_files(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split('`').skip(1).step_by(2);
    let is_path =
        |word: &&str| word.contains('/') && word.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
    let is_file = |word: &&str| {
        FILES
            .iter()
            .any(|kind| word.rsplit_once('.').is_some_and(|(_, end)| end == *kind))
    };
    code.filter(is_path).filter(is_file)
}

const FILES: [&str; 6] = ["rs", "txt", "py", "snap", "hurl", "yaml"];

#[test]
fn every_file_that_a_document_names_is_there() {
    let files = sources(&FILES);
    let is_there = |name: &str| {
        let name = name.trim_start_matches("../");
        let mut paths = files.iter().map(|source| source.path.as_str());
        paths.any(|path| path == name || path.ends_with(&format!("/{name}")))
    };
    let mut all = 0;
    for source in sources(&["md"]) {
        for name in named_files(&source.text) {
            // Of the SDK.
            assert!(
                is_there(name) || name == "src/config.rs",
                "{} names {name}",
                source.path
            );
            all += 1;
        }
    }
    assert!(all > 100, "only {all} names were found");
}

/// The anchors that GitHub makes of a document's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    headings
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut all = 0;
    for source in sources(&["md"]) {
        let place = root().join(&source.path);
        for link in source
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() {
                place.clone()
            } else {
                place.parent().unwrap().join(file)
            };
            assert!(file.exists(), "{}: {link}", source.path);
            let known = || anchors(&std::fs::read_to_string(&file).unwrap());
            assert!(anchor.is_empty() || known().contains(anchor), "{}: {link}", source.path);
            all += 1;
        }
    }
    assert!(all > 50, "only {all} links were found");
}
