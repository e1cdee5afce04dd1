//! Tenants in the table.

use std::collections::BTreeSet;

use super::dynamo::{Query, Table};
use super::table::{Cond, Key, Op, Write, from_item, to_item};
use super::users::{self, Plan};
use super::{keys, roles, tenant_settings};
use crate::domain::role::Role;
use crate::domain::tenant::{Tenant, TenantId};
use crate::domain::tenant_settings::Chosen;
use crate::domain::user::User;
use crate::error::{Conflict, Result};

/// Writes a new tenant's own item; refused with [`Conflict::TenantTaken`] where there is one of this id.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn put(tenant: &Tenant) -> Result<Write> {
    Ok(Write::put(to_item(&keys::tenant(&tenant.id), tenant)?).when(Cond::absent(), Conflict::TenantTaken))
}

/// Everything that a tenant begins with, for one transaction: itself, its settings, these roles with their names and
/// seats, and its first account with all that an account implies.
///
/// # Errors
/// As [`put`].
pub fn create(tenant: &Tenant, roles: &[Role], first: &User) -> Result<Plan> {
    let mut plan = users::writes(None, first)?;
    // The first account's seats are taken where the counters are opened.
    let counters: BTreeSet<Key> = roles.iter().flat_map(keys::all_seats).collect();
    let opens = |write: &Write| matches!(&write.op, Op::Update(key, _) if counters.contains(key));
    plan.within.retain(|write| !opens(write));
    let mut within = vec![put(tenant)?, tenant_settings::create(&tenant.id, &Chosen::default())?];
    for role in roles {
        let grant = first.grants.iter().find(|grant| grant.role == role.id);
        within.extend(roles::create_with(role, grant.map(|grant| grant.seat))?);
    }
    within.append(&mut plan.within);
    plan.within = within;
    Ok(plan)
}

/// Tenants by id, after this one; and whether there are more.
///
/// # Errors
/// As [`Table::get`].
pub async fn list(table: &Table, after: Option<&TenantId>, limit: usize) -> Result<(Vec<Tenant>, bool)> {
    let query = Query {
        pk: keys::TENANTS.to_owned(),
        prefix: Some(keys::TENANT.to_owned()),
        after: after.map(|id| keys::tenant(id).sk),
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let tenants = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
    Ok((tenants, page.more))
}
