//! From few counters to many: where a tenant becomes large.

use super::read;
use super::settle::{close, open_counters};
use crate::context::Context;
use crate::domain::role::{Role, USER};
use crate::domain::tenant_size::TenantSize;
use crate::error::Result;
use crate::id::RoleId;
use crate::store::{roles, unit};

/// How many roles are looked at at a time.
const PAGE: usize = 100;

/// Spreads the seats of a tenant's roles over as many counters as a large one has. To be done before it is written down that
/// the tenant is large: a registration reads no role, and takes a seat on one of the many counters from then on.
pub async fn spread(cx: &Context) -> Result<()> {
    let mut after = None;
    loop {
        let (found, more) = roles::list(&cx.app.table, &cx.tenant, after, PAGE).await?;
        for role in found.iter().filter(|role| grown(role) != **role) {
            spread_one(cx, role.id).await?;
        }
        if found.iter().any(|role| role.id == USER.id) {
            close_for_registrations(cx).await?;
        }
        after = found.last().map(|role| role.id);
        if !more {
            return Ok(());
        }
    }
}

/// The role as a large tenant has it. That of everybody is in its first round also where it has a limit: a registration finds
/// the many counters closed then, and looks for another one.
fn grown(role: &Role) -> Role {
    let mut after = role.clone();
    after.spread_seats(TenantSize::Large);
    if after.id == USER.id {
        after.round = after.round.max(1);
    }
    after
}

async fn spread_one(cx: &Context, id: RoleId) -> Result<()> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    let spread = unit::decided(table, || async move {
        let Some(role) = roles::get(table, t, id).await? else {
            return Ok(None);
        };
        let after = grown(&role);
        match after == role {
            true => Ok(None),
            false => roles::change(&role, &after).map(Some),
        }
    });
    spread.await.map(drop)
}

/// Closes the many counters of everybody's role where it has a limit.
async fn close_for_registrations(cx: &Context) -> Result<()> {
    loop {
        // As it is now: it may have got its limit since the roles were listed.
        let role = roles::get(&cx.app.table, &cx.tenant, USER.id).await?;
        let Some(role) = role.filter(|role| role.max_count.is_some() && role.has_few_counters()) else {
            return Ok(());
        };
        let counters = read(&cx.app.table, &role).await?;
        match open_counters(&role, &counters).as_slice() {
            [] => return Ok(()),
            open => close(cx, &role, open).await?,
        }
    }
}
