//! Seats: at most `maxCount` accounts have a role, exactly, under any parallelism; and where there is no limit, they are
//! counted without one request in another's way (`docs/decisions/024-copies-of-roles-and-seats.md`).
//!
//! An account takes one seat for each role, on the counter that its grants name. The first few counters of a role are for
//! the time while it has a limit, and each owns a share of it; in a small tenant they are the only ones. A large tenant's role
//! without a limit has many others. Before it gets a limit these are closed ([`settle_on_few_counters`]), and from then on
//! only fall, so that whoever reads them sees no seat too few. Seats that will end by themselves leave a mark on their
//! counter: only a role that has one has to be asked what ended ([`super::ended`]).

use jiff::{SignedDuration, Timestamp};

use super::table::{Changes, Cond, Lost, Refusal, Value, Write, number};
use super::{ended, keys};
use crate::context::Context;
use crate::domain::grant::Seat;
use crate::domain::role::{FEW_COUNTERS, Role, SystemRole, many_counters};
use crate::domain::tenant::TenantId;
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::RoleId;

mod counters;
mod growth;
mod room;
mod settle;

pub use counters::{Counter, members, read};
use counters::{MARK, is_marked, shares, sum, taken_on_many};
pub use growth::spread;
pub use room::move_to_counters_with_room;
pub use settle::{is_settled, settle_on_few_counters};

/// Takes a seat. On one of the few counters [`Lost::Full`] where it has none left, or the role is gone, or lets its holders
/// manage users where it did not, or the other way round. One of the many that was closed in this round is
/// [`Lost::Changed`]: what is decided of the role may be another by now. Of the system's roles it is not, and another counter
/// will do.
pub fn take(t: &TenantId, role: RoleId, seat: &Seat) -> Write {
    let mut changes = Changes::new().add("taken", 1);
    if seat.ends.is_some() {
        changes = changes.set(MARK, Value::Bool(true));
    }
    let is_system = SystemRole::by_id(role).is_some();
    // With its first seat it may come into being: what changes a role later writes all of the few.
    if seat.administers && seat.counter < FEW_COUNTERS && !is_system {
        changes = changes.set(ADMINISTERS, Value::Bool(true));
    }
    let take = Write::update(keys::seats(t, role, seat.counter), changes);
    if seat.counter >= FEW_COUNTERS {
        return take.when(is_open(seat.round), if is_system { Lost::Full } else { Lost::Changed });
    }
    let has_room = Cond::Any(vec![Cond::Absent("share"), Cond::LtAttribute("taken", "share")]);
    // The system's roles never go, and let their holders do what they always did.
    if is_system {
        return take.when(has_room, Lost::Full);
    }
    let is_as_decided = match seat.administers {
        true => Cond::Any(vec![Cond::absent(), Cond::Eq(ADMINISTERS, Value::Bool(true))]),
        false => Cond::Absent(ADMINISTERS),
    };
    let is_there = Cond::Absent(CLOSED);
    take.when(Cond::All(vec![has_room, is_as_decided, is_there]), Lost::Full)
}

fn is_open(round: u32) -> Cond {
    Cond::Any(vec![Cond::Absent(CLOSED), Cond::Lt(CLOSED, number(round))])
}

/// In which round of the role a counter was closed; one of the few, where the role is gone.
const CLOSED: &str = "closed";

/// That the role of one of the few counters lets its holders manage users.
const ADMINISTERS: &str = "administers";

/// Notes on one of the few counters whether its role lets its holders manage users: what was decided before that changed is
/// decided anew.
fn note_administers(role: &Role, changes: Changes) -> Changes {
    match role.administers() {
        true => changes.set(ADMINISTERS, Value::Bool(true)),
        false => changes.remove(ADMINISTERS),
    }
}

/// Marks the counter of a seat that comes to have an end.
pub fn mark_end(t: &TenantId, role: RoleId, seat: &Seat) -> Write {
    let changes = Changes::new().set(MARK, Value::Bool(true));
    Write::update(keys::seats(t, role, seat.counter), changes).when(Cond::exists(), Error::NotFound(Noun::Role))
}

pub fn give_back(t: &TenantId, role: RoleId, counter: u16) -> Write {
    Write::update(keys::seats(t, role, counter), Changes::new().add("taken", -1))
        .when(Cond::exists(), Error::NotFound(Noun::Role))
}

/// The counters of a new role with a limit; of one without, each comes into being with its first seat.
pub fn create_counters(role: &Role) -> Vec<Write> {
    let Some(limit) = role.max_count else { return Vec::new() };
    let shares = shares(limit, &vec![0; usize::from(FEW_COUNTERS)]);
    let counter = |(counter, share): (u16, u32)| {
        let changes = Changes::new().add("taken", 0).set("share", number(share));
        Write::update(
            keys::seats(&role.tenant, role.id, counter),
            note_administers(role, changes),
        )
    };
    (0..).zip(shares).map(counter).collect()
}

/// Gives the few counters of a role that is changed shares of its new limit, provided that they are as they were read; the
/// others are closed.
pub fn set_limit(role: &Role, counters: &[Counter]) -> Result<Vec<Write>> {
    if role.max_count.is_some_and(|limit| sum(counters) > limit) {
        return Err(Conflict::BelowMemberCount.into());
    }
    let few: Vec<&Counter> = few(counters).collect();
    let taken: Vec<u32> = few.iter().map(|counter| counter.taken).collect();
    let shares = role
        .max_count
        .map(|limit| shares(limit - taken_on_many(counters), &taken));
    let writes = few.iter().enumerate().map(|(n, counter)| {
        let changes = note_administers(role, Changes::new().add("taken", 0));
        let changes = match shares.as_ref().and_then(|shares| shares.get(n)) {
            Some(share) => changes.set("share", number(share)),
            None => changes.remove("share"),
        };
        Write::update(keys::seats(&role.tenant, role.id, counter.number), changes).when(as_read(counter), Lost::Changed)
    });
    Ok(writes.collect())
}

/// Holds the transaction to the few counters as they were read.
pub fn check_unchanged(role: &Role, counters: &[Counter]) -> Vec<Write> {
    let check = |counter: &Counter| {
        Write::check(keys::seats(&role.tenant, role.id, counter.number)).when(as_read(counter), Lost::Changed)
    };
    few(counters).map(check).collect()
}

fn as_read(counter: &Counter) -> Cond {
    match counter.exists {
        true => Cond::Eq("taken", number(counter.taken)),
        false => Cond::absent(),
    }
}

fn few(counters: &[Counter]) -> impl Iterator<Item = &Counter> {
    counters.iter().filter(|counter| counter.number < FEW_COUNTERS)
}

/// Closes the few counters of a role that is deleted, provided that no seat is taken; else this.
pub fn close_few(role: &Role, now: Timestamp, taken: &Refusal) -> Vec<Write> {
    let is_empty = Cond::Any(vec![Cond::absent(), Cond::Eq("taken", number(0))]);
    let close = |counter| closed(role, counter, now).when(is_empty.clone(), taken.clone());
    (0..FEW_COUNTERS).map(close).collect()
}

/// Keeps the many counters of a role that is deleted closed, which they are.
pub fn keep_many_closed(role: &Role, now: Timestamp) -> Vec<Write> {
    let many = (FEW_COUNTERS..many_counters(role.id)).filter(|_| role.has_had_many_counters());
    many.map(|counter| closed(role, counter, now)).collect()
}

/// For how long the counters of a deleted role stay closed: longer than any request takes.
const CLOSED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What stays of a counter of a role that is deleted, so that no request that still knows the role takes a seat.
fn closed(role: &Role, counter: u16, now: Timestamp) -> Write {
    let mut item = keys::seats(&role.tenant, role.id, counter).attributes();
    item.insert("taken".to_owned(), number(0));
    item.insert(CLOSED.to_owned(), number(role.round));
    item.insert("ttl".to_owned(), number((now + CLOSED_FOR).as_second()));
    Write::put(item)
}

/// Whether the role has a seat for one account more. Nothing is written: seats that ended are not counted, and not given
/// back.
pub async fn has_room(cx: &Context, role: &Role) -> Result<()> {
    let Some(limit) = role.max_count else { return Ok(()) };
    let counters = read(&cx.app.table, role).await?;
    match count_members(cx, role.id, &counters).await? < limit {
        true => Ok(()),
        false => Err(Conflict::RoleFull.into()),
    }
}

/// The counters, after seats that ended were given back where they are too many for this limit.
async fn release_ended(cx: &Context, role: &Role, limit: u32) -> Result<Vec<Counter>> {
    let mut ended = 1;
    loop {
        let counters = read(&cx.app.table, role).await?;
        if sum(&counters) <= limit || ended == 0 || !is_marked(&counters) {
            return Ok(counters);
        }
        ended = ended::release(cx, role.id, RELEASED).await?;
    }
}

/// How many accounts are cleared between two looks at the counters.
const RELEASED: usize = 25;

/// How many accounts have seats of a role by grants that have not ended.
pub async fn count_members(cx: &Context, role: RoleId, counters: &[Counter]) -> Result<u32> {
    let ended = match is_marked(counters) {
        true => ended::count(cx, role).await?,
        false => 0,
    };
    Ok(sum(counters).saturating_sub(ended))
}
