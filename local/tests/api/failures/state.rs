//! What a request did to the table.

use serde_json::{Map, Value, json};

use super::answer::{fits, pattern, without};
use crate::fault_injection::{Diff, Dump, between, is_chance, kind};

/// Items by kind that came, went and changed, and what became of those that were there before.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub diff: Diff,
    changed: Value,
}

impl State {
    pub fn nothing() -> Self {
        Self {
            diff: Diff::new(),
            changed: json!({}),
        }
    }

    pub fn between(before: &Dump, after: &Dump) -> Self {
        let other = |of: &Dump, than: &Dump| {
            let other = of.iter().filter(|(key, item)| than.get(*key) != Some(item));
            other.map(|(key, item)| (key.clone(), item.clone())).collect::<Dump>()
        };
        let (before, after) = (other(before, after), other(after, before));
        // Which of several counters grew is chance, and so is from which of them a seat is.
        let changed = before
            .keys()
            .filter(|key| !is_chance(&kind(key)) && !is_health(&kind(key)));
        let now = |key| {
            after.get(key).map_or(json!("gone"), |item| {
                without("seat", serde_json::to_value(item).unwrap())
            })
        };
        let changed = changed.map(|key| (format!("{} {} {}", kind(key), key.0, key.1), now(key)));
        let mut changed = Value::Object(changed.collect::<Map<_, _>>());
        changed.sort_all_objects();
        let mut diff = between(&before, &after);
        diff.retain(|what, _| !is_health(what));
        Self { diff, changed }
    }

    /// What two runs of the same have in common.
    pub fn pattern(one: &Self, other: &Self) -> Self {
        assert_eq!(one.diff, other.diff, "it does another thing each time");
        let names = |state: &Self| state.changed.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(one), names(other), "it changes other items each time");
        Self {
            diff: one.diff.clone(),
            changed: pattern(&one.changed, &other.changed),
        }
    }

    /// Whether this is what it should be.
    pub fn fits(&self, pattern: &Self) -> bool {
        self.diff == pattern.diff && fits(&pattern.changed, &self.changed)
    }

    /// Without search entries.
    pub fn but_for_search(mut self) -> Self {
        self.diff.retain(|what, _| !is_search(what));
        self.changed.as_object_mut().unwrap().retain(|what, _| !is_search(what));
        self
    }

    pub fn has_search(&self) -> bool {
        self.diff.keys().any(|what| is_search(what))
    }

    /// Whether nothing is done: search entries of an account that is not there find nothing.
    pub fn is_harmless(&self) -> bool {
        self.diff.keys().all(|what| what == "FIND came")
    }
}

/// What `/health` writes into one of several places, by chance one that is there already.
fn is_health(what: &str) -> bool {
    what.starts_with("HEALTH/")
}

fn is_search(what: &str) -> bool {
    what.starts_with("FIND ")
}
