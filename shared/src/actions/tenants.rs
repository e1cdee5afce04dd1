//! Tenants: made and listed, from `main` alone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::paging::{Listing, Page};
use super::users::{self, NewUser};
use super::{Context, mails, record};
use crate::access::policy;
use crate::domain::history::{RightsKind, Target};
use crate::domain::mail::MailKind;
use crate::domain::role::{OWNER, Role, SYSTEM_ROLES};
use crate::domain::tenant::{Tenant, TenantId};
use crate::domain::tenant_settings::TenantSettings;
use crate::domain::text::Label;
use crate::domain::user::User;
use crate::error::{Conflict, Error, Result};
use crate::store::tenants;

/// A tenant to be made.
#[derive(Debug)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: Option<Label>,
    /// Its first owner; without a password it is invited by mail.
    pub owner: NewUser,
}

/// A page of tenants, by id.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for a cursor that is none; [`Error::Unavailable`].
pub async fn list(cx: &Context, limit: usize, cursor: Option<&str>) -> Result<Page<Tenant>> {
    policy::may_see_tenants(&cx.tenant)?;
    let listing = Listing::of(cx, "tenants").await?;
    let after: Option<TenantId> = listing.after(cursor)?;
    let (items, more) = tenants::list(&cx.app.table, after.as_ref(), limit).await?;
    let last = items.last().map(|tenant| tenant.id.clone()).filter(|_| more);
    listing.page(items, last)
}

/// Makes a tenant with its settings, its system roles and its first owner, all or nothing; answers it and the owner.
///
/// # Errors
/// [`Error::Forbidden`]; [`Conflict::TenantTaken`]; [`Error::Unavailable`].
pub async fn create(cx: &Context, new: NewTenant) -> Result<(Tenant, User)> {
    policy::may_see_tenants(&cx.tenant)?;
    if new.id == TenantId::main() {
        return Err(Conflict::TenantTaken.into());
    }
    let tenant = Tenant {
        id: new.id,
        name: new.name,
        created_at: cx.now,
        created_by: cx.caller.as_ref().map(|caller| caller.id),
    };
    let within = within(cx, &tenant.id);
    let in_tenant = |role: &crate::domain::role::SystemRole| role.in_tenant(&tenant.id, cx.now).map_err(Error::fault);
    let roles: Vec<Role> = SYSTEM_ROLES.iter().map(in_tenant).collect::<Result<_>>()?;
    let invited = new.owner.password.is_none();
    let owner = users::beginning(&within, new.owner, &[in_tenant(&OWNER)?]).await?;
    let mut plan = tenants::create(&tenant, &roles, &owner)?.and(rows(cx, &within, &tenant, &owner)?);
    if invited {
        plan = plan.and(mails::to(&within, MailKind::Invitation, &owner)?);
    }
    plan.commit(&cx.app.table).await?;
    Ok((tenant, owner))
}

/// The same request, as one about the new tenant, which nobody has read yet.
fn within(cx: &Context, tenant: &TenantId) -> Context {
    let settings = &cx.app.settings;
    Context {
        tenant: tenant.clone(),
        tenant_settings: Arc::new(TenantSettings::of_stack(settings)),
        address: settings.tenants.address(tenant).unwrap_or_else(|| cx.address.clone()),
        ..cx.clone()
    }
}

/// In `main` that there is a tenant, and in the tenant that there is an account.
fn rows(cx: &Context, within: &Context, tenant: &Tenant, owner: &User) -> Result<[crate::store::table::Write; 2]> {
    let after = json!({ "name": tenant.name.as_ref().map(Label::as_str), "owner": owner.id });
    let target = Target::Tenant(tenant.id.clone());
    Ok([
        record::rights(cx, RightsKind::TenantCreated, target, Value::Null, after)?,
        record::created(within, owner)?,
    ])
}
