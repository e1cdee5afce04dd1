//! Signing keys in the table: the public half as a JWK, the private half sealed under the master key.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Changes, Cond, Lost, Write, from_item, string, text, to_item};
use crate::error::Result;

/// A signing key as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    pub kid: String,
    pub algorithm: String,
    pub jwk: Value,
    /// The private half, PKCS #8, sealed.
    #[serde(with = "serde_bytes_base64")]
    pub sealed: Vec<u8>,
    /// When it was made, and published.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// From when on it signs: a while after it was published, so that everybody who verifies knows it.
    #[serde(with = "millisecond::required")]
    pub signs_from: Timestamp,
}

/// All keys that are published.
pub async fn all(table: &Table) -> Result<Vec<StoredKey>> {
    let query = Query {
        pk: keys::KEYS.to_owned(),
        prefix: Some(keys::KEY.to_owned()),
        ..Query::default()
    };
    table.query(&query).await?.items.into_iter().map(from_item).collect()
}

/// Which key was published last, whether it is still there or not.
pub async fn newest(table: &Table) -> Result<Option<String>> {
    let marker = table.get(&keys::first_signing_key()).await?;
    Ok(marker.and_then(|item| string(&item, "newest").map(str::to_owned)))
}

/// Publishes a key, provided that `newest` is still the one that was published last.
pub fn publish(key: &StoredKey, newest: Option<&str>) -> Result<[Write; 2]> {
    let same = newest.map_or(Cond::Absent("newest"), |kid| Cond::Eq("newest", text(kid)));
    let marked = Changes::new().set("newest", text(&key.kid));
    Ok([
        Write::update(keys::first_signing_key(), marked).when(same, Lost::Changed),
        Write::put(to_item(&keys::signing_key(&key.kid), key)?),
    ])
}

/// Takes a key away that no token is left of. Its public half stays, for what else it signed.
pub fn retire(key: &StoredKey) -> Result<[Write; 2]> {
    let jwk = to_item(&keys::retired_key(&key.kid), &Retired { jwk: key.jwk.clone() })?;
    Ok([Write::put(jwk), Write::delete(keys::signing_key(&key.kid))])
}

/// That a key is there still, which signs once another is taken away.
pub fn stays(kid: &str) -> Write {
    Write::check(keys::signing_key(kid)).when(Cond::exists(), Lost::Changed)
}

/// Takes a key away at once, its public half too; provided that it is there.
pub fn revoke(kid: &str) -> Write {
    Write::delete(keys::signing_key(kid)).when(Cond::exists(), Lost::Changed)
}

#[derive(Serialize, Deserialize)]
struct Retired {
    jwk: Value,
}

/// The public halves of all keys that there ever were, as JWKs.
pub async fn ever(table: &Table) -> Result<Vec<Value>> {
    let query = Query {
        pk: keys::KEYS.to_owned(),
        ..Query::default()
    };
    let items = table.query(&query).await?.items.into_iter();
    let jwks = items.filter(|item| item.contains_key("jwk"));
    jwks.map(|item| from_item(item).map(|key: Retired| key.jwk)).collect()
}

mod serde_bytes_base64 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
