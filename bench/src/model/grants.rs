//! Roles given to accounts, and taken from them (rules 8, 9 and 15).

use super::apply::Seen;
use super::calls::Call;
use super::expected::{Expected, No};
use super::rights::{Actor, Span};
use super::state::{ADMIN, Grant, State, Status, USER};
use super::step::Step;

/// How many grants an account can have; what ended is none.
const MOST: usize = 20;

impl State {
    pub fn change_grants(&mut self, call: &Call, seen: &Seen) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        match &call.step {
            Step::Give { .. } => self.give(call, actor),
            Step::Take { .. } => self.take(call, actor),
            Step::Assign { roles, .. } => {
                if roles.is_empty() {
                    return Err(No::Invalid);
                }
                let key = self.target(call)?;
                let roles = self.roles_named(roles)?;
                self.may_touch(actor, key, false)?;
                let mut after = self.clone();
                after.add_missing(actor, key, &roles)?;
                self.commit(after)?;
                Ok(Expected::done(200))
            }
            Step::RemoveRole { role, .. } => {
                let key = self.target(call)?;
                let role = self.role_named(*role).ok_or(No::Missing)?;
                self.may_touch(actor, key, false)?;
                if role == USER {
                    return Err(No::Conflict("system-role"));
                }
                if !self
                    .account(key)
                    .is_some_and(|account| account.has_role(role, self.now))
                {
                    return Err(No::Missing);
                }
                self.change_those(key, |grants| grants.retain(|grant| grant.role != role))?;
                Ok(Expected::done(200))
            }
            Step::ChangeRole { role, .. } => self.put_role(call, actor, *role),
            _ => self.put(call, actor),
        }
    }

    /// Changes an account's grants, of which those that ended are none.
    fn change_those(&mut self, key: u32, edit: impl FnOnce(&mut Vec<Grant>)) -> Result<(), No> {
        let mut after = self.clone();
        let now = self.now;
        let account = after.change(key).ok_or(No::Missing)?;
        account.grants.retain(|grant| grant.stands(now));
        edit(&mut account.grants);
        if account.grants.len() > MOST {
            return Err(No::Conflict("too-many-grants"));
        }
        self.commit(after)
    }

    fn give(&mut self, call: &Call, actor: &Actor) -> Result<Expected, No> {
        let Step::Give {
            role,
            department,
            from,
            to,
            ..
        } = call.step
        else {
            return Err(No::Invalid);
        };
        let (from, to) = (self.in_seconds(from), self.in_seconds(to));
        // It would end before it begins, or lie in the past.
        if to.is_some_and(|to| to <= self.now || from.is_some_and(|from| to <= from)) {
            return Err(No::Invalid);
        }
        let key = self.target(call)?;
        let role = self.role_named(role).ok_or(No::Invalid)?;
        let grant = Grant {
            role,
            department,
            from,
            to,
            given: self.now,
        };
        if !actor.may_give(&self.roles, role, Span::of(&grant, self.now)) {
            return Err(No::Forbidden);
        }
        self.may_touch(actor, key, false)?;
        let now = self.now;
        let account = self.account(key).ok_or(No::Missing)?;
        let stands = |other: &Grant| other.stands(now) && other.is_same_as(&grant);
        if role == USER || account.grants.iter().any(stands) {
            return Err(No::Conflict("grant-stands"));
        }
        self.change_those(key, |grants| grants.push(grant))?;
        Ok(Expected::done(201))
    }

    fn take(&mut self, call: &Call, actor: &Actor) -> Result<Expected, No> {
        let key = self.target(call)?;
        self.may_touch(actor, key, false)?;
        let grant = call.grant.as_ref().ok_or(No::Missing)?;
        let account = self.account(key).ok_or(No::Missing)?;
        let stands = |other: &Grant| other.stands(self.now) && other.is_same_as(grant) && other.given == grant.given;
        if !account.grants.iter().any(stands) {
            return Err(No::Missing);
        }
        if grant.role == USER && grant.department.is_none() && grant.to.is_none() {
            return Err(No::Conflict("system-role"));
        }
        self.change_those(key, |grants| grants.retain(|other| !other.is_same_as(grant)))?;
        Ok(Expected::done(204))
    }

    /// Gives each of these that does not apply to the account.
    fn add_missing(&mut self, actor: &Actor, key: u32, roles: &[u32]) -> Result<(), No> {
        let now = self.now;
        for role in roles {
            let account = self.account(key).ok_or(No::Missing)?;
            if account.applying(now, None).any(|grant| grant.role == *role) {
                continue;
            }
            if !actor.may_give(&self.roles, *role, Span::for_good(now)) {
                return Err(No::Forbidden);
            }
            let account = self.change(key).ok_or(No::Missing)?;
            account.grants.retain(|grant| grant.stands(now));
            account.grants.push(Grant::for_good(*role, now));
            if account.grants.len() > MOST {
                return Err(No::Conflict("too-many-grants"));
            }
        }
        Ok(())
    }

    /// Makes these all the roles that the account has.
    pub fn replace_roles(&mut self, actor: &Actor, key: u32, roles: &[u32]) -> Result<(), No> {
        let account = self.change(key).ok_or(No::Missing)?;
        account
            .grants
            .retain(|grant| grant.role == USER || roles.contains(&grant.role));
        self.add_missing(actor, key, roles)
    }

    /// One of the ladder in place of those of the ladder, any other beside them.
    fn put_role(&mut self, call: &Call, actor: &Actor, role: u8) -> Result<Expected, No> {
        let key = self.target(call)?;
        let role = self.role_named(role).ok_or(No::Missing)?;
        if !actor.may_give(&self.roles, role, Span::for_good(self.now)) {
            return Err(No::Forbidden);
        }
        self.may_touch(actor, key, true)?;
        let new = Grant::for_good(role, self.now);
        let is_rank = self.roles.get(&role).is_some_and(|role| role.rank.is_some());
        let ladder = self.ladder();
        self.change_those(key, |grants| {
            let has_it = grants.iter().any(|grant| grant.is_same_as(&new));
            if is_rank {
                grants.retain(|grant| !ladder.contains(&grant.role) || grant.is_same_as(&new));
            }
            if !has_it {
                grants.push(new);
            }
        })?;
        Ok(Expected::done(200))
    }

    /// The roles of the ladder above the lowest.
    fn ladder(&self) -> Vec<u32> {
        let on_it = self
            .roles
            .iter()
            .filter(|(key, role)| **key != USER && role.rank.is_some());
        on_it.map(|(key, _)| *key).collect()
    }

    /// `type` and `status` of §A.
    fn put(&mut self, call: &Call, actor: &Actor) -> Result<Expected, No> {
        let Step::Put { admin, active, .. } = call.step else {
            return Err(No::Invalid);
        };
        if admin.is_none() && active.is_none() {
            return Err(No::Invalid);
        }
        let key = self.target(call)?;
        let now = self.now;
        if admin == Some(true) && !actor.may_give(&self.roles, ADMIN, Span::for_good(now)) {
            return Err(No::Forbidden);
        }
        self.may_touch(actor, key, false)?;
        let ladder = self.ladder();
        let mut after = self.clone();
        let account = after.change(key).ok_or(No::Missing)?;
        account.grants.retain(|grant| grant.stands(now));
        let keeps_in_charge = |grant: &Grant| {
            let begun = grant.from.is_none_or(|from| from <= grant.given);
            grant.role == ADMIN && grant.department.is_none() && grant.to.is_none() && begun
        };
        match admin {
            Some(true) if !account.grants.iter().any(keeps_in_charge) => {
                account.grants.push(Grant::for_good(ADMIN, now));
            }
            Some(false) => account.grants.retain(|grant| !ladder.contains(&grant.role)),
            _ => {}
        }
        if account.grants.len() > MOST {
            return Err(No::Conflict("too-many-grants"));
        }
        if let Some(active) = active {
            after.set_status(key, if active { Status::Active } else { Status::Inactive });
            self.keep_own_count(&mut after, actor, key);
        }
        self.commit(after)?;
        Ok(Expected::done(204))
    }
}
