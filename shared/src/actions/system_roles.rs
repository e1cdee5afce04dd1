//! The roles of the system, as this version has them: made and brought up to date by set-up, tenant by tenant.

use super::{Context, for_each_tenant, migration};
use crate::domain::role::{Role, SYSTEM_ROLES, SystemRole};
use crate::domain::tenant::TenantId;
use crate::error::{Conflict, Error, Result};
use crate::store::roles;
use crate::store::unit::{self, atomically};

/// Makes the roles that these tenants do not have yet, and gives the others what this version gives them; answers the names
/// of those that it made in the tenant `main`.
pub(super) async fn bring_up_to_date(cx: &Context, tenants: &[TenantId]) -> Result<Vec<String>> {
    let one = |tenant: TenantId| async move {
        let made = of_tenant(&cx.within(&tenant)).await?;
        Ok(if tenant == cx.tenant { made } else { Vec::new() })
    };
    Ok(for_each_tenant(tenants, one).await?.concat())
}

/// One read where nothing is to be done.
async fn of_tenant(cx: &Context) -> Result<Vec<String>> {
    let known = roles::get_all(&cx.app.table, &cx.tenant, SYSTEM_ROLES.map(|system| system.id)).await?;
    let mut made = Vec::new();
    for system in &SYSTEM_ROLES {
        match known.iter().find(|role| role.id == system.id) {
            Some(role) if up_to_date(cx, system, role)? == *role => {}
            Some(_) => change(cx, system).await?,
            None if create(cx, system).await? => made.push(system.name.to_owned()),
            None => {}
        }
    }
    Ok(made)
}

/// A role that an administrator made under its name has another one from then on.
async fn create(cx: &Context, system: &SystemRole) -> Result<bool> {
    let role = system.in_tenant(&cx.tenant, cx.now)?;
    loop {
        match unit::write(cx, &roles::create(&role)?).await {
            Err(Error::Conflict(Conflict::RoleNameTaken)) => {}
            outcome => return outcome.map(|()| true),
        }
        // Another set-up was quicker.
        if roles::named(&cx.app.table, &cx.tenant, &role.name).await? == Some(system.id) {
            return Ok(false);
        }
        give_way(cx, &role).await?;
    }
}

/// Gives another name to the role that has the name of this one; once, where several set-ups are at it.
async fn give_way(cx: &Context, to: &Role) -> Result<()> {
    let renamed = atomically(cx, |unit| async move {
        let holder = roles::named(&cx.app.table, &cx.tenant, &to.name).await?;
        let Some(holder) = holder.filter(|id| *id != to.id) else {
            return Ok(());
        };
        let role = roles::get(&cx.app.table, &cx.tenant, holder).await?;
        // Another set-up may have renamed it since.
        let Some(role) = role.filter(|role| role.name == to.name) else {
            return Ok(());
        };
        let name = migration::free_role_name(cx, &role).await?;
        tracing::warn!(
            event = "name_collision",
            tenant = cx.tenant.as_str(),
            by = "role",
            lost_by = %role.id,
            "a role had the name of a role of the system, and was given another"
        );
        unit.change_role(&role, Role { name, ..role.clone() }).map(drop)
    });
    match renamed.await {
        // The other name too was taken in the meantime: by another set-up, for the same role.
        Err(Error::Conflict(Conflict::RoleNameTaken)) => Ok(()),
        outcome => outcome,
    }
}

async fn change(cx: &Context, system: &SystemRole) -> Result<()> {
    atomically(cx, |unit| async move {
        let Some(role) = roles::get(&cx.app.table, &cx.tenant, system.id).await? else {
            return Ok(());
        };
        let after = up_to_date(cx, system, &role)?;
        match after == role {
            true => Ok(()),
            false => unit.change_role(&role, after).map(drop),
        }
    })
    .await
}

/// A description of an earlier version becomes this one's; what the system gives, it has.
fn up_to_date(cx: &Context, system: &SystemRole, role: &Role) -> Result<Role> {
    let given = system.in_tenant(&cx.tenant, cx.now)?;
    let mut after = role.clone();
    after.permissions.extend(given.permissions);
    if role.description.as_deref() == Some(system.described_before) {
        after.description = given.description;
    }
    Ok(after)
}
