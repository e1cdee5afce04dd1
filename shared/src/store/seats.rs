//! Seats: at most `maxCount` accounts have a role, exactly, under any parallelism; and where there is no limit, they are
//! counted without one request in another's way (`docs/decisions/024-copies-of-roles-and-seats.md`).
//!
//! An account takes one seat for each role, on the counter that its grants name. The first few counters of a role are for
//! the time while it has a limit: each owns a share of it. The many others are for the time while it has none; before a
//! limit comes they are closed ([`held`]), and from then on only fall, so that whoever reads them sees no seat too few.
//! Seats that will end by themselves leave a mark on their counter: only a role that has one has to be asked what ended
//! ([`super::ended`]).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::table::{Changes, Cond, Lost, Refusal, Value, Write, number};
use super::{ended, keys, roles, unit};
use crate::ambient;
use crate::context::Context;
use crate::domain::grant::{Seat, any_counter};
use crate::domain::role::{FEW_COUNTERS, Role, SystemRole, many_counters};
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::RoleId;

mod counters;
pub use counters::{Counter, members, read};
use counters::{MARK, frozen, is_marked, shares, sum};

/// Takes a seat. On one of the few counters [`Lost::Full`] where it has none left (or the role is gone). One of the many
/// that was closed in this round is [`Lost::Changed`]: what is decided of the role may be another by now. Of the
/// system's roles it is not, and another counter will do.
pub fn take(t: &TenantId, role: RoleId, seat: &Seat) -> Write {
    let mut changes = Changes::new().add("taken", 1);
    if seat.ends.is_some() {
        changes = changes.set(MARK, Value::Bool(true));
    }
    let take = Write::update(keys::seats(t, role, seat.counter), changes);
    if seat.counter < FEW_COUNTERS {
        let room = Cond::Any(vec![Cond::Absent("share"), Cond::LtAttribute("taken", "share")]);
        return take.when(Cond::All(vec![Cond::exists(), room]), Lost::Full);
    }
    let is_system = SystemRole::by_id(role).is_some();
    take.when(is_open(seat.round), if is_system { Lost::Full } else { Lost::Changed })
}

fn is_open(round: u32) -> Cond {
    Cond::Any(vec![Cond::Absent(CLOSED), Cond::Lt(CLOSED, number(round))])
}

/// In which round of the role a counter was closed.
const CLOSED: &str = "closed";

/// Marks the counter of a seat that comes to have an end.
pub fn mark(t: &TenantId, role: RoleId, seat: &Seat) -> Write {
    let changes = Changes::new().set(MARK, Value::Bool(true));
    Write::update(keys::seats(t, role, seat.counter), changes).when(Cond::exists(), Error::NotFound(Noun::Role))
}

pub fn leave(t: &TenantId, role: RoleId, counter: u16) -> Write {
    Write::update(keys::seats(t, role, counter), Changes::new().add("taken", -1))
        .when(Cond::exists(), Error::NotFound(Noun::Role))
}

/// The counters of a new role: of one without a limit each comes into being with its first seat.
pub fn open(role: &Role) -> Vec<Write> {
    let Some(limit) = role.max_count else { return Vec::new() };
    let shares = shares(limit, &vec![0; usize::from(FEW_COUNTERS)]);
    let counter = |(number_of, share): (u16, u32)| {
        let mut item = keys::seats(&role.tenant, role.id, number_of).attributes();
        item.insert("taken".to_owned(), number(0));
        item.insert("share".to_owned(), number(share));
        Write::put(item)
    };
    (0..).zip(shares).map(counter).collect()
}

/// Gives the few counters shares of a new limit, provided that they are as they were read; the others are closed.
pub fn limit(role: &Role, counters: &[Counter], limit: Option<u32>) -> Result<Vec<Write>> {
    if limit.is_some_and(|limit| sum(counters) > limit) {
        return Err(Conflict::BelowMemberCount.into());
    }
    let few: Vec<&Counter> = few(counters).collect();
    let taken: Vec<u32> = few.iter().map(|counter| counter.taken).collect();
    let shares = limit.map(|limit| shares(limit - frozen(counters), &taken));
    let writes = few.iter().enumerate().map(|(n, counter)| {
        let changes = match shares.as_ref().and_then(|shares| shares.get(n)) {
            Some(share) => Changes::new().set("share", number(share)),
            None => Changes::new().remove("share"),
        };
        Write::update(keys::seats(&role.tenant, role.id, counter.number), changes).when(as_read(counter), Lost::Changed)
    });
    Ok(writes.collect())
}

/// Holds the transaction to the few counters as they were read.
pub fn unchanged(role: &Role, counters: &[Counter]) -> Vec<Write> {
    let check = |counter: &Counter| {
        Write::check(keys::seats(&role.tenant, role.id, counter.number)).when(as_read(counter), Lost::Changed)
    };
    few(counters).map(check).collect()
}

fn as_read(counter: &Counter) -> Cond {
    Cond::Eq("taken", number(counter.taken))
}

fn few(counters: &[Counter]) -> impl Iterator<Item = &Counter> {
    counters.iter().filter(|counter| counter.number < FEW_COUNTERS)
}

/// Removes the few counters, provided that no seat is taken; else this.
pub fn close(role: &Role, taken: &Refusal) -> Vec<Write> {
    let places = (0..FEW_COUNTERS).map(|counter| keys::seats(&role.tenant, role.id, counter));
    places
        .map(|key| Write::delete(key).when(Cond::Eq("taken", number(0)), taken.clone()))
        .collect()
}

/// For how long the other counters of a deleted role stay closed: longer than any request takes.
const CLOSED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What stays of the many counters of a role that is deleted, so that no request that still knows the role takes a seat.
pub fn forget(role: &Role, now: Timestamp) -> Vec<Write> {
    let item = |counter| {
        let mut item = keys::seats(&role.tenant, role.id, counter).attributes();
        item.insert("taken".to_owned(), number(0));
        item.insert(CLOSED.to_owned(), number(role.round));
        item.insert("ttl".to_owned(), number((now + CLOSED_FOR).as_second()));
        Write::put(item)
    };
    let many = (FEW_COUNTERS..many_counters(role.id)).filter(|_| role.round > 0);
    many.map(item).collect()
}

/// The role and its counters, none of which gains a seat from now on but the few, on which a transaction can hold its
/// eye. A role that had no limit is closed for that. With a limit, seats that ended are left first where they are too
/// many for it.
pub async fn held(cx: &Context, role: &Role, limit: Option<u32>) -> Result<(Role, Vec<Counter>)> {
    let mut role = role.clone();
    loop {
        let counters = match limit {
            Some(limit) => within(cx, role.id, limit).await?,
            None => read(&cx.app.table, &cx.tenant, role.id).await?,
        };
        if limit.is_some_and(|limit| sum(&counters) > limit) {
            return Err(Conflict::BelowMemberCount.into());
        }
        let open = still_open(&role, &counters);
        if role.is_counted() && open.is_empty() {
            return Ok((role, counters));
        }
        count_few(cx, role.id).await?;
        role.counters = FEW_COUNTERS;
        close_many(cx, &role, &open).await?;
    }
}

/// The many counters that can gain a seat in this round.
fn still_open(role: &Role, counters: &[Counter]) -> Vec<u16> {
    let closed = counters.iter().filter(|counter| counter.closed >= Some(role.round));
    let closed: BTreeSet<u16> = closed.map(|counter| counter.number).collect();
    let many = (FEW_COUNTERS..many_counters(role.id)).filter(|_| role.round > 0);
    many.filter(|counter| !closed.contains(counter)).collect()
}

/// Whoever reads the role from now on takes a seat on one of the few counters. Nothing of it is shown: the version stays.
async fn count_few(cx: &Context, id: RoleId) -> Result<()> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    let counted = unit::decided(table, || async move {
        let Some(role) = roles::get(table, t, id).await?.filter(|role| !role.is_counted()) else {
            return Ok(None);
        };
        let after = Role {
            counters: FEW_COUNTERS,
            ..role.clone()
        };
        let mut writes = roles::change(&role, &after)?;
        let places = (0..FEW_COUNTERS).map(|counter| keys::seats(t, id, counter));
        writes.extend(places.map(|key| Write::update(key, Changes::new().add("taken", 0))));
        Ok(Some(writes))
    });
    counted.await.map(drop)
}

/// How many counters are closed in one transaction: some are in others' hands, and one fewer has to be waited for.
const CLOSED_AT_ONCE: usize = 64;

async fn close_many(cx: &Context, role: &Role, open: &[u16]) -> Result<()> {
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
        if let Some(seat) = free(cx, &after.tenant, role).await? {
            let own = after.grants.iter_mut().filter(|grant| grant.role == role);
            own.for_each(|grant| grant.sit(seat));
        }
    }
    Ok(())
}

/// A counter of the role with room, by chance, and the role's round; nothing where any will do. Where none has room, what
/// was left on the many counters is given to the few, and seats of grants that ended are left.
async fn free(cx: &Context, t: &TenantId, id: RoleId) -> Result<Option<(u16, u32)>, Refusal> {
    let mut ended = 1;
    loop {
        let role = roles::get(&cx.app.table, t, id).await?.ok_or(Lost::Changed)?;
        let chance = u16::from_be_bytes(ambient::random()?);
        if !role.is_counted() {
            let is_system = SystemRole::by_id(id).is_some();
            return Ok(is_system.then(|| (any_counter(role.counters, chance), role.round)));
        }
        let counters = read(&cx.app.table, t, id).await?;
        let free: Vec<u16> = few(&counters)
            .filter(|counter| counter.has_room())
            .map(|counter| counter.number)
            .collect();
        if let Some(number) = free.get(usize::from(chance) % free.len().max(1)) {
            return Ok(Some((*number, role.round)));
        }
        if hand_over(cx, &role, &counters).await? {
            continue;
        }
        // The counters are read once more after the last that ended: somebody else may have cleared it in the meantime.
        if ended == 0 || !is_marked(&counters) {
            return Err(Conflict::RoleFull.into());
        }
        ended = ended::release(cx, id, 1).await?;
    }
}

/// Gives what was left on the many counters of a role with a limit to one of the few; whether there was any. They only
/// fall, so what was read of them is never too little.
async fn hand_over(cx: &Context, role: &Role, counters: &[Counter]) -> Result<bool, Refusal> {
    let shares: u32 = few(counters).filter_map(|counter| counter.share).sum();
    let left = role.max_count.unwrap_or(0).saturating_sub(shares + frozen(counters));
    if left == 0 {
        return Ok(false);
    }
    let mut writes = vec![roles::unchanged(role, roles::any_copy()?)];
    for (n, counter) in few(counters).enumerate() {
        let key = keys::seats(&role.tenant, role.id, counter.number);
        let share = counter.share.unwrap_or(0);
        let write = match n {
            0 => Write::update(key, Changes::new().set("share", number(share + left))),
            _ => Write::check(key),
        };
        writes.push(write.when(Cond::Eq("share", number(share)), Lost::Changed));
    }
    match unit::commit(&cx.app.table, &writes).await {
        Ok(()) | Err(Refusal::Lost(_)) => Ok(true),
        Err(refused) => Err(refused),
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
