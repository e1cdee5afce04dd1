//! Accounts listed: their ids, newest first, and how many there are.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::dynamo::{Index, Page, Query, Table};
use super::keys;
use super::listed::Listed;
use super::table::{Key, integer};
use crate::domain::tenant::TenantId;
use crate::domain::user::Status;
use crate::error::Result;
use crate::id::UserId;

/// Accounts, newest first, of one status or of all that are not deleted, after this one; and whether there are more.
pub async fn newest(
    table: &Table,
    t: &TenantId,
    status: Option<Status>,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<Listed>, bool)> {
    let pages = shards(table, t, status, after, limit, true).await?;
    let mut listed = merged(&pages);
    let more = pages.iter().any(|page| page.more) || listed.len() > limit;
    listed.truncate(limit);
    Ok((listed, more))
}

/// How many ids one step of a walk reads of each shard: some 200 KB.
const STEP: usize = 1_000;

/// Ids of accounts, newest first, after this one: about as many as are wanted, as one step finds them. For walks: what
/// is read is what is passed, and little more.
pub async fn next(table: &Table, t: &TenantId, after: Option<UserId>, wanted: usize) -> Result<(Vec<UserId>, bool)> {
    step(table, t, after, wanted, true).await
}

/// The same, oldest first.
pub async fn next_newer(
    table: &Table,
    t: &TenantId,
    after: Option<UserId>,
    wanted: usize,
) -> Result<(Vec<UserId>, bool)> {
    step(table, t, after, wanted, false).await
}

async fn step(
    table: &Table,
    t: &TenantId,
    after: Option<UserId>,
    wanted: usize,
    newest_first: bool,
) -> Result<(Vec<UserId>, bool)> {
    // Ids spread evenly by chance: a little over each shard's part is nearly always enough.
    let part = wanted / usize::from(keys::USER_SHARDS) + wanted / 16 + 8;
    let limit = part.min(wanted).min(STEP);
    let pages = shards(table, t, None, after, limit, newest_first).await?;
    let unread = pages.iter().filter(|page| page.more);
    let ends = unread.filter_map(|page| Some(Listed::of(page.items.last()?)?.id));
    let certain = if newest_first { ends.max() } else { ends.min() };
    let mut ids: Vec<UserId> = merged(&pages).into_iter().map(|one| one.id).collect();
    // Behind the end of a shard that has more, others' ids are not the next ones.
    ids.retain(|id| certain.is_none_or(|certain| *id == certain || (*id > certain) == newest_first));
    if !newest_first {
        ids.reverse();
    }
    Ok((ids, certain.is_some()))
}

async fn shards(
    table: &Table,
    t: &TenantId,
    status: Option<Status>,
    after: Option<UserId>,
    limit: usize,
    newest_first: bool,
) -> Result<Vec<Page>> {
    // What stands behind an id in the index comes before this.
    let end = if newest_first { "" } else { "~" };
    let query = |shard| Query {
        index: Some(if status.is_some() { Index::Two } else { Index::One }),
        pk: status.map_or_else(
            || keys::users_index(t, shard),
            |status| keys::status_index(t, status, shard),
        ),
        after: after.map(|id| format!("{id}{end}")),
        newest_first,
        limit: Some(limit),
        ..Query::default()
    };
    let questions: Vec<Query> = (0..keys::USER_SHARDS).map(query).collect();
    futures::future::try_join_all(questions.iter().map(|question| table.query(question))).await
}

fn merged(pages: &[Page]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = pages.iter().flat_map(|page| &page.items).filter_map(Listed::of).collect();
    listed.sort_unstable_by_key(|one| Reverse(one.id));
    listed
}

/// How many accounts there are of each status that listings know.
pub async fn counts(table: &Table, t: &TenantId) -> Result<BTreeMap<Status, u64>> {
    let counters: Vec<Key> = (0..keys::TALLY_COUNTERS)
        .map(|counter| keys::tally(t, counter))
        .collect();
    let items = table.batch_get(&counters).await?;
    let sum = |status: Status| {
        let all: i64 = items.iter().filter_map(|item| integer(item, status.as_str())).sum();
        u64::try_from(all).unwrap_or(0)
    };
    Ok(Status::ALL.map(|status| (status, sum(status))).into())
}
