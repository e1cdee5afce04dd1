//! Accounts: made and changed.

use super::apply::Seen;
use super::calls::{Call, password};
use super::expected::{Answer, Expected, No};
use super::passwords::fits;
use super::rights::{Actor, Span};
use super::state::{Account, Failures, Grant, State, Status, USER};
use super::step::{At, Name, RoleName, Step};

/// What an account is to be, from whatever contract.
struct New<'a> {
    email: Option<u8>,
    username: Option<u8>,
    password: Option<u8>,
    roles: &'a [RoleName],
    verified: bool,
    must_change: bool,
    at: At,
    status: u16,
}

impl<'a> New<'a> {
    fn of(step: &'a Step) -> Option<Self> {
        let new = Self {
            email: None,
            username: None,
            password: None,
            roles: &[],
            verified: false,
            must_change: false,
            at: At::Directory,
            status: 201,
        };
        Some(match step {
            Step::Create {
                email,
                username,
                password,
                roles,
                verified,
                must_change,
                ..
            } => Self {
                email: *email,
                username: *username,
                password: *password,
                roles,
                verified: *verified,
                must_change: *must_change,
                ..new
            },
            Step::CreateAdmin {
                email,
                username,
                password,
                roles,
                verified,
                ..
            } => Self {
                email: Some(*email),
                username: Some(*username),
                password: Some(*password),
                roles,
                verified: *verified,
                at: At::Admin,
                ..new
            },
            Step::Register {
                at,
                email,
                username,
                password,
            } => Self {
                email: *email,
                username: Some(*username),
                password: Some(*password),
                at: *at,
                status: 200,
                ..new
            },
            _ => return None,
        })
    }
}

impl State {
    pub fn make(&mut self, call: &Call, seen: &Seen, answer: &Answer) -> Result<Expected, No> {
        let new = New::of(&call.step).ok_or(No::Invalid)?;
        let too_short = new.password.is_some_and(|number| !fits(password(number), new.at));
        if too_short || new.email.is_none() && new.username.is_none() {
            return Err(No::Invalid);
        }
        let roles = self.roles_named(new.roles)?;
        if let Some(actor) = &seen.actor {
            let span = Span::for_good(self.now);
            if !roles.iter().all(|role| actor.may_give(&self.roles, *role, span)) {
                return Err(No::Forbidden);
            }
        }
        if let Err(taken) = self.are_free(new.email, new.username, None) {
            // Which of two conflicts is answered the contract leaves open: the seat's, where it was lost while the name was.
            let is_full = roles.iter().any(|role| self.is_full(*role));
            let full = No::Conflict("role-full");
            let is_answered = answer.text("/type") == "/problems/role-full";
            return Err(if is_full && is_answered { full } else { taken });
        }
        let mut after = self.clone();
        let key = after.fresh((new.email, new.username), |key| self.accounts.contains_key(&key));
        let given = std::iter::once(USER).chain(roles);
        let id = answer.text("/id");
        let account = Account {
            id: (!id.is_empty()).then_some(id),
            email: new.email,
            username: new.username,
            verified: new.verified && new.email.is_some(),
            status: Status::Active,
            before_ban: Status::Active,
            password: new.password.map(|number| password(number).to_owned()),
            password_ends: None,
            must_change: new.must_change,
            grants: given.map(|role| Grant::for_good(role, self.now)).collect(),
            by_email: Failures::default(),
            by_username: Failures::default(),
            passwords: 0,
            ends: 0,
        };
        after.accounts.insert(key, account.into());
        self.commit(after)?;
        Ok(Expected::done(new.status))
    }

    fn is_full(&self, role: u32) -> bool {
        let limit = self.roles.get(&role).and_then(|found| found.limit);
        limit.is_some_and(|limit| self.members(role) >= usize::from(limit))
    }

    /// The roles of these names, without the one that everybody has.
    pub fn roles_named(&self, names: &[RoleName]) -> Result<Vec<u32>, No> {
        let mut found = Vec::new();
        for name in names {
            let role = self.role_named(*name).ok_or(No::Invalid)?;
            if role != USER && !found.contains(&role) {
                found.push(role);
            }
        }
        Ok(found)
    }

    pub fn are_free(&self, email: Option<u8>, username: Option<u8>, own: Option<u32>) -> Result<(), No> {
        if email.is_some_and(|email| self.is_taken(Name::Email(email), own)) {
            return Err(No::Taken("email-taken"));
        }
        match username.is_some_and(|name| self.is_taken(Name::Username(name), own)) {
            true => Err(No::Taken("username-taken")),
            false => Ok(()),
        }
    }

    pub fn change_account(&mut self, call: &Call, seen: &Seen) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        match &call.step {
            Step::ChangeName { new, old_is_right, .. } => self.change_own_name(seen, (*new, call.old), *old_is_right),
            Step::DeleteOwn { .. } => {
                let own = actor.account.ok_or(No::Missing)?;
                let is_there = self.account(own).is_some_and(Account::is_there);
                self.delete(if is_there { own } else { return Err(No::Missing) })?;
                Ok(Expected::done(200))
            }
            Step::Delete { at, .. } => {
                let key = self.target(call)?;
                let others = matches!(at, At::Account | At::Admin);
                if others && actor.account == Some(key) {
                    return Err(No::OwnAccount);
                }
                self.may_touch(actor, key, *at == At::Account)?;
                self.delete(key)?;
                Ok(Expected::done(if others { 200 } else { 204 }))
            }
            _ => self.lock(call, actor),
        }
    }

    pub fn may_touch(&self, actor: &Actor, key: u32, strictly: bool) -> Result<(), No> {
        let account = self.account(key).ok_or(No::Missing)?;
        match actor.may_touch(&self.roles, key, account, self.now, strictly) {
            true => Ok(()),
            false => Err(No::Forbidden),
        }
    }

    fn delete(&mut self, key: u32) -> Result<(), No> {
        let mut after = self.clone();
        after.end_sessions(key, None);
        if let Some(account) = after.change(key) {
            account.status = Status::Deleted;
            account.password = None;
        }
        self.commit(after)
    }

    fn change_own_name(
        &mut self,
        seen: &Seen,
        (new, old): (Name, Option<u8>),
        old_is_right: bool,
    ) -> Result<Expected, No> {
        if seen.must_change {
            return Err(No::Forbidden);
        }
        let key = seen.actor.as_ref().and_then(|actor| actor.account).ok_or(No::Missing)?;
        if !self.is_still_in(seen) {
            return Err(No::Token);
        }
        let own = self.account(key).ok_or(No::Missing)?;
        // As it was when it was sent. Of what there is none, nothing is the right one.
        let is_still = match new {
            Name::Email(_) => own.email == old,
            Name::Username(_) => own.username == old,
        };
        if !old_is_right || !is_still {
            return Err(No::Invalid);
        }
        let mut after = self.clone();
        let is_new = after.rename(key, Some(new), true);
        match new {
            Name::Email(email) => self.are_free(Some(email), None, Some(key))?,
            Name::Username(username) => self.are_free(None, Some(username), Some(key))?,
        }
        if is_new {
            after.end_sessions(key, seen.session);
        }
        self.commit(after)?;
        Ok(Expected::done(200))
    }

    /// Gives a name; whether it is an address, and another than before. One's own count is kept.
    fn rename(&mut self, key: u32, new: Option<Name>, keeps_count: bool) -> bool {
        let Some(account) = self.change(key) else { return false };
        match new {
            Some(Name::Email(email)) if account.email != Some(email) => {
                account.email = Some(email);
                account.verified = false;
                if !keeps_count {
                    account.by_email = Failures::default();
                }
                true
            }
            Some(Name::Username(username)) if account.username != Some(username) => {
                account.username = Some(username);
                if !keeps_count {
                    account.by_username = Failures::default();
                }
                false
            }
            _ => false,
        }
    }

    pub fn may_take_over(&self, actor: &Actor, key: u32) -> Result<(), No> {
        let account = self.account(key).ok_or(No::Missing)?;
        match actor.may_take_over(&self.roles, key, account, self.now, false) {
            true => Ok(()),
            false => Err(No::Forbidden),
        }
    }

    fn lock(&mut self, call: &Call, actor: &Actor) -> Result<Expected, No> {
        let key = self.target(call)?;
        self.may_touch(actor, key, false)?;
        let done = Expected::done(if matches!(call.step, Step::Ban { .. } | Step::Lift { .. }) {
            200
        } else {
            204
        });
        let mut after = self.clone();
        let is = self.account(key).map(|account| account.status);
        match call.step {
            Step::Lock { seconds, .. } => {
                let until = seconds.map(|seconds| self.now + i64::from(seconds));
                // Who is switched off or banned stays so.
                if matches!(is, Some(Status::Active | Status::Locked(_))) {
                    after.set_status(key, Status::Locked(until));
                }
            }
            Step::Unlock { .. } => {
                if matches!(is, Some(Status::Locked(_))) {
                    after.set_status(key, Status::Active);
                    self.keep_own_count(&mut after, actor, key);
                }
                if let Some(account) = after.change(key)
                    && matches!(account.before_ban, Status::Locked(_))
                {
                    account.before_ban = Status::Active;
                }
                // Whoever has an administrator's session could guess on and on at its own password.
                if actor.account != Some(key)
                    && let Some(account) = after.change(key)
                {
                    account.forget_failures();
                }
            }
            Step::Ban { .. } => after.set_status(key, Status::Banned),
            Step::Lift { .. } if is == Some(Status::Banned) => after.lift_ban(key),
            _ => return Err(No::Missing),
        }
        self.commit(after)?;
        Ok(done)
    }

    pub fn keep_own_count(&self, after: &mut Self, actor: &Actor, key: u32) {
        if actor.account != Some(key) {
            return;
        }
        let before = self.account(key).map(|account| (account.by_email, account.by_username));
        if let (Some(account), Some((email, username))) = (after.change(key), before) {
            (account.by_email, account.by_username) = (email, username);
        }
    }

    /// What else an administrator did to the account is not undone.
    fn lift_ban(&mut self, key: u32) {
        let now = self.now;
        let Some(account) = self.change(key) else { return };
        account.status = std::mem::replace(&mut account.before_ban, Status::Active);
        if account.status_at(now) == Status::Active {
            self.set_status(key, Status::Active);
        }
    }

    /// Rule 1: an account that is not active has no open session. One that is made active has no lock of any kind.
    pub fn set_status(&mut self, key: u32, status: Status) {
        let now = self.now;
        if let Some(account) = self.change(key) {
            account.before_ban = match (status, account.status_at(now)) {
                (Status::Banned, Status::Banned) => account.before_ban,
                (Status::Banned, was) => was,
                _ => Status::Active,
            };
            account.status = status;
            let was_locked = account
                .by_email
                .locked_until
                .or(account.by_username.locked_until)
                .is_some();
            if status == Status::Active && was_locked {
                account.forget_failures();
            }
        }
        if status != Status::Active {
            self.end_sessions(key, None);
        }
    }
}
