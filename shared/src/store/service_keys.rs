//! Keys of service accounts in the table, each in one of the few places beside its account.

use jiff::Timestamp;

use super::dynamo::{Query, Table};
use super::table::{Cond, Key, Lost, Write, from_item, number, text, to_item};
use super::{keys, last_use};
use crate::domain::service_key::ServiceKey;
use crate::domain::tenant::TenantId;
use crate::error::{Error, Noun, Result};
use crate::id::UserId;

/// The keys of an account, the newest first.
pub async fn of(table: &Table, t: &TenantId, user: UserId) -> Result<Vec<ServiceKey>> {
    let query = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::SERVICE_KEY.to_owned()),
        ..Query::default()
    };
    let found = table.query(&query).await?.items;
    let mut found: Vec<ServiceKey> = found.into_iter().map(from_item).collect::<Result<_>>()?;
    found.sort_unstable_by_key(|key| std::cmp::Reverse(key.id));
    Ok(found)
}

/// Puts a key where none is, or in place of one that ended; else [`Lost::Changed`].
pub fn put(key: &ServiceKey, ended: Option<&ServiceKey>) -> Result<Write> {
    let mut item = to_item(&place(key), key)?;
    if let Some(end) = key.expires_at {
        item.insert("ttl".to_owned(), number(end.as_second()));
    }
    let free = match ended {
        // The broom may come first.
        Some(ended) => Cond::Any(vec![Cond::absent(), same(ended)]),
        None => Cond::absent(),
    };
    Ok(Write::put(item).when(free, Lost::Changed))
}

/// Removes a key, provided that it is still there.
pub fn remove(key: &ServiceKey) -> Write {
    Write::delete(place(key)).when(same(key), Error::NotFound(Noun::ServiceKey))
}

/// Removes every key of an account but the one in this place.
pub async fn remove_all(table: &Table, t: &TenantId, user: UserId, but: Option<&Key>) -> Result<()> {
    let places = of(table, t, user).await?.into_iter().map(|key| place(&key));
    let gone: Vec<Write> = places.filter(|key| Some(key) != but).map(Write::delete).collect();
    table.batch_write(&gone).await
}

/// Writes down that a key was used, unless that was done within the last minute.
pub async fn used(table: &Table, key: &ServiceKey, now: Timestamp) -> Result<()> {
    match last_use::is_due(key.last_used_at, now) {
        true => last_use::write(table, &place(key), same(key), now).await,
        false => Ok(()),
    }
}

pub fn place(key: &ServiceKey) -> Key {
    keys::service_key(&key.tenant, key.user, key.slot)
}

/// That the place still has this key: another may have come into it.
fn same(key: &ServiceKey) -> Cond {
    Cond::Eq("id", text(key.id.to_string()))
}
