//! JSON, read strictly: an object has each of its names once, at any depth. `serde_json` alone keeps the last of two.
//! And what serde refuses, in sentences that name no type of the code ([`in_words`]).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Any JSON.
#[derive(Debug)]
pub struct Strict(pub Value);

#[derive(Debug)]
pub struct Object(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Strict::deserialize(deserializer)?.0 {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(D::Error::custom("not an object")),
        }
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EachNameOnce).map(Self)
    }
}

struct EachNameOnce;

impl<'de> Visitor<'de> for EachNameOnce {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if all.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

/// A refusal of serde's: `invalid type: floating point `42.5`, expected u32` is `this must be a whole number from 0 to
/// 4294967295`.
pub fn in_words(refusal: &str) -> String {
    if refusal == "provided string was not `true` or `false`" {
        return must_be("a boolean");
    }
    let kinds = ["invalid type: ", "invalid value: ", "unknown variant "];
    let is_known = kinds.iter().any(|kind| refusal.starts_with(kind));
    // What was sent stands before it, and may have these words in it.
    match refusal.rsplit_once(", expected ").filter(|_| is_known) {
        Some((_, expected)) => must_be(expected),
        None => refusal.to_owned(),
    }
}

fn must_be(expected: &str) -> String {
    let what = match expected {
        "a sequence" => "a list",
        "a string" | "a borrowed string" => "a text",
        "a boolean" => "`true` or `false`",
        "a map" => "an object",
        "u8" => "a whole number from 0 to 255",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number from 0 to 18446744073709551615",
        "i64" => "a whole number",
        named if named.starts_with("struct ") => "an object",
        own => own,
    };
    format!("this must be {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_refuses_is_phrased_without_the_names_of_types() {
        for (refusal, words) in [
            (
                "invalid type: string \"user\", expected a sequence",
                "this must be a list",
            ),
            ("invalid type: sequence, expected a string", "this must be a text"),
            (
                "invalid type: map, expected a boolean",
                "this must be `true` or `false`",
            ),
            (
                "provided string was not `true` or `false`",
                "this must be `true` or `false`",
            ),
            ("invalid type: null, expected struct NewOwner", "this must be an object"),
            (
                "invalid value: integer `-1`, expected u8",
                "this must be a whole number from 0 to 255",
            ),
            (
                "invalid type: floating point `4.5`, expected i64",
                "this must be a whole number",
            ),
            (
                "invalid type: string \"a, expected b\", expected an object",
                "this must be an object",
            ),
            (
                "unknown variant `x`, expected one of `A`, `B`",
                "this must be one of `A`, `B`",
            ),
            ("missing field `name`", "missing field `name`"),
        ] {
            assert_eq!(in_words(refusal), words, "{refusal}");
        }
    }
}
