//! What a step is answered with, and what is true afterwards.
//!
//! A request is no single moment: who asks is looked at first, and what is asked is done later, and between the two others
//! may be served (rule 1: a change takes effect on the *next* request). So a step goes forward in phases, each of which is one
//! moment; one that is sent alone goes through all of them at once.

use std::sync::Arc;

use super::calls::{By, Call, Target};
use super::expected::{Answer, Expected, No};
use super::rights::{Actor, CATALOGUE, Permissions, ROLES, Rights, USERS};
use super::state::{Account, OWNER, Session, State};
use super::step::{At, Name, Step};

/// How far a step has come, and what it saw on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Seen {
    pub phase: u8,
    pub actor: Option<Actor>,
    /// The session that asks.
    pub session: Option<u32>,
    /// How often all sessions of the account that asks, or that logs in, had been ended.
    pub ends: u32,
    /// The account as it was when its password was compared.
    pub compared: Option<Arc<Account>>,
    pub must_change: bool,
    /// What an attempt counts under for which no name is typed.
    pub own_name: Option<Name>,
    /// How many passwords the account had had when one that somebody sets was compared with its own.
    pub guessed: Option<u32>,
    /// Whose name it was.
    pub whose: Option<u32>,
    /// Which attempt it is.
    pub attempt: u32,
    pub is_right: bool,
    /// Whether the session that it is about was open.
    pub was_open: bool,
}

/// Whom a route lets pass.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Guard {
    Anyone,
    SignedIn,
    EvenBeforeChange,
    Needs(Permissions),
    Rank(u8),
}

fn guard(step: &Step) -> Guard {
    match step {
        Step::Wait(_)
        | Step::Register { .. }
        | Step::Login { .. }
        | Step::Refresh { .. }
        | Step::Renew { .. }
        | Step::VerifyToken { .. }
        | Step::Revoke { .. } => Guard::Anyone,
        Step::Logout { .. } | Step::ChangePassword { .. } | Step::ChangeName { .. } => Guard::EvenBeforeChange,
        Step::EndSession { own: true, .. }
        | Step::EndSessions { whom: None, .. }
        | Step::Sessions { whom: None, .. }
        | Step::MyPermissions { .. }
        | Step::Check { .. } => Guard::SignedIn,
        Step::DeleteOwn { .. } => Guard::Rank(0),
        Step::Delete { at: At::Account, .. } | Step::ChangeRole { .. } => Guard::Rank(2),
        Step::SetMax { .. } => Guard::Rank(3),
        Step::MakeRole { .. } | Step::EditRole { .. } | Step::DropRole { .. } => Guard::Needs(ROLES),
        Step::AddPermission { .. } | Step::DropPermission { .. } => Guard::Needs(CATALOGUE),
        _ => Guard::Needs(USERS),
    }
}

/// The contract whose route it is.
pub fn contract(step: &Step) -> At {
    match step {
        Step::CreateAdmin { .. }
        | Step::PutAdmin { .. }
        | Step::Assign { .. }
        | Step::RemoveRole { .. }
        | Step::Search { .. } => At::Admin,
        Step::Register { at, .. }
        | Step::Login { at, .. }
        | Step::Logout { at, .. }
        | Step::ChangePassword { at, .. }
        | Step::Delete { at, .. } => *at,
        Step::ChangeName { .. } | Step::DeleteOwn { .. } | Step::ChangeRole { .. } | Step::SetMax { .. } => At::Account,
        Step::Renew { .. } | Step::VerifyToken { .. } | Step::Ban { .. } | Step::Lift { .. } => At::Registration,
        _ => At::Directory,
    }
}

pub fn refused(call: &Call, no: &No) -> Expected {
    Expected::no(contract(&call.step), no)
}

impl State {
    /// Goes a phase forward. What is expected, where that was the last one.
    pub fn advance(&mut self, call: &Call, seen: &mut Seen, answer: &Answer) -> Option<Expected> {
        let phase = seen.phase;
        seen.phase += 1;
        match &call.step {
            Step::Login { .. } => self.log_in(call, seen, answer, phase),
            Step::Refresh { .. } | Step::Renew { .. } => self.carry_on(call, seen, answer, phase),
            _ if phase == 0 && guard(&call.step) != Guard::Anyone => match self.admit(call, seen) {
                Err(no) => Some(refused(call, &no)),
                Ok(()) => None,
            },
            Step::ChangePassword { .. } => self.change_password_in(call, seen, phase),
            Step::Patch { .. } | Step::PutAdmin { .. } => {
                let done = self.patch(call, seen);
                done.unwrap_or_else(|no| Some(self.refused_after_guess(call, seen, &no)))
            }
            Step::Reset { .. } => {
                let done = self.reset(call, seen, answer);
                done.unwrap_or_else(|no| Some(self.refused_after_guess(call, seen, &no)))
            }
            _ => Some(match self.act(call, seen, answer) {
                Ok(expected) => expected,
                Err(no) => refused(call, &no),
            }),
        }
    }

    /// The same from the beginning to the end, where nobody else asks.
    pub fn apply(&mut self, call: &Call, answer: &Answer) -> Expected {
        let mut seen = Seen::default();
        loop {
            if let Some(expected) = self.advance(call, &mut seen, answer) {
                return expected;
            }
        }
    }

    fn admit(&mut self, call: &Call, seen: &mut Seen) -> Result<(), No> {
        match call.by {
            By::Nobody => return Err(No::Token),
            By::Principal => {
                let owner = self.roles.get(&OWNER);
                let permissions = owner.map_or(0, |owner| owner.permissions);
                seen.actor = Some(Actor {
                    account: None,
                    rights: Rights { rank: 3, permissions },
                    grants: None,
                });
            }
            By::Session(session) => {
                let key = self.use_token(session, call.token.as_deref().unwrap_or_default())?;
                let now = self.now;
                let account = self.account(key).ok_or(No::Token)?;
                seen.ends = account.ends;
                seen.must_change = account.must_change;
                seen.session = Some(session);
                if matches!(call.step, Step::ChangePassword { .. }) {
                    seen.own_name = Some(account.own_name());
                }
                seen.actor = Some(Actor {
                    account: Some(key),
                    rights: account.rights(&self.roles, now, None),
                    grants: Some(account.grants.clone()),
                });
            }
        }
        if let Some(session) = call.session.and_then(|key| self.sessions.get(&key)) {
            seen.was_open = self.is_open(session);
        }
        let rights = seen.actor.as_ref().map(|actor| actor.rights).unwrap_or_default();
        let guard = guard(&call.step);
        if seen.must_change && guard != Guard::EvenBeforeChange {
            return Err(No::Forbidden);
        }
        match guard {
            Guard::Needs(permission) if !rights.has(permission) => Err(No::Forbidden),
            Guard::Rank(rank) if rights.rank < rank => Err(No::Forbidden),
            _ => Ok(()),
        }
    }

    /// The account that an access token stands for now. The first use of the newest pair spends the one before it.
    fn use_token(&mut self, key: u32, text: &str) -> Result<u32, No> {
        let found = self.sessions.get(&key).ok_or(No::Token)?;
        let is_newest = self.opens(found, text).ok_or(No::Token)?;
        let account = found.account;
        if let Some(session) = self.session(key).filter(|session| is_newest && session.depth > 0) {
            session.is_used = true;
        }
        Ok(account)
    }

    /// Whether an access token of a session is of its newest pair; nothing where it opens nothing.
    pub fn opens(&self, session: &Session, text: &str) -> Option<bool> {
        let token = session.access.iter().find(|token| token.text == text)?;
        let is_newest = (token.depth, token.attempt) == (session.depth, session.attempt);
        // The contract leaves open how long an access token lives on when a newer pair was given out: Usher lets the one
        // before the newest live, and no older one.
        let is_before = token.depth + 1 == session.depth && token.attempt == session.attempt_before;
        let has_line = !session.refresh.is_empty();
        let is_of_it = !has_line || is_newest || is_before;
        (self.is_open(session) && self.now < token.ends && is_of_it).then_some(is_newest)
    }

    fn act(&mut self, call: &Call, seen: &Seen, answer: &Answer) -> Result<Expected, No> {
        match &call.step {
            Step::Create { .. } | Step::CreateAdmin { .. } | Step::Register { .. } => self.make(call, seen, answer),
            Step::VerifyToken { .. }
            | Step::Revoke { .. }
            | Step::Logout { .. }
            | Step::EndSession { .. }
            | Step::EndSessions { .. } => self.end(call, seen, answer),
            Step::Give { .. }
            | Step::Take { .. }
            | Step::Assign { .. }
            | Step::RemoveRole { .. }
            | Step::ChangeRole { .. }
            | Step::Put { .. } => self.change_grants(call, seen),
            Step::MakeRole { .. } | Step::EditRole { .. } | Step::SetMax { .. } | Step::DropRole { .. } => {
                self.change_role(call, seen)
            }
            Step::AddPermission { .. } | Step::DropPermission { .. } => self.change_catalogue(call),
            Step::Show { .. }
            | Step::List { .. }
            | Step::Search { .. }
            | Step::MyPermissions { .. }
            | Step::Check { .. }
            | Step::Sessions { .. }
            | Step::Grants { .. } => self.ask(call, seen),
            _ => self.change_account(call, seen),
        }
    }

    /// The account that a step is about, which is there.
    pub fn target(&self, call: &Call) -> Result<u32, No> {
        let key = match call.target {
            Some(Target::Account(key)) => Some(key),
            Some(Target::Name(name)) => match call.step {
                // Its body has the id that the account had when it was sent.
                Step::Delete { at: At::Account, .. } | Step::ChangeRole { .. } => call.about,
                _ => self.whose(name),
            },
            None => None,
        };
        let there = key.filter(|key| self.account(*key).is_some_and(Account::is_there));
        there.ok_or(No::Missing)
    }

    /// Changes an account, and whatever is implied: provided that somebody stays in charge (rule 8), and roles keep their
    /// limits.
    pub fn commit(&mut self, changed: Self) -> Result<(), No> {
        let fewer = changed.in_charge() < self.in_charge();
        let is_last = fewer && changed.in_charge() == 0;
        let is_full = changed.roles.iter().any(|(key, role)| {
            let (before, after) = (self.members(*key), changed.members(*key));
            after > before && role.limit.is_some_and(|limit| after > usize::from(limit))
        });
        let (last, full) = ("last-administrator", "role-full");
        match (is_last, is_full) {
            (true, true) => Err(No::Conflicts([last, full])),
            (true, false) => Err(No::Conflict(last)),
            (false, true) => Err(No::Conflict(full)),
            (false, false) => {
                *self = changed;
                Ok(())
            }
        }
    }

    /// Whether the name is somebody else's.
    pub fn is_taken(&self, name: Name, own: Option<u32>) -> bool {
        self.whose(name).is_some_and(|key| Some(key) != own)
    }
}
