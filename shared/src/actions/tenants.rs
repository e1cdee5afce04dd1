//! Tenants: made and listed, from `main` alone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::changes::{actor, held_by_caller};
use super::hashed::Hashed;
use super::paging::{Listing, Page};
use super::users::{self, NewUser};
use super::{Context, rate_limits};
use crate::access::policy;
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::ADMIN_TENANTS;
use crate::domain::role::{OWNER, Role, SYSTEM_ROLES, SystemRole};
use crate::domain::tenant::{Tenant, TenantId};
use crate::domain::tenant_settings::TenantSettings;
use crate::domain::tenant_size::TenantSize;
use crate::domain::text::Label;
use crate::domain::user::User;
use crate::error::{Conflict, Result};
use crate::store::tenant_settings::Kept;
use crate::store::unit::atomically;
use crate::store::{record, tenants};

#[derive(Debug)]
pub struct NewTenant {
    pub id: TenantId,
    pub name: Option<Label>,
    /// Its first owner; without a password it is invited by mail.
    pub owner: NewUser,
}

pub async fn list(cx: &Context, limit: usize, cursor: Option<&str>) -> Result<Page<Tenant>> {
    policy::may_manage_stack(&cx.tenant, ADMIN_TENANTS)?;
    let listing = Listing::of(cx, "tenants").await?;
    let after: Option<TenantId> = listing.after(cursor)?;
    let (items, more) = tenants::list(&cx.app.table, after.as_ref(), limit).await?;
    let last = items.last().map(|tenant| tenant.id.clone()).filter(|_| more);
    listing.page(items, last)
}

/// Makes a tenant with its settings, its system roles and its first owner, all or nothing; answers it and the owner.
pub async fn create(cx: &Context, new: NewTenant) -> Result<(Tenant, User)> {
    policy::may_manage_stack(&cx.tenant, ADMIN_TENANTS)?;
    // A tenant has no end, and nor has what its owner may do.
    let held = held_by_caller(cx).await?;
    policy::may_make(&actor(cx, &held)?, ADMIN_TENANTS, cx.now, None)?;
    if new.id == TenantId::main() {
        return Err(Conflict::TenantTaken.into());
    }
    if new.owner.is_invited() {
        rate_limits::invitation(cx).await?;
    }
    let tenant = Tenant {
        id: new.id,
        name: new.name,
        created_at: cx.now,
        created_by: cx.actor(),
    };
    let within = within(cx, &tenant.id);
    let in_tenant = |role: &SystemRole| system_role(cx, role, &tenant.id);
    let roles: Vec<Role> = SYSTEM_ROLES.iter().map(in_tenant).collect::<Result<_>>()?;
    let hash = Hashed::of(new.owner.password.as_ref()).get(&within).await?;
    let owner = users::beginning(&within, &new.owner, hash, &[in_tenant(&OWNER)?])?;
    let asked_for = cx.app.settings.tenant_size == TenantSize::Large;
    let beginning = Kept {
        large_since: asked_for.then_some(cx.now),
        ..Kept::default()
    };
    let mut writes = tenants::create(&tenant, &beginning, &roles)?;
    let after = json!({ "name": tenant.name.as_ref().map(Label::as_str), "owner": owner.id });
    let target = Target::Tenant(tenant.id.clone());
    writes.push(record::rights(
        cx,
        RightsKind::TenantCreated,
        target,
        Value::Null,
        after,
    )?);
    let (owner, writes) = (&owner, &writes);
    atomically(&within, |unit| async move {
        unit.write(writes.iter().cloned());
        unit.create(owner)?;
        Ok(())
    })
    .await?;
    Ok((tenant, owner.clone()))
}

/// A role of the system as a new tenant has it, of the size that the stack asks for.
fn system_role(cx: &Context, role: &SystemRole, tenant: &TenantId) -> Result<Role> {
    let mut role = role.in_tenant(tenant, cx.now)?;
    role.spread_seats(cx.app.settings.tenant_size);
    Ok(role)
}

/// The same request, as one about the new tenant.
fn within(cx: &Context, tenant: &TenantId) -> Context {
    let settings = &cx.app.settings;
    Context {
        tenant: tenant.clone(),
        tenant_settings: Arc::new(TenantSettings::of_stack(settings)),
        address: settings.tenants.address(tenant).unwrap_or_else(|| cx.address.clone()),
        ..cx.clone()
    }
}
