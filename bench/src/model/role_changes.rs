//! Roles and the catalogue of permissions (rules 9 and 17).

use std::sync::Arc;

use super::apply::Seen;
use super::calls::Call;
use super::expected::{Expected, No};
use super::rights::{Actor, FIRST_APPLICATION, OF_SYSTEM, Permissions, TENANTS, USERS};
use super::state::{Role, State};
use super::step::Step;

impl State {
    /// Whether the catalogue has all of these.
    fn knows(&self, permissions: Permissions) -> bool {
        permissions & !(OF_SYSTEM | self.catalogue) == 0
    }

    pub fn change_role(&mut self, call: &Call, seen: &Seen) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        match &call.step {
            Step::MakeRole { .. } => self.make_role(&call.step, actor),
            Step::SetMax { role, limit, .. } => {
                self.edit_role(actor, *role, &Edit::limit(Some(*limit)))?;
                Ok(Expected::done(200))
            }
            Step::EditRole {
                role,
                name,
                permissions,
                limit,
                ..
            } => {
                if name.is_none() && permissions.is_none() && limit.is_none() {
                    return Err(No::Invalid);
                }
                let edit = Edit {
                    name: *name,
                    permissions: *permissions,
                    limit: *limit,
                };
                self.edit_role(actor, *role, &edit)?;
                Ok(Expected::done(200))
            }
            Step::DropRole { role, force, .. } => self.drop_role(actor, *role, *force),
            _ => Err(No::Invalid),
        }
    }

    fn make_role(&mut self, step: &Step, actor: &Actor) -> Result<Expected, No> {
        let Step::MakeRole {
            name,
            permissions,
            limit,
            ..
        } = *step
        else {
            return Err(No::Invalid);
        };
        if !self.knows(permissions) {
            return Err(No::Invalid);
        }
        if !actor.may_let_hold(&self.roles, permissions, self.now) {
            return Err(No::Forbidden);
        }
        if self.role_named(name).is_some() {
            return Err(No::Conflict("role-name-taken"));
        }
        let role = Role {
            name,
            rank: None,
            permissions,
            limit,
            is_system: false,
        };
        let key = self.fresh(name, |key| self.roles.contains_key(&key));
        Arc::make_mut(&mut self.roles).insert(key, role);
        Ok(Expected::done(201).with("/memberCount", 0))
    }

    fn edit_role(&mut self, actor: &Actor, name: u8, edit: &Edit) -> Result<(), No> {
        let key = self.role_named(name).ok_or(No::Missing)?;
        let before = self.roles.get(&key).cloned().ok_or(No::Missing)?;
        if !actor.may_touch_role(&before) {
            return Err(No::Forbidden);
        }
        let after = edit.of(&before);
        if before.is_system && !before.may_become(&after) {
            return Err(No::Conflict("system-role"));
        }
        let gained = after.permissions & !before.permissions;
        if !self.knows(gained) {
            return Err(No::Invalid);
        }
        if !actor.may_let_hold(&self.roles, gained, self.now) {
            return Err(No::Forbidden);
        }
        self.may_touch_holders(actor, key)?;
        if edit.limit.is_some() && after.limit.is_some_and(|limit| usize::from(limit) < self.members(key)) {
            return Err(No::Conflict("below-member-count"));
        }
        if self.role_named(after.name).is_some_and(|other| other != key) {
            return Err(No::Conflict("role-name-taken"));
        }
        let mut changed = self.clone();
        Arc::make_mut(&mut changed.roles).insert(key, after);
        self.commit(changed)
    }

    /// Nobody edits or deletes a role that somebody holds whom they may not touch.
    fn may_touch_holders(&self, actor: &Actor, role: u32) -> Result<(), No> {
        let mut holders = self
            .accounts
            .iter()
            .filter(|(_, one)| one.is_there() && one.has_role(role, self.now));
        match holders.all(|(key, one)| actor.may_touch(&self.roles, *key, one, self.now, false)) {
            true => Ok(()),
            false => Err(No::Forbidden),
        }
    }

    fn drop_role(&mut self, actor: &Actor, name: u8, force: bool) -> Result<Expected, No> {
        let key = self.role_named(name).ok_or(No::Missing)?;
        let role = self.roles.get(&key).ok_or(No::Missing)?;
        if role.is_system {
            return Err(No::Conflict("system-role"));
        }
        if !actor.may_touch_role(role) {
            return Err(No::Forbidden);
        }
        self.may_touch_holders(actor, key)?;
        if self.members(key) > 0 && !force {
            return Err(No::Conflict("role-has-members"));
        }
        // It is taken from one after another, and stops where nobody would be left in charge.
        let holders: Vec<u32> = self.accounts.keys().copied().collect();
        let mut after = self.clone();
        for holder in holders {
            let mut without = after.clone();
            if let Some(account) = without.change(holder) {
                account.grants.retain(|grant| grant.role != key);
            }
            after.commit(without)?;
        }
        Arc::make_mut(&mut after.roles).remove(&key);
        *self = after;
        Ok(Expected::done(204))
    }

    pub fn change_catalogue(&mut self, call: &Call) -> Result<Expected, No> {
        let bit = |number: u8| 1 << (FIRST_APPLICATION + u32::from(number % 2));
        match call.step {
            Step::AddPermission { number, .. } if self.catalogue & bit(number) != 0 => {
                Err(No::Conflict("permission-taken"))
            }
            Step::AddPermission { number, .. } => {
                self.catalogue |= bit(number);
                Ok(Expected::done(201))
            }
            Step::DropPermission { number, force, .. } => {
                let bit = bit(number);
                if self.catalogue & bit == 0 {
                    return Err(No::Missing);
                }
                if !force && self.roles.values().any(|role| role.permissions & bit != 0) {
                    return Err(No::Conflict("permission-in-use"));
                }
                self.catalogue &= !bit;
                for role in Arc::make_mut(&mut self.roles).values_mut() {
                    role.permissions &= !bit;
                }
                Ok(Expected::done(204))
            }
            _ => Err(No::Invalid),
        }
    }
}

struct Edit {
    name: Option<u8>,
    permissions: Option<Permissions>,
    limit: Option<Option<u8>>,
}

impl Edit {
    fn limit(limit: Option<u8>) -> Self {
        Self {
            name: None,
            permissions: None,
            limit: Some(limit),
        }
    }

    fn of(&self, before: &Role) -> Role {
        Role {
            name: self.name.unwrap_or(before.name),
            permissions: self.permissions.unwrap_or(before.permissions),
            limit: self.limit.unwrap_or(before.limit),
            ..before.clone()
        }
    }
}

impl Role {
    /// A role of the system keeps its name, and the system's permissions that it came with, and no others.
    fn may_become(&self, after: &Self) -> bool {
        self.name == after.name && self.permissions & OF_SYSTEM == after.permissions & OF_SYSTEM
    }
}

/// What steps give to roles: some of the system's, and applications'.
pub const GIVEN: [Permissions; 4] = [USERS, TENANTS, 1 << FIRST_APPLICATION, 1 << (FIRST_APPLICATION + 1)];
