//! Which tenants are large: written down by set-up, each day, and never taken back.

use super::{Context, for_each_tenant};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::{LARGE_FROM, TenantSize};
use crate::error::Result;
use crate::store::unit::decided;
use crate::store::user_lists::UserLists;
use crate::store::{seats, tenant_settings};

/// Writes down of each of these tenants that it is large, where the stack asks for it or it has grown.
pub async fn bring_up_to_date(cx: &Context, tenants: &[TenantId]) -> Result<()> {
    let one = |tenant: TenantId| async move { one(cx, &tenant).await };
    for_each_tenant(tenants, one).await.map(drop)
}

async fn one(cx: &Context, tenant: &TenantId) -> Result<()> {
    let table = &cx.app.table;
    let kept = tenant_settings::get(table, tenant).await?.unwrap_or_default();
    let is_large = kept.large_since.is_some();
    if !is_large && cx.app.settings.tenant_size != TenantSize::Large && !has_grown(cx, tenant).await? {
        return Ok(());
    }
    // Each day: a process that did not know yet that the tenant is large may have made a role since.
    seats::spread(&cx.within(tenant)).await?;
    let grown = decided(table, || async move {
        let kept = tenant_settings::get(table, tenant).await?.unwrap_or_default();
        let is_due = kept.large_since.is_none();
        Ok(is_due.then(|| vec![tenant_settings::grow(tenant, cx.now)]))
    })
    .await?;
    if grown {
        tracing::info!(
            event = "tenant_grown",
            tenant = tenant.as_str(),
            "it is large from now on"
        );
    }
    Ok(())
}

async fn has_grown(cx: &Context, tenant: &TenantId) -> Result<bool> {
    let of = UserLists {
        table: &cx.app.table,
        tenant,
        size: TenantSize::Small,
    };
    let counts = of.counts().await?;
    Ok(counts.values().sum::<u64>() >= LARGE_FROM)
}
