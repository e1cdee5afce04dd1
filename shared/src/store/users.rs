//! An account and everything that its existence implies, kept in step by one function: [`plan`] compares what
//! the account implied before a change with what it implies after it, and answers with the writes between.
//!
//! What an account implies: its item; the claims of its address and name (under the form of names that it is kept in),
//! and of its number, which is never given up; its search entries; a member item for each grant (but of the role that
//! everybody has) and one seat for each role, with its end where it has one; its place in the counts; and, where it is in
//! charge, its share in the number of those who are. A deleted one implies its item, its number and its place in the counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::dynamo::Table;
use super::listed::Listed;
use super::table::{Changes, Cond, Item, Key, Lost, Value, Write, from_item, number, string, text, to_item};
use super::user_lists::in_order;
use super::{attempts, domains, keys, search, seats};
use crate::domain::grant::Seat;
use crate::domain::role::USER;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::TenantSize;
use crate::domain::text::{Email, FORM, Username};
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{RoleId, UserId, UserNumber};

mod plan;
pub use plan::Plan;

#[derive(Debug, Clone)]
pub struct Change {
    /// As it was read; nothing where it is new.
    pub before: Option<User>,
    /// As it is to be; nothing where it is to be erased.
    pub after: Option<User>,
    /// What must hold of its item as well.
    pub only_if: Option<Cond>,
}

/// What carries these changes out, in the partitions of a tenant of this size. An account that somebody changed since it
/// was read is [`Lost::Changed`]. Of several accounts the statuses and the roles stay.
pub fn plan(changes: &[Change], size: TenantSize) -> Result<Plan> {
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
        plan.within.extend(number_claim(change));
        plan.within.extend(own_item(change, size)?);
        plan.within.extend(seat_writes(t, &was, &is));
        plan.within.extend(members(&was, &is, id));
        plan.within.extend(tally(t, size, id, was.listed, is.listed));
        by += i64::from(is.administrator) - i64::from(was.administrator);
        plan.entries(change, &was, &is);
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
    /// The form of names that it is kept in; 0 of no account.
    form: u8,
    claims: BTreeMap<Key, Claim>,
    entries: BTreeSet<Key>,
    members: BTreeSet<Key>,
    seats: BTreeMap<RoleId, Seat>,
    listed: Option<Status>,
    administrator: bool,
}

/// The claim of a name.
struct Claim {
    taken: Conflict,
    /// Where the accounts are listed whose addresses are at the same domain.
    domain: Option<String>,
    /// Where the same name is claimed by an account that is kept in the first form.
    former: Option<Key>,
}

impl Claim {
    /// Its place in the present form or, where the account is kept in the first one, in that.
    fn placed(form: u8, present: Key, former: Option<Key>, taken: Conflict) -> (Key, Self) {
        let (key, former) = match former {
            Some(former) if form < FORM => (former, None),
            former => (present, former),
        };
        let claim = Self {
            taken,
            domain: None,
            former,
        };
        (key, claim)
    }
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
            let (present, former) = (keys::email(t, email), keys::former_email(t, email));
            let (key, mut claim) = Claim::placed(user.form, present, former, Conflict::EmailTaken);
            claim.domain = Some(keys::domain_index(t, search::domain_shard(user), domains::of(email)));
            claims.insert(key, claim);
        }
        if let Some(username) = &user.username {
            let (present, former) = (keys::username(t, username), keys::former_username(t, username));
            claims.extend([Claim::placed(user.form, present, former, Conflict::UsernameTaken)]);
        }
        let seats = user.seats();
        // Whoever is there has the role that everybody has: its members are the accounts.
        let members = user.grants.iter().filter(|grant| grant.role != USER.id);
        let members = members.map(|grant| keys::member(t, grant.role, grant.partition, user.id, grant.id));
        let ends = seats
            .iter()
            .filter_map(|(role, seat)| Some(keys::ends(t, *role, seat.partition, seat.ends?, user.id)));
        Self {
            form: user.form,
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
    let mut writes = Vec::new();
    for (key, claim) in is.claims.iter().filter(|(key, _)| !was.claims.contains_key(*key)) {
        let mut item = claimed(key, id);
        if let Some(domain) = &claim.domain {
            item.extend(index_attributes(1, domain.clone(), id.to_string()));
        }
        writes.push(Write::put(item).when(Cond::absent(), claim.taken.clone()));
        let others = claim.former.as_ref().filter(|former| !was.claims.contains_key(*former));
        writes.extend(others.map(|former| Write::check(former.clone()).when(Cond::absent(), claim.taken.clone())));
    }
    if (1..is.form).contains(&was.form) {
        // In the first form claims had no domains.
        let kept = is.claims.iter().filter(|(key, _)| was.claims.contains_key(*key));
        writes.extend(kept.filter_map(|(key, claim)| Some(name_domain(key, claim.domain.as_ref()?, id))));
    }
    let gone = was.claims.keys().filter(|key| !is.claims.contains_key(*key));
    writes.extend(gone.cloned().map(Write::delete));
    writes
}

fn name_domain(key: &Key, domain: &str, id: UserId) -> Write {
    let attributes = index_attributes(1, domain.to_owned(), id.to_string());
    let changes = attributes
        .into_iter()
        .fold(Changes::new(), |changes, (name, value)| changes.set(name, value));
    Write::update(key.clone(), changes).when(Cond::exists(), Lost::Changed)
}

fn claimed(key: &Key, id: UserId) -> Item {
    let mut claim = key.attributes();
    claim.insert("user".to_owned(), text(id.to_string()));
    claim
}

/// The claim of its number, for an account that had none. Where another has it, the account is to be made with another id.
/// Of one that is erased the claim stays, and nothing in it shows whose it was.
fn number_claim(change: &Change) -> Option<Write> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let Some(user) = after else {
        return before.map(|gone| Write::put(keys::number(&gone.tenant, gone.number()).attributes()));
    };
    let has_one = before.is_some_and(|before| before.form == FORM);
    let claim = Write::put(claimed(&keys::number(&user.tenant, user.number()), user.id));
    (user.form == FORM && !has_one).then(|| claim.when(Cond::absent(), Lost::Changed))
}

/// The write of the account's own item, where it changes.
fn own_item(change: &Change, size: TenantSize) -> Result<Option<Write>> {
    let write = match (&change.before, &change.after) {
        (None, None) => return Ok(None),
        (None, Some(new)) => {
            // Only an import brings an id along, and looks again at whose it is.
            Write::put(item(new, size)?).when(Cond::absent(), Lost::Changed)
        }
        // Only what differs: where it is listed, where its status does; attempts to log in, which are counted beside this
        // change, keep their count, unless the change has to do with logins.
        (Some(before), Some(after)) => {
            let changes = Changes::between(&item(before, size)?, &item(after, size)?);
            let counted = attempts::as_read(before, after)
                .into_iter()
                .chain(change.only_if.clone());
            let when = [as_read(before)].into_iter().chain(counted).collect();
            Write::update(keys::user(&after.tenant, after.id), changes).when(Cond::All(when), Lost::Changed)
        }
        (Some(gone), None) => Write::delete(keys::user(&gone.tenant, gone.id)).when(as_read(gone), Lost::Changed),
    };
    Ok(Some(write))
}

/// What holds a transaction to an account as it was read; else [`Lost::Changed`].
pub fn unchanged(user: &User) -> Write {
    Write::check(keys::user(&user.tenant, user.id)).when(as_read(user), Lost::Changed)
}

fn as_read(user: &User) -> Cond {
    let cleared = match user.cleared {
        Some(times) => Cond::Eq("cleared", number(times)),
        None => Cond::Absent("cleared"),
    };
    Cond::All(vec![Cond::exists(), Cond::Eq("version", number(user.version)), cleared])
}

fn item(user: &User, size: TenantSize) -> Result<Item> {
    let mut item = to_item(&keys::user(&user.tenant, user.id), user)?;
    let status = user.listed_status();
    if status != Status::Deleted {
        let users = keys::users_index(&user.tenant, keys::shard(user.id, size.user_lists()));
        item.extend(index_attributes(1, users, Listed::in_all(user)));
    }
    let shard = keys::shard(user.id, size.status_lists(status));
    let statuses = keys::status_index(&user.tenant, status, shard);
    item.extend(index_attributes(2, statuses, Listed::by_status(user)));
    Ok(item)
}

fn index_attributes(n: u8, pk: String, sk: String) -> [(String, Value); 2] {
    [(format!("GSI{n}PK"), text(pk)), (format!("GSI{n}SK"), text(sk))]
}

fn seat_writes(t: &TenantId, was: &Implied, is: &Implied) -> Vec<Write> {
    let taken = is.seats.iter().filter_map(|(role, seat)| match was.seats.get(role) {
        None => Some(seats::take(t, *role, seat)),
        Some(own) if own.ends.is_none() && seat.ends.is_some() => Some(seats::mark_end(t, *role, seat)),
        Some(_) => None,
    });
    let left = was.seats.iter().filter(|(role, _)| !is.seats.contains_key(*role));
    taken
        .chain(left.map(|(role, seat)| seats::give_back(t, *role, seat.counter)))
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
pub fn end(t: &TenantId, role: RoleId, partition: u16, at: Timestamp, id: UserId) -> Write {
    member(&keys::ends(t, role, partition, at, id), id)
}

/// The writes that move an account in the counts from one status to another. It may be in another counter by then: what
/// is right is their sum.
fn tally(t: &TenantId, size: TenantSize, id: UserId, was: Option<Status>, is: Option<Status>) -> Option<Write> {
    if was == is {
        return None;
    }
    let mut changes = Changes::new();
    for (status, by) in [(was, -1), (is, 1)] {
        if let Some(status) = status {
            changes = changes.add(status.as_str(), by);
        }
    }
    let counter = keys::shard(id, size.counters());
    Some(Write::update(
        keys::tally(t, counter % size.tallies(), counter),
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

/// The same, looked at before: whether so many fewer may be in charge now.
pub async fn stays_in_charge(table: &Table, t: &TenantId, by: i64) -> Result<()> {
    match by < 0 && administrators(table, t).await? < 1 - by {
        true => Err(Conflict::LastAdministrator.into()),
        false => Ok(()),
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
    in_order(ids, table.batch_get(&places).await?)
}

/// The account that this names. One that was renamed between the reading of the claim and of the account is not found, as
/// the name was free in that moment.
pub async fn find(table: &Table, t: &TenantId, who: &UserRef) -> Result<User> {
    let id = match who {
        UserRef::Id(id) => Some(*id),
        UserRef::Email(email) => whose_email(table, t, email).await?,
        UserRef::Username(username) => whose_username(table, t, username).await?,
    };
    let user = match id {
        Some(id) => get(table, t, id).await?,
        None => None,
    };
    // Names of an earlier form are compared as their claims were.
    let is_named = |user: &User| who.names(user) || user.form < FORM;
    user.filter(|user| user.status != Status::Deleted && is_named(user))
        .ok_or(Error::NotFound(Noun::User))
}

/// The accounts that these name, in no order; deleted ones are not among them. Two round trips at most.
pub async fn find_all(table: &Table, t: &TenantId, all: &[&UserRef]) -> Result<Vec<User>> {
    let (mut ids, mut claims) = (BTreeSet::new(), BTreeSet::new());
    for who in all {
        let (claim, former) = match who {
            UserRef::Id(id) => {
                ids.insert(*id);
                continue;
            }
            UserRef::Email(email) => (keys::email(t, email), keys::former_email(t, email)),
            UserRef::Username(name) => (keys::username(t, name), keys::former_username(t, name)),
        };
        claims.extend(former.into_iter().chain([claim]));
    }
    let claimed = table.batch_get(&claims.into_iter().collect::<Vec<_>>()).await?;
    ids.extend(
        claimed
            .iter()
            .filter_map(|item| string(item, "user")?.parse::<UserId>().ok()),
    );
    let mut found = get_all(table, t, &ids.into_iter().collect::<Vec<_>>()).await?;
    found.retain(|user| user.status != Status::Deleted);
    Ok(found)
}

/// The account that has this address.
pub async fn whose_email(table: &Table, t: &TenantId, email: &Email) -> Result<Option<UserId>> {
    claimed_by(table, keys::email(t, email), keys::former_email(t, email)).await
}

pub async fn whose_username(table: &Table, t: &TenantId, name: &Username) -> Result<Option<UserId>> {
    claimed_by(table, keys::username(t, name), keys::former_username(t, name)).await
}

/// Whose claim stands here, or in the place that it had in the first form of names, which comes first: it is there until
/// set-up has moved it. Both are read in one round trip, so that a name takes as long whether somebody has it or not.
pub async fn claimed_by(table: &Table, claim: Key, former: Option<Key>) -> Result<Option<UserId>> {
    let claim = match former {
        None => table.get(&claim).await?,
        Some(former) => {
            let mut found = table.batch_get(&[claim, former.clone()]).await?;
            let place = found.iter().position(|item| Key::of(item).as_ref() == Some(&former));
            let place = place.or((!found.is_empty()).then_some(0));
            place.map(|place| found.swap_remove(place))
        }
    };
    Ok(claim.and_then(|item| string(&item, "user")?.parse().ok()))
}

/// Whose number it is, or was.
pub async fn whose_number(table: &Table, t: &TenantId, number: UserNumber) -> Result<Option<UserId>> {
    claimed_by(table, keys::number(t, number), None).await
}
