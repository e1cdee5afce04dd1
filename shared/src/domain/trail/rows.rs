//! What rows of the rights history have of a change.

use serde_json::{Value, json};

use crate::domain::grant::Grant;
use crate::domain::history::RightsKind;
use crate::domain::role::Role;
use crate::domain::time;
use crate::domain::user::{Status, User};

/// What changed of an account's rights, as its rows have it.
pub fn of_account(before: &User, after: &User) -> Vec<(RightsKind, Value, Value)> {
    if after.status == Status::Deleted {
        return vec![(RightsKind::UserDeleted, json!({ "status": before.status }), Value::Null)];
    }
    let mut changes = Vec::new();
    if before.status != after.status || before.lock != after.lock {
        changes.push((RightsKind::StatusChanged, status(before), status(after)));
    }
    let new = missing_in(before, after).map(|new| (RightsKind::RoleGranted, Value::Null, of_grant(new)));
    let gone = missing_in(after, before).map(|gone| (RightsKind::RoleRevoked, of_grant(gone), Value::Null));
    changes.extend(new.chain(gone));
    changes
}

/// The grants of an account that the other does not have.
fn missing_in<'a>(other: &'a User, user: &'a User) -> impl Iterator<Item = &'a Grant> {
    let known = |grant: &Grant| other.grants.iter().any(|one| one.id == grant.id);
    user.grants.iter().filter(move |grant| !known(grant))
}

/// What the history has of a role.
pub fn of_role(role: &Role) -> Value {
    json!({
        "name": role.name.as_given(),
        "description": role.description,
        "permissions": role.permissions,
        "maxCount": role.max_count,
    })
}

fn status(user: &User) -> Value {
    let lock = user.lock.as_ref();
    json!({
        "status": user.status,
        "reason": lock.and_then(|lock| lock.reason.clone()),
        "until": lock.and_then(|lock| lock.until).map(time::text),
    })
}

/// What the history has of a grant.
pub fn of_grant(grant: &Grant) -> Value {
    json!({
        "grant": grant.id,
        "role": grant.role,
        "department": grant.department,
        "effectiveFrom": grant.effective_from.map(time::text),
        "effectiveTo": grant.effective_to.map(time::text),
    })
}
