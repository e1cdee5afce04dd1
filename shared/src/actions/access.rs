//! What somebody may do, asked by themselves or by an application, and why (rule 18).

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use jiff::Timestamp;

use super::catalogue::in_catalogue;
use super::{Caller, Context, past};
use crate::access::decision::{Explanation, Known, Question, Subject, Verdict};
use crate::domain::grant::MAX_GRANTS;
use crate::domain::permission::ADMIN_ACCESS;
use crate::domain::role::Role;
use crate::domain::text::{Department, PermissionName};
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Error, Forbidden, Noun, Result};
use crate::id::RoleId;
use crate::store::{ended, roles, users};

/// How many checks one request can have.
pub const MAX_CHECKS: usize = 100;

/// May this account do this?
#[derive(Debug)]
pub struct Check {
    /// The caller where absent.
    pub user: Option<UserRef>,
    pub permission: String,
    pub department: Option<Department>,
    /// Where the question is in the body, as a JSON Pointer.
    pub place: String,
}

impl Check {
    fn place(&self) -> (String, &str) {
        (format!("{}/permission", self.place), &self.permission)
    }

    fn question(&self) -> Question<'_> {
        Question {
            permission: &self.permission,
            department: self.department.as_ref(),
        }
    }
}

/// The answers to some checks, in their order.
pub async fn check(cx: &Context, checks: &[Check]) -> Result<Vec<Verdict>> {
    may_ask(cx, checks.iter().filter_map(|check| check.user.as_ref()))?;
    let found = subjects(cx, checks).await?;
    let answers = checks.iter().map(|check| {
        let user = check.user.as_ref();
        let subject = found
            .users
            .iter()
            .find(|found| user.map_or(is_caller(cx, found), |who| who.names(found)));
        match subject {
            Some(user) => Subject::of(user, &found.roles).check(check.question(), cx.now),
            None if user.is_none_or(|who| is_principal(cx, who)) => own_verdict(cx, check),
            None => Verdict {
                allowed: false,
                until: None,
            },
        }
    });
    Ok(answers.collect())
}

/// A development principal, which no account stands behind, holds what it holds in every department.
fn own_verdict(cx: &Context, check: &Check) -> Verdict {
    let caller = cx.caller.as_ref();
    Verdict {
        allowed: caller.is_some_and(|caller| caller.rights.permissions.contains(&check.permission)),
        until: None,
    }
}

fn is_principal(cx: &Context, who: &UserRef) -> bool {
    let caller = cx.caller.as_ref();
    caller.is_some_and(|caller| caller.user.is_none() && *who == UserRef::Id(caller.id))
}

fn is_caller(cx: &Context, user: &User) -> bool {
    cx.actor() == Some(user.id)
}

/// Whoever asks about others holds `admin.access`.
fn may_ask<'a>(cx: &Context, mut about: impl Iterator<Item = &'a UserRef>) -> Result<()> {
    let caller = cx.caller()?;
    let is_own =
        |who: &UserRef| caller.user.as_ref().is_some_and(|own| who.names(own)) || *who == UserRef::Id(caller.id);
    match caller.rights.permissions.contains(ADMIN_ACCESS) || about.all(is_own) {
        true => Ok(()),
        false => Err(Forbidden::MissingPermission(ADMIN_ACCESS).into()),
    }
}

/// What checks are decided from.
struct Found {
    users: Vec<User>,
    roles: Vec<Role>,
}

/// The accounts that are asked about, the roles of their grants, and whether the catalogue has the permissions: in one
/// round trip more than the accounts take.
async fn subjects(cx: &Context, checks: &[Check]) -> Result<Found> {
    let own = cx.caller()?.user.clone();
    let is_own = |who: &UserRef| own.as_ref().is_some_and(|own| who.names(own));
    let others: Vec<&UserRef> = checks
        .iter()
        .filter_map(|check| check.user.as_ref())
        .filter(|who| !is_own(who))
        .collect();
    let mut users = find_all(cx, &others).await?;
    users.extend(own);
    let known = &cx.caller()?.roles;
    let mut wanted: BTreeSet<RoleId> = users
        .iter()
        .flat_map(|user| &user.grants)
        .map(|grant| grant.role)
        .collect();
    wanted.retain(|id| !known.iter().any(|role| role.id == *id));
    let names: BTreeSet<&str> = checks.iter().map(|check| check.permission.as_str()).collect();
    let (mut roles, there) = roles::with_permissions(&cx.app.table, &cx.tenant, wanted, &names).await?;
    roles.extend(known.iter().cloned());
    in_catalogue(checks.iter().map(Check::place), &there)?;
    Ok(Found { users, roles })
}

/// The accounts that these name: those that were read with the caller's need not be read again.
async fn find_all(cx: &Context, all: &[&UserRef]) -> Result<Vec<User>> {
    let read = cx.caller()?.others.as_deref();
    let is_read = |who: &UserRef| read.is_some() && matches!(who, UserRef::Id(id) if cx.about.contains(id));
    let left: Vec<&UserRef> = all.iter().copied().filter(|who| !is_read(who)).collect();
    let mut found = users::find_all(&cx.app.table, &cx.tenant, &left).await?;
    let there = read
        .unwrap_or_default()
        .iter()
        .filter(|user| user.status != Status::Deleted);
    found.extend(there.cloned());
    Ok(found)
}

/// An account as it is, or was at a moment: with its grants, also those that ended, and their roles. Also, which of these
/// permissions the catalogue has.
pub async fn known(
    cx: &Context,
    who: Option<&UserRef>,
    at: Option<Timestamp>,
    names: &BTreeSet<&str>,
) -> Result<(Known, BTreeSet<String>)> {
    let caller = cx.caller()?;
    if let Some(at) = at.filter(|at| *at < cx.now) {
        let known = past::known(cx, who.unwrap_or(&UserRef::Id(caller.id)), at).await?;
        let (_, mut there) = roles::with_permissions(&cx.app.table, &cx.tenant, BTreeSet::new(), names).await?;
        // What a role gave then, the catalogue had.
        let given = known.roles.iter().flat_map(Role::gives);
        there.extend(given.filter(|name| names.contains(name.as_str())).cloned());
        return Ok((known, there));
    }
    let own = caller.user.as_ref();
    let mut user = match who {
        None => own.cloned(),
        Some(who) if own.is_some_and(|own| who.names(own)) => own.cloned(),
        Some(who) => find_all(cx, &[who]).await?.into_iter().find(|user| who.names(user)),
    }
    .ok_or(Error::NotFound(Noun::User))?;
    let past = ended::latest(cx, &user, MAX_GRANTS).await?;
    user.grants.extend(past.into_iter().map(|past| past.grant));
    let is_missing = |id: &RoleId| !caller.roles.iter().any(|role| role.id == *id);
    let missing = user.grants.iter().map(|grant| grant.role).filter(is_missing);
    let (mut roles, there) = roles::with_permissions(&cx.app.table, &cx.tenant, missing.collect(), names).await?;
    roles.extend(caller.roles.iter().cloned());
    Ok((Known { user, roles }, there))
}

/// Why an account may do something, or what it lacks; and its status.
pub async fn explain<T>(
    cx: &Context,
    check: &Check,
    at: Option<Timestamp>,
    view: impl FnOnce(Status, &Explanation<'_>) -> T,
) -> Result<T> {
    may_ask(cx, check.user.iter())?;
    let names = BTreeSet::from([check.permission.as_str()]);
    let (known, there) = known(cx, check.user.as_ref(), at, &names).await?;
    // What was in the catalogue then may be gone.
    if at.is_none_or(|at| at >= cx.now) || PermissionName::parse(&check.permission).is_err() {
        in_catalogue(iter::once(check.place()), &there)?;
    }
    let (subject, now) = (known.subject(), at.unwrap_or(cx.now));
    Ok(view(subject.status_at(now), &subject.explain(check.question(), now)))
}

/// All that an account may do in requests about a department, each until when; and the roles that give it.
#[derive(Debug, PartialEq)]
pub struct Permissions {
    pub permissions: BTreeMap<String, Option<Timestamp>>,
    pub roles: Vec<HeldRole>,
}

#[derive(Debug, PartialEq)]
pub struct HeldRole {
    pub name: String,
    pub department: Option<Department>,
    pub until: Option<Timestamp>,
}

pub async fn permissions(
    cx: &Context,
    who: Option<&UserRef>,
    department: Option<&Department>,
    at: Option<Timestamp>,
) -> Result<Permissions> {
    let caller = cx.caller()?;
    if who.is_none() && caller.user.is_none() {
        return Ok(of_principal(caller));
    }
    let (known, _) = known(cx, who, at, &BTreeSet::new()).await?;
    let (subject, now) = (known.subject(), at.unwrap_or(cx.now));
    let permissions = subject.permissions(now, department).into_iter();
    let roles = subject.held_roles(now, department).into_iter();
    Ok(Permissions {
        permissions: permissions.map(|(name, until)| (name.to_owned(), until)).collect(),
        roles: roles
            .map(|(reason, until)| HeldRole {
                name: reason.role.name.as_given().to_owned(),
                department: reason.grant.department.clone(),
                until,
            })
            .collect(),
    })
}

/// What a development principal holds, it holds in every department, and as long as its session.
fn of_principal(caller: &Caller) -> Permissions {
    let names = caller.rights.permissions.iter();
    let roles = caller.roles.iter();
    Permissions {
        permissions: names.map(|name| (name.clone(), None)).collect(),
        roles: roles
            .map(|role| HeldRole {
                name: role.name.as_given().to_owned(),
                department: None,
                until: None,
            })
            .collect(),
    }
}
