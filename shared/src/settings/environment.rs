//! The variables as they are read: each remembered, and what is wrong of each kept until all are.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::KeySource;

pub(super) struct Env {
    vars: HashMap<String, String>,
    /// Every name that was asked for.
    known: BTreeSet<String>,
    pub(super) complaints: Vec<String>,
}

impl Env {
    pub(super) fn of(vars: HashMap<String, String>) -> Self {
        Self {
            vars,
            known: BTreeSet::new(),
            complaints: Vec::new(),
        }
    }

    /// An unknown `USHER_` name is a typing error, and what it was to set is not set.
    pub(super) fn refuse_unknown(&mut self) {
        let mut unknown: Vec<&String> = self.vars.keys().filter(|name| name.starts_with("USHER_")).collect();
        unknown.retain(|name| !self.known.contains(*name));
        unknown.sort_unstable();
        let complaints = unknown.into_iter().map(|name| {
            let nearest = self.known.iter().min_by_key(|known| strsim::levenshtein(name, known));
            format!("{name} is no setting: is it {}?", nearest.map_or("", String::as_str))
        });
        self.complaints.extend(complaints.collect::<Vec<_>>());
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.known.insert(name.to_owned());
        self.vars.get(name).filter(|text| !text.is_empty()).cloned()
    }

    pub(super) fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.complaints.push(format!("{name} is not set"));
            String::new()
        })
    }

    pub(super) fn parsed<T: FromStr + Display>(&mut self, name: &str, shape: &str, default: T) -> T {
        let Some(text) = self.text(name) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.complaints.push(format!(
                "{name} is `{text}`: it must be {shape} (without it, {default})"
            ));
            default
        })
    }

    pub(super) fn within(&mut self, name: &str, what: &str, default: u32, range: &RangeInclusive<u32>) -> u32 {
        let shape = format!("a number of {what}, {} to {}", range.start(), range.end());
        let number = self.parsed(name, &shape, default);
        if !range.contains(&number) {
            self.complaints
                .push(format!("{name} is `{number}`: it must be {shape}"));
        }
        number
    }

    pub(super) fn optional<T: FromStr>(&mut self, name: &str, shape: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.complaints.push(format!("{name} is `{text}`: it must be {shape}"));
        }
        parsed
    }

    /// What is in `NAME_SECRET`, or as it is in `NAME`.
    pub(super) fn key(&mut self, name: &str) -> Option<KeySource> {
        let text = self.text(name).map(|text| KeySource::Text(text.into()));
        self.secret(&format!("{name}_SECRET")).or(text)
    }

    /// A secret by its ARN. Beside an emulator of DynamoDB there is no Secrets Manager, and a text stands for itself:
    /// the containers of `sam local` have no other variable for it than the template's.
    pub(super) fn secret(&mut self, variable: &str) -> Option<KeySource> {
        let value = self.text(variable)?;
        let emulated = self.text("USHER_DYNAMODB_ENDPOINT").is_some();
        Some(match emulated && !value.starts_with("arn:") {
            true => KeySource::Text(value.into()),
            false => KeySource::SecretsManager(value),
        })
    }
}
