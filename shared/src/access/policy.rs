//! What an account may do, and to whom (rules 8 and 9). Rights are decided here and nowhere else, from the account's
//! present grants and its roles' present permissions.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::decision::reasons;
use crate::domain::grant::Grant;
use crate::domain::permission::{ADMIN_PERMISSIONS, ADMIN_ROLES, is_system};
use crate::domain::role::{Rank, Role, SystemRole};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::Chosen;
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
            permissions: roles.flat_map(Role::gives).cloned().collect(),
        }
    }

    /// Whether it may give this permission of a role: one that it holds; an application's also where it manages roles, or,
    /// where that is restricted, the catalogue (rule 17).
    fn may_pass_on(&self, permission: &str, of: &Role) -> bool {
        let manages = match of.restricted.contains(permission) {
            true => ADMIN_PERMISSIONS,
            false => ADMIN_ROLES,
        };
        self.permissions.contains(permission) || !is_system(permission) && self.permissions.contains(manages)
    }
}

/// Whoever does something, and what it holds over time.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// What it may do now.
    pub rights: &'a Rights,
    /// Its grants and their roles; a development principal has none, and holds what it holds for good.
    pub held: Option<(&'a [Grant], &'a [Role])>,
}

/// When, and in which department, something is held or given.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    department: Option<Department>,
    from: Timestamp,
    /// The first moment after it; without end where absent.
    to: Option<Timestamp>,
}

impl Span {
    pub fn of(grant: &Grant, now: Timestamp) -> Self {
        Self {
            department: grant.department.clone(),
            from: grant.effective_from.map_or(now, |from| from.max(now)),
            to: grant.effective_to,
        }
    }

    /// From now on, in every department.
    pub fn for_good(now: Timestamp) -> Self {
        Self {
            department: None,
            from: now,
            to: None,
        }
    }

    /// Whether these grants together leave no moment of it out.
    fn is_covered<'a>(&self, grants: impl Iterator<Item = &'a Grant>) -> bool {
        let concerns = |grant: &&Grant| grant.department.is_none() || grant.department == self.department;
        let mut grants: Vec<&Grant> = grants.filter(concerns).collect();
        grants.sort_by_key(|grant| grant.effective_from);
        let mut reached = self.from;
        for grant in grants {
            if grant.effective_from.is_some_and(|from| from > reached) {
                return false;
            }
            let Some(end) = grant.effective_to else { return true };
            reached = reached.max(end);
            if self.to.is_some_and(|to| to <= reached) {
                return true;
            }
        }
        false
    }
}

impl Actor<'_> {
    /// Whether grants of roles like this one last as long as the span.
    fn holds_through(&self, span: &Span, is_like: impl Fn(&Role) -> bool) -> bool {
        let Some((grants, roles)) = self.held else { return true };
        let like: BTreeSet<RoleId> = roles.iter().filter(|role| is_like(role)).map(|role| role.id).collect();
        span.is_covered(grants.iter().filter(|grant| like.contains(&grant.role)))
    }

    /// Whether it stands on the role's rank or above it, for as long as the span.
    fn reaches_rank(&self, role: &Role, span: &Span) -> Result<(), Forbidden> {
        let Some(rank) = role.rank().filter(|rank| *rank > Rank::User) else {
            return Ok(());
        };
        let reaches = |own: &Role| own.rank().is_some_and(|own| own >= rank);
        match rank <= self.rights.rank {
            false => Err(Forbidden::RoleAboveOwnRank),
            true if !self.holds_through(span, reaches) => Err(Forbidden::HeldForLess(rank.as_str().into())),
            true => Ok(()),
        }
    }

    /// Whether it holds these permissions of a role, as long as the span.
    fn holds_all<'a>(&self, permissions: impl Iterator<Item = &'a String>, of: &Role, span: &Span) -> Result<()> {
        for name in permissions {
            let passes_on = |role: &Role| Rights::of(std::iter::once(role)).may_pass_on(name, of);
            // Held in one department alone, it can be given for that department.
            let held = match self.held {
                Some(_) => self.holds_through(span, passes_on),
                None => self.rights.may_pass_on(name, of),
            };
            match held {
                true => {}
                false if self.rights.may_pass_on(name, of) => {
                    return Err(Forbidden::HeldForLess(name.clone().into()).into());
                }
                false => return Err(Forbidden::NotHeld(name.clone().into()).into()),
            }
        }
        Ok(())
    }
}

/// The rights that these grants give at this moment to a request about this department (`None`: about no department).
/// A role that is not among `roles` no longer exists and gives nothing.
pub fn effective(grants: &[Grant], roles: &[Role], now: Timestamp, department: Option<&Department>) -> Rights {
    let applying = reasons(grants, roles, department).filter(|reason| reason.grant.is_effective(now));
    Rights::of(applying.map(|reason| reason.role))
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

/// The system permissions that an account can come to hold by the grants that it has: at any time from now on, in any
/// department.
fn prospects<'a>(grants: &'a [Grant], roles: &'a [Role], now: Timestamp) -> impl Iterator<Item = &'a String> {
    let standing = move |role: &&Role| grants.iter().any(|grant| grant.role == role.id && grant.stands(now));
    let held = roles.iter().filter(standing).flat_map(Role::gives);
    held.filter(|name| is_system(name))
}

/// Whether an actor may change, lock, delete, revoke, rename or reset an account with these grants: not one on a higher
/// rank, nor one with a system permission that the actor lacks (rule 9).
pub fn may_touch(actor: &Rights, target: &[Grant], roles: &[Role], now: Timestamp) -> Result<()> {
    if protected_rank(target, now) > actor.rank {
        return Err(Forbidden::AboveOwnRank.into());
    }
    match prospects(target, roles, now).find(|name| !actor.permissions.contains(*name)) {
        Some(name) => Err(Forbidden::NotHeld(name.clone().into()).into()),
        None => Ok(()),
    }
}

/// Whether an actor may put itself in the place of such an account (set its password or its address): where it may be
/// touched, and for no longer and nowhere else than the actor holds the same.
pub fn may_take_over(actor: &Actor, target: &[Grant], roles: &[Role], now: Timestamp) -> Result<()> {
    may_touch(actor.rights, target, roles, now)?;
    for grant in target.iter().filter(|grant| grant.stands(now)) {
        let Some(role) = roles.iter().find(|role| role.id == grant.role) else {
            continue;
        };
        let span = Span::of(grant, now);
        actor.reaches_rank(role, &span).map_err(|_| Forbidden::AboveOwnRank)?;
        let guarded = |name: &&String| is_system(name) || role.restricted.contains(*name);
        actor.holds_all(role.gives().filter(guarded), role, &span)?;
    }
    Ok(())
}

/// Whether an actor may give this role for this span: its rank is not above the actor's, and the actor holds all that it
/// holds, for as long and in the same departments.
pub fn may_grant(actor: &Actor, role: &Role, span: &Span) -> Result<()> {
    actor.reaches_rank(role, span)?;
    actor.holds_all(role.permissions.iter(), role, span)
}

/// Whether an actor may edit, empty, limit or delete a role, as far as the role itself is concerned: those of the system
/// as an owner alone, another where it carries no permission that the actor lacks. Its holders are asked about one by one
/// ([`may_touch`]), except of whoever may touch everybody.
pub fn may_touch_role(actor: &Rights, role: &Role) -> Result<()> {
    if SystemRole::by_id(role.id).is_some() && actor.rank < Rank::Owner {
        return Err(Forbidden::BelowRank(Rank::Owner).into());
    }
    match role.permissions.iter().find(|name| !actor.may_pass_on(name, role)) {
        Some(name) => Err(Forbidden::NotHeld(name.clone().into()).into()),
        None => Ok(()),
    }
}

/// Whether there is no account in the tenant that the actor may not touch.
pub fn may_touch_everybody(actor: &Rights, owner: &Role) -> bool {
    actor.rank == Rank::Owner && owner.permissions.is_subset(&actor.permissions)
}

/// Whether a role that the actor may touch may come to hold this. What it gains, the actor holds for good.
pub fn may_edit(actor: &Actor, role: &Role, after: &Role, now: Timestamp) -> Result<()> {
    may_touch_role(actor.rights, role)?;
    let gained = after.permissions.difference(&role.permissions);
    actor.holds_all(gained, after, &Span::for_good(now))
}

/// Whether an actor may make what this permission is for (a key, a tenant) for as long as until then: no longer than it holds
/// the permission.
pub fn may_make(actor: &Actor, needed: &'static str, now: Timestamp, until: Option<Timestamp>) -> Result<()> {
    let span = Span {
        department: None,
        from: now,
        to: until,
    };
    match actor.held {
        Some(_) if !actor.holds_through(&span, |role| role.gives().any(|name| name == needed)) => {
            Err(Forbidden::HeldForLess(needed.into()).into())
        }
        _ => Ok(()),
    }
}

/// Whether an actor may revoke an API key or another credential that belongs to no account: its own, or as an owner. (Of
/// what somebody else made, whoever may touch that account.)
pub fn may_revoke_unowned(actor: &Rights) -> Result<()> {
    match actor.rank {
        Rank::Owner => Ok(()),
        _ => Err(Forbidden::BelowRank(Rank::Owner).into()),
    }
}

/// Whether an actor may change these settings: what concerns registration with the permission that the route asks for,
/// everything else on the rank `admin` (rule 9).
pub fn may_set(actor: &Rights, before: &Chosen, after: &Chosen) -> Result<()> {
    let registration = Chosen {
        registration_open: after.registration_open,
        email_on_signup: after.email_on_signup,
        email_verification: after.email_verification,
        ..before.clone()
    };
    match registration == *after || actor.rank >= Rank::Admin {
        true => Ok(()),
        false => Err(Forbidden::BelowRank(Rank::Admin).into()),
    }
}

/// Whether what is the whole stack's, tenants and the catalogue, can be managed from this tenant: from `main` alone,
/// whatever permissions another has.
pub fn may_manage_stack(tenant: &TenantId, needed: &'static str) -> Result<()> {
    match *tenant == TenantId::main() {
        true => Ok(()),
        false => Err(Forbidden::MissingPermission(needed).into()),
    }
}

#[cfg(test)]
mod closure;
#[cfg(test)]
mod tests;
