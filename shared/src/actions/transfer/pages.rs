//! What a tenant hands on, page by page.

use jiff::Timestamp;

use crate::actions::{Context, catalogue};
use crate::domain::permission::{Permission, is_system};
use crate::domain::role::Role;
use crate::domain::user::{Status, User};
use crate::error::Result;
use crate::id::UserId;
use crate::store::user_lists::listed;
use crate::store::{roles, tenants, users};

/// Accounts, newest first, after this one: about as many as are wanted; and after which one more follow.
pub async fn accounts(cx: &Context, after: Option<UserId>, wanted: usize) -> Result<(Vec<User>, Option<UserId>)> {
    let (ids, more) = listed(cx).next(after, wanted).await?;
    let mut found = users::get_all(&cx.app.table, &cx.tenant, &ids).await?;
    found.retain(|user| user.status != Status::Deleted);
    let last = ids.last().copied().or(after);
    Ok((found, last.filter(|_| more)))
}

/// The same of accounts that are deleted.
pub async fn deleted(cx: &Context, after: Option<UserId>, wanted: usize) -> Result<(Vec<User>, Option<UserId>)> {
    let of = Some(Status::Deleted);
    let (found, more) = listed(cx).newest(of, after, wanted).await?;
    let ids: Vec<UserId> = found.iter().map(|one| one.id).collect();
    let found = users::get_all(&cx.app.table, &cx.tenant, &ids).await?;
    let last = ids.last().copied().or(after);
    Ok((found, last.filter(|_| more)))
}

/// When the tenant was made in its table: what it keeps for good, and two directories have not in common.
pub async fn made_at(cx: &Context) -> Result<Option<Timestamp>> {
    let tenant = tenants::get(&cx.app.table, &cx.tenant).await?;
    Ok(tenant.map(|tenant| tenant.created_at))
}

/// All roles of the tenant.
pub async fn all_roles(cx: &Context) -> Result<Vec<Role>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (roles, more) = roles::list(&cx.app.table, &cx.tenant, after, 100).await?;
        after = roles.last().map(|role| role.id);
        found.extend(roles);
        if !more {
            return Ok(found);
        }
    }
}

/// The permissions that applications have.
pub async fn permissions(cx: &Context) -> Result<Vec<Permission>> {
    let mut found = catalogue::list(cx).await?;
    found.retain(|permission| !is_system(&permission.name));
    Ok(found)
}
