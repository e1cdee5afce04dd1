//! Tenants in the table.

use super::dynamo::{Query, Table};
use super::table::{Cond, Write, from_item, to_item};
use super::tenant_settings::{self, Kept};
use super::{keys, roles};
use crate::domain::role::Role;
use crate::domain::tenant::{Tenant, TenantId};
use crate::error::{Conflict, Result};

/// Writes a new tenant's own item; refused with [`Conflict::TenantTaken`] where there is one of this id.
pub fn put(tenant: &Tenant) -> Result<Write> {
    Ok(Write::put(to_item(&keys::tenant(&tenant.id), tenant)?).when(Cond::absent(), Conflict::TenantTaken))
}

/// Everything that a tenant begins with but its first account: itself, its settings, these roles with their names.
pub fn create(tenant: &Tenant, beginning: &Kept, roles: &[Role]) -> Result<Vec<Write>> {
    let mut writes = vec![put(tenant)?, tenant_settings::create(&tenant.id, beginning)?];
    for role in roles {
        writes.extend(roles::create(role)?);
    }
    Ok(writes)
}

pub async fn get(table: &Table, id: &TenantId) -> Result<Option<Tenant>> {
    table.get(&keys::tenant(id)).await?.map(from_item).transpose()
}

/// How many tenants are looked up at a time.
const PAGE: usize = 100;

/// The ids of all tenants, for set-up.
pub async fn ids(table: &Table) -> Result<Vec<TenantId>> {
    let mut ids = Vec::new();
    loop {
        let (page, more) = list(table, ids.last(), PAGE).await?;
        ids.extend(page.into_iter().map(|tenant| tenant.id));
        if !more {
            return Ok(ids);
        }
    }
}

/// Tenants by id, after this one; and whether there are more.
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
