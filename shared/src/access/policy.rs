//! What an account may do, and to whom (rules 8 and 9). Rights are decided here and nowhere else, from the account's
//! present grants and its roles' present permissions.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::grant::Grant;
use crate::domain::permission::{ADMIN_TENANTS, is_administrative};
use crate::domain::role::{Rank, Role, SystemRole};
use crate::domain::tenant::TenantId;
use crate::domain::text::Department;
use crate::error::{Forbidden, Result};
use crate::id::RoleId;

/// What somebody may do at one moment, in requests about one department or about none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    pub rank: Rank,
    pub roles: BTreeSet<RoleId>,
    pub permissions: BTreeSet<String>,
}

impl Rights {
    pub fn of<'a>(roles: impl Iterator<Item = &'a Role> + Clone) -> Self {
        Self {
            rank: roles.clone().filter_map(Role::rank).max().unwrap_or_default(),
            roles: roles.clone().map(|role| role.id).collect(),
            permissions: roles.flat_map(|role| role.permissions.iter().cloned()).collect(),
        }
    }
}

/// The rights that these grants give at this moment to a request about this department (`None`: about no department).
/// A role that is not among `roles` no longer exists and gives nothing.
pub fn effective(grants: &[Grant], roles: &[Role], now: Timestamp, department: Option<&Department>) -> Rights {
    let applying: BTreeSet<RoleId> = grants
        .iter()
        .filter(|grant| grant.applies(now, department))
        .map(|grant| grant.role)
        .collect();
    Rights::of(roles.iter().filter(|role| applying.contains(&role.id)))
}

/// The rank that an account is protected by: the highest of any grant that stands, even one that applies later, or
/// to one department only.
pub fn protected_rank(grants: &[Grant], now: Timestamp) -> Rank {
    let standing = grants.iter().filter(|grant| grant.stands(now));
    standing
        .filter_map(|grant| SystemRole::by_id(grant.role)?.rank)
        .max()
        .unwrap_or_default()
}

/// All that an account can come to hold by the grants that it has: at any time from now on, in any department.
pub fn prospects(grants: &[Grant], roles: &[Role], now: Timestamp) -> BTreeSet<String> {
    let standing = |role: &&Role| grants.iter().any(|grant| grant.role == role.id && grant.stands(now));
    let held = roles.iter().filter(standing);
    held.flat_map(|role| role.permissions.iter().cloned()).collect()
}

/// Whether an actor may change an account that these grants protect: not one on a higher rank.
pub fn may_change(actor: &Rights, target: &[Grant], now: Timestamp) -> Result<()> {
    if protected_rank(target, now) > actor.rank {
        return Err(Forbidden::AboveOwnRank.into());
    }
    Ok(())
}

/// Whether an actor may put itself in the place of an account that can come to hold these permissions (set its
/// password or its address): not where one is administrative and the actor lacks it.
pub fn may_take_over(actor: &Rights, prospects: &BTreeSet<String>) -> Result<()> {
    let administrative = prospects.iter().filter(|name| is_administrative(name));
    holds_all(actor, administrative)
}

/// Whether an actor may give this role: its rank is not above the actor's, and the actor holds all that it holds.
pub fn may_grant(actor: &Rights, role: &Role) -> Result<()> {
    may_touch_rank(actor, role)?;
    holds_all(actor, role.permissions.iter())
}

/// Whether an actor may change a role so that it holds `after`: its rank is not above the actor's, and what it gains
/// the actor holds.
pub fn may_edit(actor: &Rights, role: &Role, after: &BTreeSet<String>) -> Result<()> {
    may_touch_rank(actor, role)?;
    holds_all(actor, after.difference(&role.permissions))
}

/// Whether tenants can be created and listed from this one: from `main` alone, whatever permissions another has.
pub fn may_see_tenants(tenant: &TenantId) -> Result<()> {
    if *tenant == TenantId::main() {
        Ok(())
    } else {
        Err(Forbidden::MissingPermission(ADMIN_TENANTS).into())
    }
}

fn may_touch_rank(actor: &Rights, role: &Role) -> Result<()> {
    if role.rank().is_some_and(|rank| rank > actor.rank) {
        return Err(Forbidden::AboveOwnRank.into());
    }
    Ok(())
}

fn holds_all<'a>(actor: &Rights, mut permissions: impl Iterator<Item = &'a String>) -> Result<()> {
    match permissions.find(|name| !actor.permissions.contains(*name)) {
        Some(name) => Err(Forbidden::NotHeld(name.clone().into()).into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
