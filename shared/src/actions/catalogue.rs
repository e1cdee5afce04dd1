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

/// For how long a removal hides its permission from roles at most: longer than any request takes. One that failed in the
/// middle is gone on with by the next, whose mark takes the place of its own.
const REMOVAL: SignedDuration = SignedDuration::from_mins(2);
/// How many roles are forgotten in one transaction, which takes a hundred writes.
const AT_ONCE: usize = 50;

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
    let mut takes_over = true;
    loop {
        let mark = &EntryId::new(cx.now)?.to_string();
        begin(cx, name, mark, takes_over).await?;
        let Some(roles) = held_by(cx, name, mark).await? else {
            takes_over = false;
            continue;
        };
        if !force && !roles.is_empty() {
            stop(cx, name, mark).await?;
            return Err(Conflict::PermissionInUse.into());
        }
        if take_from_all(cx, name, mark, &roles).await? && finish(cx, name, mark).await? {
            return Ok(());
        }
        takes_over = false;
    }
}

/// Marks the permission. Who `takes_over` does so whether another removal goes on or failed: that is not to be seen, and
/// all that follows is held to the mark. Who was taken over from waits for the end of what goes on, so that two do not take
/// turns for ever.
async fn begin(cx: &Context, name: &str, mark: &str, takes_over: bool) -> Result<()> {
    atomically(cx, |unit| async move {
        catalogue::get(&cx.app.table, name).await?;
        let now = cx.app.clock.now();
        let over = (!takes_over).then_some(now);
        unit.write(catalogue::mark(name, mark, over, now + REMOVAL));
        Ok(())
    })
    .await
}

/// Holds a transaction to this removal going on; whether it does.
async fn goes_on(cx: &Context, unit: &Unit<'_>, name: &str, mark: &str) -> Result<bool> {
    let entry = catalogue::get(&cx.app.table, name).await?;
    let goes_on = entry.is_marked(mark, cx.app.clock.now());
    if goes_on {
        unit.write([catalogue::is_removed(name, mark)]);
    }
    Ok(goes_on)
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

/// The roles that have a permission, as long as this removal goes on. Those that were about to gain it, and did not, are
/// forgotten.
async fn held_by(cx: &Context, name: &str, mark: &str) -> Result<Option<Vec<(TenantId, RoleId)>>> {
    let (mut holding, mut after) = (Vec::new(), None);
    loop {
        let page = catalogue::holders(&cx.app.table, name, after.as_ref()).await?;
        let mut stale = Vec::new();
        for (tenant, id) in &page.roles {
            let role = roles::get(&cx.app.table, tenant, *id).await?;
            let holds = role.is_some_and(|role| role.permissions.contains(name));
            if holds { &mut holding } else { &mut stale }.push((tenant.clone(), *id));
        }
        if !forget(cx, name, mark, &stale).await? {
            return Ok(None);
        }
        after = page.roles.last().cloned();
        if !page.more {
            return Ok(Some(holding));
        }
    }
}

/// Forgets roles as holders; whether this removal goes on. Where another took over and was refused, they may have gained
/// the permission by now.
async fn forget(cx: &Context, name: &str, mark: &str, stale: &[(TenantId, RoleId)]) -> Result<bool> {
    for some in stale.chunks(AT_ONCE) {
        let goes_on = atomically(cx, |unit| async move {
            let goes_on = goes_on(cx, &unit, name, mark).await?;
            if goes_on {
                unit.write(catalogue::forget_holders(name, some));
            }
            Ok(goes_on)
        });
        if !goes_on.await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes a permission from these roles; whether this removal goes on.
async fn take_from_all(cx: &Context, name: &str, mark: &str, holders: &[(TenantId, RoleId)]) -> Result<bool> {
    for holder in holders {
        if !take_from(cx, name, mark, holder).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn take_from(cx: &Context, name: &str, mark: &str, holder: &(TenantId, RoleId)) -> Result<bool> {
    let (tenant, id) = holder;
    let within = &cx.within(tenant);
    atomically(within, |unit| async move {
        if !goes_on(within, &unit, name, mark).await? {
            return Ok(false);
        }
        if let Some(role) = roles::get(&within.app.table, tenant, *id).await? {
            let mut after = role.clone();
            if after.permissions.remove(name) {
                after.restricted.remove(name);
                unit.change_role(&role, after)?;
            }
        }
        unit.write(catalogue::forget_holders(name, std::slice::from_ref(holder)));
        Ok(true)
    })
    .await
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
