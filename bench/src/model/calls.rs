//! A step as a request: whom and what its small numbers mean at this moment, and what is sent.

use http::Method;
use serde_json::Value;

use super::state::{Grant, Session, State};
use super::step::{At, NAMES, Name, PASSWORDS, Secret, Step, Who, Whom};

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    Nobody,
    Principal,
    /// With a token of this session.
    Session(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Account(u32),
    Name(Name),
}

/// A step, once it is known what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub step: Step,
    pub by: By,
    pub target: Option<Target>,
    /// The session that it is about.
    pub session: Option<u32>,
    /// The token in the body.
    pub shown: Option<String>,
    /// The password that is stated.
    pub secret: String,
    /// The grant that is to be taken.
    pub grant: Option<Grant>,
    /// The account whose id is in the body.
    pub about: Option<u32>,
    /// The caller's name until now, of the kind that is to be changed.
    pub old: Option<u8>,
    pub method: Method,
    pub path: String,
    pub token: Option<String>,
    pub body: Value,
}

pub fn email(number: u8) -> String {
    match number {
        6 => "owner@usher.local".to_owned(),
        7 => "admin@gauth.local".to_owned(),
        other => format!("{}@example.org", name(other)),
    }
}

pub fn name(number: u8) -> &'static str {
    match number {
        6 => "owner",
        7 => "admin",
        other => NAMES[usize::from(other) % NAMES.len()],
    }
}

pub fn password(number: u8) -> &'static str {
    PASSWORDS[usize::from(number) % PASSWORDS.len()]
}

fn pick<T: Copy>(all: &[T], number: u8) -> Option<T> {
    all.get(usize::from(number) % all.len().max(1)).copied()
}

impl State {
    /// Nothing where there is nobody that the step could be by or about.
    pub fn call(&self, step: &Step) -> Option<Call> {
        let mut call = Call {
            step: step.clone(),
            by: By::Nobody,
            target: None,
            session: None,
            shown: None,
            secret: String::new(),
            grant: None,
            about: None,
            old: None,
            method: Method::GET,
            path: String::new(),
            token: None,
            body: Value::Null,
        };
        if let Some(who) = step.who() {
            self.choose_caller(who, &mut call)?;
        }
        // The principal has nothing of its own, and is to go on.
        if call.by == By::Principal && step.is_about_oneself() {
            return None;
        }
        if let Some(whom) = step.whom() {
            call.target = Some(self.choose_target(whom)?);
        }
        if let Step::Refresh { session, .. }
        | Step::Renew { session }
        | Step::VerifyToken { session }
        | Step::Revoke { session, .. }
        | Step::EndSession { session, .. } = step
        {
            self.choose_session(*session, &mut call)?;
        }
        if let Step::Login { password, .. } | Step::ChangePassword { old: password, .. } = step {
            call.secret = self.secret(*password, &call);
        }
        if let Step::ChangeName { new, .. } = step {
            let own = self.caller(&call).and_then(|key| self.account(key));
            call.old = match new {
                Name::Email(_) => own?.email,
                Name::Username(_) => own?.username,
            };
        }
        call.about = match call.target {
            Some(Target::Name(name)) => self.whose(name),
            Some(Target::Account(key)) => Some(key),
            None => None,
        };
        if let Step::DropRole { role, force: true, .. } = step {
            self.leaves_somebody_in_charge(*role)?;
        }
        self.write(&mut call)?;
        Some(call)
    }

    fn choose_caller(&self, who: Who, call: &mut Call) -> Option<()> {
        let (Who::Session(number) | Who::Any(number) | Who::Old(number)) = who else {
            call.by = By::Principal;
            return Some(());
        };
        let fits = |session: &Session| matches!(who, Who::Any(_)) || self.is_open(session);
        let all = self.sessions.iter().rev().filter(|(_, session)| fits(session));
        let (key, session) = pick(&all.take(24).collect::<Vec<_>>(), number)?;
        let place = session
            .access
            .len()
            .checked_sub(if matches!(who, Who::Old(_)) { 2 } else { 1 })?;
        let token = session.access.get(place)?;
        call.by = By::Session(*key);
        call.token = Some(token.text.clone());
        Some(())
    }

    fn choose_target(&self, whom: Whom) -> Option<Target> {
        let known = |live: bool| {
            let all = self.accounts.iter().rev();
            let fits = all.filter(|(_, one)| one.id.is_some() && (!live || one.is_there()));
            fits.map(|(key, _)| *key).collect::<Vec<_>>()
        };
        Some(match whom {
            Whom::Live(number) => Target::Account(pick(&known(true), number)?),
            Whom::Any(number) => Target::Account(pick(&known(false), number)?),
            Whom::Email(number) => Target::Name(Name::Email(number)),
            Whom::Username(number) => Target::Name(Name::Username(number)),
        })
    }

    fn choose_session(&self, number: u8, call: &mut Call) -> Option<()> {
        let fits = |session: &Session| match call.step {
            Step::Refresh { .. } | Step::Revoke { by_refresh: true, .. } => !session.refresh.is_empty(),
            Step::Renew { .. } => session.at == At::Registration,
            Step::EndSession { own: true, .. } => true,
            _ => true,
        };
        let all = self.sessions.iter().rev().filter(|(_, session)| fits(session));
        let (key, _) = pick(&all.take(24).collect::<Vec<_>>(), number)?;
        call.session = Some(*key);
        Some(())
    }

    fn secret(&self, secret: Secret, call: &Call) -> String {
        let whose = match (&call.step, &call.by) {
            (Step::Login { name, .. }, _) => self.whose(*name),
            (_, By::Session(session)) => self.sessions.get(session).map(|session| session.account),
            _ => None,
        };
        let own = whose.and_then(|key| self.account(key)?.password.clone());
        match secret {
            Secret::Right => own.unwrap_or_else(|| password(0).to_owned()),
            Secret::Of(number) => password(number).to_owned(),
        }
    }

    /// By force a role is taken from one after another. Where that stops on the way, some have lost it: in which order, is
    /// open.
    fn leaves_somebody_in_charge(&self, name: u8) -> Option<()> {
        let mut without = self.clone();
        let role = self.role_named(name);
        for account in without.accounts.values_mut() {
            std::sync::Arc::make_mut(account)
                .grants
                .retain(|grant| Some(grant.role) != role);
        }
        (without.in_charge() > 0 || role.is_none_or(|key| key < 5)).then_some(())
    }

    pub fn caller(&self, call: &Call) -> Option<u32> {
        match call.by {
            By::Session(session) => self.sessions.get(&session).map(|session| session.account),
            _ => None,
        }
    }

    fn write(&self, call: &mut Call) -> Option<()> {
        let (method, path, body) = match &call.step {
            Step::Wait(_) => return None,
            Step::Create { .. } | Step::CreateAdmin { .. } | Step::Register { .. } => self.to_make(&call.step)?,
            Step::Login { .. }
            | Step::Refresh { .. }
            | Step::Renew { .. }
            | Step::VerifyToken { .. }
            | Step::Revoke { .. }
            | Step::Logout { .. }
            | Step::EndSession { .. }
            | Step::EndSessions { .. }
            | Step::ChangePassword { .. }
            | Step::ChangeName { .. } => self.about_sessions(call)?,
            Step::MakeRole { .. }
            | Step::EditRole { .. }
            | Step::SetMax { .. }
            | Step::DropRole { .. }
            | Step::AddPermission { .. }
            | Step::DropPermission { .. } => super::bodies::about_roles(&call.step)?,
            Step::Show { .. }
            | Step::List { .. }
            | Step::Search { .. }
            | Step::MyPermissions { .. }
            | Step::Check { .. }
            | Step::Sessions { .. }
            | Step::Grants { .. } => self.question(call)?,
            _ => self.about_account(call)?,
        };
        (call.method, call.path, call.body) = (method, path, body);
        Some(())
    }
}
