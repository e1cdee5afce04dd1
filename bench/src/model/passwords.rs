//! Passwords that are stated once more, or set by somebody else (rules 4 and 6).

use super::apply::{Seen, refused};
use super::calls::Call;
use super::expected::{Expected, No};
use super::state::State;
use super::step::{At, Name, PASSWORDS, Step};

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
        if !fits(new, at) || new == call.secret {
            return Err(No::Invalid);
        }
        let name = self.own_name(key);
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
            let name = self.own_name(key);
            self.fail(seen, name);
            return Err(No::Old);
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
            account.set_password(PASSWORDS[usize::from(new) % PASSWORDS.len()]);
            account.forget_failures();
        }
        Ok(done)
    }

    /// What an attempt counts under for which no name is typed. Which username it is does not matter, but that it is one.
    fn own_name(&self, key: u32) -> Name {
        let email = self.account(key).and_then(|account| account.email);
        email.map_or(Name::Username(0), Name::Email)
    }

    /// Guesses at the present password by somebody who sets another: it counts like any other, and clears the counts
    /// where it is right.
    pub fn guess(&mut self, key: u32, new: &str) -> bool {
        let (now, name) = (self.now, self.own_name(key));
        let Some(account) = self.change(key) else { return false };
        if account.password.is_none() {
            return false;
        }
        // While attempts are locked nothing is compared.
        if account.failures(name).reserve(now).is_err() {
            return false;
        }
        let is_over = account.password_ends.is_some_and(|end| end <= now);
        let is_same = account.password.as_deref() == Some(new) && !is_over;
        if is_same {
            account.forget_failures();
        }
        is_same
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
