//! Rows of the histories, to go into the transaction of what they record.

use serde_json::{Value, json};

use super::Context;
use crate::domain::grant::Grant;
use crate::domain::history::{LoginEntry, LoginKind, RightsEntry, RightsKind, Target};
use crate::domain::role::Role;
use crate::domain::time;
use crate::domain::user::User;
use crate::error::Result;
use crate::id::{EntryId, SessionId, UserId};
use crate::store::history;
use crate::store::table::Write;

/// A row of the login history, not yet a write.
///
/// # Errors
/// Where the machine gives no randomness.
pub fn login_entry(cx: &Context, user: UserId, kind: LoginKind, session: Option<SessionId>) -> Result<LoginEntry> {
    Ok(LoginEntry {
        id: EntryId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        user,
        kind,
        at: cx.now,
        surface: cx.origin.surface.name.to_owned(),
        ip: cx.origin.ip.clone(),
        user_agent: cx.origin.user_agent.clone(),
        session,
    })
}

/// A row of the login history.
///
/// # Errors
/// As [`login_entry`].
pub fn login(cx: &Context, user: UserId, kind: LoginKind, session: Option<SessionId>) -> Result<Write> {
    history::login(&login_entry(cx, user, kind, session)?, cx.tenant_settings.history)
}

/// A row of the rights history.
///
/// # Errors
/// As [`login_entry`].
pub fn rights(cx: &Context, kind: RightsKind, target: Target, before: Value, after: Value) -> Result<Write> {
    let entry = RightsEntry {
        id: EntryId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        kind,
        at: cx.now,
        actor: cx.caller.as_ref().map(|caller| caller.id),
        target,
        before,
        after,
    };
    history::rights(&entry, cx.tenant_settings.history)
}

/// The rows that a change of an account calls for: its status and each grant that came or went.
///
/// # Errors
/// As [`login_entry`].
pub fn changes(cx: &Context, before: &User, after: &User) -> Result<Vec<Write>> {
    let mut rows = Vec::new();
    let target = || Target::User(after.id);
    if before.status != after.status || before.lock != after.lock {
        rows.push(rights(
            cx,
            RightsKind::StatusChanged,
            target(),
            status(before),
            status(after),
        )?);
    }
    for grant in after
        .grants
        .iter()
        .filter(|grant| !before.grants.iter().any(|was| was.id == grant.id))
    {
        rows.push(rights(
            cx,
            RightsKind::RoleGranted,
            target(),
            Value::Null,
            given(grant),
        )?);
    }
    for grant in before
        .grants
        .iter()
        .filter(|grant| !after.grants.iter().any(|is| is.id == grant.id))
    {
        rows.push(rights(
            cx,
            RightsKind::RoleRevoked,
            target(),
            given(grant),
            Value::Null,
        )?);
    }
    Ok(rows)
}

/// The row of a new account, with the roles that it begins with.
///
/// # Errors
/// As [`login_entry`].
pub fn created(cx: &Context, user: &User) -> Result<Write> {
    let grants: Vec<Value> = user.grants.iter().map(given).collect();
    let after = json!({ "status": user.status, "grants": grants });
    rights(cx, RightsKind::UserCreated, Target::User(user.id), Value::Null, after)
}

/// What a role is, in a row.
pub fn role(role: &Role) -> Value {
    json!({ "name": role.name.as_given(), "permissions": role.permissions, "maxCount": role.max_count })
}

fn status(user: &User) -> Value {
    let lock = user.lock.as_ref();
    json!({
        "status": user.status,
        "reason": lock.and_then(|lock| lock.reason.clone()),
        "until": lock.and_then(|lock| lock.until).map(time::text),
    })
}

fn given(grant: &Grant) -> Value {
    json!({
        "grant": grant.id,
        "role": grant.role,
        "department": grant.department,
        "effectiveFrom": grant.effective_from.map(time::text),
        "effectiveTo": grant.effective_to.map(time::text),
    })
}
