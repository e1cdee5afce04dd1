//! What set-up signed of the chains of the rights history: kept for good, and never changed.

use serde::{Deserialize, Serialize};

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Cond, Lost, Write, from_item, to_item};
use crate::domain::tenant::TenantId;
use crate::error::Result;

/// An anchor (`domain::audit`) as it is kept: a JWS in the compact serialisation (RFC 7515).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub number: u64,
    pub jws: String,
}

/// Keeps an anchor, provided that there is none of its number.
pub fn put(t: &TenantId, signed: &Signed) -> Result<Write> {
    Ok(Write::put(to_item(&keys::anchor(t, signed.number), signed)?).when(Cond::absent(), Lost::Changed))
}

/// All of a tenant's, the oldest first.
pub async fn all(table: &Table, t: &TenantId) -> Result<Vec<Signed>> {
    read(table, t, Query::default()).await
}

pub async fn last(table: &Table, t: &TenantId) -> Result<Option<Signed>> {
    let last = Query {
        newest_first: true,
        limit: Some(1),
        ..Query::default()
    };
    Ok(read(table, t, last).await?.pop())
}

async fn read(table: &Table, t: &TenantId, query: Query) -> Result<Vec<Signed>> {
    let pk = keys::anchors_partition(t);
    let items = table.query(&Query { pk, ..query }).await?.items;
    items.into_iter().map(from_item).collect()
}
