//! API keys in the table, each at the SHA-256 of its text.

use jiff::{SignedDuration, Timestamp};

use super::dynamo::Table;
use super::keys;
use super::table::{Changes, Cond, Write, from_item, number, text, to_item};
use crate::domain::api_key::ApiKey;
use crate::domain::tenant::TenantId;
use crate::error::{Error, Result};

/// How often the last use is written down at most.
pub const USE_WRITTEN_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The key with this SHA-256.
///
/// # Errors
/// As [`Table::get`].
pub async fn get(table: &Table, t: &TenantId, sha256: &str) -> Result<Option<ApiKey>> {
    table.get(&keys::api_key(t, sha256)).await?.map(from_item).transpose()
}

/// Writes a new key.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn put(key: &ApiKey) -> Result<Write> {
    let mut item = to_item(&keys::api_key(&key.tenant, &key.digest), key)?;
    item.insert("GSI1PK".to_owned(), text(keys::api_keys_index(&key.tenant)));
    item.insert("GSI1SK".to_owned(), text(key.id.to_string()));
    if let Some(end) = key.expires_at {
        item.insert("ttl".to_owned(), number(end.as_second()));
    }
    Ok(Write::put(item).when(Cond::absent(), Error::fault("a new API key has the text of another")))
}

/// Writes down that a key was used, unless that was done within the last minute.
///
/// # Errors
/// As [`Table::update`].
pub async fn used(table: &Table, key: &ApiKey, now: Timestamp) -> Result<()> {
    if key
        .last_used_at
        .is_some_and(|last| now.duration_since(last) < USE_WRITTEN_EVERY)
    {
        return Ok(());
    }
    let changes = Changes::new().set("lastUsedAt", number(now.as_millisecond()));
    let before = number((now - USE_WRITTEN_EVERY).as_millisecond() + 1);
    let long_ago = Cond::Any(vec![Cond::Absent("lastUsedAt"), Cond::Lt("lastUsedAt", before)]);
    let when = Cond::All(vec![Cond::exists(), long_ago]);
    table
        .update(&keys::api_key(&key.tenant, &key.digest), &changes, &when)
        .await
        .map(drop)
}
