//! Logins, passwords stated once more, and sessions that are carried on (rules 4 to 6, and the rotation of `docs/contracts/directory.md`).

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::apply::{Seen, refused};
use super::calls::Call;
use super::expected::{Answer, Expected, No};
use super::rights::Moment;
use super::state::{Account, Failures, Session, State, Status, Token};
use super::step::{At, Name, Step};

const HOUR: Moment = 3_600;
const DAY: Moment = 24 * HOUR;
/// Five failures in a row lock.
const LIMIT: u32 = 5;
/// For how long failures are remembered.
pub const MEMORY: Moment = 30 * DAY;

/// How long a contract's access token lasts, its session, and whether it has refresh tokens.
fn terms(at: At) -> (Moment, Moment, bool) {
    match at {
        At::Directory => (HOUR, 30 * DAY, true),
        At::Identity => (8 * HOUR, 8 * HOUR, false),
        At::Account => (30 * DAY, 30 * DAY, false),
        At::Admin => (HOUR / 4, 30 * DAY, true),
        At::Registration => (14 * DAY, 14 * DAY, false),
    }
}

impl Failures {
    /// Takes a place for an attempt: its number, or until when there is none.
    pub fn reserve(&mut self, now: Moment) -> Result<u32, Moment> {
        // Of a lock that is over, Usher keeps the end until somebody gets in.
        let anew = |locks| Self {
            locks,
            locked_until: self.locked_until,
            ..Self::default()
        };
        let last = self.last.unwrap_or_default();
        if self.last.is_none_or(|last| now - last > MEMORY) {
            *self = anew(0);
        } else if let Some(until) = self.locked_until.filter(|until| *until > now) {
            return Err(until);
        } else if self.count >= LIMIT {
            // What took the last place and has not failed yet wrote no lock: it begins with it.
            let ends = last + self.lasts();
            if self.locked_until.is_none_or(|until| until <= last) && ends > now {
                return Err(ends);
            }
            *self = anew(self.locks + 1);
        }
        self.count += 1;
        self.last = Some(now);
        Ok(self.count)
    }

    /// 15 minutes, twice as long each further time, and a day at most.
    fn lasts(&self) -> Moment {
        (15 * 60_i64).saturating_mul(1 << self.locks.min(20)).min(DAY)
    }

    fn lock(&mut self, now: Moment) {
        self.locked_until = Some(now + self.lasts());
    }
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

impl State {
    /// Whose name it is; a place for the attempt; and what comes of it.
    pub fn log_in(&mut self, call: &Call, seen: &mut Seen, answer: &Answer, phase: u8) -> Option<Expected> {
        let Step::Login { at, name, .. } = call.step else {
            return None;
        };
        match phase {
            0 => {
                seen.whose = self.whose(name);
                None
            }
            1 => match self.reserve(call, seen, name) {
                Ok(()) => None,
                Err(until) => Some(refused(call, &No::Locked(Some(until)))),
            },
            _ if !seen.is_right => {
                self.fail(seen, name);
                Some(refused(call, &No::Login))
            }
            _ => Some(match self.succeed(seen, (at, name), answer) {
                Ok(expected) => expected,
                Err(no) => refused(call, &no),
            }),
        }
    }

    /// Compares the password as the account is now.
    pub fn reserve(&mut self, call: &Call, seen: &mut Seen, name: Name) -> Result<(), Moment> {
        let now = self.now;
        let Some(account) = seen.whose.and_then(|key| self.change(key)) else {
            seen.whose = None;
            seen.attempt = self.unknown.entry(name).or_default().reserve(now)?;
            return Ok(());
        };
        seen.attempt = account.failures(name).reserve(now)?;
        let is_over = account.password_ends.is_some_and(|end| end <= now);
        seen.is_right = account.password.as_ref() == Some(&call.secret) && !is_over;
        seen.ends = account.ends;
        seen.compared = Some(Arc::new(account.clone()));
        Ok(())
    }

    /// The fifth failure locks; unless in the meantime somebody got in, or cleared the count.
    pub fn fail(&mut self, seen: &Seen, name: Name) {
        let now = self.now;
        if seen.attempt < LIMIT {
            return;
        }
        let Some(account) = seen.whose.and_then(|key| self.change(key)) else {
            self.unknown.entry(name).or_default().lock(now);
            return;
        };
        let failures = account.failures(name);
        if failures.count >= LIMIT && failures.locked_until.is_none_or(|until| until <= now) {
            failures.lock(now);
        }
    }

    /// The right password is no failure, and clears the count of the name whatever follows. That of an account whose sessions were ended
    /// by another password or name while it was compared is no login.
    fn succeed(&mut self, seen: &Seen, (at, name): (At, Name), answer: &Answer) -> Result<Expected, No> {
        let now = self.now;
        let key = seen.whose.ok_or(No::Login)?;
        let account = self.change(key).ok_or(No::Login)?;
        let compared = seen.compared.as_ref().ok_or(No::Login)?;
        if !account.is_still(compared) {
            return Err(No::Login);
        }
        let unverified = (at == At::Admin && !compared.verified).then_some(No::Unverified);
        if let Some(no) = compared.refusal(now).or(unverified) {
            account.succeeded(name, now);
            return Err(no);
        }
        // What somebody set meanwhile is answered, and clears no count.
        if let Some(no) = account.refusal(now) {
            return Err(no);
        }
        account.succeeded(name, now);
        self.open(key, at, answer);
        Ok(Expected::done(200))
    }

    fn open(&mut self, account: u32, at: At, answer: &Answer) {
        let (access, refresh) = tokens(at, answer);
        let (_, lasts, _) = terms(at);
        let id = claims(&access)["sid"].as_str().unwrap_or_default().to_owned();
        let mut session = Session {
            account,
            at,
            id,
            opened: self.now,
            ends: self.now + lasts,
            is_open: true,
            depth: 0,
            attempt: 0,
            attempt_before: 0,
            is_used: false,
            access: Vec::new(),
            refresh: Vec::new(),
        };
        session.take(access, refresh, self.now);
        let key = self.fresh(&session.id, |key| self.sessions.contains_key(&key));
        self.sessions.insert(key, session.into());
    }

    /// A refresh token is exchanged, or the session goes on by its access token: first whether that may be, then the exchange.
    pub fn carry_on(&mut self, call: &Call, seen: &mut Seen, answer: &Answer, phase: u8) -> Option<Expected> {
        let done = match (&call.step, phase) {
            (_, 0) => {
                let session = call.session.and_then(|key| self.sessions.get(&key));
                let may = session.is_some_and(|session| self.may_carry_on(session));
                return (!may).then(|| refused(call, &No::Token));
            }
            // All sessions of the account were ended in this moment: the new pair opens nothing, if there is one.
            _ if !call
                .session
                .and_then(|key| self.sessions.get(&key))
                .is_some_and(|session| session.is_open) =>
            {
                return Some(Expected::done(if answer.status == 200 { 200 } else { 401 }));
            }
            (Step::Refresh { .. }, _) => self.exchange(call, answer),
            _ => self.renew(call, answer),
        };
        seen.is_right = done.is_ok();
        Some(match done {
            Ok(expected) => expected,
            Err(no) => refused(call, &no),
        })
    }

    fn may_carry_on(&self, session: &Session) -> bool {
        let verified = self.account(session.account).is_some_and(|account| account.verified);
        self.is_open(session) && (session.at != At::Admin || verified)
    }

    fn exchange(&mut self, call: &Call, answer: &Answer) -> Result<Expected, No> {
        let now = self.now;
        let session = call.session.and_then(|key| self.session(key)).ok_or(No::Token)?;
        let shown = session
            .refresh
            .iter()
            .find(|token| Some(&token.text) == call.shown.as_ref());
        let (depth, attempt) = shown.map(|token| (token.depth, token.attempt)).ok_or(No::Token)?;
        let is_newest = (depth, attempt) == (session.depth, session.attempt);
        let is_before = depth + 1 == session.depth && attempt == session.attempt_before;
        if is_newest {
            (session.attempt_before, session.depth, session.attempt) = (attempt, depth + 1, 0);
        } else if is_before && !session.is_used {
            session.attempt += 1;
        } else if is_before || depth + 1 < session.depth {
            // Spent: it or what came after it was stolen.
            session.is_open = false;
            return Err(No::Token);
        } else {
            // It died unused, when the one before it was shown again.
            return Err(No::Token);
        }
        session.is_used = false;
        let (access, refresh) = tokens(session.at, answer);
        session.take(access, refresh, now);
        Ok(Expected::done(200))
    }

    /// The same token while a week of it is left; else a new one, and the session begins anew.
    fn renew(&mut self, call: &Call, answer: &Answer) -> Result<Expected, No> {
        let now = self.now;
        let known = call.session.and_then(|key| self.sessions.get(&key));
        let account = known.and_then(|session| self.account(session.account));
        let must_change = account.is_some_and(|account| account.must_change);
        let session = call.session.and_then(|key| self.session(key)).ok_or(No::Token)?;
        let shown = session
            .access
            .iter()
            .find(|token| Some(&token.text) == call.shown.as_ref());
        let newest = shown.ok_or(No::Token)?;
        if now >= newest.ends {
            return Err(No::Token);
        }
        if must_change {
            return Err(No::Forbidden);
        }
        if newest.ends - now >= 7 * DAY {
            return Ok(Expected::done(200).with("/data/token", newest.text.clone()));
        }
        session.ends = now + terms(At::Registration).1;
        let token = answer.text("/data/token");
        session.take(token, None, now);
        Ok(Expected::done(200))
    }

    /// Whether the session that asks goes on as it was when it was let in. If not, it may be refused, or come before whatever
    /// ended it.
    pub fn is_still_in(&self, seen: &Seen) -> bool {
        let session = seen.session.and_then(|key| self.sessions.get(&key));
        let account = session.and_then(|session| self.account(session.account));
        session.is_some_and(|session| session.is_open) && account.is_some_and(|account| account.ends == seen.ends)
    }
}

impl Account {
    /// Whether a password that was right of the other is right of this one.
    pub fn is_still(&self, compared: &Self) -> bool {
        let proof = |account: &Self| (account.passwords, account.email, account.username);
        self.is_there() && (self.ends == compared.ends || proof(self) == proof(compared))
    }

    /// Why the right password is refused.
    fn refusal(&self, now: Moment) -> Option<No> {
        match self.status_at(now) {
            Status::Active => None,
            Status::Locked(until) => Some(No::Locked(until)),
            Status::Inactive | Status::Banned => Some(No::NotActive),
            Status::Deleted => Some(No::Login),
        }
    }
}

impl Session {
    fn take(&mut self, access: String, refresh: Option<String>, now: Moment) {
        let lasts = terms(self.at).0;
        let token = |text, ends| Token {
            text,
            depth: self.depth,
            attempt: self.attempt,
            ends,
        };
        let access = token(access, (now + lasts).min(self.ends));
        let refresh = refresh.map(|text| token(text, self.ends));
        self.access.push(access);
        self.refresh.extend(refresh);
    }
}

/// What a login or a refresh gives out, by each contract's names.
fn tokens(at: At, answer: &Answer) -> (String, Option<String>) {
    match at {
        At::Directory => (answer.text("/accessToken"), Some(answer.text("/refreshToken"))),
        At::Identity => (answer.text("/token"), None),
        At::Account => (answer.text("/Token"), None),
        At::Admin => (answer.text("/access_token"), Some(answer.text("/refresh_token"))),
        At::Registration => (answer.text("/data/token"), None),
    }
}
