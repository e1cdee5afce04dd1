//! Seats: at most `maxCount` accounts have a role, exactly, under any parallelism.
//!
//! A role's seats are spread over several counters, so that a role that everybody has is not one hot item. Each counter
//! owns a share of the limit, and the shares add up to it; a role without a limit has counters without shares. An
//! account takes one seat for each role, on the counter that its grants name. Seats that will end by themselves leave a
//! mark on their counter: only a role that has one has to be asked what ended ([`super::ended`]).

use std::collections::BTreeSet;

use super::dynamo::{Query, Table};
use super::table::{Changes, Cond, Item, Lost, Refusal, Value, Write, integer, number};
use super::{ended, keys};
use crate::ambient;
use crate::context::Context;
use crate::domain::grant::Seat;
use crate::domain::role::Role;
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::RoleId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    pub number: u8,
    pub taken: u32,
    /// Seats that it owns; no limit where absent.
    pub share: Option<u32>,
    /// Whether a seat of it has ever had an end.
    pub marked: bool,
}

impl Counter {
    pub fn has_room(&self) -> bool {
        self.share.is_none_or(|share| self.taken < share)
    }
}

/// Takes a seat; [`Lost::Full`] where this counter has none left (or the role is gone).
pub fn take(t: &TenantId, role: RoleId, seat: &Seat) -> Write {
    let room = Cond::Any(vec![Cond::Absent("share"), Cond::LtAttribute("taken", "share")]);
    let mut changes = Changes::new().add("taken", 1);
    if seat.ends.is_some() {
        changes = changes.set(MARK, Value::Bool(true));
    }
    Write::update(keys::seats(t, role, seat.counter), changes).when(Cond::All(vec![Cond::exists(), room]), Lost::Full)
}

/// Marks the counter of a seat that comes to have an end.
pub fn mark(t: &TenantId, role: RoleId, seat: &Seat) -> Write {
    let changes = Changes::new().set(MARK, Value::Bool(true));
    Write::update(keys::seats(t, role, seat.counter), changes).when(Cond::exists(), Error::NotFound(Noun::Role))
}

const MARK: &str = "ends";

pub fn leave(t: &TenantId, role: RoleId, counter: u8) -> Write {
    Write::update(keys::seats(t, role, counter), Changes::new().add("taken", -1))
        .when(Cond::exists(), Error::NotFound(Noun::Role))
}

/// The counters of a new role. Somebody who has it from its beginning has a seat on this one: to open a counter and to
/// take a seat on it would be two writes to one item, and no transaction has those.
pub fn open(role: &Role, seat: Option<u8>) -> Vec<Write> {
    let taken: Vec<u32> = (0..role.counters).map(|n| u32::from(seat == Some(n))).collect();
    let shares = role.max_count.map(|limit| shares(limit, &taken));
    keys::all_seats(role)
        .into_iter()
        .enumerate()
        .map(|(n, key)| {
            let mut item = key.attributes();
            item.insert("taken".to_owned(), number(taken.get(n).copied().unwrap_or(0)));
            if let Some(share) = shares.as_ref().and_then(|shares| shares.get(n)) {
                item.insert("share".to_owned(), number(share));
            }
            Write::put(item)
        })
        .collect()
}

/// Gives the counters shares of a new limit, provided that they are as they were read.
pub fn limit(role: &Role, counters: &[Counter], limit: Option<u32>) -> Result<Vec<Write>> {
    let taken: Vec<u32> = counters.iter().map(|counter| counter.taken).collect();
    if limit.is_some_and(|limit| sum(counters) > limit) {
        return Err(Conflict::BelowMemberCount.into());
    }
    let shares = limit.map(|limit| shares(limit, &taken));
    let writes = counters.iter().enumerate().map(|(n, counter)| {
        let changes = match shares.as_ref().and_then(|shares| shares.get(n)) {
            Some(share) => Changes::new().set("share", number(share)),
            None => Changes::new().remove("share"),
        };
        Write::update(keys::seats(&role.tenant, role.id, counter.number), changes)
            .when(Cond::Eq("taken", number(counter.taken)), Lost::Changed)
    });
    Ok(writes.collect())
}

/// Holds the transaction to the counters as they were read.
pub fn unchanged(role: &Role, counters: &[Counter]) -> Vec<Write> {
    let check = |counter: &Counter| {
        Write::check(keys::seats(&role.tenant, role.id, counter.number))
            .when(Cond::Eq("taken", number(counter.taken)), Lost::Changed)
    };
    counters.iter().map(check).collect()
}

/// Removes the counters, provided that no seat is taken; else this.
pub fn close(role: &Role, taken: &Refusal) -> Vec<Write> {
    keys::all_seats(role)
        .into_iter()
        .map(|key| Write::delete(key).when(Cond::Eq("taken", number(0)), taken.clone()))
        .collect()
}

/// Moves an account's grants of roles that are new to it to counters with room, where those that they are on have none.
/// A random one, so that no counter is contended.
pub async fn elsewhere(cx: &Context, before: Option<&User>, after: &mut User) -> Result<(), Refusal> {
    let held = |role: RoleId| before.is_some_and(|user| user.grants.iter().any(|grant| grant.role == role));
    let new: BTreeSet<RoleId> = after
        .grants
        .iter()
        .map(|grant| grant.role)
        .filter(|role| !held(*role))
        .collect();
    for role in new {
        let seat = free(cx, &after.tenant, role).await?;
        for grant in after.grants.iter_mut().filter(|grant| grant.role == role) {
            grant.seat = seat;
        }
    }
    Ok(())
}

/// A counter of the role with room, by chance. Where none has any, seats of grants that ended are left first.
async fn free(cx: &Context, t: &TenantId, role: RoleId) -> Result<u8, Refusal> {
    let mut ended = 1;
    loop {
        let counters = read(&cx.app.table, t, role).await?;
        if counters.is_empty() {
            return Err(Lost::Changed.into());
        }
        let free: Vec<u8> = counters
            .iter()
            .filter(|counter| counter.has_room())
            .map(|counter| counter.number)
            .collect();
        let [chance] = ambient::random::<1>()?;
        if let Some(number) = free.get(usize::from(chance) % free.len().max(1)) {
            return Ok(*number);
        }
        // The counters are read once more after the last that ended: somebody else may have cleared it in the meantime.
        if ended == 0 || !is_marked(&counters) {
            return Err(Conflict::RoleFull.into());
        }
        ended = ended::release(cx, role, 1).await?;
    }
}

/// Whether the role has a seat for one account more. Nothing is written: seats that ended are left out, and not left.
pub async fn has_room(cx: &Context, role: &Role) -> Result<()> {
    let Some(limit) = role.max_count else { return Ok(()) };
    let counters = read(&cx.app.table, &cx.tenant, role.id).await?;
    match standing(cx, role.id, &counters).await? < limit {
        true => Ok(()),
        false => Err(Conflict::RoleFull.into()),
    }
}

/// The counters, of which those seats that ended are left first that are too many for this limit.
pub async fn within(cx: &Context, role: RoleId, limit: u32) -> Result<Vec<Counter>> {
    let mut ended = 1;
    loop {
        let counters = read(&cx.app.table, &cx.tenant, role).await?;
        if sum(&counters) <= limit || ended == 0 || !is_marked(&counters) {
            return Ok(counters);
        }
        ended = ended::release(cx, role, RELEASED).await?;
    }
}

/// How many accounts are cleared between two looks at the counters.
const RELEASED: usize = 25;

/// How many accounts have seats of a role by grants that have not ended.
pub async fn standing(cx: &Context, role: RoleId, counters: &[Counter]) -> Result<u32> {
    let ended = match is_marked(counters) {
        true => ended::count(&cx.app.table, &cx.tenant, role, cx.now).await?,
        false => 0,
    };
    Ok(sum(counters).saturating_sub(ended))
}

fn sum(counters: &[Counter]) -> u32 {
    counters.iter().map(|counter| counter.taken).sum()
}

fn is_marked(counters: &[Counter]) -> bool {
    counters.iter().any(|counter| counter.marked)
}

/// The counters as they are, strongly consistent.
pub async fn read(table: &Table, t: &TenantId, role: RoleId) -> Result<Vec<Counter>> {
    let pk = keys::role_partition(t, role);
    let query = Query {
        pk,
        prefix: Some("SEATS#".to_owned()),
        ..Query::default()
    };
    Ok(table.query(&query).await?.items.iter().filter_map(counter).collect())
}

/// How many accounts have each of these roles, by grants that have not ended.
pub async fn members(cx: &Context, roles: &[Role]) -> Result<Vec<u32>> {
    let places: Vec<_> = roles.iter().flat_map(keys::all_seats).collect();
    let items = cx.app.table.batch_get(&places).await?;
    let of = |role: &Role| {
        let pk = keys::role_partition(&role.tenant, role.id);
        let own = items
            .iter()
            .filter(|item| super::table::string(item, "PK") == Some(&pk));
        let counters: Vec<Counter> = own.filter_map(counter).collect();
        let role = role.id;
        async move { standing(cx, role, &counters).await }
    };
    futures::future::try_join_all(roles.iter().map(of)).await
}

fn counter(item: &Item) -> Option<Counter> {
    let natural = |name| integer(item, name).map(|n| u32::try_from(n).unwrap_or(0));
    Some(Counter {
        number: super::table::string(item, "SK")?.strip_prefix("SEATS#")?.parse().ok()?,
        taken: natural("taken")?,
        share: natural("share"),
        marked: item.contains_key(MARK),
    })
}

/// Shares that add up to the limit, none below what its counter has taken: what is left is spread evenly.
fn shares(limit: u32, taken: &[u32]) -> Vec<u32> {
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
