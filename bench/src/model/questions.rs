//! What is asked and changes nothing: accounts, lists, rights, sessions, grants (rules 1, 15 and 18).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::apply::Seen;
use super::bodies::part;
use super::calls::{Call, Target, email, name};
use super::expected::{Expected, No, moment};
use super::rights::{ACCESS, FIRST_APPLICATION, Permissions, permission_name, permission_names};
use super::state::{Account, State, Status};
use super::step::{DEPARTMENTS, Step, Word, role_name};

/// An account as lists show it, by what the model knows of it.
pub fn view(state: &State, account: &Account) -> Value {
    let now = state.now;
    let roles: BTreeSet<&str> = account
        .applying(now, None)
        .filter_map(|grant| state.roles.get(&grant.role))
        .map(|role| role_name(role.name))
        .collect();
    let failed = account.by_email.count.max(account.by_username.count);
    json!({
        "email": account.email.map(email),
        "username": account.username.map(name),
        "emailVerified": account.verified,
        "status": status(state, account).text(),
        "failedLoginCount": failed,
        "mustChangePassword": account.must_change,
        "lockoutUntil": lock_ends(account, now).map(moment),
        "roles": roles,
    })
}

/// The later end of the locks that hold now.
fn lock_ends(account: &Account, now: i64) -> Option<i64> {
    let by_failures = failures_end(account, now);
    match account.status_at(now) {
        Status::Locked(until) => until.map(|until| by_failures.map_or(until, |other| other.max(until))),
        _ => by_failures,
    }
}

fn failures_end(account: &Account, now: i64) -> Option<i64> {
    let later = account.by_email.locked_until.max(account.by_username.locked_until);
    later.filter(|until| *until > now)
}

/// The status as it is shown: a lock by failed logins is one.
fn status(state: &State, account: &Account) -> Word {
    match account.status_at(state.now) {
        Status::Active if failures_end(account, state.now).is_some() => Word::Locked,
        Status::Active => Word::Active,
        Status::Inactive => Word::Inactive,
        Status::Banned | Status::Deleted => Word::Banned,
        Status::Locked(_) => Word::Locked,
    }
}

/// What identifies an account in a list: its names.
pub fn key(shown: &Value) -> String {
    format!("{} {}", shown["email"], shown["username"]).to_lowercase()
}

impl State {
    pub fn there(&self) -> impl Iterator<Item = (&u32, &Account)> {
        let all = self.accounts.iter().map(|(key, account)| (key, account.as_ref()));
        all.filter(|(_, account)| account.is_there())
    }

    pub fn ask(&mut self, call: &Call, seen: &Seen) -> Result<Expected, No> {
        match &call.step {
            Step::Show { .. } => {
                let account = self.account(self.target(call)?).ok_or(No::Missing)?;
                Ok(self.shown(account))
            }
            // The contract leaves open what a role that is not there lists.
            Step::List { role: Some(role), .. } if self.role_named(*role).is_none() => Err(No::Invalid),
            Step::List { status, role, q, .. } => Ok(self.listed(*status, *role, *q)),
            Step::Search { q, .. } => Ok(self.found(*q)),
            Step::MyPermissions { department, .. } => self.own_permissions(seen, *department),
            Step::Check {
                permission, department, ..
            } => self.check(call, seen, u32::from(*permission), *department),
            Step::Sessions { .. } => self.open_sessions(call, seen),
            _ => {
                let account = self.account(self.target(call)?).ok_or(No::Missing)?;
                let standing = account.grants.iter().filter(|grant| grant.stands(self.now));
                let all = standing.map(|grant| self.grant_text(grant)).collect();
                Ok(Expected::done(200).with_standing(self.now, all))
            }
        }
    }

    fn shown(&self, account: &Account) -> Expected {
        let view = view(self, account);
        let mut expected = Expected::done(200);
        for (pointer, field) in [
            ("/email", "email"),
            ("/username", "username"),
            ("/emailVerified", "emailVerified"),
            ("/status", "status"),
            ("/failedLoginCount", "failedLoginCount"),
            ("/mustChangePassword", "mustChangePassword"),
        ] {
            expected = expected.with(pointer, view[field].clone());
        }
        let rights = account.rights(&self.roles, self.now, None);
        let permissions = permission_names(rights.permissions).into_iter().map(str::to_owned);
        expected.with_all("/permissions", "", permissions.collect())
    }

    fn ids(&self, fits: impl Fn(&Account) -> bool) -> BTreeSet<String> {
        let all = self.there().filter(|(_, account)| fits(account));
        all.filter_map(|(_, account)| account.id.clone()).collect()
    }

    fn listed(&self, word: Option<Word>, role: Option<u8>, q: Option<u8>) -> Expected {
        let role = role.map(|name| self.role_named(name));
        let all = self.ids(|account| {
            word.is_none_or(|word| status(self, account) == word)
                && role.is_none_or(|role| role.is_some_and(|role| account.has_role(role, self.now)))
                && q.is_none_or(|q| has_part(account, q))
        });
        Expected::done(200)
            .with("/total", all.len())
            .with_all("/items", "/id", all)
    }

    fn found(&self, q: u8) -> Expected {
        let all = self.ids(|account| has_part(account, q));
        let expected = Expected::done(200).with("/pagination/total", all.len());
        expected.with_all("/users", "/id", all)
    }

    fn own_permissions(&self, seen: &Seen, department: Option<u8>) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        let rights = match actor.account.and_then(|key| self.account(key)) {
            Some(account) => account.rights(&self.roles, self.now, department),
            None => actor.rights,
        };
        let names = permission_names(rights.permissions)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let about = department.map(|number| DEPARTMENTS[usize::from(number) % 2]);
        let expected = Expected::done(200).with("/department", about);
        Ok(expected.with_all("/permissions", "/name", names))
    }

    fn check(&self, call: &Call, seen: &Seen, bit: u32, department: Option<u8>) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        let asked: Permissions = 1_u16.checked_shl(bit).unwrap_or(0);
        let whom = match call.target {
            None => actor.account,
            Some(Target::Account(key)) => Some(key),
            Some(Target::Name(name)) => self.whose(name),
        };
        let is_own = call.target.is_none() || whom.is_some() && whom == actor.account;
        if !is_own && !actor.rights.has(ACCESS) {
            return Err(No::Forbidden);
        }
        let is_known = bit < FIRST_APPLICATION || self.catalogue & asked != 0;
        if !is_known || permission_name(bit) == "no.such.permission" {
            return Err(No::Invalid);
        }
        let allowed = match whom.and_then(|key| self.account(key)) {
            Some(account) => {
                // A lock by failed logins is about logging in, and is none here (rule 18).
                let rights = account.rights(&self.roles, self.now, department);
                account.status_at(self.now) == Status::Active && rights.has(asked)
            }
            None => call.target.is_none() && actor.rights.has(asked),
        };
        Ok(Expected::done(200).with("/allowed", allowed))
    }

    fn open_sessions(&self, call: &Call, seen: &Seen) -> Result<Expected, No> {
        let actor = seen.actor.as_ref().ok_or(No::Token)?;
        let key = match call.target {
            Some(_) => self.target(call)?,
            None => actor.account.ok_or(No::Missing)?,
        };
        self.may_touch(actor, key, false)?;
        let of_it = self.sessions.values().filter(|session| session.account == key);
        // Those of an account that is locked until a time, or may not sign in, have ended.
        let open = of_it.filter(|session| session.is_open && self.now < session.ends);
        let ids = open.map(|session| session.id.clone()).collect();
        Ok(Expected::done(200).with_all("", "/id", ids))
    }
}

impl State {
    /// What tells a grant from the others of its account.
    pub fn grant_text(&self, grant: &super::state::Grant) -> String {
        let role = self.roles.get(&grant.role).map(|role| role_name(role.name));
        let department = grant.department.map(|number| DEPARTMENTS[usize::from(number) % 2]);
        let shown = json!({
            "role": role, "department": department,
            "effectiveFrom": grant.from.map(moment), "effectiveTo": grant.to.map(moment),
        });
        super::expected::grant_text(&shown)
    }
}

fn has_part(account: &Account, q: u8) -> bool {
    let part = part(q).to_lowercase();
    let has = |text: &str| text.contains(&part);
    account.email.is_some_and(|number| has(&email(number))) || account.username.is_some_and(|number| has(name(number)))
}
