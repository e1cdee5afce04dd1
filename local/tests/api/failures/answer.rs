//! Answers, and what of them is chance.

use axum::body::to_bytes;
use axum::response::Response;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: String,
    /// The text, where it is no JSON.
    pub body: Value,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let header = response.headers().get("retry-after");
        let retry_after = header.map_or("", |value| value.to_str().unwrap()).to_owned();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Self {
            status,
            retry_after,
            body: ordered(serde_json::from_slice(&bytes).unwrap_or_else(|_| text())),
        }
    }

    /// What a refusal is, in the words of its contract.
    pub fn refusal(&self) -> String {
        let names = ["type", "error", "code", "Message", "message"];
        let text = names.iter().find_map(|name| self.body[*name].as_str());
        let text = text.unwrap_or_default().trim_start_matches("/problems/");
        format!("{} {text}", self.status).trim_end().to_owned()
    }
}

/// What rows of the rights history have of before and after are maps of DynamoDB's, which have no order.
fn ordered(mut body: Value) -> Value {
    match &mut body {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match name.to_lowercase().as_str() {
                    "before" | "after" => value.sort_all_objects(),
                    _ => *value = ordered(value.take()),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| *value = ordered(value.take())),
        _ => {}
    }
    body
}

/// Stands for what is another one in each answer: ids, tokens, cursors.
const ANY: &str = "\u{0}any";

/// What two answers of one request have in common.
pub fn pattern(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if same_names(one, other) => {
            let members = one
                .iter()
                .map(|(name, value)| (name.clone(), pattern(value, &other[name])));
            Value::Object(members.collect::<Map<_, _>>())
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).map(|(one, other)| pattern(one, other)).collect()
        }
        _ if one == other => one.clone(),
        _ => json!(ANY),
    }
}

/// Whether an answer is of this pattern.
pub fn fits(pattern: &Value, answer: &Value) -> bool {
    match (pattern, answer) {
        (Value::Object(wanted), Value::Object(is)) => {
            same_names(wanted, is) && wanted.iter().all(|(name, value)| fits(value, &is[name]))
        }
        (Value::Array(wanted), Value::Array(is)) => {
            wanted.len() == is.len() && wanted.iter().zip(is).all(|(wanted, is)| fits(wanted, is))
        }
        _ if pattern == ANY => !answer.is_null(),
        _ => pattern == answer,
    }
}

/// Whether an answer from what is behind has at least the form of this pattern: how much it lists may be other.
pub fn has_form(pattern: &Value, answer: &Value) -> bool {
    match (pattern, answer) {
        (Value::Object(wanted), Value::Object(is)) => same_names(wanted, is),
        _ => pattern.is_array() == answer.is_array(),
    }
}

/// Whether both have the same members, in the same order.
fn same_names(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    one.keys().eq(other.keys())
}

/// A body without these members, however deep they are.
pub fn without(name: &str, mut body: Value) -> Value {
    match &mut body {
        Value::Object(members) => {
            members.shift_remove(name);
            members
                .values_mut()
                .for_each(|value| *value = without(name, value.take()));
        }
        Value::Array(all) => all.iter_mut().for_each(|value| *value = without(name, value.take())),
        _ => {}
    }
    body
}
