//! One-time tokens in the table, each at its SHA-256.

use super::dynamo::Table;
use super::keys;
use super::table::{Cond, Write, from_item, number, to_item};
use crate::domain::mail::OneTime;
use crate::error::{Error, Result};

pub async fn get(table: &Table, sha256: &str) -> Result<Option<OneTime>> {
    table.get(&keys::one_time(sha256)).await?.map(from_item).transpose()
}

/// Writes a new token. It expires by itself.
pub fn put(sha256: &str, token: &OneTime) -> Result<Write> {
    let mut item = to_item(&keys::one_time(sha256), token)?;
    item.insert("ttl".to_owned(), number(token.expires_at.as_second()));
    Ok(Write::put(item))
}

/// Spends a token, in the transaction of what it is good for; one that is spent already refuses it.
pub fn spend(sha256: &str) -> Write {
    Write::delete(keys::one_time(sha256)).when(Cond::exists(), Error::InvalidLink)
}
