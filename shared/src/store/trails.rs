//! The rows of the rights history that show what changed since a moment ([`crate::domain::trail`]).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::dynamo::{Index, Query, Table};
use super::keys;
use super::table::{Item, Key, from_item, integer};
use crate::domain::history::{RightsEntry, Target};
use crate::domain::tenant::TenantId;
use crate::domain::trail::{Trail, first_since, may_be_since, since};
use crate::error::{Error, Result};
use crate::id::EntryId;

/// A moment that is asked about, and the one at which it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Then {
    pub at: Timestamp,
    pub now: Timestamp,
}

/// Of each of these trails the rows of the changes since then, the latest first. One round trip; for each of them on
/// which there were several changes, two more, and one for each row that its index does not have yet.
///
/// Fails with [`Error::NotKept`] where one of the rows is not kept any more.
pub async fn changes_since(
    table: &Table,
    t: &TenantId,
    trails: &[(Target, Trail)],
    then: Then,
) -> Result<Vec<Vec<RightsEntry>>> {
    let latest = trails.iter().filter_map(|(_, trail)| trail.last);
    let latest: Vec<EntryId> = latest.filter(|id| may_be_since(*id, then.at)).collect();
    let mut known = rows(table, t, &latest, then.now).await?;
    let mut all = Vec::with_capacity(trails.len());
    for (target, trail) in trails {
        all.push(of_trail(table, t, (target, trail), &mut known, then).await?);
    }
    Ok(all)
}

async fn of_trail(
    table: &Table,
    t: &TenantId,
    (target, trail): (&Target, &Trail),
    known: &mut BTreeMap<EntryId, RightsEntry>,
    then: Then,
) -> Result<Vec<RightsEntry>> {
    let mut walked: Vec<RightsEntry> = Vec::new();
    let mut next = trail.last;
    while let Some(id) = next.filter(|id| may_be_since(*id, then.at)) {
        if walked.len() == 1 {
            known.extend(indexed(table, t, target, then).await?);
        }
        let row = match known.remove(&id) {
            Some(row) => Some(row),
            None => rows(table, t, &[id], then.now).await?.remove(&id),
        };
        match row {
            Some(row) => {
                next = row.previous;
                walked.push(row);
            }
            None if id.made_at() > then.at => return Err(Error::NotKept),
            None => break,
        }
    }
    walked.truncate(since(&walked, then.at).len());
    Ok(walked)
}

/// What the index has of a target since then. It may be behind.
async fn indexed(table: &Table, t: &TenantId, target: &Target, then: Then) -> Result<BTreeMap<EntryId, RightsEntry>> {
    let query = Query {
        index: Some(Index::One),
        pk: keys::target_index(t, &target.id()),
        after: Some(EntryId::first_at(first_since(then.at)).to_string()),
        ..Query::default()
    };
    let found = table.query(&query).await?.items;
    let places: Vec<Key> = found.iter().filter_map(Key::of).collect();
    parsed(table.batch_get(&places).await?, then.now)
}

async fn rows(table: &Table, t: &TenantId, ids: &[EntryId], now: Timestamp) -> Result<BTreeMap<EntryId, RightsEntry>> {
    let places: Vec<Key> = ids.iter().map(|id| keys::rights(t, id.made_at(), *id)).collect();
    parsed(table.batch_get(&places).await?, now)
}

/// Those of the rows that are kept.
fn parsed(items: Vec<Item>, now: Timestamp) -> Result<BTreeMap<EntryId, RightsEntry>> {
    let is_kept = |item: &Item| integer(item, "ttl").is_some_and(|end| now.as_second() < end);
    let rows = items.into_iter().filter(is_kept).map(from_item::<RightsEntry>);
    rows.map(|row| row.map(|row| (row.id, row))).collect()
}
