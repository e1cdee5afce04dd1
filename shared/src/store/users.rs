//! An account and everything that its existence implies, kept in step by one function: [`plan`] compares what
//! the account implied before a change with what it implies after it, and answers with the writes between.
//!
//! What an account implies: its item; the claims of its address and name; its search entries; a member item for each
//! grant and one seat for each role, with its end where it has one; its place in the counts; and, where it is in charge,
//! its share in the number of those who are. A deleted account implies nothing but its item and its place in the counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::dynamo::{TRANSACTION_LIMIT, Table};
use super::table::{Changes, Cond, Item, Key, Lost, Value, Write, from_item, number, string, text, to_item};
use super::{keys, search, seats};
use crate::domain::grant::Seat;
use crate::domain::tenant::TenantId;
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{RoleId, UserId};

#[derive(Debug, Clone)]
pub struct Change {
    /// As it was read; nothing where it is new.
    pub before: Option<User>,
    /// As it is to be; nothing where it is to be erased.
    pub after: Option<User>,
    /// What must hold of its item as well.
    pub only_if: Option<Cond>,
}

#[derive(Debug, Default)]
pub struct Plan {
    /// Search entries that do not fit into the transaction: written before it. Should it be refused, searches
    /// ignore them, because they look at the account itself.
    pub before: Vec<Write>,
    pub within: Vec<Write>,
    /// Search entries that go, and do not fit into the transaction: removed after it.
    pub after: Vec<Write>,
}

impl Plan {
    /// Adds search entries to the transaction, as many as it has room for.
    pub fn fill(&mut self) {
        let mut room = TRANSACTION_LIMIT.saturating_sub(self.within.len());
        for overflow in [&mut self.before, &mut self.after] {
            let fits = overflow.len().min(room);
            room -= fits;
            self.within.extend(overflow.drain(..fits));
        }
    }
}

/// What carries these changes out. An account that somebody changed since it was read is [`Lost::Changed`]. Of several
/// accounts the statuses and the roles stay.
pub fn plan(changes: &[Change]) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut by = 0;
    for change in changes {
        let Some(user) = change.after.as_ref().or(change.before.as_ref()) else {
            continue;
        };
        let was = change.before.as_ref().map(Implied::by).unwrap_or_default();
        let is = change.after.as_ref().map(Implied::by).unwrap_or_default();
        let (t, id) = (&user.tenant, user.id);
        plan.within.extend(claims(&was, &is, id));
        plan.within.extend(own_item(change)?);
        plan.within.extend(seat_writes(t, &was, &is));
        plan.within.extend(members(&was, &is, id));
        plan.within.extend(tally(t, id, was.listed, is.listed));
        by += i64::from(is.administrator) - i64::from(was.administrator);
        let new = is.entries.difference(&was.entries);
        plan.before.extend(new.map(|key| Write::put(key.attributes())));
        let gone = was.entries.difference(&is.entries).cloned().map(Write::delete);
        match change.after {
            Some(_) => plan.after.extend(gone),
            // Once the account is gone, nothing else names them.
            None => plan.before.extend(gone),
        }
    }
    let tenant = changes
        .iter()
        .find_map(|change| change.after.as_ref().or(change.before.as_ref()));
    plan.within.extend(tenant.and_then(|user| in_charge(&user.tenant, by)));
    Ok(plan)
}

/// What the existence of an account implies beside its own item.
#[derive(Default)]
struct Implied {
    claims: BTreeMap<Key, Conflict>,
    entries: BTreeSet<Key>,
    members: BTreeSet<Key>,
    seats: BTreeMap<RoleId, Seat>,
    listed: Option<Status>,
    administrator: bool,
}

impl Implied {
    fn by(user: &User) -> Self {
        if user.status == Status::Deleted {
            return Self {
                listed: Some(Status::Deleted),
                ..Self::default()
            };
        }
        let t = &user.tenant;
        let mut claims = BTreeMap::new();
        if let Some(email) = &user.email {
            claims.insert(keys::email(t, email), Conflict::EmailTaken);
        }
        if let Some(username) = &user.username {
            claims.insert(keys::username(t, username), Conflict::UsernameTaken);
        }
        let seats = user.seats();
        let members = user.grants.iter();
        let members = members.map(|grant| keys::member(t, grant.role, user.id, grant.id));
        let ends = seats
            .iter()
            .filter_map(|(role, seat)| Some(keys::ends(t, *role, seat.ends?, user.id)));
        Self {
            claims,
            entries: search::entries(user),
            members: members.chain(ends).collect(),
            seats,
            listed: Some(user.listed_status()),
            administrator: user.is_administrator(),
        }
    }
}

fn claims(was: &Implied, is: &Implied, id: UserId) -> Vec<Write> {
    let new = is
        .claims
        .iter()
        .filter(|(key, _)| !was.claims.contains_key(*key))
        .map(|(key, taken)| {
            let mut claim = key.attributes();
            claim.insert("user".to_owned(), text(id.to_string()));
            Write::put(claim).when(Cond::absent(), taken.clone())
        });
    let gone = was
        .claims
        .keys()
        .filter(|key| !is.claims.contains_key(*key))
        .cloned()
        .map(Write::delete);
    new.chain(gone).collect()
}

/// The write of the account's own item, where it changes.
fn own_item(change: &Change) -> Result<Option<Write>> {
    let write = match (&change.before, &change.after) {
        (None, None) => return Ok(None),
        (None, Some(new)) => {
            Write::put(item(new)?).when(Cond::absent(), Error::fault("a new account has the id of another"))
        }
        // Only what differs: attempts to log in, which are counted beside this change, keep their count.
        (Some(before), Some(after)) => {
            let changes = Changes::between(&item(before)?, &item(after)?);
            let when = [as_read(before)].into_iter().chain(change.only_if.clone()).collect();
            Write::update(keys::user(&after.tenant, after.id), changes).when(Cond::All(when), Lost::Changed)
        }
        (Some(gone), None) => Write::delete(keys::user(&gone.tenant, gone.id)).when(as_read(gone), Lost::Changed),
    };
    Ok(Some(write))
}

fn as_read(user: &User) -> Cond {
    let cleared = match user.cleared {
        Some(times) => Cond::Eq("cleared", number(times)),
        None => Cond::Absent("cleared"),
    };
    Cond::All(vec![Cond::exists(), Cond::Eq("version", number(user.version)), cleared])
}

fn item(user: &User) -> Result<Item> {
    let mut item = to_item(&keys::user(&user.tenant, user.id), user)?;
    let (status, shard) = (user.listed_status(), keys::shard(user.id, keys::USER_SHARDS));
    if status != Status::Deleted {
        item.extend(index_attributes(1, keys::users_index(&user.tenant, shard), user.id));
    }
    item.extend(index_attributes(
        2,
        keys::status_index(&user.tenant, status, shard),
        user.id,
    ));
    Ok(item)
}

fn index_attributes(n: u8, pk: String, id: UserId) -> [(String, Value); 2] {
    [
        (format!("GSI{n}PK"), text(pk)),
        (format!("GSI{n}SK"), text(id.to_string())),
    ]
}

fn seat_writes(t: &TenantId, was: &Implied, is: &Implied) -> Vec<Write> {
    let taken = is.seats.iter().filter_map(|(role, seat)| match was.seats.get(role) {
        None => Some(seats::take(t, *role, seat)),
        Some(own) if own.ends.is_none() && seat.ends.is_some() => Some(seats::mark(t, *role, seat)),
        Some(_) => None,
    });
    let left = was.seats.iter().filter(|(role, _)| !is.seats.contains_key(*role));
    taken
        .chain(left.map(|(role, seat)| seats::leave(t, *role, seat.counter)))
        .collect()
}

fn members(was: &Implied, is: &Implied, id: UserId) -> Vec<Write> {
    let new = is.members.difference(&was.members).map(|key| member(key, id));
    new.chain(was.members.difference(&is.members).cloned().map(Write::delete))
        .collect()
}

fn member(key: &Key, id: UserId) -> Write {
    let mut member = key.attributes();
    member.insert("user".to_owned(), text(id.to_string()));
    Write::put(member)
}

/// The item of when the last grant of a role ends that an account has.
pub fn end(t: &TenantId, role: RoleId, at: Timestamp, id: UserId) -> Write {
    member(&keys::ends(t, role, at, id), id)
}

/// The writes that move an account in the counts from one status to another.
pub fn tally(t: &TenantId, id: UserId, was: Option<Status>, is: Option<Status>) -> Option<Write> {
    if was == is {
        return None;
    }
    let mut changes = Changes::new();
    for (status, by) in [(was, -1), (is, 1)] {
        if let Some(status) = status {
            changes = changes.add(status.as_str(), by);
        }
    }
    Some(Write::update(
        keys::tally(t, keys::shard(id, keys::TALLY_COUNTERS)),
        changes,
    ))
}

/// The write that changes the number of accounts in charge; never to none (rule 8).
fn in_charge(t: &TenantId, by: i64) -> Option<Write> {
    let write = Write::update(keys::administrators(t), Changes::new().add("count", by));
    match by {
        0 => None,
        1.. => Some(write),
        _ => Some(write.when(Cond::Ge("count", number(1 - by)), Conflict::LastAdministrator)),
    }
}

pub async fn administrators(table: &Table, t: &TenantId) -> Result<i64> {
    let item = table.get(&keys::administrators(t)).await?;
    Ok(item.and_then(|item| super::table::integer(&item, "count")).unwrap_or(0))
}

/// The account of this id. Deleted accounts are found as well.
pub async fn get(table: &Table, t: &TenantId, id: UserId) -> Result<Option<User>> {
    table.get(&keys::user(t, id)).await?.map(from_item).transpose()
}

/// The accounts of these ids, in their order; those that are not there are left out.
pub async fn get_all(table: &Table, t: &TenantId, ids: &[UserId]) -> Result<Vec<User>> {
    let places: Vec<Key> = ids.iter().map(|id| keys::user(t, *id)).collect();
    let mut found: BTreeMap<UserId, User> = BTreeMap::new();
    for item in table.batch_get(&places).await? {
        let user: User = from_item(item)?;
        found.insert(user.id, user);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

pub async fn find(table: &Table, t: &TenantId, who: &UserRef) -> Result<User> {
    let id = match who {
        UserRef::Id(id) => Some(*id),
        UserRef::Email(email) => claimed_by(table, &keys::email(t, email)).await?,
        UserRef::Username(username) => claimed_by(table, &keys::username(t, username)).await?,
    };
    let user = match id {
        Some(id) => get(table, t, id).await?,
        None => None,
    };
    user.filter(|user| user.status != Status::Deleted)
        .ok_or(Error::NotFound(Noun::User))
}

pub async fn claimed_by(table: &Table, claim: &Key) -> Result<Option<UserId>> {
    let claim = table.get(claim).await?;
    Ok(claim.and_then(|item| string(&item, "user")?.parse().ok()))
}
