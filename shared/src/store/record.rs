//! Rows of the histories, to go into the transaction of what they record.

use serde_json::{Value, json};

use super::history;
use super::table::Write;
use crate::context::Context;
use crate::domain::grant::Grant;
use crate::domain::history::{LoginEntry, LoginKind, RightsEntry, RightsKind, Target};
use crate::domain::role::Role;
use crate::domain::time;
use crate::domain::user::{Status, User};
use crate::error::Result;
use crate::id::{EntryId, SessionId, UserId};

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
        actor: cx.actor(),
        target,
        before,
        after,
    };
    history::rights(&entry, cx.tenant_settings.history)
}

/// The rows that a change of an account calls for: that it was made, deleted or erased; its status; and each grant that
/// came or went.
///
/// # Errors
/// As [`login_entry`].
pub fn changes(cx: &Context, before: Option<&User>, after: Option<&User>) -> Result<Vec<Write>> {
    let row = |kind, id, before, after| rights(cx, kind, Target::User(id), before, after);
    let was = |user: &User| json!({ "status": user.status });
    let (before, after) = match (before, after) {
        (None, None) => return Ok(Vec::new()),
        (None, Some(new)) => return Ok(vec![row(RightsKind::UserCreated, new.id, Value::Null, made(new))?]),
        (Some(gone), None) => return Ok(vec![row(RightsKind::UserErased, gone.id, was(gone), Value::Null)?]),
        (Some(before), Some(after)) => (before, after),
    };
    if after.status == Status::Deleted {
        return Ok(vec![row(RightsKind::UserDeleted, after.id, was(before), Value::Null)?]);
    }
    let mut rows = Vec::new();
    if before.status != after.status || before.lock != after.lock {
        rows.push(row(RightsKind::StatusChanged, after.id, status(before), status(after))?);
    }
    for new in missing_in(before, after) {
        rows.push(row(RightsKind::RoleGranted, after.id, Value::Null, given(new))?);
    }
    for gone in missing_in(after, before) {
        rows.push(row(RightsKind::RoleRevoked, after.id, given(gone), Value::Null)?);
    }
    Ok(rows)
}

/// The grants of `user` that `other` does not have.
fn missing_in<'a>(other: &'a User, user: &'a User) -> impl Iterator<Item = &'a Grant> {
    let known = |grant: &Grant| other.grants.iter().any(|one| one.id == grant.id);
    user.grants.iter().filter(move |grant| !known(grant))
}

fn made(user: &User) -> Value {
    let grants: Vec<Value> = user.grants.iter().map(given).collect();
    json!({ "status": user.status, "grants": grants })
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
