//! The permission catalogue in the table.
//!
//! No role has a permission that is not in it. A change of a role that gains permissions of applications writes, before
//! its transaction, that the role has them (what is written in vain is found and ignored), and holds the transaction to
//! the catalogue's count of removals, one copy of several. A removal counts in all copies first, and marks the entry, so
//! that no later change takes it for known; only then it looks at who has it. Where it is refused for that, it counts in
//! all copies once more. What it takes and forgets is held to its mark, which the next removal's may have replaced.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Changes, Cond, Item, Key, Lost, Write, from_item, integer, number, string, text, to_item};
use crate::ambient;
use crate::domain::permission::{MAX_CATALOGUE, Permission, is_system};
use crate::domain::role::Role;
use crate::domain::tenant::TenantId;
use crate::domain::text::PermissionName;
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::RoleId;

/// An entry, and the removal that is going on, or was left in the middle.
pub struct Entry {
    pub permission: Permission,
    mark: Option<String>,
    removed_until: Option<Timestamp>,
}

impl Entry {
    /// Whether a removal goes on, so that no role may gain the permission.
    pub fn is_being_removed(&self, now: Timestamp) -> bool {
        self.removed_until.is_some_and(|until| now < until)
    }

    /// Whether it is this removal, and will be at this moment.
    pub fn is_marked(&self, mark: &str, at: Timestamp) -> bool {
        self.mark.as_deref() == Some(mark) && self.is_being_removed(at)
    }
}

/// What the catalogue was when it was read, as far as removals go.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    copy: u8,
    removals: i64,
}

pub async fn list(table: &Table) -> Result<Vec<Permission>> {
    let query = Query {
        pk: keys::CATALOGUE.to_owned(),
        prefix: Some(keys::PERMISSION.to_owned()),
        ..Query::default()
    };
    table.query(&query).await?.items.into_iter().map(from_item).collect()
}

/// Where the entries of these permissions are, of applications' alone: the system's need no look. What is no name is in no
/// catalogue, and may be too long for a key.
pub(super) fn places<'a>(names: &'a BTreeSet<&str>) -> impl Iterator<Item = Key> + 'a {
    let asked = names
        .iter()
        .filter(|name| !is_system(name) && PermissionName::parse(name).is_ok());
    asked.map(|name| keys::permission(name))
}

/// Those of these permissions of applications that are in the catalogue, in no order.
pub async fn get_all(table: &Table, names: &BTreeSet<&str>) -> Result<Vec<Entry>> {
    let places: Vec<Key> = places(names).collect();
    table.batch_get(&places).await?.into_iter().map(entry).collect()
}

pub async fn get(table: &Table, name: &str) -> Result<Entry> {
    let item = table.get(&keys::permission(name)).await?;
    entry(item.ok_or(Error::NotFound(Noun::Permission))?)
}

fn entry(item: Item) -> Result<Entry> {
    let until = integer(&item, "removedUntil").and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Ok(Entry {
        mark: string(&item, "mark").map(str::to_owned),
        permission: from_item(item)?,
        removed_until: until,
    })
}

/// The count of steps of removals; to be read before the entries are.
pub async fn seen(table: &Table) -> Result<Seen> {
    let copy = ambient::random::<1>()?[0] % keys::REMOVALS_COPIES;
    let item = table.get(&keys::removals(copy)).await?;
    let removals = item.and_then(|item| integer(&item, "n")).unwrap_or(0);
    Ok(Seen { copy, removals })
}

/// Holds a transaction to what was seen: since then no removal began, and none was refused.
pub fn unchanged(seen: Seen) -> Write {
    let same = match seen.removals {
        0 => Cond::Absent("n"),
        n => Cond::Eq("n", number(n)),
    };
    Write::check(keys::removals(seen.copy)).when(same, Lost::Changed)
}

/// Writes an entry of the system's, or writes it anew.
pub fn put(permission: &Permission) -> Result<Write> {
    Ok(Write::put(to_item(&keys::permission(&permission.name), permission)?))
}

/// Adds an application's permission, where the catalogue has room for it.
pub fn add(permission: &Permission) -> Result<[Write; 2]> {
    let room = Cond::Any(vec![Cond::Absent("n"), Cond::Lt("n", number(MAX_CATALOGUE))]);
    let full = format!("the catalogue has {MAX_CATALOGUE} permissions of applications at most");
    let count = Write::update(keys::catalogue_count(), Changes::new().add("n", 1));
    Ok([
        put(permission)?.when(Cond::absent(), Conflict::PermissionTaken),
        count.when(room, Error::invalid("/name", full)),
    ])
}

/// The first half of a removal: no role gains the permission any more until then, under this mark. One removal at a time:
/// its mark takes the place of another's, or waits for that to be `over` at this moment.
pub fn mark(name: &str, mark: &str, over: Option<Timestamp>, until: Timestamp) -> Vec<Write> {
    let marked = Changes::new()
        .set("mark", text(mark))
        .set("removedUntil", number(until.as_millisecond()));
    let may_begin = over.map_or_else(Cond::exists, is_not_marked);
    counted(Write::update(keys::permission(name), marked).when(may_begin, Lost::Changed))
}

/// With the step of a removal that this is.
fn counted(step: Write) -> Vec<Write> {
    let copies = 0..keys::REMOVALS_COPIES;
    let copies = copies.map(|copy| Write::update(keys::removals(copy), Changes::new().add("n", 1)));
    std::iter::once(step).chain(copies).collect()
}

/// Holds a transaction to no removal of this permission going on.
pub fn stays(name: &str, now: Timestamp) -> Write {
    Write::check(keys::permission(name)).when(is_not_marked(now), Lost::Changed)
}

fn is_not_marked(now: Timestamp) -> Cond {
    let over = Cond::Lt("removedUntil", number(now.as_millisecond() + 1));
    let free = Cond::Any(vec![Cond::Absent("removedUntil"), over]);
    Cond::All(vec![Cond::exists(), free])
}

/// Takes the mark back, where it is still this one. It counts as the mark did: the removal may have forgotten a role that
/// was about to gain the permission.
pub fn unmark(name: &str, mark: &str) -> Vec<Write> {
    let bare = Changes::new().remove("mark").remove("removedUntil");
    counted(Write::update(keys::permission(name), bare).when(is_marked(mark), Lost::Changed))
}

/// The second half: provided that nobody else began to remove it.
pub fn remove(name: &str, mark: &str) -> [Write; 2] {
    let gone = Write::delete(keys::permission(name)).when(is_marked(mark), Lost::Changed);
    [
        gone,
        Write::update(keys::catalogue_count(), Changes::new().add("n", -1)),
    ]
}

/// Holds a transaction to this removal going on.
pub fn is_removed(name: &str, mark: &str) -> Write {
    Write::check(keys::permission(name)).when(is_marked(mark), Lost::Changed)
}

fn is_marked(mark: &str) -> Cond {
    Cond::Eq("mark", text(mark))
}

/// That a role has, or is about to have, these permissions of applications.
pub fn held_by<'a>(role: &Role, names: impl Iterator<Item = &'a String>) -> Vec<Write> {
    names.map(|name| Write::put(holder(role, name).attributes())).collect()
}

/// The same is no longer so: only for a role that is gone.
pub fn not_held_by<'a>(role: &Role, names: impl Iterator<Item = &'a String>) -> Vec<Write> {
    names.map(|name| Write::delete(holder(role, name))).collect()
}

fn holder(role: &Role, name: &str) -> Key {
    keys::permission_holder(name, &role.tenant, role.id)
}

/// The roles, of every tenant, that may have a permission, a page of them.
pub async fn holders(table: &Table, name: &str, after: Option<&(TenantId, RoleId)>) -> Result<Holders> {
    let query = Query {
        pk: keys::permission_partition(name),
        prefix: Some(keys::HOLDER.to_owned()),
        after: after.map(|(tenant, role)| keys::permission_holder(name, tenant, *role).sk),
        limit: Some(100),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let holder = |item: &Item| {
        let (tenant, role) = string(item, "SK")?.strip_prefix(keys::HOLDER)?.rsplit_once('#')?;
        Some((TenantId::parse(tenant).ok()?, role.parse().ok()?))
    };
    Ok(Holders {
        roles: page.items.iter().filter_map(holder).collect(),
        more: page.more,
    })
}

pub struct Holders {
    pub roles: Vec<(TenantId, RoleId)>,
    pub more: bool,
}

/// That nothing of the holders of a removed permission is left behind.
pub fn forget_holders(name: &str, roles: &[(TenantId, RoleId)]) -> Vec<Write> {
    let places = roles
        .iter()
        .map(|(tenant, role)| keys::permission_holder(name, tenant, *role));
    places.map(Write::delete).collect()
}
