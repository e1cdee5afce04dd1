//! The counters of roles' seats, as they are read.

use super::{CLOSED, count_members};
use crate::context::Context;
use crate::domain::role::{FEW_COUNTERS, Role};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::SEAT_PARTITIONS;
use crate::error::Result;
use crate::id::RoleId;
use crate::store::dynamo::{Query, Table};
use crate::store::keys;
use crate::store::table::{Item, integer, string};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    pub number: u16,
    pub taken: u32,
    /// Seats that it owns; no limit where absent.
    pub share: Option<u32>,
    /// Whether a seat of it has ever had an end.
    pub marked: bool,
    /// In which round it was closed last.
    pub closed: Option<u32>,
    /// Whether it has come into being.
    pub exists: bool,
}

pub(super) const MARK: &str = "ends";

impl Counter {
    fn of_nothing(number: u16) -> Self {
        Self {
            number,
            taken: 0,
            share: None,
            marked: false,
            closed: None,
            exists: false,
        }
    }

    pub fn has_room(&self) -> bool {
        self.share.is_none_or(|share| self.taken < share)
    }
}

pub(super) fn sum(counters: &[Counter]) -> u32 {
    counters.iter().map(|counter| counter.taken).sum()
}

/// What is taken on the many counters, which only falls while the role has a limit.
pub(super) fn taken_on_many(counters: &[Counter]) -> u32 {
    let many = counters.iter().filter(|counter| counter.number >= FEW_COUNTERS);
    many.map(|counter| counter.taken).sum()
}

pub(super) fn is_marked(counters: &[Counter]) -> bool {
    counters.iter().any(|counter| counter.marked)
}

/// The counters as they are, strongly consistent, the few also where they have not come into being.
pub async fn read(table: &Table, role: &Role) -> Result<Vec<Counter>> {
    let own = keys::seats_of(role.id);
    let items = of_partitions(table, &role.tenant, partitions(role), |pk| Query {
        pk,
        prefix: Some(own.clone()),
        ..Query::default()
    });
    let mut counters: Vec<Counter> = items.await?.iter().filter_map(|item| counter(item, role.id)).collect();
    for number in 0..FEW_COUNTERS {
        if !counters.iter().any(|counter| counter.number == number) {
            counters.push(Counter::of_nothing(number));
        }
    }
    counters.sort_unstable_by_key(|counter| counter.number);
    Ok(counters)
}

/// Over how many partitions the counters of a role are spread: the few are in the first one.
fn partitions(role: &Role) -> u16 {
    if role.has_had_many_counters() {
        SEAT_PARTITIONS
    } else {
        1
    }
}

/// How many accounts have each of these roles, by grants that have not ended: what was so a moment ago.
pub async fn members(cx: &Context, roles: &[Role]) -> Result<Vec<u32>> {
    let ids = || roles.iter().map(|role| role.id);
    let Some((first, last)) = ids().min().zip(ids().max()) else {
        return Ok(Vec::new());
    };
    // Roles are listed in the order of their ids, so those of a page are beside each other here as well.
    let most = roles.iter().map(partitions).max().unwrap_or(1);
    let items = of_partitions(&cx.app.table, &cx.tenant, most, |pk| Query {
        pk,
        prefix: Some(keys::seats_of(first)),
        until: Some(format!("{}~", keys::seats_of(last))),
        stale: true,
        ..Query::default()
    });
    let items = &items.await?;
    let of = |role: RoleId| {
        let counters: Vec<Counter> = items.iter().filter_map(|item| counter(item, role)).collect();
        async move { count_members(cx, role, &counters).await }
    };
    futures::future::try_join_all(ids().map(of)).await
}

async fn of_partitions(
    table: &Table,
    t: &TenantId,
    partitions: u16,
    ask: impl Fn(String) -> Query,
) -> Result<Vec<Item>> {
    let questions = (0..partitions).map(|partition| ask(keys::seats_partition(t, partition)));
    let questions: Vec<Query> = questions.collect();
    let pages = futures::future::try_join_all(questions.iter().map(|question| table.query(question))).await?;
    Ok(pages.into_iter().flat_map(|page| page.items).collect())
}

fn counter(item: &Item, role: RoleId) -> Option<Counter> {
    let natural = |name| integer(item, name).map(|n| u32::try_from(n).unwrap_or(0));
    Some(Counter {
        number: string(item, "SK")?.strip_prefix(&keys::seats_of(role))?.parse().ok()?,
        taken: natural("taken")?,
        share: natural("share"),
        marked: item.contains_key(MARK),
        closed: natural(CLOSED),
        exists: true,
    })
}

/// Shares that add up to the limit, none below what its counter has taken: what is left is spread evenly.
pub(super) fn shares(limit: u32, taken: &[u32]) -> Vec<u32> {
    let mut shares = taken.to_vec();
    let mut left = limit.saturating_sub(taken.iter().sum());
    while left > 0 {
        let smallest = shares.iter().min().copied().unwrap_or(0);
        let level: Vec<usize> = (0..shares.len()).filter(|n| shares[*n] == smallest).collect();
        let next = shares
            .iter()
            .filter(|share| **share > smallest)
            .min()
            .copied()
            .unwrap_or(u32::MAX);
        let each = (left / u32::try_from(level.len()).unwrap_or(1))
            .min(next - smallest)
            .max(1);
        for n in level {
            let more = each.min(left);
            shares[n] += more;
            left -= more;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_add_up_to_the_limit_and_none_is_below_what_is_taken(
            taken in proptest::collection::vec(0_u32..50, 1..17), more in 0_u32..5000,
        ) {
            let limit = taken.iter().sum::<u32>() + more;
            let shares = shares(limit, &taken);
            prop_assert_eq!(shares.iter().sum::<u32>(), limit);
            prop_assert!(shares.iter().zip(&taken).all(|(share, taken)| share >= taken));
        }
    }

    #[test]
    fn three_seats_over_four_counters_are_three_seats() {
        assert_eq!(shares(3, &[0; 4]), [1, 1, 1, 0]);
        assert_eq!(
            shares(u32::MAX, &[0; 4]).iter().map(|n| u64::from(*n)).sum::<u64>(),
            u64::from(u32::MAX)
        );
    }
}
