//! API keys in the table, each at the SHA-256 of its text.

use jiff::Timestamp;

use super::dynamo::{Index, Query, Table};
use super::table::{Cond, Key, Write, from_item, number, string, text, to_item};
use super::{keys, last_use};
use crate::domain::api_key::ApiKey;
use crate::domain::tenant::TenantId;
use crate::error::{Error, Noun, Result};
use crate::id::ApiKeyId;

pub async fn get(table: &Table, t: &TenantId, sha256: &str) -> Result<Option<ApiKey>> {
    table.get(&keys::api_key(t, sha256)).await?.map(from_item).transpose()
}

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
pub async fn used(table: &Table, key: &ApiKey, now: Timestamp) -> Result<()> {
    match last_use::is_due(key.last_used_at, now) {
        true => last_use::write(table, &keys::api_key(&key.tenant, &key.digest), Cond::exists(), now).await,
        false => Ok(()),
    }
}

/// A tenant's keys, newest first, after this one; and the id of the last one looked at, where there are more. The index
/// lists the keys, and may be behind: one that is gone is left out, so a page can be short.
pub async fn newest(
    table: &Table,
    t: &TenantId,
    after: Option<ApiKeyId>,
    limit: usize,
) -> Result<(Vec<ApiKey>, Option<ApiKeyId>)> {
    let query = Query {
        index: Some(Index::One),
        pk: keys::api_keys_index(t),
        after: after.map(|id| id.to_string()),
        newest_first: true,
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let listed: Vec<(String, Key)> = page
        .items
        .iter()
        .filter_map(|item| Some((string(item, "GSI1SK")?.to_owned(), Key::of(item)?)))
        .collect();
    let last = listed.last().and_then(|(id, _)| id.parse().ok()).filter(|_| page.more);
    let places: Vec<Key> = listed.into_iter().map(|(_, place)| place).collect();
    let found = table.batch_get(&places).await?;
    let mut found: Vec<ApiKey> = found.into_iter().map(from_item).collect::<Result<_>>()?;
    found.sort_unstable_by_key(|key| std::cmp::Reverse(key.id));
    Ok((found, last))
}

pub async fn of_id(table: &Table, t: &TenantId, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let query = Query {
        index: Some(Index::One),
        pk: keys::api_keys_index(t),
        prefix: Some(id.to_string()),
        limit: Some(1),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let Some(place) = page.items.first().and_then(Key::of) else {
        return Ok(None);
    };
    let key: Option<ApiKey> = table.get(&place).await?.map(from_item).transpose()?;
    // The index only gives the place to look at.
    Ok(key.filter(|key| key.id == id && key.tenant == *t))
}

/// Removes a key, provided that it is still there.
pub fn remove(key: &ApiKey) -> Write {
    let same = Cond::Eq("id", text(key.id.to_string()));
    Write::delete(keys::api_key(&key.tenant, &key.digest)).when(same, Error::NotFound(Noun::ApiKey))
}
