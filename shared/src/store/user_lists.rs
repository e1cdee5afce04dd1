//! Accounts listed: their ids, newest first, how many there are, and the accounts as a list shows them: as they were a
//! moment ago.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures::future::{try_join, try_join_all};

use super::dynamo::{Index, Query, Table};
use super::keys;
use super::listed::Listed;
use super::shown;
use super::table::{Item, Key, from_item, integer, string};
use crate::context::Context;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::TenantSize;
use crate::domain::user::{Status, User};
use crate::error::Result;
use crate::id::UserId;

mod merged;
pub use merged::Merged;
use merged::question;

/// How many accounts there are of each status that listings know.
pub type Counts = BTreeMap<Status, u64>;

/// Whose accounts are listed: a tenant's, which has this size.
#[derive(Debug, Clone, Copy)]
pub struct UserLists<'a> {
    pub table: &'a Table,
    pub tenant: &'a TenantId,
    pub size: TenantSize,
}

/// The lists of a request's tenant.
pub fn listed(cx: &Context) -> UserLists<'_> {
    UserLists {
        table: &cx.app.table,
        tenant: &cx.tenant,
        size: cx.size_to_read(),
    }
}

impl<'a> UserLists<'a> {
    /// Accounts, newest first, of one status or of all that are not deleted, after this one; and whether there are more.
    pub async fn newest(
        self,
        status: Option<Status>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<Listed>, bool)> {
        let partitions = self.partitions(status);
        let questions: Vec<Query> = partitions
            .into_iter()
            .map(|(index, pk)| question(index, pk, after, true, limit))
            .collect();
        let pages = try_join_all(questions.iter().map(|question| self.table.query(question))).await?;
        let items = pages.iter().flat_map(|page| &page.items);
        let mut listed: Vec<Listed> = items.filter_map(Listed::of).collect();
        listed.sort_unstable_by_key(|one| Reverse(one.id));
        let more = pages.iter().any(|page| page.more) || listed.len() > limit;
        listed.truncate(limit);
        Ok((listed, more))
    }

    /// Ids of accounts, newest first, after this one: about as many as are wanted, as one step finds them. For walks: what
    /// is read is what is passed, and little more.
    pub async fn next(self, after: Option<UserId>, wanted: usize) -> Result<(Vec<UserId>, bool)> {
        let mut lists = self.along(&[None], after, true);
        let found = lists
            .step(wanted.min(STEP * usize::from(self.size.user_lists())))
            .await?;
        Ok((found.into_iter().map(|one| one.id).collect(), !lists.is_over()))
    }

    /// These lists in one order, behind this account.
    pub fn along(self, lists: &[Option<Status>], after: Option<UserId>, newest_first: bool) -> Merged<'a> {
        let partitions = lists.iter().flat_map(|status| self.partitions(*status));
        Merged::new(self.table, partitions, after, newest_first)
    }

    fn partitions(self, status: Option<Status>) -> Vec<(Index, String)> {
        match status {
            None => (0..self.size.user_lists())
                .map(|shard| (Index::One, keys::users_index(self.tenant, shard)))
                .collect(),
            Some(status) => (0..self.size.status_lists(status))
                .map(|shard| (Index::Two, keys::status_index(self.tenant, status, shard)))
                .collect(),
        }
    }

    /// The accounts of these ids, in their order, as they were a moment ago; and where they are asked for the counts, which a
    /// small tenant's few counters give in the same request.
    pub async fn read(self, ids: &[UserId], counted: bool) -> Result<(Vec<User>, Option<Counts>)> {
        let mut places: Vec<Key> = ids.iter().map(|id| keys::user(self.tenant, *id)).collect();
        let mut attributes = shown::ATTRIBUTES.to_vec();
        if counted && self.size == TenantSize::Large {
            let (items, counts) =
                try_join(self.table.batch_get_parts(&places, false, &attributes), self.counts()).await?;
            return Ok((in_order(ids, items)?, Some(counts)));
        }
        if counted {
            places.extend((0..self.size.counters()).map(|counter| keys::tally(self.tenant, 0, counter)));
            attributes.extend(Status::ALL.map(Status::as_str));
        }
        let items = self.table.batch_get_parts(&places, false, &attributes).await?;
        let (accounts, counters): (Vec<Item>, Vec<Item>) = items
            .into_iter()
            .partition(|item| string(item, "SK") == Some(keys::USER));
        Ok((in_order(ids, accounts)?, counted.then(|| sums(&counters))))
    }

    /// How many accounts there are of each status that listings know. What a large tenant counted while it was small is
    /// among it.
    pub async fn counts(self) -> Result<Counts> {
        Ok(sums(&self.counters(true).await?))
    }

    /// The same, with the map of the list of all, where there is one: it stands beside counters.
    pub(super) async fn counts_and_map(self) -> Result<(Counts, Option<Item>)> {
        let items = self.counters(false).await?;
        let counts = sums(&items);
        let map = keys::list_map(self.tenant);
        let map = items.into_iter().find(|item| Key::of(item).as_ref() == Some(&map));
        Ok((counts, map))
    }

    async fn counters(self, alone: bool) -> Result<Vec<Item>> {
        let query = |shard| Query {
            pk: keys::tally_partition(self.tenant, shard),
            prefix: alone.then(|| keys::TALLY.to_owned()),
            stale: true,
            ..Query::default()
        };
        let queries: Vec<Query> = (0..self.size.tallies()).map(query).collect();
        let pages = try_join_all(queries.iter().map(|query| self.table.query(query))).await?;
        Ok(pages.into_iter().flat_map(|page| page.items).collect())
    }
}

/// How many ids one step of a walk reads of each partition: some 200 KB.
const STEP: usize = 1_000;

/// The accounts in these items, in the order of these ids.
pub(super) fn in_order(ids: &[UserId], items: Vec<Item>) -> Result<Vec<User>> {
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
