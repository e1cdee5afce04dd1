//! Roles in the table, their name claims, and who has them; and the permission catalogue.

use super::dynamo::{Query, Table};
use super::table::{Changes, Cond, Key, Write, from_item, number, string, text, to_item};
use super::{keys, seats};
use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::domain::tenant::TenantId;
use crate::domain::text::RoleName;
use crate::error::{Conflict, Error, Result};
use crate::id::{RoleId, UserId};

/// The role of this id.
///
/// # Errors
/// As [`Table::get`].
pub async fn get(table: &Table, t: &TenantId, id: RoleId) -> Result<Option<Role>> {
    table.get(&keys::role(t, id)).await?.map(from_item).transpose()
}

/// The roles of these ids that exist, in no order.
///
/// # Errors
/// As [`Table::get`].
pub async fn get_all(table: &Table, t: &TenantId, ids: impl IntoIterator<Item = RoleId>) -> Result<Vec<Role>> {
    let mut places: Vec<Key> = ids.into_iter().map(|id| keys::role(t, id)).collect();
    places.sort();
    places.dedup();
    table.batch_get(&places).await?.into_iter().map(from_item).collect()
}

/// The id of the role of this name.
///
/// # Errors
/// As [`Table::get`].
pub async fn named(table: &Table, t: &TenantId, name: &RoleName) -> Result<Option<RoleId>> {
    let claim = table.get(&keys::role_name(t, name)).await?;
    Ok(claim.and_then(|item| string(&item, "role")?.parse().ok()))
}

/// Roles by id, oldest first, after this one; and whether there are more.
///
/// # Errors
/// As [`Table::get`].
pub async fn list(table: &Table, t: &TenantId, after: Option<RoleId>, limit: usize) -> Result<(Vec<Role>, bool)> {
    let query = Query {
        pk: keys::roles_partition(t),
        prefix: Some("ROLE#".to_owned()),
        after: after.map(|id| keys::role(t, id).sk),
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let roles: Vec<Role> = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
    Ok((roles, page.more))
}

/// The accounts that have the role, newest account first, after this one; and whether there are more.
///
/// # Errors
/// As [`Table::get`].
pub async fn members(
    table: &Table,
    t: &TenantId,
    role: RoleId,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<UserId>, bool)> {
    let mut found: Vec<UserId> = Vec::new();
    // The lowest key of an account's grants: what comes before it in this order is another account's.
    let mut position = after.map(|id| format!("{}{id}", keys::MEMBER));
    loop {
        let query = Query {
            pk: keys::role_partition(t, role),
            prefix: Some(keys::MEMBER.to_owned()),
            after: position,
            newest_first: true,
            limit: Some(limit),
            ..Query::default()
        };
        let page = table.query(&query).await?;
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

/// Writes a new role with its name claim and its seats.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn create(role: &Role) -> Result<Vec<Write>> {
    create_with(role, None)
}

/// The same for a role that somebody has from its beginning, with a seat on this counter.
///
/// # Errors
/// As [`create`].
pub fn create_with(role: &Role, seat: Option<u8>) -> Result<Vec<Write>> {
    let mut writes = vec![claim(role)];
    let item = to_item(&keys::role(&role.tenant, role.id), role)?;
    writes.push(Write::put(item).when(Cond::absent(), Conflict::RoleNameTaken));
    writes.extend(seats::open(role, seat));
    Ok(writes)
}

/// Changes a role, provided that it is as it was read; else [`Error::PreconditionFailed`].
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn change(before: &Role, after: &Role) -> Result<Vec<Write>> {
    let key = keys::role(&before.tenant, before.id);
    let changes = Changes::between(&to_item(&key, before)?, &to_item(&key, after)?);
    let mut writes = Vec::new();
    if before.name.canonical() != after.name.canonical() {
        writes.push(claim(after));
        writes.push(Write::delete(keys::role_name(&before.tenant, &before.name)));
    }
    writes.push(Write::update(key, changes).when(as_read(before), Error::PreconditionFailed));
    Ok(writes)
}

/// Removes a role that nobody has.
pub fn delete(role: &Role) -> Vec<Write> {
    let gone = Write::delete(keys::role(&role.tenant, role.id)).when(as_read(role), Error::PreconditionFailed);
    let mut writes = vec![gone, Write::delete(keys::role_name(&role.tenant, &role.name))];
    writes.extend(seats::close(role));
    writes
}

/// Refuses the transaction where the role is no longer as it was read.
pub fn unchanged(role: &Role, refusal: impl Into<Error>) -> Write {
    Write::check(keys::role(&role.tenant, role.id)).when(as_read(role), refusal)
}

fn as_read(role: &Role) -> Cond {
    Cond::All(vec![Cond::exists(), Cond::Eq("version", number(role.version))])
}

fn claim(role: &Role) -> Write {
    let mut claim = keys::role_name(&role.tenant, &role.name).attributes();
    claim.insert("role".to_owned(), text(role.id.to_string()));
    Write::put(claim).when(Cond::absent(), Conflict::RoleNameTaken)
}

/// The permission catalogue, by name.
///
/// # Errors
/// As [`Table::get`].
pub async fn catalogue(table: &Table) -> Result<Vec<Permission>> {
    let query = Query {
        pk: keys::CATALOGUE.to_owned(),
        ..Query::default()
    };
    table.query(&query).await?.items.into_iter().map(from_item).collect()
}

/// Writes an entry of the catalogue, or writes it anew.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn put_permission(permission: &Permission) -> Result<Write> {
    Ok(Write::put(to_item(&keys::permission(&permission.name), permission)?))
}
