//! Accounts, roles and permissions taken over from another directory by the operator, and handed on to one.
//!
//! An account is made as every account is, in one transaction with all that it implies ([`crate::store::unit`]); only
//! nobody is asked whether they may, and nobody is written to. Imported over again it is found, so an import that broke off
//! is simply begun again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use self::pages::all_roles;
use super::{Context, Surface, growth};
use crate::app::App;
use crate::domain::grant::Grant;
use crate::domain::history::OPERATOR;
use crate::domain::lockout::NameAttempts;
use crate::domain::role::{Role, SERVICE_ACCOUNT, USER};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::TenantSettings;
use crate::domain::tenant_size::READ_BEFORE_WRITTEN;
use crate::domain::text::{FORM, Reason};
use crate::domain::time;
use crate::domain::trail::Trail;
use crate::domain::transfer::{AccountLine, GrantLine};
use crate::domain::user::{AdminLock, BeforeBan, PasswordHash, Status, User, UserKind, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{UserId, UserNumber};
use crate::store::bulk::{self, Bulk};
use crate::store::pages::Pages;
use crate::store::unit::{Unit, atomically};
use crate::store::{domains, roles, tenant_settings, users};

mod hashes;
mod named;
pub mod pages;
pub use named::{permission, role};

/// What the operator's work is called in the histories.
const SURFACE: Surface = Surface {
    name: "operator",
    min_password: 0,
    max_password: 128,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported<Id> {
    Created(Id),
    /// It was there already, as the line has it.
    Exists(Id),
}

/// Work of the operator in a tenant.
pub async fn context(app: &Arc<App>, tenant: &TenantId) -> Result<Context> {
    let mut cx = Context::without_request(app, SURFACE);
    cx.is_operator = true;
    cx.enter(tenant.clone()).await?;
    // A table without it is not set up.
    match roles::get(&app.table, tenant, USER.id).await? {
        Some(_) => Ok(cx),
        None => Err(Error::NotSetUp),
    }
}

/// The same work further on, now. A tenant that has become large meanwhile has its further accounts spread; where nobody else
/// has the table, no process has to learn that first.
pub async fn onwards(cx: &Context, is_alone: bool) -> Result<Context> {
    let mut cx = cx.clone();
    cx.now = cx.app.clock.now();
    if is_alone {
        // Elsewhere set-up finds that it has grown, by a clock that the functions share.
        growth::bring_up_to_date(&cx, std::slice::from_ref(&cx.tenant)).await?;
    }
    let kept = tenant_settings::get(&cx.app.table, &cx.tenant).await?;
    let since = kept.and_then(|kept| kept.large_since);
    let mut settings = TenantSettings::clone(&cx.tenant_settings);
    settings.growth.large_since = match is_alone {
        true => since.map(|at| at - READ_BEFORE_WRITTEN),
        false => since,
    };
    cx.tenant_settings = Arc::new(settings);
    Ok(cx)
}

/// Makes an account as the line has it.
pub async fn account(cx: &Context, line: &AccountLine) -> Result<Imported<UserId>> {
    line.profile.validate().map_err(Error::Invalid)?;
    let hash = hashes::hash(cx, line).await?;
    let (hash, is_first) = (&hash, &AtomicBool::new(true));
    let made = atomically(cx, |unit| async move {
        if let Some(there) = there(cx, line).await? {
            return Ok(there);
        }
        let mut user = beginning(cx, line, hash.clone())?;
        give(cx, &unit, line, &mut user).await?;
        if !is_first.swap(false, Ordering::Relaxed) {
            free_number(cx, line, &mut user).await?;
        }
        unit.create(&user)?;
        Ok(Imported::Created(user.id))
    });
    match made.await {
        // The same line may have been taken over beside this one.
        Err(refused @ Error::Conflict(_)) => there(cx, line).await?.ok_or(refused),
        outcome => outcome,
    }
}

/// The items of many accounts of people with roles of the system, for a table that nobody else writes to; nothing where
/// the first of them is there already. Their hashes are of the stack's own kind.
pub async fn many(cx: &Context, lines: &[AccountLine]) -> Result<Option<Bulk>> {
    let roles = all_roles(cx).await?;
    let roles = roles.iter().filter(|role| role.system);
    if let Some(limited) = roles.clone().find(|role| role.max_count.is_some()) {
        let name = limited.name.as_given();
        return Err(Error::invalid("/roles", format!("the role `{name}` has a limit")));
    }
    let known: BTreeMap<&str, Role> = roles.map(|role| (role.name.as_given(), role.clone())).collect();
    let mut made = Vec::with_capacity(lines.len());
    for line in lines {
        let mut user = beginning(cx, line, line.password_hash.clone())?;
        granted(cx, line, &known, &mut user)?;
        made.push(user);
    }
    let first = made.first().map(|user| user.id);
    match first {
        Some(id) if users::get(&cx.app.table, &cx.tenant, id).await?.is_none() => {
            bulk::of_new(cx, &made).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// The account that the line is about, where it was made already. What its transaction does not write an import may have
/// broken off before: the domain of its address.
async fn there(cx: &Context, line: &AccountLine) -> Result<Option<Imported<UserId>>> {
    let Some(user) = known(cx, line).await? else {
        return Ok(None);
    };
    if let Some(email) = user.email.as_ref().filter(|_| user.status != Status::Deleted) {
        domains::enter(&cx.app.table, &cx.tenant, email).await?;
    }
    Ok(Some(Imported::Exists(user.id)))
}

/// That account. Where another has the line's id or one of its names, the line is refused.
async fn known(cx: &Context, line: &AccountLine) -> Result<Option<User>> {
    let (t, table) = (&cx.tenant, &cx.app.table);
    if let Some(id) = line.id
        && let Some(user) = users::get(table, t, id).await?
    {
        return match line.is(&user) {
            true => Ok(Some(user)),
            false => Err(Error::invalid("/id", "an account that differs has this id")),
        };
    }
    // A deleted account has no claims by which it would be found again.
    if line.status == Status::Deleted {
        return match line.id {
            Some(_) => Ok(None),
            None => Err(Error::invalid("/id", "an account that is deleted needs an id")),
        };
    }
    let email = line.email.clone().map(UserRef::Email);
    let names: Vec<UserRef> = email
        .into_iter()
        .chain(line.username.clone().map(UserRef::Username))
        .collect();
    let found = users::find_all(table, t, &names.iter().collect::<Vec<_>>()).await?;
    match found.as_slice() {
        [] => Ok(None),
        [user] if line.is(user) => Ok(Some(user.clone())),
        others => {
            let by_email = others
                .iter()
                .any(|user| user.email.is_some() && user.email == line.email);
            Err(if by_email {
                Conflict::EmailTaken
            } else {
                Conflict::UsernameTaken
            }
            .into())
        }
    }
}

fn beginning(cx: &Context, line: &AccountLine, hash: Option<PasswordHash>) -> Result<User> {
    let created_at = moment(line.created_at).unwrap_or(cx.now);
    if created_at > cx.now {
        return Err(Error::invalid("/createdAt", "this is not in the past"));
    }
    let id = line.id.map_or_else(|| UserId::new(created_at), Ok)?;
    if id == OPERATOR || id.uuid().is_nil() {
        return Err(Error::invalid("/id", "no account has this id"));
    }
    if line.number.is_some_and(|number| !number.is_in_range()) {
        return Err(Error::invalid("/number", "a number is 1 to 2^53 - 1"));
    }
    let reason = line.lock_reason.as_deref().filter(|reason| !reason.trim().is_empty());
    let reason = reason.map(Reason::parse).transpose();
    let reason = reason.map_err(|why| Error::invalid("/lockReason", why))?;
    let lock = AdminLock {
        reason: reason.map(|text| text.as_str().to_owned()),
        until: moment(line.locked_until),
    };
    let before_ban = line.status_before_ban.filter(|_| line.status == Status::Banned);
    let user = User {
        search_shards: cx.size_to_write().search(),
        id,
        tenant: cx.tenant.clone(),
        other_number: line.number.filter(|number| *number != UserNumber::of(id)),
        form: FORM,
        kind: line.kind,
        email_verified: line.email_verified && line.email.is_some(),
        email: line.email.clone(),
        username: line.username.clone(),
        profile: line.profile.clone(),
        status: line.status,
        lock: (line.status == Status::Locked).then(|| lock.clone()),
        before_ban: before_ban.and_then(|before| BeforeBan::of(before, Some(lock))),
        leaving: false,
        password: hash,
        must_change_password: line.must_change_password,
        password_ends: moment(line.password_ends),
        grants: vec![Grant::of_everybody(cx.size_to_write(), cx.actor(), created_at)?],
        cleared: None,
        trail: Some(Trail::beginning(cx.now)),
        epoch: 0,
        version: 1,
        attempts: NameAttempts::default(),
        created_at,
        modified_at: moment(line.modified_at).unwrap_or(cx.now).clamp(created_at, cx.now),
        deleted_at: (line.status == Status::Deleted).then(|| moment(line.deleted_at).unwrap_or(cx.now)),
    };
    user.has_name()?;
    if user.email.is_some() || user.password.is_some() {
        user.is_person()?;
    }
    Ok(user)
}

fn moment(at: Option<Timestamp>) -> Option<Timestamp> {
    at.map(time::kept)
}

/// Gives the roles that the line names.
async fn give(cx: &Context, unit: &Unit<'_>, line: &AccountLine, user: &mut User) -> Result<()> {
    let mut known: BTreeMap<&str, Role> = BTreeMap::new();
    for name in line.role_names() {
        let role = unit.role(name).await?;
        let role = role.ok_or_else(|| Error::invalid("/roles", format!("there is no role `{name}`")))?;
        known.insert(name, role);
    }
    granted(cx, line, &known, user)?;
    if user.kind == UserKind::Service && user.grants.iter().all(|grant| grant.role != SERVICE_ACCOUNT.id) {
        let role = unit.role(&SERVICE_ACCOUNT.id.to_string()).await?;
        let role = role.ok_or(Error::NotFound(Noun::Role))?;
        user.give(Grant::of(&role, cx.actor(), cx.now)?)?;
    }
    Ok(())
}

/// Gives the roles that the line names, of those that are known, but for grants that ended.
fn granted(cx: &Context, line: &AccountLine, known: &BTreeMap<&str, Role>, user: &mut User) -> Result<()> {
    for given in &line.roles {
        let (from, to) = (moment(given.effective_from), moment(given.effective_to));
        if from.zip(to).is_some_and(|(from, to)| to <= from) {
            return Err(Error::invalid("/roles", "a grant would end before it begins"));
        }
        match known.get(given.role.as_str()) {
            Some(role) if role.id != USER.id => {
                let new = like(Grant::of(role, cx.actor(), user.created_at)?, given);
                if user.grants.iter().any(|grant| grant.id == new.id) {
                    return Err(Error::invalid("/roles", "two grants have one id"));
                }
                let stands = new.stands(cx.now) && !user.grants.iter().any(|grant| grant.is_same_as(&new));
                stands.then(|| user.give(new)).transpose()?;
            }
            _ => user.grants[0] = like(user.grants[0].clone(), &as_everybody_has_it(given)),
        }
    }
    Ok(())
}

/// The role `user` is everybody's for good.
fn as_everybody_has_it(given: &GrantLine) -> GrantLine {
    GrantLine {
        department: None,
        effective_from: None,
        effective_to: None,
        ..given.clone()
    }
}

fn like(grant: Grant, given: &GrantLine) -> Grant {
    let granted_at = moment(given.granted_at).unwrap_or(grant.granted_at);
    Grant {
        id: given.id.unwrap_or(grant.id),
        department: given.department.clone(),
        effective_from: moment(given.effective_from),
        effective_to: moment(given.effective_to),
        granted_at,
        granted_by: given.granted_by.or(grant.granted_by),
        ..grant
    }
}

/// Another number, where another account has the one that the id gives. One that the line names is refused.
async fn free_number(cx: &Context, line: &AccountLine, user: &mut User) -> Result<()> {
    let whose = users::whose_number(&cx.app.table, &cx.tenant, user.number()).await?;
    if whose.is_none_or(|id| id == user.id) {
        return Ok(());
    }
    if line.number.is_some() {
        return Err(Error::invalid("/number", "another account has this number, or had it"));
    }
    user.other_number = Some(UserNumber::random()?);
    Ok(())
}

/// What is to be done once accounts came over: their ids can be older than those that were there, so pages by number are
/// found anew.
pub async fn finish(cx: &Context) -> Result<()> {
    Pages::of(cx).remake().await
}
