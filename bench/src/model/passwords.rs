//! Passwords that are stated once more, or set by somebody else (rules 4 and 6).

use super::apply::{Seen, refused};
use super::calls::{Call, password};
use super::expected::{Answer, Expected, No};
use super::rights::Moment;
use super::state::{Account, State};
use super::step::{At, Name, PASSWORDS, Step};

/// For how long a password lasts that Usher made.
const TEMPORARY: Moment = 72 * 3_600;

impl State {
    /// A place for the attempt, under the address where there is one; then what comes of it.
    pub fn change_password_in(&mut self, call: &Call, seen: &mut Seen, phase: u8) -> Option<Expected> {
        let outcome = match phase {
            1 => match self.state_once_more(call, seen) {
                Ok(()) => return None,
                Err(no) => Err(no),
            },
            _ => self.set_own_password(call, seen),
        };
        Some(match outcome {
            Ok(expected) => expected,
            Err(no) => refused(call, &no),
        })
    }

    fn state_once_more(&mut self, call: &Call, seen: &mut Seen) -> Result<(), No> {
        let Step::ChangePassword { at, new, .. } = call.step else {
            return Err(No::Invalid);
        };
        let key = seen.actor.as_ref().and_then(|actor| actor.account).ok_or(No::Missing)?;
        let new = PASSWORDS[usize::from(new) % PASSWORDS.len()];
        if !fits(new, at) {
            return Err(No::Invalid);
        }
        let name = seen.own_name.ok_or(No::Missing)?;
        let until = |until| No::Locked(Some(until));
        seen.whose = Some(key);
        self.reserve(call, seen, name).map_err(until)
    }

    fn set_own_password(&mut self, call: &Call, seen: &Seen) -> Result<Expected, No> {
        let Step::ChangePassword { at, new, .. } = call.step else {
            return Err(No::Invalid);
        };
        let key = seen.whose.ok_or(No::Missing)?;
        if !seen.is_right {
            let name = seen.own_name.ok_or(No::Missing)?;
            self.fail(seen, name);
            return Err(No::Old);
        }
        let new = PASSWORDS[usize::from(new) % PASSWORDS.len()];
        if new == call.secret {
            let (name, now) = (seen.own_name.ok_or(No::Missing)?, self.now);
            if let Some(account) = self.change(key)
                && seen
                    .compared
                    .as_ref()
                    .is_some_and(|compared| account.is_still(compared))
            {
                account.succeeded(name, now);
            }
            return Err(No::Invalid);
        }
        let done = Expected::done(if matches!(at, At::Directory | At::Identity) {
            204
        } else {
            200
        });
        if !self.is_still_in(seen) {
            return Err(No::Token);
        }
        self.end_sessions(key, seen.session);
        if let Some(account) = self.change(key) {
            account.set_password(new);
            account.forget_failures();
        }
        Ok(done)
    }

    /// Sets another's password, or makes one.
    pub fn reset(&mut self, call: &Call, seen: &mut Seen, answer: &Answer) -> Result<Option<Expected>, No> {
        let Step::Reset { new, .. } = call.step else {
            return Err(No::Invalid);
        };
        if new.is_some_and(|number| !fits(password(number), At::Directory)) {
            return Err(No::Invalid);
        }
        let key = self.target(call)?;
        self.may_take_over(seen.actor.as_ref().ok_or(No::Token)?, key)?;
        if let Some(number) = new {
            match self.guess(seen, key, password(number)) {
                Guess::Right => return Err(No::Invalid),
                Guess::Wrong => return Ok(None),
                Guess::None => {}
            }
        }
        let now = self.now;
        let made = answer.text("/temporaryPassword");
        let mut after = self.clone();
        after.end_sessions(key, None);
        if let Some(account) = after.change(key) {
            account.set_password(&new.map_or(made, |number| password(number).to_owned()));
            account.must_change = new.is_none();
            account.password_ends = new.is_none().then_some(now + TEMPORARY);
            account.forget_failures();
        }
        self.commit(after)?;
        Ok(Some(Expected::done(if new.is_some() { 204 } else { 200 })))
    }

    /// Guesses at the present password by somebody who sets another: it counts like any other, whatever comes of what is
    /// asked, and clears the count where it is right.
    pub fn guess(&mut self, seen: &mut Seen, key: u32, new: &str) -> Guess {
        let now = self.now;
        let Some(account) = self.change(key) else {
            return Guess::None;
        };
        if account.password.is_none() || seen.guessed == Some(account.passwords) {
            return Guess::None;
        }
        // While attempts are locked nothing is compared.
        let name = account.own_name();
        let Ok(attempt) = account.failures(name).reserve(now) else {
            return Guess::None;
        };
        (seen.whose, seen.own_name, seen.attempt) = (Some(key), Some(name), attempt);
        seen.guessed = Some(account.passwords);
        let is_over = account.password_ends.is_some_and(|end| end <= now);
        if account.password.as_deref() == Some(new) && !is_over {
            account.succeeded(name, now);
            seen.is_right = true;
            return Guess::Right;
        }
        Guess::Wrong
    }
}

impl State {
    /// What was refused after a guess, which so is a failure like any other.
    pub fn refused_after_guess(&mut self, call: &Call, seen: &Seen, no: &No) -> Expected {
        if let Some(name) = seen.own_name.filter(|_| seen.guessed.is_some() && !seen.is_right) {
            self.fail(seen, name);
        }
        refused(call, no)
    }
}

/// What came of a guess.
pub enum Guess {
    /// There was nothing to compare with, or it was compared before, or attempts are locked.
    None,
    Right,
    /// Others may be served before the password is set.
    Wrong,
}

impl Account {
    /// What an attempt counts under for which no name is typed. Which username it is does not matter, but that it is one.
    pub fn own_name(&self) -> Name {
        self.email.map_or(Name::Username(0), Name::Email)
    }
}

/// Whether a contract takes a password of this length.
pub fn fits(password: &str, at: At) -> bool {
    let least = match at {
        At::Directory | At::Identity | At::Account => 10,
        At::Admin | At::Registration => 6,
    };
    password.len() >= least
}
