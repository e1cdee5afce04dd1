//! Sessions: looked at, and ended.

use super::apply::Seen;
use super::calls::Call;
use super::expected::{Answer, Expected, No};
use super::state::State;
use super::step::{At, Step};

impl State {
    pub fn end(&mut self, call: &Call, seen: &Seen, answer: &Answer) -> Result<Expected, No> {
        match &call.step {
            Step::VerifyToken { .. } => Ok(self.verify(call)),
            Step::Revoke { by_refresh, .. } => {
                // What opens nothing any more is no error (RFC 7009, 2.2). An access token that has expired is none.
                let key = call.session.ok_or(No::Token)?;
                let session = self.sessions.get(&key).ok_or(No::Token)?;
                let mut all = session.access.iter();
                let shown = all.find(|token| Some(&token.text) == call.shown.as_ref());
                let is_over = shown.is_none_or(|token| self.now >= token.ends);
                if *by_refresh || !is_over {
                    self.close(Some(key));
                }
                Ok(Expected::done(200))
            }
            Step::Logout { at, .. } => self.log_out(seen, *at, answer),
            Step::EndSession { own, .. } => self.end_one(call, seen, *own, answer),
            Step::EndSessions { but_current, .. } => self.end_all(call, seen, *but_current, answer),
            _ => Err(No::Invalid),
        }
    }

    fn close(&mut self, key: Option<u32>) {
        if let Some(session) = key.and_then(|key| self.session(key)) {
            session.is_open = false;
        }
    }

    /// Given: both answers are 200. Any contract's token is looked at.
    fn verify(&self, call: &Call) -> Expected {
        let session = call.session.and_then(|key| self.sessions.get(&key));
        let shown = call.shown.as_deref().unwrap_or_default();
        let must_change = |key| self.account(key).is_some_and(|account| account.must_change);
        let opens =
            session.is_some_and(|session| self.opens(session, shown).is_some() && !must_change(session.account));
        Expected::done(200).with("/data", if opens { "Token is valid." } else { "Token invalid." })
    }

    fn log_out(&mut self, seen: &Seen, at: At, answer: &Answer) -> Result<Expected, No> {
        if !self.is_still_in(seen) && answer.status == 401 {
            return Err(No::Token);
        }
        self.close(seen.session);
        Ok(Expected::done(if at == At::Account { 200 } else { 204 }))
    }

    fn end_one(&mut self, call: &Call, seen: &Seen, own: bool, answer: &Answer) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        let key = call.session.ok_or(No::Missing)?;
        let session = self.sessions.get(&key).ok_or(No::Missing)?;
        let whose = session.account;
        if own && !self.is_still_in(seen) && answer.status == 401 {
            return Err(No::Token);
        }
        if own && actor.account != Some(whose) {
            return Err(No::Missing);
        }
        if !own {
            if !self.account(whose).is_some_and(super::state::Account::is_there) {
                return Err(No::Missing);
            }
            self.may_touch(actor, whose, false)?;
        }
        let is_open = session.is_open && self.now < session.ends;
        // Where others ended all of them in this moment, it may have been the first.
        let was_first = own && seen.was_open && answer.status == 204;
        if !is_open && !was_first {
            return Err(No::Missing);
        }
        self.close(Some(key));
        Ok(Expected::done(204))
    }

    fn end_all(&mut self, call: &Call, seen: &Seen, but_current: bool, answer: &Answer) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        let key = match call.target {
            Some(_) => self.target(call)?,
            None => actor.account.ok_or(No::Missing)?,
        };
        self.may_touch(actor, key, false)?;
        let own = seen.session.filter(|_| actor.account == Some(key));
        if own.is_some() && !self.is_still_in(seen) && answer.status == 401 {
            return Err(No::Token);
        }
        let kept = own.filter(|_| but_current);
        let open = |key: &u32| self.sessions.get(key).is_some_and(|session| self.is_open(session));
        let of_it = self
            .sessions
            .iter()
            .filter(|(_, one)| one.account == key)
            .map(|(other, _)| *other);
        let others = of_it.filter(|other| Some(*other) != own).any(|other| open(&other));
        // Where nothing ends, nothing is done.
        if kept.is_none() || others {
            self.end_sessions(key, kept);
        }
        Ok(Expected::done(204))
    }
}
