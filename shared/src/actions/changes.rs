//! Changes of accounts, and who may make them (rule 9).

use super::Context;
use crate::access::policy;
use crate::domain::user::{User, UserRef};
use crate::error::Result;
use crate::store::roles;
use crate::store::unit::{Unit, atomically};

/// Changes an account that the caller may change; answers it as it is since.
pub(super) async fn change(cx: &Context, user: &UserRef, edit: impl Fn(&mut User) -> Result<()>) -> Result<User> {
    let edit = &edit;
    atomically(cx, |unit| async move {
        let user = changeable(cx, &unit, user).await?;
        unit.edit(&user, edit)
    })
    .await
}

/// The account, which the caller may change.
pub(super) async fn changeable(cx: &Context, unit: &Unit<'_>, user: &UserRef) -> Result<User> {
    let user = unit.user(user).await?;
    may_change(cx, &user)?;
    Ok(user)
}

/// Changes the caller's own account, which was read already. Where that ends the account's sessions, the one that asks
/// for it goes on.
pub(super) async fn change_own(cx: &Context, own: &User, edit: impl Fn(&mut User) -> Result<()>) -> Result<()> {
    let edit = &edit;
    atomically(cx, |unit| async move {
        let (user, session) = unit.own(own).await?;
        let after = unit.edit(&user, edit)?;
        if after.epoch != user.epoch {
            unit.keep_session(&session, &after)?;
        }
        Ok(())
    })
    .await
}

/// Whether the caller may change this account: not one on a rank above its own, and another's only where the contract
/// lets it, too (rule 9).
pub(super) fn may_change(cx: &Context, user: &User) -> Result<()> {
    let caller = cx.caller()?;
    if let Some(stricter) = cx.stricter.filter(|_| caller.id != user.id) {
        stricter(&caller.rights, &user.grants, cx.now)?;
    }
    policy::may_change(&caller.rights, &user.grants, cx.now)
}

/// Whether the caller may put itself in this account's place.
pub(super) async fn may_take_over(cx: &Context, user: &User) -> Result<()> {
    may_change(cx, user)?;
    if cx.caller()?.id == user.id {
        return Ok(());
    }
    let ids = user.grants.iter().map(|grant| grant.role);
    let known = roles::get_all(&cx.app.table, &cx.tenant, ids).await?;
    policy::may_take_over(&cx.caller()?.rights, &policy::prospects(&user.grants, &known, cx.now))
}
