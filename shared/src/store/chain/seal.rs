//! What an erasure takes out of a row of the rights history: of the account that made the change where it was made from,
//! of the account that was changed what it was called. In the row's hash it counts by a digest, salted so that nobody can
//! try out what it was once the salt is gone.

use std::hash::BuildHasher;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json, json};

use super::LINK;
use crate::ambient;
use crate::error::Result;
use crate::proof::canonical::digest;
use crate::store::table::{Attributes, Item, Members, Value, string, text};

/// Whose erasure takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Of the account that made the change.
    Actor,
    /// Of the account that was changed.
    Target,
}

/// An attribute of a row, or of a map in it.
type Place = (Option<&'static str>, &'static str);

impl Part {
    pub const ALL: [Self; 2] = [Self::Actor, Self::Target];

    fn places(self) -> &'static [Place] {
        match self {
            Self::Actor => &[(None, "ip")],
            Self::Target => &[
                (Some("before"), "email"),
                (Some("before"), "username"),
                (Some("after"), "email"),
                (Some("after"), "username"),
            ],
        }
    }

    /// What its digest is called in the row's link.
    fn name(self) -> &'static str {
        match self {
            Self::Actor => "ofActor",
            Self::Target => "ofTarget",
        }
    }

    /// The account whose erasure empties it.
    fn account(self, item: &Item) -> Option<&str> {
        match self {
            Self::Actor => string(item, "actor"),
            Self::Target => string(members(item, "target")?, "user"),
        }
    }

    /// What it is in this row, by its place; nothing where it is empty.
    fn texts(self, item: &Item) -> Option<Json> {
        let mut texts = Map::new();
        for (within, name) in self.places() {
            let found = match within {
                None => string(item, name),
                Some(within) => members(item, within).and_then(|members| string(members, name)),
            };
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                texts.insert(format!("{}.{name}", within.unwrap_or_default()), found.into());
            }
        }
        (!texts.is_empty()).then_some(Json::Object(texts))
    }

    /// Empties it, for good: without its salt nobody can find out what it was.
    pub fn empty(self, item: &mut Item) {
        for (within, name) in self.places() {
            let found = match within {
                None => item.get_mut(*name),
                Some(within) => members_mut(item, within).and_then(|members| members.get_mut(*name)),
            };
            if let Some(Value::S(text)) = found {
                text.clear();
            }
        }
        let digest = members_mut(item, LINK).and_then(|link| members_mut(link, self.name()));
        digest.and_then(|digest| digest.remove(SALT));
    }
}

const SALT: &str = "salt";
const DIGEST: &str = "digest";

fn members<'a, H: BuildHasher>(item: &'a Attributes<H>, name: &str) -> Option<&'a Members> {
    match item.get(name)? {
        Value::M(members) => Some(members),
        _ => None,
    }
}

fn members_mut<'a, H: BuildHasher>(item: &'a mut Attributes<H>, name: &str) -> Option<&'a mut Members> {
    match item.get_mut(name)? {
        Value::M(members) => Some(members),
        _ => None,
    }
}

/// A row without what erasures take: what is hashed, and what is left of it after both.
pub fn bare(item: &Item) -> Item {
    let mut bare = item.clone();
    Part::ALL.iter().for_each(|part| part.empty(&mut bare));
    bare
}

/// Puts the digests of what erasures take into a row's link.
pub fn seal(item: &Item, link: &mut Members) -> Result<()> {
    for part in Part::ALL {
        if let Some(texts) = part.texts(item) {
            let salt = URL_SAFE_NO_PAD.encode(ambient::random::<16>()?);
            let sealed = [(DIGEST, digest_of(&salt, &texts)?), (SALT, salt)];
            let sealed = sealed.map(|(name, value)| (name.to_owned(), text(value)));
            link.insert(part.name().to_owned(), Value::M(sealed.into()));
        }
    }
    Ok(())
}

/// Whether what a row still has of this is what was digested.
pub fn holds(item: &Item) -> Result<bool> {
    for part in Part::ALL {
        let sealed = members(item, LINK).and_then(|link| members(link, part.name()));
        let salt = sealed.and_then(|sealed| string(sealed, SALT));
        let holds = match (part.texts(item), salt) {
            (Some(texts), Some(salt)) => {
                let digest = digest_of(salt, &texts)?;
                sealed.and_then(|sealed| string(sealed, DIGEST)) == Some(&digest)
            }
            // Emptied, or never there.
            (None, None) => true,
            _ => false,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The accounts whose erasure emptied a row.
pub fn emptied_by(item: &Item) -> Vec<String> {
    let link = members(item, LINK);
    let emptied = |part: &Part| {
        let sealed = link.and_then(|link| members(link, part.name()));
        sealed.is_some_and(|sealed| !sealed.contains_key(SALT))
    };
    let parts = Part::ALL.into_iter().filter(emptied);
    parts
        .map(|part| part.account(item).unwrap_or_default().to_owned())
        .collect()
}

fn digest_of(salt: &str, texts: &Json) -> Result<String> {
    digest(&json!({ "salt": salt, "texts": texts }))
}
