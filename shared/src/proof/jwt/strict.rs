//! The form of a token, taken literally: three parts, one spelling of each, one meaning of each member.
//!
//! Everything that two readers could read differently is refused before anything is believed (RFC 8725 section 2.4).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Refusal;

/// The longest token that is looked at. API Gateway takes 10 KiB of headers in all.
pub(super) const MAX_TOKEN: usize = 8 * 1024;

/// A token in the JWS compact serialisation (RFC 7515 section 7.1), decoded and not yet believed.
pub(super) struct Parts<'a> {
    pub(super) header: Map<String, Value>,
    /// Still JSON text: it is not read before the signature holds.
    pub(super) payload: Vec<u8>,
    /// What is signed.
    pub(super) message: &'a str,
    /// Base64url.
    pub(super) signature: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > MAX_TOKEN {
            return Err(Refusal::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Refusal::Malformed)?;
        // A further dot is not in the alphabet, so neither are tokens of four parts and more.
        if base64(signature)?.is_empty() {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            header: object(&base64(header)?)?,
            payload: base64(payload)?,
            message,
            signature,
        })
    }
}

/// Base64url as RFC 7515 section 2 has it. This engine takes no padding, no space, no other alphabet, and no bits
/// that say nothing.
fn base64(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)
}

/// A JSON object in which no member is named twice, at any depth.
pub(super) fn object(json: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(json) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        _ => Err(Refusal::Malformed),
    }
}

/// A JSON value whose objects have each member once. `serde_json` alone would keep the last of two.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(Value::Object(map))
    }
}
