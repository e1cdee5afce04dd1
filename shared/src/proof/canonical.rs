//! The digest of a JSON value: SHA-256 over its canonical form (RFC 8785), so that whoever holds the same content, however
//! it was kept or written, has the same digest.
//!
//! The values here are DynamoDB's, which writes numbers as strings, so the part of RFC 8785 about numbers is not needed:
//! what is left is the order of members. (The crates that do the whole of it turn on a feature of `serde_json`,
//! `float_roundtrip`, for every function.)

use serde_json::Value;

use super::opaque::Digest;
use crate::error::{Error, Result};

/// Base64url, 43 characters. A value with a number in it has none.
pub fn digest(value: &Value) -> Result<String> {
    let mut canonical = String::new();
    write(value, &mut canonical)?;
    Ok(Digest::of(canonical.as_bytes()).to_string())
}

fn write(value: &Value, to: &mut String) -> Result<()> {
    match value {
        Value::Number(_) => return Err(Error::fault("a number in what is to be digested")),
        // Its escapes are those of RFC 8785 section 3.2.2.2.
        Value::Null | Value::Bool(_) | Value::String(_) => to.push_str(&value.to_string()),
        Value::Array(items) => list(to, ['[', ']'], items, write)?,
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            list(to, ['{', '}'], sorted, |(name, value), to| {
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(':');
                write(value, to)
            })?;
        }
    }
    Ok(())
}

fn list<T>(
    to: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String) -> Result<()>,
) -> Result<()> {
    to.push(open);
    for (n, item) in items.into_iter().enumerate() {
        if n > 0 {
            to.push(',');
        }
        each(item, to)?;
    }
    to.push(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canonical(value: &Value) -> String {
        let mut text = String::new();
        write(value, &mut text).unwrap();
        text
    }

    #[test]
    fn the_order_of_members_is_not_part_of_a_value() {
        let (one, other) = (
            json!({ "b": [true, null], "a": "\u{20ac}" }),
            json!({ "a": "€", "b": [true, null] }),
        );
        assert_eq!(canonical(&one), "{\"a\":\"€\",\"b\":[true,null]}");
        assert_eq!(digest(&one).unwrap(), digest(&other).unwrap());
        assert_ne!(
            digest(&one).unwrap(),
            digest(&json!({ "a": "€", "b": [null, true] })).unwrap()
        );
    }

    #[test]
    fn members_are_sorted_by_their_utf_16_units_as_in_section_3_2_3() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let sorted = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
            \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(&value), sorted);
    }

    #[test]
    fn text_is_escaped_as_in_section_3_2_2_and_numbers_are_refused() {
        let text = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}");
        assert_eq!(canonical(&text), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\"");
        assert!(digest(&json!({ "a": [1] })).is_err());
    }
}
