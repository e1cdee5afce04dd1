//! What a tenant set, in the table.

use super::dynamo::Table;
use super::keys;
use super::table::{Cond, Lost, Write, from_item, number, to_item};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::Chosen;
use crate::error::Result;

/// What the tenant set; nothing where the tenant has no item of its own yet.
pub async fn get(table: &Table, t: &TenantId) -> Result<Option<Chosen>> {
    table.get(&keys::tenant_settings(t)).await?.map(from_item).transpose()
}

/// Writes what a tenant sets at its beginning.
pub fn create(t: &TenantId, chosen: &Chosen) -> Result<Write> {
    Ok(Write::put(to_item(&keys::tenant_settings(t), chosen)?).when(Cond::absent(), Lost::Changed))
}

/// Writes what a tenant sets from now on, provided that it is as it was read; else [`Lost::Changed`].
pub fn change(t: &TenantId, before: Option<&Chosen>, after: &Chosen) -> Result<Write> {
    let Some(before) = before else { return create(t, after) };
    let as_read = Cond::Eq("version", number(before.version));
    Ok(Write::put(to_item(&keys::tenant_settings(t), after)?).when(as_read, Lost::Changed))
}
