//! The letter case of answers: as their client writes. A body whose first known field begins with a small letter is
//! answered in camelCase, and one with a capital in PascalCase; a request without a body, in the case of the login that
//! opened its session, which is a claim of its token. Where nothing shows it: PascalCase, as the types here have it.
//!
//! Only names of fields change. The claim is read without a look at the token's signature: it decides about letters and
//! nothing else, and who shows an expired token is refused in the case that they read.

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::request::Parts;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use usher::error::Error;
use usher::http::openapi::{Description, Input};
use usher::http::rewrite::Rewrite;
use usher::http::routes::bearer;

use crate::wire::PROPERTIES;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Case {
    #[default]
    #[serde(rename = "PascalCase")]
    Pascal,
    #[serde(rename = "camelCase")]
    Camel,
}

/// The fields of bodies beside the properties of an account, not of what is nested in them.
const FIELDS: [&str; 14] = [
    "Email", "Username", "Password", "Id", "Key", "Old", "New", "Token", "RoleName", "Name", "MaxCount", "From", "To",
    "Role",
];

fn known() -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().chain(PROPERTIES)
}

/// Finds out a request's case, for its handler and for its answer (`usher::http::rewrite::ChooseRewrite`).
pub fn of_request(parts: &mut Parts, body: &[u8]) -> Option<Rewrite> {
    let case = of_body(body).or_else(|| of_token(&parts.headers)).unwrap_or_default();
    parts.extensions.insert(case);
    (case == Case::Camel).then_some(in_camel_case)
}

/// The case of the first field that is known, of JSON that may break off behind it; in a list, of its first item's.
fn of_body(body: &[u8]) -> Option<Case> {
    let mut first = None;
    let json = &mut serde_json::Deserializer::from_slice(body);
    // What is wrong with the body is for whoever takes it.
    json.deserialize_any(FirstKnown(&mut first)).ok();
    first
}

struct FirstKnown<'a>(&'a mut Option<Case>);

impl<'de> Visitor<'de> for FirstKnown<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object, or a list of them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        items.next_element_seed(self)?;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if known().any(|known| known.eq_ignore_ascii_case(&name)) {
                let is_small = name.starts_with(|first: char| first.is_ascii_lowercase());
                *self.0 = Some(if is_small { Case::Camel } else { Case::Pascal });
                break;
            }
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for FirstKnown<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

/// The claim that a token has it in.
const CLAIM: &str = "field_case";

impl Case {
    /// Adds itself to a token's claims.
    pub fn put_into(self, claims: &mut Map<String, Value>) {
        claims.insert(CLAIM.to_owned(), serde_json::to_value(self).unwrap_or_default());
    }
}

fn of_token(headers: &HeaderMap) -> Option<Case> {
    let payload = bearer(headers).ok()??.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&claims).ok()?;
    serde_json::from_value(claims.get(CLAIM)?.clone()).ok()
}

fn in_camel_case(json: Value) -> Value {
    match json {
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (camel(&name), in_camel_case(value)))
                    .collect(),
            )
        }
        Value::Array(values) => values.into_iter().map(in_camel_case).collect(),
        value => value,
    }
}

/// `TikTok` is `tikTok`, and `Contact.TikTok`, as `Errors` has it, `contact.tikTok`.
pub fn camel(name: &str) -> String {
    let mut starts = true;
    let small = name.chars().map(|c| {
        let small = if starts { c.to_ascii_lowercase() } else { c };
        starts = c == '.';
        small
    });
    small.collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Case {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

impl Input for Case {
    fn describe(_: &mut Description) {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;
    use utoipa::ToSchema;

    use super::*;
    use crate::wire;

    #[test]
    fn the_first_known_field_decides_whatever_comes_behind_it() {
        for (body, case) in [
            (r#"{"username": "Jane", "Password": "x"}"#, Some(Case::Camel)),
            (r#"{"Username": "jane", "password": "x"}"#, Some(Case::Pascal)),
            (r#"{"unknown": {"Email": 1}, "Id": 1, "email": ""}"#, Some(Case::Pascal)),
            (r#"{"Unknown": [{}], "maxcount": null}"#, Some(Case::Camel)),
            (r#"{"EMAIL": 1}"#, Some(Case::Pascal)),
            (r#"{"email": "#, Some(Case::Camel)),
            (r#"{"unknown": , "email": 1}"#, None),
            (r#"{"unknown": 1}"#, None),
            ("{}", None),
            (r#"[{"id": 1, "Name": "x"}, {"Name": "y"}]"#, Some(Case::Camel)),
            (r#"[{"Name": "x"}, {"name": "y"}]"#, Some(Case::Pascal)),
            (r#"[{"unknown": 1}, {"name": "y"}]"#, None),
            (r#"[[{"email": 1}]]"#, None),
            ("[1]", None),
            ("[]", None),
            ("1", None),
            ("null", None),
            (r#""email""#, None),
            ("", None),
        ] {
            assert_eq!(of_body(body.as_bytes()), case, "{body}");
        }
    }

    #[test]
    fn only_names_change_at_any_depth() {
        let json = json!({ "Message": "Up", "Errors": { "Contact.TikTok": ["Up"], "limit": [] }, "A": [{ "IsDeleted": true }] });
        let camel = json!({ "message": "Up", "errors": { "contact.tikTok": ["Up"], "limit": [] }, "a": [{ "isDeleted": true }] });
        assert_eq!(in_camel_case(json), camel);
    }

    fn names<T: ToSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let names = |part: &Value| {
            part["properties"]
                .as_object()
                .map(|names| names.keys().cloned().collect())
        };
        let own: Vec<String> = names(&schema).unwrap_or_default();
        let parts = schema["allOf"].as_array().into_iter().flatten();
        own.into_iter()
            .chain(parts.filter_map(names).flat_map(|names: Vec<String>| names))
            .collect()
    }

    #[test]
    fn every_field_of_every_body_is_known() {
        let all = [
            names::<wire::Register>(),
            names::<wire::Properties>(),
            names::<wire::Credentials>(),
            names::<wire::ForgottenPassword>(),
            names::<wire::UpdateAny>(),
            names::<wire::Change>(),
            names::<wire::ChangeAny>(),
            names::<wire::UserId>(),
            names::<wire::ChangeRole>(),
            names::<wire::MaxRoles>(),
            names::<wire::RightsFilter>(),
        ];
        let all: BTreeSet<String> = all.into_iter().flatten().collect();
        assert_eq!(all, known().map(str::to_owned).collect());
    }
}
