//! The permission catalogue: the stack's, not a tenant's. It is changed from `main` alone.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Context;
use crate::access::policy;
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::{self, ADMIN_PERMISSIONS, MAX_OF_ROLE, Permission, is_reserved, is_system};
use crate::domain::role::Role;
use crate::domain::tenant::TenantId;
use crate::error::{Conflict, Error, Noun, Result, Violation};
use crate::id::{EntryId, RoleId};
use crate::store::catalogue::Entry;
use crate::store::unit::{self, Unit, atomically};
use crate::store::{catalogue, record, roles};

/// For how long a removal hides its permission from roles at most: longer than any request takes.
const REMOVAL: SignedDuration = SignedDuration::from_mins(2);

pub async fn list(cx: &Context) -> Result<Vec<Permission>> {
    catalogue::list(&cx.app.table).await
}

/// What is known of these permissions, in no order.
pub async fn describe(cx: &Context, names: &BTreeSet<&str>) -> Result<Vec<Permission>> {
    let mut found = permission::built_in();
    found.retain(|entry| names.contains(entry.name.as_str()));
    let read = catalogue::get_all(&cx.app.table, names).await?;
    found.extend(read.into_iter().map(|entry| entry.permission));
    Ok(found)
}

pub async fn add(cx: &Context, permission: &Permission) -> Result<()> {
    policy::may_manage_stack(&cx.tenant, ADMIN_PERMISSIONS)?;
    if is_reserved(&permission.name) {
        return Err(Error::invalid(
            "/name",
            "names whose first segment is `admin` are the system's",
        ));
    }
    let target = Target::Permission(permission.name.clone());
    let row = record::rights(
        cx,
        RightsKind::PermissionCreated,
        target,
        Value::Null,
        json!(permission),
    )?;
    let writes: Vec<_> = catalogue::add(permission)?.into_iter().chain([row]).collect();
    unit::write(cx, &writes).await
}

/// Removes a permission that no role has; with `force`, from the roles first, in whatever tenant they are.
pub async fn remove(cx: &Context, name: &str, force: bool) -> Result<()> {
    policy::may_manage_stack(&cx.tenant, ADMIN_PERMISSIONS)?;
    if is_system(name) {
        return Err(match permission::built_in().iter().any(|entry| entry.name == name) {
            true => Conflict::SystemPermission.into(),
            false => Error::NotFound(Noun::Permission),
        });
    }
    loop {
        let mark = &EntryId::new(cx.now)?.to_string();
        begin(cx, name, mark).await?;
        let roles = held_by(cx, name).await?;
        if !force && !roles.is_empty() {
            stop(cx, name, mark).await?;
            return Err(Conflict::PermissionInUse.into());
        }
        for (tenant, role) in &roles {
            take_from(cx, tenant, *role, name).await?;
        }
        if finish(cx, name, mark).await? {
            return Ok(());
        }
    }
}

/// Where another removal goes on, this one waits for its end.
async fn begin(cx: &Context, name: &str, mark: &str) -> Result<()> {
    atomically(cx, |unit| async move {
        catalogue::get(&cx.app.table, name).await?;
        let now = cx.app.clock.now();
        unit.write(catalogue::mark(name, mark, now, now + REMOVAL));
        Ok(())
    })
    .await
}

async fn stop(cx: &Context, name: &str, mark: &str) -> Result<()> {
    atomically(cx, |unit| async move {
        let entry = catalogue::get(&cx.app.table, name).await?;
        if entry.is_marked(mark, cx.app.clock.now()) {
            unit.write(catalogue::unmark(name, mark));
        }
        Ok(())
    })
    .await
}

/// Removes what was marked, provided that there is time left for it; whether it was.
async fn finish(cx: &Context, name: &str, mark: &str) -> Result<bool> {
    let removed = atomically(cx, |unit| async move {
        let entry = catalogue::get(&cx.app.table, name).await?;
        let is_in_time = entry.is_marked(mark, cx.app.clock.now() + REMOVAL / 2);
        if is_in_time {
            let target = Target::Permission(name.to_owned());
            unit.write(catalogue::remove(name, mark));
            unit.write([record::rights(
                cx,
                RightsKind::PermissionRemoved,
                target,
                json!(entry.permission),
                Value::Null,
            )?]);
        }
        Ok(is_in_time)
    });
    removed.await
}

/// The roles that have a permission. Those that were about to gain it, and did not, are forgotten.
async fn held_by(cx: &Context, name: &str) -> Result<Vec<(TenantId, RoleId)>> {
    let (mut holding, mut after) = (Vec::new(), None);
    loop {
        let page = catalogue::holders(&cx.app.table, name, after.as_ref()).await?;
        let mut stale = Vec::new();
        for (tenant, id) in &page.roles {
            let role = roles::get(&cx.app.table, tenant, *id).await?;
            let holds = role.is_some_and(|role| role.permissions.contains(name));
            if holds { &mut holding } else { &mut stale }.push((tenant.clone(), *id));
        }
        cx.app
            .table
            .batch_write(&catalogue::forget_holders(name, &stale))
            .await?;
        after = page.roles.last().cloned();
        if !page.more {
            return Ok(holding);
        }
    }
}

async fn take_from(cx: &Context, tenant: &TenantId, id: RoleId, name: &str) -> Result<()> {
    let within = &cx.within(tenant);
    atomically(within, |unit| async move {
        let Some(role) = roles::get(&within.app.table, tenant, id).await? else {
            return Ok(());
        };
        let mut after = role.clone();
        if after.permissions.remove(name) {
            after.restricted.remove(name);
            unit.change_role(&role, after)?;
        }
        Ok(())
    })
    .await?;
    let forgotten = catalogue::forget_holders(name, &[(tenant.clone(), id)]);
    cx.app.table.batch_write(&forgotten).await
}

/// Whether a role can hold so many.
fn has_room(permissions: &BTreeSet<String>) -> Result<()> {
    match permissions.len() > MAX_OF_ROLE {
        true => Err(Error::invalid(
            "/permissions",
            format!("a role has {MAX_OF_ROLE} permissions at most"),
        )),
        false => Ok(()),
    }
}

/// Whether the catalogue has what is named at these places of the body.
pub(super) fn in_catalogue<'a>(named: impl Iterator<Item = (String, &'a str)>, there: &BTreeSet<String>) -> Result<()> {
    let unknown = named.filter(|(_, name)| !there.contains(*name));
    let unknown: Vec<Violation> = unknown
        .map(|(place, name)| Violation::new(place, format!("there is no permission `{name}`")))
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(unknown)),
    }
}

/// What a role gains must be in the catalogue, and stay there until the role has it. Notes which of it is restricted.
pub(super) async fn gains(cx: &Context, unit: &Unit<'_>, before: &BTreeSet<String>, after: &mut Role) -> Result<()> {
    has_room(&after.permissions)?;
    let gained = after.permissions.difference(before);
    let gained: Vec<String> = gained.filter(|name| !is_system(name)).cloned().collect();
    if gained.is_empty() {
        return described(cx, before, after).await.map(drop);
    }
    let seen = catalogue::seen(&cx.app.table).await?;
    let entries = described(cx, before, after).await?;
    unit.write([catalogue::unchanged(seen)]);
    // A removal that is going on may yet be refused: it is waited for.
    let removed = entries
        .iter()
        .filter(|entry| entry.is_being_removed(cx.app.clock.now()));
    unit.write(removed.map(|entry| catalogue::stays(&entry.permission.name, cx.app.clock.now())));
    unit.write_before(catalogue::held_by(after, gained.iter()));
    Ok(())
}

/// The entries of what a role gains of applications' permissions. All that it gains must be there, and have room in it;
/// notes which of it is restricted.
pub(super) async fn described(cx: &Context, before: &BTreeSet<String>, after: &mut Role) -> Result<Vec<Entry>> {
    has_room(&after.permissions)?;
    let held = &after.permissions;
    after.restricted.retain(|name| held.contains(name));
    let gained: BTreeSet<&str> = held.difference(before).map(String::as_str).collect();
    let entries = catalogue::get_all(&cx.app.table, &gained).await?;
    let mut there: BTreeSet<String> = permission::built_in().into_iter().map(|entry| entry.name).collect();
    there.extend(entries.iter().map(|entry| entry.permission.name.clone()));
    in_catalogue(gained.iter().map(|name| ("/permissions".to_owned(), *name)), &there)?;
    let restricted = entries.iter().filter(|entry| entry.permission.restricted);
    after
        .restricted
        .extend(restricted.map(|entry| entry.permission.name.clone()));
    Ok(entries)
}

/// What goes with a role.
pub(super) fn lost_with(unit: &Unit<'_>, role: &Role) {
    let applications = role.permissions.iter().filter(|name| !is_system(name));
    unit.write_after(catalogue::not_held_by(role, applications));
}
