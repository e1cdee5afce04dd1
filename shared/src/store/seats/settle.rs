//! From many counters to few: before a role gets a limit, before it comes to let its holders manage users or ceases to, and
//! before it is deleted.

use std::collections::BTreeSet;

use super::counters::{Counter, sum};
use super::{CLOSED, is_open, note_administers, read, release_ended};
use crate::context::Context;
use crate::domain::role::{FEW_COUNTERS, Role, many_counters};
use crate::error::{Conflict, Result};
use crate::id::RoleId;
use crate::store::table::{Changes, Lost, Refusal, Write, number};
use crate::store::{keys, roles, unit};

/// The role and its counters, of which none gains a seat from now on but the few, to which a transaction can be held. Where
/// it has many, these are closed for that. Where a limit is to come, seats that ended are given back first if they are too
/// many for it.
pub async fn settle_on_few_counters(cx: &Context, role: &Role, limit: Option<u32>) -> Result<(Role, Vec<Counter>)> {
    let mut role = role.clone();
    loop {
        let counters = match limit {
            Some(limit) => release_ended(cx, &role, limit).await?,
            None => read(&cx.app.table, &role).await?,
        };
        if limit.is_some_and(|limit| sum(&counters) > limit) {
            return Err(Conflict::BelowMemberCount.into());
        }
        if is_settled(&role, &counters) {
            return Ok((role, counters));
        }
        switch_to_few(cx, role.id).await?;
        role.counters = FEW_COUNTERS;
        close(cx, &role, &open_counters(&role, &counters)).await?;
    }
}

/// Whether none but the few counters gains a seat.
pub fn is_settled(role: &Role, counters: &[Counter]) -> bool {
    role.has_few_counters() && open_counters(role, counters).is_empty()
}

/// The many counters that can gain a seat in this round.
pub(super) fn open_counters(role: &Role, counters: &[Counter]) -> Vec<u16> {
    let closed = counters.iter().filter(|counter| counter.closed >= Some(role.round));
    let closed: BTreeSet<u16> = closed.map(|counter| counter.number).collect();
    // More than there are now: an earlier version spread seats over more.
    let known = counters.iter().map(|counter| counter.number + 1).max().unwrap_or(0);
    let many = FEW_COUNTERS..many_counters(role.id).max(known);
    many.filter(|counter| role.has_had_many_counters() && !closed.contains(counter))
        .collect()
}

/// Whoever reads the role from now on takes a seat on one of the few counters. Nothing of it is shown: the version stays.
async fn switch_to_few(cx: &Context, id: RoleId) -> Result<()> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    let switched = unit::decided(table, || async move {
        let Some(role) = roles::get(table, t, id).await?.filter(|role| !role.has_few_counters()) else {
            return Ok(None);
        };
        let after = Role {
            counters: FEW_COUNTERS,
            ..role.clone()
        };
        let mut writes = roles::change(&role, &after)?;
        let changes = || note_administers(&role, Changes::new().add("taken", 0));
        let places = (0..FEW_COUNTERS).map(|counter| keys::seats(t, id, counter));
        writes.extend(places.map(|key| Write::update(key, changes())));
        Ok(Some(writes))
    });
    switched.await.map(drop)
}

/// How many counters are closed in one transaction: some are in others' hands, and one fewer has to be waited for.
const CLOSED_AT_ONCE: usize = 64;

pub(super) async fn close(cx: &Context, role: &Role, open: &[u16]) -> Result<()> {
    let close = |counter: &u16| {
        let closed = Changes::new().set(CLOSED, number(role.round)).add("taken", 0);
        let key = keys::seats(&role.tenant, role.id, *counter);
        Write::update(key, closed).when(is_open(role.round), Lost::Changed)
    };
    let some = |counters: &[u16]| {
        let writes: Vec<Write> = counters.iter().map(close).collect();
        async move { unit::commit(&cx.app.table, &writes).await }
    };
    for done in futures::future::join_all(open.chunks(CLOSED_AT_ONCE).map(some)).await {
        match done {
            // Another request closes them too: what is left is looked at again.
            Ok(()) | Err(Refusal::Lost(_)) => {}
            Err(Refusal::Answer(error)) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::cases;

    #[test]
    fn counters_of_a_version_that_had_more_of_them_are_closed_too() {
        let mut role = cases::role(7, 0);
        let beyond = many_counters(role.id) + 1;
        let counter = Counter {
            number: beyond,
            taken: 1,
            share: None,
            marked: false,
            closed: None,
            exists: true,
        };
        assert!(open_counters(&role, &[counter]).is_empty(), "it never had many");
        role.round = 1;
        assert_eq!(open_counters(&role, &[counter]).last(), Some(&beyond));
        let closed = Counter {
            closed: Some(1),
            ..counter
        };
        assert_eq!(open_counters(&role, &[closed]).last(), Some(&(beyond - 1)));
    }
}
