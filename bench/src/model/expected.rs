//! What a step is to be answered with.

use std::collections::BTreeSet;

use serde_json::Value;

use super::step::At;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn text(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    }
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum No {
    /// No token, or one that opens nothing.
    Token,
    /// Wrong name or password.
    Login,
    /// The password was right, and the account is not active.
    NotActive,
    /// Until when, where the lock ends by itself.
    Locked(Option<i64>),
    Unverified,
    /// The password until now is wrong.
    Old,
    Forbidden,
    Missing,
    Invalid,
    /// A name or an address that is taken, as the directory contract calls it.
    Taken(&'static str),
    Conflict(&'static str),
    /// Both are in the way, and which of them is answered the contract leaves open.
    Conflicts([&'static str; 2]),
    OwnAccount,
}

/// Each contract's statuses.
pub fn status(at: At, no: &No) -> u16 {
    match no {
        No::Token => 401,
        No::Login if at == At::Registration => 403,
        No::Login => 401,
        No::NotActive if matches!(at, At::Directory | At::Identity) => 401,
        No::NotActive => 403,
        No::Locked(_) => 423,
        No::Unverified => 403,
        No::Old if at == At::Account => 400,
        No::Old => 403,
        No::Forbidden => 403,
        No::Missing => 404,
        No::Invalid => 400,
        No::Taken(_) if at == At::Registration => 400,
        No::Taken(_) | No::Conflict(_) | No::Conflicts(_) => 409,
        No::OwnAccount if at == At::Admin => 400,
        No::OwnAccount => 409,
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The value at this JSON Pointer, of texts without regard to letter case.
    Is(&'static str, Value),
    /// One of these is there.
    IsEither(&'static str, [String; 2]),
    /// The members of the list at the first pointer, by what each has at the second.
    Are(&'static str, &'static str, BTreeSet<String>),
    /// The grants of a list that end after this moment, or never.
    Standing(i64, BTreeSet<String>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub status: u16,
    pub facts: Vec<Fact>,
}

impl Expected {
    pub fn done(status: u16) -> Self {
        Self {
            status,
            facts: Vec::new(),
        }
    }

    pub fn no(at: At, no: &No) -> Self {
        let kind = match no {
            No::Taken(kind) | No::Conflict(kind) if matches!(at, At::Directory | At::Identity) => {
                vec![Fact::Is("/type", format!("/problems/{kind}").into())]
            }
            No::Conflicts(kinds) if matches!(at, At::Directory | At::Identity) => {
                vec![Fact::IsEither("/type", kinds.map(|kind| format!("/problems/{kind}")))]
            }
            No::Locked(Some(until)) if matches!(at, At::Directory | At::Identity) => {
                vec![Fact::Is("/lockoutUntil", moment(*until).into())]
            }
            _ => Vec::new(),
        };
        Self {
            status: status(at, no),
            facts: kind,
        }
    }

    #[must_use]
    pub fn with(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push(Fact::Is(pointer, value.into()));
        self
    }

    #[must_use]
    pub fn with_all(mut self, list: &'static str, item: &'static str, all: BTreeSet<String>) -> Self {
        self.facts.push(Fact::Are(list, item, all));
        self
    }

    #[must_use]
    pub fn with_standing(mut self, now: i64, all: BTreeSet<String>) -> Self {
        self.facts.push(Fact::Standing(now, all));
        self
    }

    /// What differs, if anything does.
    pub fn differs(&self, answer: &Answer) -> Option<String> {
        if self.status != answer.status {
            return Some(format!(
                "{} is expected, and {} is answered",
                self.status, answer.status
            ));
        }
        self.facts.iter().find_map(|fact| differs(fact, &answer.body))
    }
}

fn differs(fact: &Fact, body: &Value) -> Option<String> {
    match fact {
        Fact::Is(pointer, value) => {
            let found = body.pointer(pointer).cloned().unwrap_or_default();
            let lower = |value: &Value| value.to_string().to_lowercase();
            (lower(&found) != lower(value)).then(|| format!("{pointer} is to be {value}, and is {found}"))
        }
        Fact::IsEither(pointer, values) => {
            let found = body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let is_one = values.iter().any(|value| value == found);
            (!is_one).then(|| format!("{pointer} is to be one of {values:?}, and is {found:?}"))
        }
        Fact::Are(list, item, all) => {
            let found = body.pointer(list).and_then(Value::as_array);
            let text = |value: &Value| match value.pointer(item) {
                Some(Value::String(text)) => text.to_lowercase(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let found: BTreeSet<String> = found.into_iter().flatten().map(text).collect();
            (found != *all).then(|| format!("{list} is to have {all:?}, and has {found:?}"))
        }
        Fact::Standing(now, all) => {
            let found: BTreeSet<String> = standing(*now, body).map(grant_text).collect();
            (found != *all).then(|| format!("the grants are to be {all:?}, and are {found:?}"))
        }
    }
}

/// What tells a grant from the others of its account.
pub fn grant_text(shown: &Value) -> String {
    let fields = ["role", "department", "effectiveFrom", "effectiveTo"];
    fields.map(|field| shown[field].to_string()).join(" ")
}

/// The grants of a list that end after this moment, or never.
pub fn standing(now: i64, list: &Value) -> impl Iterator<Item = &Value> {
    let stands = move |grant: &&Value| second(&grant["effectiveTo"]).is_none_or(|to| to > now);
    list.as_array().into_iter().flatten().filter(stands)
}

/// A moment of a body.
pub fn second(shown: &Value) -> Option<i64> {
    let at: usher::jiff::Timestamp = shown.as_str()?.parse().ok()?;
    Some(at.as_second())
}

/// A moment as bodies show it.
pub fn moment(second: i64) -> String {
    let at = usher::jiff::Timestamp::from_second(second).unwrap_or_default();
    format!("{at:.3}")
}
