//! Roles in the table, their name claims, and who has them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::dynamo::{Query, Table};
use super::table::{Changes, Cond, Item, Key, Lost, Refusal, Write, from_item, integer, number, string, text, to_item};
use super::user_lists::UserLists;
use super::{catalogue, keys, seats};
use crate::ambient;
use crate::context::Context;
use crate::domain::grant::Grant;
use crate::domain::permission;
use crate::domain::role::{Role, SYSTEM_ROLES, SystemRole, USER};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::TenantSize;
use crate::domain::text::{FORM, RoleName};
use crate::domain::trail::GoneRole;
use crate::domain::user::User;
use crate::error::{Conflict, Result};
use crate::id::{RoleId, UserId};

pub async fn get(table: &Table, t: &TenantId, id: RoleId) -> Result<Option<Role>> {
    let place = keys::role_copy(t, id, any_copy()?);
    table.get(&place).await?.map(from_item).transpose()
}

/// A copy of roles' items by chance, for whoever has no id to pick one: all are equal.
pub fn any_copy() -> Result<u8> {
    let [chance] = ambient::random::<1>()?;
    Ok(chance % keys::ROLE_COPIES)
}

/// The roles of these ids that exist, in no order.
pub async fn get_all(table: &Table, t: &TenantId, ids: impl IntoIterator<Item = RoleId>) -> Result<Vec<Role>> {
    let copy = any_copy()?;
    let mut places: Vec<Key> = ids.into_iter().map(|id| keys::role_copy(t, id, copy)).collect();
    places.sort();
    places.dedup();
    table.batch_get(&places).await?.into_iter().map(from_item).collect()
}

/// The roles of these ids that exist, and which of these permissions the catalogue has, in one round trip.
pub async fn with_permissions(
    table: &Table,
    t: &TenantId,
    ids: BTreeSet<RoleId>,
    names: &BTreeSet<&str>,
) -> Result<(Vec<Role>, BTreeSet<String>)> {
    let copy = any_copy()?;
    let mut places: Vec<Key> = ids.into_iter().map(|id| keys::role_copy(t, id, copy)).collect();
    places.extend(catalogue::places(names));
    let built_in = permission::built_in().into_iter().map(|entry| entry.name);
    let mut there: BTreeSet<String> = built_in.filter(|name| names.contains(name.as_str())).collect();
    let mut roles = Vec::new();
    for item in table.batch_get(&places).await? {
        match string(&item, "PK") {
            Some(keys::CATALOGUE) => there.extend(string(&item, "name").map(str::to_owned)),
            _ => roles.push(from_item(item)?),
        }
    }
    Ok((roles, there))
}

/// The roles that these accounts have, now or later. Those of the system hold what it gave them, and cost no read.
pub async fn standing(
    table: &Table,
    t: &TenantId,
    users: impl IntoIterator<Item = &User>,
    now: Timestamp,
) -> Result<Vec<Role>> {
    let (mut found, mut custom) = (Vec::new(), Vec::new());
    let grants = users.into_iter().flat_map(|user| &user.grants);
    let ids: BTreeSet<RoleId> = grants
        .filter(|grant| grant.stands(now))
        .map(|grant| grant.role)
        .collect();
    for id in ids {
        match SystemRole::by_id(id) {
            Some(system) => found.push(system.in_tenant(t, now)?),
            None => custom.push(id),
        }
    }
    if !custom.is_empty() {
        found.extend(get_all(table, t, custom).await?);
    }
    Ok(found)
}

/// The role whose claim stands here.
pub async fn claimed_by(table: &Table, claim: &Key) -> Result<Option<RoleId>> {
    let claim = table.get(claim).await?;
    Ok(claim.and_then(|item| role_in(&item)))
}

fn role_in(claim: &Item) -> Option<RoleId> {
    string(claim, "role")?.parse().ok()
}

/// The role that has this name.
pub async fn named(table: &Table, t: &TenantId, name: &RoleName) -> Result<Option<RoleId>> {
    let (claim, former) = (keys::role_name(t, name), keys::former_role_name(t, name));
    // In the first form of names it may be in another place, until set-up has moved it.
    let Some(former) = former else {
        return claimed_by(table, &claim).await;
    };
    let mut found = table.batch_get(&[claim, former.clone()]).await?;
    found.sort_by_key(|item| Key::of(item).as_ref() != Some(&former));
    Ok(found.first().and_then(role_in))
}

/// The role of this name or id, if there is one. One that was renamed between the reading of the claim and of the role is
/// not found, as the name was free in that moment.
pub async fn find(table: &Table, t: &TenantId, name: &str) -> Result<Option<Role>> {
    if let Ok(id) = name.parse::<RoleId>() {
        return get(table, t, id).await;
    }
    let Ok(name) = RoleName::parse(name) else {
        return Ok(None);
    };
    // A system role keeps its name, so the claim need not be read.
    let system = SYSTEM_ROLES.iter().find(|system| system.name == name.canonical());
    let id = match system {
        Some(system) => Some(system.id),
        None => named(table, t, &name).await?,
    };
    let role = match id {
        Some(id) => get(table, t, id).await?,
        None => None,
    };
    // Names of an earlier form are compared as their claims were.
    Ok(role.filter(|role| role.system || role.form < FORM || role.name == name))
}

/// The names of these roles: those of the system are built in, the others read in one round trip.
pub async fn names(
    table: &Table,
    t: &TenantId,
    ids: impl IntoIterator<Item = RoleId>,
) -> Result<BTreeMap<RoleId, String>> {
    let mut names = BTreeMap::new();
    let mut custom = Vec::new();
    for id in ids {
        match SystemRole::by_id(id) {
            Some(system) => drop(names.insert(id, system.name.to_owned())),
            None => custom.push(id),
        }
    }
    let found = get_all(table, t, custom).await?;
    names.extend(found.into_iter().map(|role| (role.id, role.name.as_given().to_owned())));
    Ok(names)
}

/// Roles by id, oldest first, after this one; and whether there are more.
pub async fn list(table: &Table, t: &TenantId, after: Option<RoleId>, limit: usize) -> Result<(Vec<Role>, bool)> {
    let query = Query {
        pk: keys::roles_partition(t),
        prefix: Some(keys::ROLE.to_owned()),
        after: after.map(|id| keys::role(t, id).sk),
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let roles: Vec<Role> = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
    Ok((roles, page.more))
}

/// The accounts that have the role, newest account first, after this one; and whether there are more.
pub async fn members(
    listed: UserLists<'_>,
    role: RoleId,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<UserId>, bool)> {
    if role == USER.id {
        let (all, more) = listed.newest(None, after, limit).await?;
        return Ok((all.into_iter().map(|one| one.id).collect(), more));
    }
    let partitions = (0..listed.size.members()).map(|partition| of_partition(listed, role, partition, after, limit));
    let pages = futures::future::try_join_all(partitions).await?;
    let mut more = pages.iter().any(|(_, more)| *more);
    let mut found: Vec<UserId> = pages.into_iter().flat_map(|(ids, _)| ids).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    // Whose grants are of before and after the tenant grew is in two partitions.
    found.dedup();
    more |= found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

async fn of_partition(
    listed: UserLists<'_>,
    role: RoleId,
    partition: u16,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<UserId>, bool)> {
    let mut found: Vec<UserId> = Vec::new();
    // The lowest key of an account's grants: what comes before it in this order is another account's.
    let mut position = after.map(|id| format!("{}{id}", keys::MEMBER));
    loop {
        let query = Query {
            pk: keys::members_partition(listed.tenant, role, partition),
            prefix: Some(keys::MEMBER.to_owned()),
            after: position,
            newest_first: true,
            // One more shows whether there are more, where no account has two grants of it.
            limit: Some(limit + 1),
            ..Query::default()
        };
        let page = listed.table.query(&query).await?;
        found.extend(
            page.items
                .iter()
                .filter_map(|item| string(item, "user")?.parse::<UserId>().ok()),
        );
        found.dedup();
        if !page.more || found.len() > limit {
            let more = page.more || found.len() > limit;
            found.truncate(limit);
            return Ok((found, more));
        }
        position = found.last().map(|id| format!("{}{id}", keys::MEMBER));
    }
}

/// Puts each grant that is new among the members of its role, as a tenant of this size has them.
pub fn list_members(before: Option<&User>, after: &mut User, size: TenantSize) {
    let partition = keys::shard(after.id, size.members());
    let known = |grant: &Grant| before.is_some_and(|user| user.grants.iter().any(|own| own.id == grant.id));
    let new = after.grants.iter_mut().filter(|grant| !known(grant));
    new.for_each(|grant| grant.partition = partition);
}

/// Writes a new role with its name claim, its copies and its seats.
pub fn create(role: &Role) -> Result<Vec<Write>> {
    let mut writes = claim(role);
    let item = to_item(&keys::role(&role.tenant, role.id), role)?;
    writes.push(Write::put(item).when(Cond::absent(), Conflict::RoleNameTaken));
    writes.extend(copies(role)?);
    writes.extend(seats::create_counters(role));
    Ok(writes)
}

/// Writes all copies whole, in the transaction of what they are copies of.
fn copies(role: &Role) -> Result<Vec<Write>> {
    let places = keys::role_copies(&role.tenant, role.id);
    places.map(|key| Ok(Write::put(to_item(&key, role)?))).collect()
}

/// Changes a role, provided that it is as it was read; else [`Lost::Changed`].
pub fn change(before: &Role, after: &Role) -> Result<Vec<Write>> {
    let key = keys::role(&before.tenant, before.id);
    let changes = Changes::between(&to_item(&key, before)?, &to_item(&key, after)?);
    // Before its name: who reads it in vain is not refused what others did to it since.
    let mut writes = vec![Write::update(key, changes).when(as_read(before), Lost::Changed)];
    let (was, is) = (claim_place(before), claim_place(after));
    if was != is {
        let new = claim(after).into_iter().filter(|write| write.key() != was);
        writes.extend(new);
        writes.push(Write::delete(was));
    }
    writes.extend(copies(after)?);
    Ok(writes)
}

/// Removes a role without members; where it has any, this is the refusal.
pub fn delete(role: &Role, now: Timestamp, has_members: &Refusal) -> Vec<Write> {
    let gone = Write::delete(keys::role(&role.tenant, role.id)).when(as_read(role), Lost::Changed);
    let mut writes = vec![gone, Write::delete(claim_place(role))];
    writes.extend(keys::role_copies(&role.tenant, role.id).map(Write::delete));
    writes.extend(seats::close_few(role, now, has_members));
    writes
}

/// What a role was that is deleted, for as long as the history is kept.
pub fn gone(cx: &Context, role: &Role) -> Result<Write> {
    let gone = GoneRole {
        role: role.clone(),
        deleted_at: cx.now,
    };
    let mut item = to_item(&keys::gone_role(&role.tenant, role.id), &gone)?;
    item.insert(
        "ttl".to_owned(),
        number((cx.now + cx.tenant_settings.history).as_second()),
    );
    Ok(Write::put(item))
}

/// Whether there was a role of this id that was deleted, as far as that is kept.
pub async fn was_deleted(table: &Table, t: &TenantId, id: RoleId) -> Result<bool> {
    Ok(table.get(&keys::gone_role(t, id)).await?.is_some())
}

/// The roles of these ids that there are; and those that were deleted, as far as that is kept.
pub async fn present_and_gone(
    table: &Table,
    t: &TenantId,
    ids: &BTreeSet<RoleId>,
    now: Timestamp,
) -> Result<(Vec<Role>, Vec<GoneRole>)> {
    let copy = any_copy()?;
    let present = ids.iter().map(|id| keys::role_copy(t, *id, copy));
    let places: Vec<Key> = present.chain(ids.iter().map(|id| keys::gone_role(t, *id))).collect();
    let (mut there, mut gone) = (Vec::new(), Vec::new());
    for item in table.batch_get(&places).await? {
        if string(&item, "SK") != Some(keys::GONE) {
            there.push(from_item(item)?);
        } else if integer(&item, "ttl").is_some_and(|end| now.as_second() < end) {
            gone.push(from_item(item)?);
        }
    }
    Ok((there, gone))
}

/// Holds the transaction to the role as it was read, by one of its copies: any does, and the same for all who change one
/// account.
pub fn unchanged(role: &Role, copy: u8) -> Write {
    Write::check(keys::role_copy(&role.tenant, role.id, copy)).when(as_read(role), Lost::Changed)
}

/// That a role is as it was read, its seats' counters included.
pub fn as_read(role: &Role) -> Cond {
    let version = Cond::Eq("version", number(role.version));
    Cond::All(vec![
        Cond::exists(),
        version,
        Cond::Eq("counters", number(role.counters)),
        Cond::Eq("round", number(role.round)),
    ])
}

/// Where the claim of its name is, in the form of names that it is kept in.
fn claim_place(role: &Role) -> Key {
    let former = || keys::former_role_name(&role.tenant, &role.name);
    let former = (role.form < FORM).then(former).flatten();
    former.unwrap_or_else(|| keys::role_name(&role.tenant, &role.name))
}

/// Claims its name, which no role may have that is kept in the first form either.
fn claim(role: &Role) -> Vec<Write> {
    let place = claim_place(role);
    let former = keys::former_role_name(&role.tenant, &role.name).filter(|former| *former != place);
    let mut claim = place.attributes();
    claim.insert("role".to_owned(), text(role.id.to_string()));
    let checked = former.map(|former| Write::check(former).when(Cond::absent(), Conflict::RoleNameTaken));
    let claim = Write::put(claim).when(Cond::absent(), Conflict::RoleNameTaken);
    [claim].into_iter().chain(checked).collect()
}
