//! The personal fields of an account, which its owner may change; none decides a right.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::error::{Error, Violation};
use crate::json::in_words;

mod age;
mod gender;
mod rules;

pub use gender::Gender;

/// The personal fields of a profile. All are optional; on the wire they are camelCase, and one that is not set is not
/// there. Fields that a profile does not have are ignored when it is read (rule 10).
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", expecting = "an object")]
#[schema(examples(json!({
    "firstName": "Jane",
    "lastName": "Doe",
    "displayName": "Jane D.",
    "gender": "Female",
    "age": 42,
    "address": { "country": "Germany", "city": "Kiel" },
    "contact": { "mobile": "+49 431 123456", "website": "https://jane.example.org/" }
})))]
pub struct Profile {
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("Jane"), max_length = 256)]
    pub first_name: Option<String>,
    /// Names between the given name and the family's.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("Marie"), max_length = 256)]
    pub middle_name: Option<String>,
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("Doe"), max_length = 256)]
    pub last_name: Option<String>,
    /// The name to show to others.
    #[garde(inner(custom(rules::line(100))))]
    #[schema(examples("Jane D."), max_length = 100)]
    pub display_name: Option<String>,
    #[garde(skip)]
    pub gender: Option<Gender>,
    #[serde(default, deserialize_with = "age::deserialize")]
    #[garde(range(max = age::MAX))]
    #[schema(examples(42), minimum = 0, maximum = 150)]
    pub age: Option<u8>,
    #[garde(dive)]
    pub address: Option<Address>,
    /// How the person is reached.
    #[garde(dive)]
    pub contact: Option<Contact>,
}

/// Where a person lives.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", expecting = "an object")]
#[schema(examples(json!({ "country": "Germany", "city": "Kiel", "street": "Holstenstraße 1" })))]
pub struct Address {
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("Germany"), max_length = 256)]
    pub country: Option<String>,
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("Kiel"), max_length = 256)]
    pub city: Option<String>,
    /// The street and the number in it.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("Holstenstraße 1"), max_length = 256)]
    pub street: Option<String>,
}

/// How a person is reached: free text. None of it is verified, and none of it logs anybody in.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", expecting = "an object")]
#[schema(examples(json!({
    "mobile": "+49 431 123456",
    "email": "jane@example.org",
    "website": "https://jane.example.org/",
    "tikTok": "@jane"
})))]
pub struct Contact {
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("+49 431 123456"), max_length = 256)]
    pub mobile: Option<String>,
    /// An e-mail address to show, which need not be the account's.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("jane@example.org"), max_length = 256)]
    pub email: Option<String>,
    /// A web page, as the person writes it: make it a link only where it begins with `http://` or `https://`.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("https://jane.example.org/"), max_length = 256)]
    pub website: Option<String>,
    /// A name or page on Facebook.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("jane.doe"), max_length = 256)]
    pub facebook: Option<String>,
    /// A name or page on Instagram.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("@jane"), max_length = 256)]
    pub instagram: Option<String>,
    /// A name or page on TikTok.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("@jane"), max_length = 256)]
    pub tik_tok: Option<String>,
    /// A name or page on YouTube.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("@jane"), max_length = 256)]
    pub youtube: Option<String>,
    /// A name or page on Twitter.
    #[garde(inner(custom(rules::line(256))))]
    #[schema(examples("@jane"), max_length = 256)]
    pub twitter: Option<String>,
}

impl Profile {
    /// Holds the profile to its rules.
    pub fn validate(&self) -> Result<(), Vec<Violation>> {
        garde::Validate::validate(self).map_err(|report| report.iter().map(violation).collect())
    }

    /// The profile after a JSON Merge Patch (RFC 7396): what the patch names is set, `null` removes, the rest stays.
    /// A field that a profile does not have, and above all one that would raise rights, has no effect (rule 10). An
    /// address or a contact with nothing left in it is removed.
    pub fn merge(&self, patch: &Value) -> crate::Result<Self> {
        if !patch.is_object() {
            return Err(Error::invalid("", "the patch must be an object"));
        }
        // Serde takes an array for a struct, field by field.
        for group in ["address", "contact"] {
            if patch.get(group).is_some_and(Value::is_array) {
                return Err(Error::invalid(format!("/{group}"), "this must be an object"));
            }
        }
        let mut merged = serde_json::to_value(self).map_err(Error::fault)?;
        json_patch::merge(&mut merged, patch);
        // Reading it back is what picks the personal fields: the type has no others.
        let mut profile: Self = serde_path_to_error::deserialize(merged).map_err(wrong_type)?;
        profile.address = profile.address.filter(|address| *address != Address::default());
        profile.contact = profile.contact.filter(|contact| *contact != Contact::default());
        profile.validate().map_err(Error::Invalid)?;
        Ok(profile)
    }
}

/// What serde refuses, at the place it is about.
fn wrong_type(refusal: serde_path_to_error::Error<serde_json::Error>) -> Error {
    let names = refusal.path().iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(format!("/{key}")),
        Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    });
    let pointer: String = names.collect();
    Error::invalid(pointer, in_words(&refusal.into_inner().to_string()))
}

/// garde names a place by the fields of the code: `contact.tik_tok`.
fn violation((path, refusal): &(garde::Path, garde::Error)) -> Violation {
    let mut pointer = String::from("/");
    let mut starts_word = false;
    for c in path.to_string().chars() {
        match c {
            '.' => pointer.push('/'),
            '_' => {}
            c if starts_word => pointer.push(c.to_ascii_uppercase()),
            c => pointer.push(c),
        }
        starts_word = c == '_';
    }
    Violation::new(pointer, refusal.message())
}

#[cfg(test)]
mod tests;
