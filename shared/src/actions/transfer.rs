//! Accounts, roles and permissions taken over from another directory by the operator, and handed on to one.
//!
//! An account is made as every account is, in one transaction with all that it implies ([`crate::store::unit`]); only
//! nobody is asked whether they may, and nobody is written to. Imported over again it is found, so an import that broke off
//! is simply begun again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::Value;

use self::pages::all_roles;
use super::roles::{self as role_actions, NewRole};
use super::{Context, Surface, catalogue, growth, settings};
use crate::app::App;
use crate::domain::grant::Grant;
use crate::domain::history::{OPERATOR, RightsKind, Target};
use crate::domain::lockout::NameAttempts;
use crate::domain::permission::{Permission, is_system};
use crate::domain::role::{Role, SERVICE_ACCOUNT, SystemRole, USER};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::TenantSettings;
use crate::domain::tenant_size::READ_BEFORE_WRITTEN;
use crate::domain::text::{Description, FORM, PermissionName};
use crate::domain::trail::{self, Trail};
use crate::domain::transfer::{AccountLine, GrantLine, RoleLine};
use crate::domain::user::{AdminLock, BeforeBan, PasswordHash, Status, User, UserKind, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{RoleId, UserId, UserNumber};
use crate::proof::password::imported;
use crate::store::bulk::{self, Bulk};
use crate::store::pages::Pages;
use crate::store::unit::{Unit, atomically};
use crate::store::{record, roles, tenant_settings, users};

pub mod pages;

/// What the operator's work is called in the histories.
const SURFACE: Surface = Surface {
    name: "operator",
    min_password: 0,
    max_password: 128,
};

/// How many kinds of imported hashes, with their parameters, a tenant's unknown logins are compared with at most.
const MOST_HASH_COSTS: usize = 8;

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
    let hash = hash(cx, line).await?;
    let (hash, is_first) = (&hash, &AtomicBool::new(true));
    let made = atomically(cx, |unit| async move {
        if let Some(known) = known(cx, line).await? {
            return Ok(Imported::Exists(known));
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
        Err(refused @ (Error::Conflict(_) | Error::Fault(_))) => {
            known(cx, line).await?.map(Imported::Exists).ok_or(refused)
        }
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

/// The hash as it is kept; what comparing with it costs is noted, for unknown logins to cost the same.
async fn hash(cx: &Context, line: &AccountLine) -> Result<Option<PasswordHash>> {
    let Some(PasswordHash(text)) = &line.password_hash else {
        return Ok(None);
    };
    let kept = imported(text).map_err(|why| Error::invalid("/passwordHash", why))?;
    note_cost(cx, &kept.cost).await?;
    Ok(Some(PasswordHash(kept.hash)))
}

async fn note_cost(cx: &Context, cost: &str) -> Result<()> {
    let is_own = cx.app.hasher.cost().as_deref() == Some(cost);
    let current = cx
        .app
        .tenant_settings
        .get(&cx.app, &cx.tenant, cx.app.clock.now())
        .await?;
    let known = &current.hash_costs;
    if is_own || known.iter().any(|known| known == cost) {
        return Ok(());
    }
    // What unregistered names never cost would tell whose name it is.
    if known.len() >= MOST_HASH_COSTS {
        let why = format!("{MOST_HASH_COSTS} kinds of hashes, by their parameters, were imported: no more can be");
        return Err(Error::invalid("/passwordHash", why));
    }
    let noted = settings::change(cx, |mut chosen| {
        let is_known = chosen.hash_costs.iter().any(|known| known == cost);
        if !is_known && chosen.hash_costs.len() < MOST_HASH_COSTS {
            chosen.hash_costs.push(cost.to_owned());
        }
        Ok(chosen)
    });
    noted.await.map(drop)
}

/// The account that the line is about, where it was made already. Where another has its id or one of its names, the line
/// is refused.
async fn known(cx: &Context, line: &AccountLine) -> Result<Option<UserId>> {
    let (t, table) = (&cx.tenant, &cx.app.table);
    if let Some(id) = line.id
        && let Some(user) = users::get(table, t, id).await?
    {
        return match line.is(&user) {
            true => Ok(Some(id)),
            false => Err(Error::invalid("/id", "an account that differs has this id")),
        };
    }
    // A deleted account has no claims.
    if line.status == Status::Deleted {
        return Ok(None);
    }
    let email = line.email.clone().map(UserRef::Email);
    let names: Vec<UserRef> = email
        .into_iter()
        .chain(line.username.clone().map(UserRef::Username))
        .collect();
    let found = users::find_all(table, t, &names.iter().collect::<Vec<_>>()).await?;
    match found.as_slice() {
        [] => Ok(None),
        [user] if line.is(user) => Ok(Some(user.id)),
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
    let lock = AdminLock {
        reason: line.lock_reason.clone(),
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

/// Times are kept to the millisecond.
fn moment(at: Option<Timestamp>) -> Option<Timestamp> {
    at.map(|at| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at))
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

/// Makes a role as the line has it. One of this name that is there already must be the same.
pub async fn role(cx: &Context, line: &RoleLine) -> Result<Imported<RoleId>> {
    let description = line.description.as_deref().map(Description::parse).transpose();
    let description = &description.map_err(|why| Error::invalid("/description", why))?;
    atomically(cx, |unit| async move {
        if let Some(known) = roles::find(&cx.app.table, &cx.tenant, line.name.as_given()).await? {
            let is_same = known.permissions == line.permissions && known.max_count == line.max_count;
            return match is_same {
                true => Ok(Imported::Exists(known.id)),
                false => Err(Error::invalid(
                    "/name",
                    "a role of this name has other permissions, or another limit",
                )),
            };
        }
        if line.system || line.id.is_some_and(|id| SystemRole::by_id(id).is_some()) {
            return Err(Error::invalid("/name", "this tenant has no such role of the system"));
        }
        let new = NewRole {
            name: line.name.clone(),
            description: description.clone(),
            permissions: line.permissions.clone(),
            max_count: line.max_count,
        };
        let id = match line.id {
            // The seats of one that was deleted stay closed for whoever still knows it.
            Some(id) if !roles::was_deleted(&cx.app.table, &cx.tenant, id).await? => id,
            _ => RoleId::new(cx.now)?,
        };
        let mut new = role_actions::beginning(cx, id, new);
        catalogue::gains(cx, &unit, &BTreeSet::new(), &mut new).await?;
        unit.write(roles::create(&new)?);
        let (target, is) = (Target::Role(new.id), trail::of_role(&new));
        unit.write([record::rights(cx, RightsKind::RoleCreated, target, Value::Null, is)?]);
        Ok(Imported::Created(new.id))
    })
    .await
}

/// What is to be done once accounts came over: their ids can be older than those that were there, so pages by number are
/// found anew.
pub async fn finish(cx: &Context) -> Result<()> {
    Pages::of(cx).remake().await
}

/// Puts a permission into the catalogue, from `main` alone: it is the whole stack's.
pub async fn permission(cx: &Context, permission: &Permission) -> Result<Imported<String>> {
    PermissionName::parse(&permission.name).map_err(|why| Error::invalid("/name", why))?;
    let name = permission.name.clone();
    let known = catalogue::list(cx).await?.into_iter().find(|known| known.name == name);
    match known {
        Some(known) if known == *permission || is_system(&name) => Ok(Imported::Exists(name)),
        Some(_) => Err(Error::invalid(
            "/name",
            "the catalogue has this permission with another description",
        )),
        None => catalogue::add(cx, permission).await.map(|()| Imported::Created(name)),
    }
}
