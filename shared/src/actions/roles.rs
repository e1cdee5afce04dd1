//! Roles: made, found, changed, deleted.

use std::collections::BTreeSet;

use serde_json::Value;

use super::paging::{Listing, Page};
use super::{Context, record, sessions, users as accounts};
use crate::access::policy;
use crate::domain::grant::Grant;
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::is_administrative;
use crate::domain::role::{FEW_COUNTERS, Role, SYSTEM_ROLES, SystemRole};
use crate::domain::text::{Description, RoleName};
use crate::domain::user::User;
use crate::error::{Conflict, Error, Noun, Result, Violation};
use crate::id::{RoleId, UserId};
use crate::store::table::Write;
use crate::store::{roles, seats, users};

/// How many accounts a change of a role can touch in its one transaction.
const MAX_TOUCHED: usize = 20;

/// A role to be made.
#[derive(Debug)]
pub struct NewRole {
    /// Its name.
    pub name: RoleName,
    /// What it is for.
    pub description: Option<Description>,
    /// Names of the catalogue.
    pub permissions: BTreeSet<String>,
    /// How many accounts can have it at once.
    pub max_count: Option<u32>,
}

/// A change of a role. What is absent stays.
#[derive(Debug, Default)]
pub struct RolePatch {
    /// A new name.
    pub name: Option<RoleName>,
    /// A new description, or none.
    pub description: Option<Option<Description>>,
    /// All that it holds from now on.
    pub permissions: Option<BTreeSet<String>>,
    /// A new limit, or none.
    pub max_count: Option<Option<u32>>,
}

/// The role of this name or id, if there is one.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn named(cx: &Context, name: &str) -> Result<Option<Role>> {
    if let Ok(id) = name.parse::<RoleId>() {
        return roles::get(&cx.app.table, &cx.tenant, id).await;
    }
    let Ok(name) = RoleName::parse(name) else {
        return Ok(None);
    };
    // A system role keeps its name, so the claim has nothing to tell.
    if let Some(system) = SYSTEM_ROLES.iter().find(|system| system.name == name.canonical()) {
        return by_id(cx, system.id).await;
    }
    match roles::named(&cx.app.table, &cx.tenant, &name).await? {
        Some(id) => roles::get(&cx.app.table, &cx.tenant, id).await,
        None => Ok(None),
    }
}

/// The role of this id, if there is one.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn by_id(cx: &Context, id: RoleId) -> Result<Option<Role>> {
    roles::get(&cx.app.table, &cx.tenant, id).await
}

/// The role of this name or id, and the number of its members.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Unavailable`].
pub async fn show(cx: &Context, name: &str) -> Result<(Role, u32)> {
    let role = named(cx, name).await?.ok_or(Error::NotFound(Noun::Role))?;
    let count = seats::taken(&cx.app.table, std::slice::from_ref(&role))
        .await?
        .first()
        .copied()
        .unwrap_or(0);
    Ok((role, count))
}

/// A page of roles, each with the number of its members: those of the system first, then by age.
///
/// # Errors
/// [`Error::Invalid`] for a cursor that is none; [`Error::Unavailable`].
pub async fn list(cx: &Context, limit: usize, cursor: Option<&str>) -> Result<Page<(Role, u32)>> {
    let listing = Listing::of(cx, "roles").await?;
    let (items, more) = roles::list(&cx.app.table, &cx.tenant, listing.after(cursor)?, limit).await?;
    let counts = seats::taken(&cx.app.table, &items).await?;
    let last = items.last().map(|role| role.id).filter(|_| more);
    listing.page(items.into_iter().zip(counts).collect(), last)
}

/// Makes a role.
///
/// # Errors
/// [`Error::Invalid`] for an unknown permission; [`Error::Forbidden`] for one that the caller lacks;
/// [`Conflict::RoleNameTaken`].
pub async fn create(cx: &Context, new: NewRole) -> Result<Role> {
    known(cx, &new.permissions).await?;
    let role = Role {
        id: RoleId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        name: new.name,
        description: new.description.map(|text| text.as_str().to_owned()),
        permissions: new.permissions,
        max_count: new.max_count,
        system: false,
        counters: FEW_COUNTERS,
        version: 1,
        created_at: cx.now,
        modified_at: cx.now,
    };
    policy::may_grant(&cx.caller()?.rights, &role)?;
    let mut writes = roles::create(&role)?;
    let target = Target::Role(role.id);
    writes.push(record::rights(
        cx,
        RightsKind::RoleCreated,
        target,
        Value::Null,
        record::role(&role),
    )?);
    cx.app.table.transact(&writes).await?;
    Ok(role)
}

/// Changes a role.
///
/// # Errors
/// As [`create`]; [`Error::NotFound`]; [`Conflict::SystemRole`], [`Conflict::BelowMemberCount`],
/// [`Conflict::LastAdministrator`], [`Conflict::TooManyMembers`].
pub async fn patch(cx: &Context, name: &str, patch: &RolePatch) -> Result<(Role, u32)> {
    if let Some(permissions) = &patch.permissions {
        known(cx, permissions).await?;
    }
    for _ in 0..accounts::TRIES {
        let before = named(cx, name).await?.ok_or(Error::NotFound(Noun::Role))?;
        let after = patched(cx, &before, patch)?;
        let counters = seats::read(&cx.app.table, &cx.tenant, before.id).await?;
        let members = counters.iter().map(|counter| counter.taken).sum();
        let mut writes = roles::change(&before, &after)?;
        if before.max_count != after.max_count || before.administers() != after.administers() {
            writes.extend(seats::limit(&before, &counters, after.max_count)?);
        }
        if before.administers() != after.administers() {
            writes.extend(put_in_charge(cx, &after).await?);
        }
        let (was, is) = (record::role(&before), record::role(&after));
        if was != is {
            writes.push(record::rights(
                cx,
                RightsKind::RoleChanged,
                Target::Role(after.id),
                was,
                is,
            )?);
        }
        match cx.app.table.transact(&writes).await {
            Err(Error::PreconditionFailed) => {}
            outcome => return outcome.map(|()| (after, members)),
        }
    }
    Err(Conflict::Contention.into())
}

fn patched(cx: &Context, before: &Role, patch: &RolePatch) -> Result<Role> {
    let mut after = Role {
        version: before.version + 1,
        modified_at: cx.now,
        ..before.clone()
    };
    if let Some(name) = &patch.name {
        after.name = name.clone();
    }
    if let Some(description) = &patch.description {
        after.description = description.as_ref().map(|text| text.as_str().to_owned());
    }
    if let Some(permissions) = &patch.permissions {
        after.permissions.clone_from(permissions);
    }
    if let Some(max_count) = patch.max_count {
        after.max_count = max_count;
    }
    if before.system && before.name.as_given() != after.name.as_given() {
        return Err(Conflict::SystemRole("a system role keeps its name").into());
    }
    let mut lost = before.permissions.difference(&after.permissions);
    if before.system && lost.any(|name| is_administrative(name)) {
        return Err(Conflict::SystemRole("a system role cannot lose `admin.*` permissions").into());
    }
    policy::may_edit(&cx.caller()?.rights, before, &after.permissions)?;
    Ok(after)
}

/// The writes that tell every member's grants whether the role lets them manage users.
async fn put_in_charge(cx: &Context, role: &Role) -> Result<Vec<Write>> {
    let (ids, more) = roles::members(&cx.app.table, &cx.tenant, role.id, None, MAX_TOUCHED).await?;
    if more {
        return Err(Conflict::TooManyMembers(MAX_TOUCHED).into());
    }
    let members = users::get_all(&cx.app.table, &cx.tenant, &ids).await?;
    let told = members.into_iter().map(|before| {
        let mut after = before.clone();
        let of_role = |grant: &&mut Grant| grant.role == role.id;
        after
            .grants
            .iter_mut()
            .filter(of_role)
            .for_each(|grant| grant.administers = role.administers());
        accounts::touched(cx, &mut after);
        (before, after)
    });
    users::writes_together(&cx.tenant, &told.collect::<Vec<(User, User)>>())
}

/// Deletes a role; with `force` it is taken from its members first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`]; [`Conflict::SystemRole`], [`Conflict::RoleHasMembers`].
pub async fn delete(cx: &Context, name: &str, force: bool) -> Result<()> {
    for _ in 0..accounts::TRIES {
        let role = named(cx, name).await?.ok_or(Error::NotFound(Noun::Role))?;
        if SystemRole::by_id(role.id).is_some() {
            return Err(Conflict::SystemRole("a system role cannot be deleted").into());
        }
        policy::may_edit(&cx.caller()?.rights, &role, &BTreeSet::new())?;
        if force {
            take_from_all(cx, role.id).await?;
        }
        let mut writes = roles::delete(&role);
        let row = record::rights(
            cx,
            RightsKind::RoleDeleted,
            Target::Role(role.id),
            record::role(&role),
            Value::Null,
        );
        writes.push(row?);
        match cx.app.table.transact(&writes).await {
            Err(Error::PreconditionFailed) => {}
            // Somebody was given the role after it was taken from all others.
            Err(Error::Conflict(Conflict::RoleHasMembers)) if force => {}
            outcome => return outcome,
        }
    }
    Err(Conflict::Contention.into())
}

async fn take_from_all(cx: &Context, role: RoleId) -> Result<()> {
    loop {
        let (ids, more) = roles::members(&cx.app.table, &cx.tenant, role, None, 100).await?;
        for id in ids {
            take_from(cx, role, id).await?;
        }
        if !more {
            return Ok(());
        }
    }
}

async fn take_from(cx: &Context, role: RoleId, id: UserId) -> Result<()> {
    let found = match sessions::account(cx, id).await {
        // Deleted in the meantime, and its seat with it.
        Err(Error::NotFound(_)) => return Ok(()),
        found => found?,
    };
    let without = |user: &User| {
        let mut after = user.clone();
        after.grants.retain(|grant| grant.role != role);
        Ok(after)
    };
    accounts::change(cx, found, None, without).await.map(drop)
}

/// Whether these are all in the catalogue.
async fn known(cx: &Context, permissions: &BTreeSet<String>) -> Result<()> {
    if permissions.is_empty() {
        return Ok(());
    }
    let catalogue = roles::catalogue(&cx.app.table).await?;
    let unknown = |name: &&String| !catalogue.iter().any(|entry| entry.name == **name);
    let violations: Vec<Violation> = permissions
        .iter()
        .filter(unknown)
        .map(|name| Violation::new("/permissions", format!("there is no permission `{name}`")))
        .collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(violations))
    }
}
