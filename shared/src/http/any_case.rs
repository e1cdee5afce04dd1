//! Fields without regard to letter case, for contracts that take them so: what a client writes in any case is read as
//! the contract spells it, so that a type is written, described and complained about in one spelling.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::body;
use crate::error::{Error, Result};

/// A shape whose fields are known in any letter case.
pub trait Spelled {
    /// Every field of it and of the shapes in it, as the contract spells them.
    const FIELDS: &'static [&'static str];
}

/// A JSON body of the shape `T`, its fields in any letter case.
#[derive(Debug)]
pub struct AnyCaseBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Spelled> FromRequest<S> for AnyCaseBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        parse(&body::read(request).await?).map(Self)
    }
}

/// A query of the shape `T`, its parameters in any letter case.
#[derive(Debug)]
pub struct AnyCaseQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Spelled> FromRequestParts<S> for AnyCaseQuery<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let sent = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let spelled: String = sent
            .fold(
                form_urlencoded::Serializer::new(String::new()),
                |mut all, (name, value)| {
                    all.append_pair(spelling::<T>(&name).unwrap_or(&name), &value);
                    all
                },
            )
            .finish();
        body::query(&spelled).map(Self)
    }
}

/// The object in these bytes.
///
/// # Errors
/// As [`body::parse`]; [`Error::Invalid`] where two fields differ in letter case alone.
pub fn parse<T: DeserializeOwned + Spelled>(bytes: &[u8]) -> Result<T> {
    let folded: Folded<T> = body::parse(bytes)?;
    serde_path_to_error::deserialize(folded.value).map_err(|error| {
        let pointer = body::pointer(error.path());
        body::told(pointer, &error.into_inner())
    })
}

fn spelling<T: Spelled>(name: &str) -> Option<&'static str> {
    T::FIELDS.iter().find(|field| field.eq_ignore_ascii_case(name)).copied()
}

/// JSON whose objects have the fields that they should, as they should be spelled. Others are not there: they are
/// ignored anyway (rule 10).
struct Folded<T> {
    value: Value,
    shape: PhantomData<T>,
}

impl<'de, T: Spelled> serde::Deserialize<'de> for Folded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Fold::<T>(PhantomData).deserialize(deserializer)?;
        Ok(Self {
            value,
            shape: PhantomData,
        })
    }
}

struct Fold<T>(PhantomData<T>);

impl<'de, T: Spelled> DeserializeSeed<'de> for Fold<T> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Spelled> Visitor<'de> for Fold<T> {
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
        while let Some(item) = items.next_element_seed(Self(PhantomData))? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self(PhantomData))?;
            let Some(name) = spelling::<T>(&name) else { continue };
            if all.insert(name.to_owned(), value).is_some() {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Shape {
        first_name: String,
        address: Option<Value>,
    }

    impl Spelled for Shape {
        const FIELDS: &'static [&'static str] = &["FirstName", "Address", "City"];
    }

    fn pointer(text: &str) -> String {
        match parse::<Shape>(text.as_bytes()).unwrap_err() {
            Error::Invalid(violations) => violations[0].pointer.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fields_are_read_in_any_letter_case_at_any_depth_and_others_are_not_there() {
        for text in [
            r#"{"FirstName": "J", "Address": {"City": [{"CITY": 1}], "Planet": 2}}"#,
            r#"{"firstname": "J", "ADDRESS": {"city": [{"City": 1}], "x": {"y": []}}, "other": null}"#,
        ] {
            let read: Shape = parse(text.as_bytes()).unwrap();
            assert_eq!(read.first_name, "J", "{text}");
            assert_eq!(read.address, Some(json!({ "City": [{ "City": 1 }] })), "{text}");
        }
    }

    #[test]
    fn a_complaint_names_a_field_as_the_contract_spells_it() {
        assert_eq!(pointer(r#"{"FIRSTNAME": 1}"#), "/FirstName");
        assert_eq!(pointer("{}"), "/FirstName");
    }

    #[test]
    fn two_fields_that_differ_in_letter_case_alone_are_refused_at_any_depth() {
        assert_eq!(pointer(r#"{"FirstName": "a", "firstname": "b"}"#), "/FirstName");
        assert_eq!(
            pointer(r#"{"FirstName": "a", "address": {"City": 1, "city": 1}}"#),
            "/address/City"
        );
    }

    #[test]
    fn i01_what_is_no_object_is_refused_as_every_body_is() {
        for text in ["", "null", "[]", "{", "{\"a\":1e400}", "\u{feff}{}"] {
            assert!(parse::<Shape>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
