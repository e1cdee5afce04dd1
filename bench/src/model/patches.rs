//! Accounts patched: several fields at once, or none of them.

use super::apply::Seen;
use super::calls::{Call, password};
use super::expected::{Expected, No};
use super::passwords::{Guess, fits};
use super::state::{Failures, State, Status};
use super::step::{At, RoleName, Step, Word};

impl State {
    pub fn patch(&mut self, call: &Call, seen: &mut Seen) -> Result<Option<Expected>, No> {
        let change = Patch::of(&call.step).ok_or(No::Invalid)?;
        let too_short = change.password.is_some_and(|number| !fits(password(number), change.at));
        if too_short || change.is_empty() {
            return Err(No::Invalid);
        }
        let key = self.target(call)?;
        let actor = &seen.actor.clone().ok_or(No::Token)?;
        self.may_touch(actor, key, false)?;
        if change.password.is_some() || change.email.is_some() {
            self.may_take_over(actor, key)?;
        }
        let mut after = self.clone();
        let roles = change.roles.map(|names| self.roles_named(names)).transpose()?;
        after.give_names(key, &change)?;
        if let Some(status) = change.status {
            after.set_word(key, status);
        }
        if let Some(roles) = &roles {
            after.replace_roles(actor, key, roles)?;
        }
        self.keep_own_count(&mut after, actor, key);
        if let Some(number) = change.password {
            match self.guess(seen, key, password(number)) {
                Guess::Right if change.at == At::Admin => return Err(No::Invalid),
                Guess::Right => return Err(No::Conflict("same-password")),
                Guess::Wrong => return Ok(None),
                Guess::None => {}
            }
            after.end_sessions(key, None);
            if let Some(account) = after.change(key) {
                account.set_password(password(number));
                account.forget_failures();
            }
        }
        self.are_free(change.email.flatten(), change.username.flatten(), Some(key))?;
        self.commit(after)?;
        Ok(Some(Expected::done(if change.at == At::Admin { 200 } else { 204 })))
    }

    fn give_names(&mut self, key: u32, change: &Patch) -> Result<(), No> {
        let mut ends = false;
        if let Some(email) = change.email {
            ends = self.account(key).is_some_and(|account| account.email != email);
        }
        if ends {
            self.end_sessions(key, None);
        }
        let account = self.change(key).ok_or(No::Missing)?;
        if ends {
            account.email = change.email.flatten();
            account.verified = false;
            account.by_email = Failures::default();
        }
        if let Some(username) = change.username
            && account.username != username
        {
            account.username = username;
            account.by_username = Failures::default();
        }
        if let Some(verified) = change.verified {
            if verified && account.email.is_none() {
                return Err(No::Invalid);
            }
            account.verified = verified;
        }
        match account.email.is_none() && account.username.is_none() {
            true => Err(No::Invalid),
            false => Ok(()),
        }
    }

    fn set_word(&mut self, key: u32, word: Word) {
        let status = match word {
            Word::Active => Status::Active,
            Word::Inactive => Status::Inactive,
            Word::Banned => Status::Banned,
            Word::Locked => Status::Locked(None),
        };
        self.set_status(key, status);
    }
}

/// What an account is to be from now on.
struct Patch<'a> {
    email: Option<Option<u8>>,
    username: Option<Option<u8>>,
    verified: Option<bool>,
    status: Option<Word>,
    password: Option<u8>,
    roles: Option<&'a [RoleName]>,
    at: At,
}

impl<'a> Patch<'a> {
    fn of(step: &'a Step) -> Option<Self> {
        match step {
            Step::Patch {
                email,
                username,
                verified,
                status,
                password,
                ..
            } => Some(Self {
                email: *email,
                username: *username,
                verified: *verified,
                status: *status,
                password: *password,
                roles: None,
                at: At::Directory,
            }),
            Step::PutAdmin {
                email,
                username,
                password,
                verified,
                roles,
                ..
            } => Some(Self {
                email: email.map(Some),
                username: username.map(Some),
                verified: *verified,
                status: None,
                password: *password,
                roles: roles.as_deref(),
                at: At::Admin,
            }),
            _ => None,
        }
    }

    /// Rule 10: a body of which no field is known changes nothing.
    fn is_empty(&self) -> bool {
        let names = self.email.is_none() && self.username.is_none();
        let rest = self.verified.is_none() && self.status.is_none() && self.password.is_none();
        names && rest && self.roles.is_none()
    }
}
