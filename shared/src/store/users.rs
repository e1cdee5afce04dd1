//! An account and everything that its existence implies, kept in step by one function: [`writes`] compares what
//! the account implied before a change with what it implies after it, and answers with the writes between.
//!
//! What an account implies: its item; the claims of its address and name; its search entries; a member item for each
//! grant and one seat for each role; its place in the counts; and, where it is in charge, its share in the number of
//! those who are. A deleted account implies nothing but its item.

use std::collections::{BTreeMap, BTreeSet};

use super::dynamo::{TRANSACTION_LIMIT, Table};
use super::table::{Changes, Cond, Item, Key, Op, Value, Write, from_item, number, string, text, to_item};
use super::{keys, search, seats};
use crate::domain::tenant::TenantId;
use crate::domain::user::{Status, User};
use crate::error::{Conflict, Error, Result};
use crate::id::{RoleId, UserId};

/// The writes of one change of an account.
#[derive(Debug, Default)]
pub struct Plan {
    /// Search entries that do not fit into the transaction: written before it. Should it be refused, they are remains
    /// that searches see through, because they look at the account itself.
    pub before: Vec<Write>,
    /// The transaction.
    pub within: Vec<Write>,
    /// Search entries that go, and do not fit into the transaction: removed after it.
    pub after: Vec<Write>,
}

impl Plan {
    /// Adds writes to the transaction. They must come before [`Plan::commit`].
    #[must_use]
    pub fn and(mut self, writes: impl IntoIterator<Item = Write>) -> Self {
        self.within.extend(writes);
        self
    }

    /// Carries the plan out.
    ///
    /// # Errors
    /// The refusal of the first write whose condition does not hold, or [`Error::Unavailable`].
    pub async fn commit(mut self, table: &Table) -> Result<()> {
        let mut room = TRANSACTION_LIMIT.saturating_sub(self.within.len());
        for overflow in [&mut self.before, &mut self.after] {
            let fits = overflow.len().min(room);
            room -= fits;
            self.within.extend(overflow.drain(..fits));
        }
        table.batch_write(&self.before).await?;
        table.transact(&self.within).await?;
        // It is done, and stays done: entries that could not be removed are remains that searches see through.
        if let Err(error) = table.batch_write(&self.after).await {
            tracing::warn!(?error, "search entries of an account's earlier names were left behind");
        }
        Ok(())
    }
}

/// What makes the account `before` (none: it is new) into `after`. A change of an account that somebody else changed
/// since it was read is refused with [`Error::PreconditionFailed`].
///
/// # Errors
/// [`Error::Fault`] where the account cannot be put into an item.
pub fn writes(before: Option<&User>, after: &User) -> Result<Plan> {
    let was = before.map(Implied::by).unwrap_or_default();
    Ok(plan(after, &was, &Implied::by(after), user_item(before, after)?))
}

/// What leaves nothing of an account in the table, its item included; what other items say of it is not looked at. An
/// account that somebody changed since it was read is refused with [`Error::PreconditionFailed`].
pub fn erasure(user: &User) -> Plan {
    let gone = Write::delete(keys::user(&user.tenant, user.id)).when(as_read(user), Error::PreconditionFailed);
    let mut plan = plan(user, &Implied::by(user), &Implied::default(), gone);
    // Nobody would know of them once the account is gone.
    plan.before.append(&mut plan.after);
    plan
}

fn plan(user: &User, was: &Implied, is: &Implied, own: Write) -> Plan {
    let (t, id) = (&user.tenant, user.id);
    let mut plan = Plan::default();
    plan.within.extend(claims(was, is, id));
    plan.within.push(own);
    plan.within.extend(seat_writes(t, was, is));
    plan.within.extend(members(was, is, id));
    plan.within.extend(tally(t, id, was.listed, is.listed));
    plan.within
        .extend(in_charge(t, i64::from(is.administrator) - i64::from(was.administrator)));
    plan.before = is
        .entries
        .difference(&was.entries)
        .map(|key| Write::put(key.attributes()))
        .collect();
    plan.after = was
        .entries
        .difference(&is.entries)
        .cloned()
        .map(Write::delete)
        .collect();
    plan
}

/// The same, provided that this holds of the account's item too; else [`Error::PreconditionFailed`] as well. Search
/// entries are left out, so the names must be the same.
///
/// # Errors
/// As [`writes`].
pub fn writes_while(before: &User, after: &User, also: Cond) -> Result<Vec<Write>> {
    let mut within = writes(Some(before), after)?.within;
    let own = keys::user(&after.tenant, after.id);
    for write in &mut within {
        if matches!(&write.op, Op::Update(key, _) if *key == own) {
            write.when = Some(Cond::All(write.when.take().into_iter().chain([also.clone()]).collect()));
        }
    }
    Ok(within)
}

/// What the existence of an account implies beside its own item.
#[derive(Default)]
struct Implied {
    claims: BTreeMap<Key, Conflict>,
    entries: BTreeSet<Key>,
    members: BTreeSet<Key>,
    seats: BTreeMap<RoleId, u8>,
    listed: Option<Status>,
    administrator: bool,
}

impl Implied {
    fn by(user: &User) -> Self {
        if user.status == Status::Deleted {
            return Self::default();
        }
        let t = &user.tenant;
        let mut claims = BTreeMap::new();
        if let Some(email) = &user.email {
            claims.insert(keys::email(t, email), Conflict::EmailTaken);
        }
        if let Some(username) = &user.username {
            claims.insert(keys::username(t, username), Conflict::UsernameTaken);
        }
        Self {
            claims,
            entries: search::entries(user),
            members: user
                .grants
                .iter()
                .map(|grant| keys::member(t, grant.role, user.id, grant.id))
                .collect(),
            seats: user.grants.iter().map(|grant| (grant.role, grant.seat)).collect(),
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

fn user_item(before: Option<&User>, after: &User) -> Result<Write> {
    let now = item(after)?;
    let Some(before) = before else {
        return Ok(Write::put(now).when(Cond::absent(), Error::fault("a new account has the id of another")));
    };
    // Only what differs: attempts to log in, which are counted beside this change, keep their count.
    let changes = Changes::between(&item(before)?, &now);
    Ok(Write::update(keys::user(&after.tenant, after.id), changes).when(as_read(before), Error::PreconditionFailed))
}

fn as_read(user: &User) -> Cond {
    Cond::All(vec![Cond::exists(), Cond::Eq("version", number(user.version))])
}

/// The attributes of [`crate::domain::lockout::Attempts`].
pub const ATTEMPTS: [&str; 4] = ["failedLoginCount", "attemptedAt", "lockouts", "lockoutUntil"];

fn item(user: &User) -> Result<Item> {
    let mut item = to_item(&keys::user(&user.tenant, user.id), user)?;
    if let Some(status) = (user.status != Status::Deleted).then(|| user.listed_status()) {
        let shard = keys::shard(user.id, keys::USER_SHARDS);
        item.extend(index_attributes(1, keys::users_index(&user.tenant, shard), user.id));
        item.extend(index_attributes(
            2,
            keys::status_index(&user.tenant, status, shard),
            user.id,
        ));
    }
    Ok(item)
}

fn index_attributes(n: u8, pk: String, id: UserId) -> [(String, Value); 2] {
    [
        (format!("GSI{n}PK"), text(pk)),
        (format!("GSI{n}SK"), text(id.to_string())),
    ]
}

fn seat_writes(t: &TenantId, was: &Implied, is: &Implied) -> Vec<Write> {
    let taken = is.seats.iter().filter(|(role, _)| !was.seats.contains_key(*role));
    let left = was.seats.iter().filter(|(role, _)| !is.seats.contains_key(*role));
    taken
        .map(|(role, counter)| seats::take(t, *role, *counter))
        .chain(left.map(|(role, counter)| seats::leave(t, *role, *counter)))
        .collect()
}

fn members(was: &Implied, is: &Implied, id: UserId) -> Vec<Write> {
    let new = is.members.difference(&was.members).map(|key| {
        let mut member = key.attributes();
        member.insert("user".to_owned(), text(id.to_string()));
        Write::put(member)
    });
    new.chain(was.members.difference(&is.members).cloned().map(Write::delete))
        .collect()
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

/// How many accounts are in charge.
///
/// # Errors
/// As [`Table::get`].
pub async fn administrators(table: &Table, t: &TenantId) -> Result<i64> {
    let item = table.get(&keys::administrators(t)).await?;
    Ok(item.and_then(|item| super::table::integer(&item, "count")).unwrap_or(0))
}

/// The writes of changes to several accounts whose names, status and roles stay, in one transaction.
///
/// # Errors
/// As [`writes`].
pub fn writes_together(t: &TenantId, changes: &[(User, User)]) -> Result<Vec<Write>> {
    let mut together = Vec::new();
    let mut by = 0;
    for (before, after) in changes {
        together.push(user_item(Some(before), after)?);
        by += i64::from(after.is_administrator()) - i64::from(before.is_administrator());
    }
    together.extend(in_charge(t, by));
    Ok(together)
}

/// The account of this id. Deleted accounts are found as well.
///
/// # Errors
/// As [`Table::get`].
pub async fn get(table: &Table, t: &TenantId, id: UserId) -> Result<Option<User>> {
    table.get(&keys::user(t, id)).await?.map(from_item).transpose()
}

/// The accounts of these ids, in their order; those that are not there are left out.
///
/// # Errors
/// As [`Table::get`].
pub async fn get_all(table: &Table, t: &TenantId, ids: &[UserId]) -> Result<Vec<User>> {
    let places: Vec<Key> = ids.iter().map(|id| keys::user(t, *id)).collect();
    let mut found: BTreeMap<UserId, User> = BTreeMap::new();
    for item in table.batch_get(&places).await? {
        let user: User = from_item(item)?;
        found.insert(user.id, user);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The account that holds this claim.
///
/// # Errors
/// As [`Table::get`].
pub async fn claimed_by(table: &Table, claim: &Key) -> Result<Option<UserId>> {
    let claim = table.get(claim).await?;
    Ok(claim.and_then(|item| string(&item, "user")?.parse().ok()))
}
