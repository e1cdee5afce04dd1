//! Accounts listed: their ids, newest first, how many there are, and the accounts as a list shows them: as they were a
//! moment ago.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures::future::{try_join, try_join_all};

use super::dynamo::{Index, Page, Query, Table};
use super::keys;
use super::listed::Listed;
use super::table::{Item, Key, from_item, integer, string};
use crate::context::Context;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::TenantSize;
use crate::domain::user::{Status, User};
use crate::error::Result;
use crate::id::UserId;

/// How many accounts there are of each status that listings know.
pub type Counts = BTreeMap<Status, u64>;

/// Whose accounts are listed: a tenant's, which has this size.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    pub table: &'a Table,
    pub tenant: &'a TenantId,
    pub size: TenantSize,
}

/// The lists of a request's tenant.
pub fn listed(cx: &Context) -> Of<'_> {
    Of {
        table: &cx.app.table,
        tenant: &cx.tenant,
        size: cx.size_to_read(),
    }
}

impl Of<'_> {
    /// Accounts, newest first, of one status or of all that are not deleted, after this one; and whether there are more.
    pub async fn newest(
        self,
        status: Option<Status>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<Listed>, bool)> {
        let pages = self.shards(status, after, limit, true).await?;
        let mut listed = merged(&pages);
        let more = pages.iter().any(|page| page.more) || listed.len() > limit;
        listed.truncate(limit);
        Ok((listed, more))
    }

    /// Ids of accounts, newest first, after this one: about as many as are wanted, as one step finds them. For walks: what
    /// is read is what is passed, and little more.
    pub async fn next(self, after: Option<UserId>, wanted: usize) -> Result<(Vec<UserId>, bool)> {
        self.step(after, wanted, true).await
    }

    /// The same, oldest first.
    pub async fn next_newer(self, after: Option<UserId>, wanted: usize) -> Result<(Vec<UserId>, bool)> {
        self.step(after, wanted, false).await
    }

    async fn step(self, after: Option<UserId>, wanted: usize, newest_first: bool) -> Result<(Vec<UserId>, bool)> {
        let shards = usize::from(self.size.user_lists());
        // Ids spread evenly by chance: a little over each shard's part is nearly always enough.
        let part = wanted / shards + wanted / 16 + 8;
        let limit = part.min(wanted).min(STEP);
        let pages = self.shards(None, after, limit, newest_first).await?;
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
        self,
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
                || keys::users_index(self.tenant, shard),
                |status| keys::status_index(self.tenant, status, shard),
            ),
            after: after.map(|id| format!("{id}{end}")),
            newest_first,
            limit: Some(limit),
            ..Query::default()
        };
        let questions: Vec<Query> = (0..self.size.user_lists()).map(query).collect();
        try_join_all(questions.iter().map(|question| self.table.query(question))).await
    }

    /// The accounts of these ids, in their order, as they were a moment ago; and where they are asked for the counts, which a
    /// small tenant's few counters give in the same request.
    pub async fn read(self, ids: &[UserId], counted: bool) -> Result<(Vec<User>, Option<Counts>)> {
        let mut places: Vec<Key> = ids.iter().map(|id| keys::user(self.tenant, *id)).collect();
        if counted && self.size == TenantSize::Large {
            let (items, counts) = try_join(self.table.batch_get_stale(&places), self.counts()).await?;
            return Ok((users(ids, items)?, Some(counts)));
        }
        if counted {
            places.extend((0..self.size.counters()).map(|counter| keys::tally(self.tenant, 0, counter)));
        }
        let items = self.table.batch_get_stale(&places).await?;
        let (accounts, counters): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| string(item, "SK") == Some("USER"));
        Ok((users(ids, accounts)?, counted.then(|| sums(&counters))))
    }

    /// How many accounts there are of each status that listings know. What a large tenant counted while it was small is
    /// among it.
    pub async fn counts(self) -> Result<Counts> {
        let query = |shard| Query {
            pk: keys::tally_partition(self.tenant, shard),
            stale: true,
            ..Query::default()
        };
        let queries: Vec<Query> = (0..self.size.tallies()).map(query).collect();
        let pages = try_join_all(queries.iter().map(|query| self.table.query(query))).await?;
        let items: Vec<Item> = pages.into_iter().flat_map(|page| page.items).collect();
        Ok(sums(&items))
    }
}

/// How many ids one step of a walk reads of each shard: some 200 KB.
const STEP: usize = 1_000;

fn merged(pages: &[Page]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = pages
        .iter()
        .flat_map(|page| &page.items)
        .filter_map(Listed::of)
        .collect();
    listed.sort_unstable_by_key(|one| Reverse(one.id));
    listed
}

fn users(ids: &[UserId], items: Vec<Item>) -> Result<Vec<User>> {
    let users = items.into_iter().map(from_item::<User>);
    let mut found: BTreeMap<UserId, User> = users
        .map(|user| user.map(|user| (user.id, user)))
        .collect::<Result<_>>()?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// A counter may be below nothing: whoever is no longer counted as this may have been counted elsewhere.
fn sums(counters: &[Item]) -> Counts {
    let sum = |status: Status| {
        let all: i64 = counters.iter().filter_map(|item| integer(item, status.as_str())).sum();
        u64::try_from(all).unwrap_or(0)
    };
    Status::ALL.map(|status| (status, sum(status))).into()
}
