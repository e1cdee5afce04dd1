//! Changes of accounts, and who may make them (rule 9).

use super::revisions::{Expected, expect};
use super::{Context, Credential};
use crate::access::policy::{self, Actor, Span};
use crate::domain::grant::{self, Grant};
use crate::domain::lockout::NameAttempts;
use crate::domain::role::Role;
use crate::domain::user::{User, UserRef};
use crate::error::Result;
use crate::id::RoleId;
use crate::store::unit::{Unit, atomically};
use crate::store::{roles, users};

/// Changes an account that the caller may change; answers it as it is since.
pub(super) async fn change(
    cx: &Context,
    user: &UserRef,
    expected: &Expected,
    edit: impl Fn(&mut User) -> Result<()>,
) -> Result<User> {
    let edit = &edit;
    atomically(cx, |unit| async move {
        let user = changeable(cx, &unit, user).await?;
        expect(cx, &unit, &user, expected).await?;
        unit.edit(&user, edit)
    })
    .await
}

/// The account, which the caller may change.
pub(super) async fn changeable(cx: &Context, unit: &Unit<'_>, user: &UserRef) -> Result<User> {
    let user = unit.user(user).await?;
    may_change(cx, unit, &user).await?;
    Ok(user)
}

/// Changes the caller's own account, which was read already. Where that ends the account's sessions, the one that asks
/// for it goes on.
pub(super) async fn change_own(cx: &Context, own: &User, edit: impl Fn(&mut User) -> Result<()>) -> Result<()> {
    let edit = &edit;
    atomically(cx, |unit| async move {
        let (user, session) = unit.own(own).await?;
        let after = unit.edit(&user, edit)?;
        if let Some(session) = session.filter(|_| after.epoch != user.epoch) {
            unit.keep_session(&session, &after)?;
        }
        Ok(())
    })
    .await
}

/// Whether the caller may change this account: not one on a rank above its own or with a system permission that it lacks,
/// and another's only where the contract lets it, too (rule 9).
pub(super) async fn may_change(cx: &Context, unit: &Unit<'_>, user: &User) -> Result<()> {
    if cx.is_operator {
        return Ok(());
    }
    let roles = unit.roles_of(user).await?;
    may_change_with(cx, user, &roles)
}

/// The same, where the account only loses roles. These need not stay as they were read: a change of one is as if it came a
/// moment later. One that lets its holders manage users changes the account too.
pub(super) async fn may_take_from(cx: &Context, user: &User) -> Result<()> {
    let roles = roles::standing(&cx.app.table, &cx.tenant, [user], cx.now).await?;
    may_change_with(cx, user, &roles)
}

/// The same, where the roles of the account are known.
pub(super) fn may_change_with(cx: &Context, user: &User, roles: &[Role]) -> Result<()> {
    let caller = cx.caller()?;
    if caller.id == user.id {
        return Ok(());
    }
    if let Some(stricter) = cx.stricter {
        stricter(&caller.rights, &user.grants, cx.now)?;
    }
    policy::may_touch(&caller.rights, &user.grants, roles, cx.now)
}

/// The account, whose keys, sessions and logins the caller may see: whoever may change it (rule 9).
pub(super) async fn seen_into(cx: &Context, who: &UserRef) -> Result<User> {
    let user = users::find(&cx.app.table, &cx.tenant, who).await?;
    let known = roles::standing(&cx.app.table, &cx.tenant, [&user], cx.now).await?;
    may_change_with(cx, &user, &known)?;
    Ok(user)
}

/// Whether the caller may put itself in this account's place.
pub(super) async fn may_take_over(cx: &Context, unit: &Unit<'_>, user: &User) -> Result<()> {
    let roles = unit.roles_of(user).await?;
    may_change_with(cx, user, &roles)?;
    if cx.caller()?.id == user.id {
        return Ok(());
    }
    let held = held_by_caller(cx).await?;
    policy::may_take_over(&actor(cx, &held)?, &user.grants, &roles, cx.now)
}

/// Nobody clears the count of failures of their own account by another name, or as an administrator: whoever has their
/// session could guess the password on and on.
pub(super) fn keep_own_count(cx: &Context, after: &mut User, attempts: NameAttempts) {
    if cx.actor() == Some(after.id) {
        after.attempts = attempts;
    }
}

/// What the caller holds over time.
pub(super) struct Held {
    grants: Vec<Grant>,
    roles: Vec<Role>,
}

/// The caller's grants, and the roles of those that stand, also of those that do not apply to this request. By a key that
/// ends nothing is held for longer: whoever stole it gives nothing, and takes nothing over, that outlives it.
pub(super) async fn held_by_caller(cx: &Context) -> Result<Held> {
    let caller = cx.caller()?;
    let until = match &caller.credential {
        Credential::Key(key) => key.expires_at,
        Credential::Session(_) => None,
    };
    let own = caller.user.as_ref().map(|user| user.grants.as_slice());
    let grants = grant::until(own.unwrap_or_default(), until);
    let mut roles = caller.roles.clone();
    let missing: Vec<RoleId> = grants
        .iter()
        .filter(|grant| grant.stands(cx.now) && !roles.iter().any(|role| role.id == grant.role))
        .map(|grant| grant.role)
        .collect();
    if !missing.is_empty() {
        roles.extend(roles::get_all(&cx.app.table, &cx.tenant, missing).await?);
    }
    Ok(Held { grants, roles })
}

/// Whether the caller may give this role for this span.
pub(super) async fn may_grant(cx: &Context, role: &Role, span: &Span) -> Result<()> {
    let held = held_by_caller(cx).await?;
    policy::may_grant(&actor(cx, &held)?, role, span)
}

/// The caller, as the policy asks for it.
pub(super) fn actor<'a>(cx: &'a Context, held: &'a Held) -> Result<Actor<'a>> {
    let caller = cx.caller()?;
    let own = caller.user.as_ref();
    Ok(Actor {
        rights: &caller.rights,
        held: own.map(|_| (held.grants.as_slice(), held.roles.as_slice())),
    })
}
