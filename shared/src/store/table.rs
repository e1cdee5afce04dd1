//! The words of the table: items, keys, conditions and writes, as values with no SDK in them.
//!
//! A write names the domain error that it stands for when its condition does not hold, so that a cancelled transaction is
//! answered with the reason of the write that was refused, and the order of the writes is the order of the reasons.

use std::collections::HashMap;
use std::hash::BuildHasher;

use serde::Serialize;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
pub use serde_dynamo::AttributeValue as Value;

use crate::error::{Conflict, Error, Result};

/// Attributes by their names.
pub type Attributes<H> = HashMap<String, Value, H>;

/// An item. Its hasher withstands nobody who chooses the keys: names of attributes are ours.
pub type Item = Attributes<foldhash::fast::RandomState>;

/// What is in an attribute that is a map.
pub type Members = Attributes<std::hash::RandomState>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    pub fn attributes(&self) -> Item {
        Item::from_iter([("PK".to_owned(), text(&self.pk)), ("SK".to_owned(), text(&self.sk))])
    }

    pub fn of(item: &Item) -> Option<Self> {
        Some(Self::new(string(item, "PK")?, string(item, "SK")?))
    }
}

pub fn text(value: impl Into<String>) -> Value {
    Value::S(value.into())
}

pub fn number(value: impl std::fmt::Display) -> Value {
    Value::N(value.to_string())
}

pub fn string<'a, H: BuildHasher>(item: &'a Attributes<H>, name: &str) -> Option<&'a str> {
    match item.get(name)? {
        Value::S(text) => Some(text),
        _ => None,
    }
}

pub fn integer<H: BuildHasher>(item: &Attributes<H>, name: &str) -> Option<i64> {
    match item.get(name)? {
        Value::N(text) => text.parse().ok(),
        _ => None,
    }
}

/// A value of the domain as an item at this place. What is absent has no attribute: an index takes no NULL for a key.
pub fn to_item(key: &Key, value: &impl Serialize) -> Result<Item> {
    let attributes: Members = serde_dynamo::to_item(value).map_err(Error::fault)?;
    let present = attributes
        .into_iter()
        .filter(|(_, value)| !matches!(value, Value::Null(_)));
    let mut item: Item = present.collect();
    item.extend(key.attributes());
    Ok(item)
}

/// The value of the domain in an item.
pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T> {
    let place = Key::of(&item);
    // Each attribute by itself: the crate's own way would put them into another map first.
    let attributes = item.into_iter().map(|(name, value)| (name, Attribute(value)));
    T::deserialize(MapDeserializer::new(attributes))
        .map_err(|e| Error::fault(format!("the item at {place:?} cannot be read: {e}")))
}

struct Attribute(Value);

impl IntoDeserializer<'_, serde_dynamo::Error> for Attribute {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    Exists(&'static str),
    Absent(&'static str),
    Eq(&'static str, Value),
    Lt(&'static str, Value),
    Ge(&'static str, Value),
    LtAttribute(&'static str, &'static str),
    All(Vec<Cond>),
    Any(Vec<Cond>),
}

impl Cond {
    pub fn exists() -> Self {
        Self::Exists("PK")
    }

    pub fn absent() -> Self {
        Self::Absent("PK")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    Put(Item),
    /// Changes attributes of the item at this place, which comes into being where it is not there.
    Update(Key, Changes),
    Delete(Key),
    Check(Key),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    pub set: Vec<(String, Value)>,
    /// Numbers that something is added to.
    pub add: Vec<(String, i64)>,
    pub remove: Vec<String>,
}

impl Changes {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: Value) -> Self {
        self.set.push((name.into(), value));
        self
    }

    /// Adds to a number; one that is not there counts as 0.
    #[must_use]
    pub fn add(mut self, name: impl Into<String>, by: i64) -> Self {
        self.add.push((name.into(), by));
        self
    }

    #[must_use]
    pub fn remove(mut self, name: impl Into<String>) -> Self {
        self.remove.push(name.into());
        self
    }

    /// What makes `before` into `after`; both at the same place.
    pub fn between(before: &Item, after: &Item) -> Self {
        let mut changes = Self::new();
        let mut names: Vec<&String> = after.keys().collect();
        names.sort();
        for name in names.into_iter().filter(|name| before.get(*name) != after.get(*name)) {
            changes.set.push((name.clone(), after[name].clone()));
        }
        changes.remove = before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .cloned()
            .collect();
        changes.remove.sort();
        changes
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }
}

/// Why writes were not done that may still succeed. No client is ever shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Something is not as it was read any more: it is to be read, and decided, once more.
    Changed,
    /// One counter of a role's seats has none left: another one may.
    Full,
    /// The chain of a row of the rights history went on: the same writes may go through behind another row.
    Moved,
    /// Another transaction has one of the items in hand: the same writes may go through in a moment.
    Busy,
}

/// What it means that a condition does not hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    Answer(Error),
    Lost(Lost),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Answer(error)
    }
}

impl From<Conflict> for Refusal {
    fn from(why: Conflict) -> Self {
        Self::Answer(why.into())
    }
}

impl From<Lost> for Refusal {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub op: Op,
    pub when: Option<Cond>,
    /// What it means when it may not.
    pub refusal: Option<Refusal>,
}

impl Write {
    pub fn put(item: Item) -> Self {
        Self::always(Op::Put(item))
    }

    pub fn update(key: Key, changes: Changes) -> Self {
        Self::always(Op::Update(key, changes))
    }

    pub fn delete(key: Key) -> Self {
        Self::always(Op::Delete(key))
    }

    /// Only asks the condition.
    pub fn check(key: Key) -> Self {
        Self::always(Op::Check(key))
    }

    fn always(op: Op) -> Self {
        Self {
            op,
            when: None,
            refusal: None,
        }
    }

    pub fn key(&self) -> Key {
        match &self.op {
            Op::Put(item) => Key::of(item).unwrap_or_else(|| Key::new("", "")),
            Op::Update(key, _) | Op::Delete(key) | Op::Check(key) => key.clone(),
        }
    }

    /// Only when the condition holds; else nothing of the transaction is done, and this is why.
    #[must_use]
    pub fn when(mut self, condition: Cond, refusal: impl Into<Refusal>) -> Self {
        self.when = Some(condition);
        self.refusal = Some(refusal.into());
        self
    }
}

/// The names, values and text of expressions, as DynamoDB takes them.
#[derive(Debug, Default)]
pub struct Expression {
    /// `#n0` → attribute name.
    pub names: HashMap<String, String>,
    /// `:v0` → value.
    pub values: Item,
}

impl Expression {
    pub fn name(&mut self, name: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, known)| *known == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    pub fn value(&mut self, value: Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub fn condition(&mut self, condition: &Cond) -> String {
        match condition {
            Cond::Exists(name) => format!("attribute_exists({})", self.name(name)),
            Cond::Absent(name) => format!("attribute_not_exists({})", self.name(name)),
            Cond::Eq(name, value) => format!("{} = {}", self.name(name), self.value(value.clone())),
            Cond::Lt(name, value) => format!("{} < {}", self.name(name), self.value(value.clone())),
            Cond::Ge(name, value) => format!("{} >= {}", self.name(name), self.value(value.clone())),
            Cond::LtAttribute(a, b) => format!("{} < {}", self.name(a), self.name(b)),
            Cond::All(all) => self.joined(all, " AND "),
            Cond::Any(any) => self.joined(any, " OR "),
        }
    }

    pub fn changes(&mut self, changes: &Changes) -> String {
        let mut clauses = Vec::new();
        let set: Vec<String> = changes
            .set
            .iter()
            .map(|(name, value)| format!("{} = {}", self.name(name), self.value(value.clone())))
            .collect();
        let add: Vec<String> = changes
            .add
            .iter()
            .map(|(name, by)| format!("{} {}", self.name(name), self.value(number(by))))
            .collect();
        let remove: Vec<String> = changes.remove.iter().map(|name| self.name(name)).collect();
        for (verb, parts) in [("SET", set), ("ADD", add), ("REMOVE", remove)] {
            if !parts.is_empty() {
                clauses.push(format!("{verb} {}", parts.join(", ")));
            }
        }
        clauses.join(" ")
    }

    fn joined(&mut self, conditions: &[Cond], by: &str) -> String {
        let parts: Vec<String> = conditions.iter().map(|c| format!("({})", self.condition(c))).collect();
        parts.join(by)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_has_no_attribute_and_nulls_that_a_history_shows_stay() {
        let entry = json!({ "actor": null, "after": { "maxCount": null, "name": "member" } });
        let item = to_item(&Key::new("P", "S"), &entry).unwrap();
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["PK", "SK", "after"]);
        let read: serde_json::Value = from_item(item).unwrap();
        assert_eq!(read["after"], entry["after"]);
    }
}
