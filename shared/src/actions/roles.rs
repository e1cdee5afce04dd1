//! Roles: made, found, changed, deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::changes::{actor, held_by_caller, may_change_with, may_grant};
use super::paging::{Listing, Page};
use super::revisions::{Expected, Revision};
use super::{Context, catalogue};
use crate::access::policy::{self, Span};
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::is_system;
use crate::domain::role::{FEW_COUNTERS, OWNER, Role, SystemRole};
use crate::domain::text::{Description, FORM, RoleName};
use crate::domain::trail::{self, Trail};
use crate::domain::user::User;
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{RoleId, UserId};
use crate::store::seats::{self, Counter};
use crate::store::unit::{Unit, atomically};
use crate::store::user_lists::listed;
use crate::store::{ended, record, roles, users};

mod delete;
pub use delete::delete;

/// How many accounts a change of a role can touch in its one transaction.
pub(super) const MAX_TOUCHED: usize = 20;

/// How many holders of a role are looked at for somebody who may not touch everybody. An owner may change any role.
pub(super) const MAX_HOLDERS: usize = 1_000;

#[derive(Debug)]
pub struct NewRole {
    pub name: RoleName,
    pub description: Option<Description>,
    pub permissions: BTreeSet<String>,
    /// How many accounts can have it at once.
    pub max_count: Option<u32>,
}

/// A change of a role. What is absent stays.
#[derive(Debug, Default)]
pub struct RolePatch {
    pub name: Option<RoleName>,
    pub description: Option<Option<Description>>,
    /// All that it holds from now on.
    pub permissions: Option<BTreeSet<String>>,
    pub max_count: Option<Option<u32>>,
}

/// The role of this name or id, if there is one.
pub async fn named(cx: &Context, name: &str) -> Result<Option<Role>> {
    roles::find(&cx.app.table, &cx.tenant, name).await
}

/// The id of the role of this name or id. An id is taken as it is: the histories outlive roles.
pub async fn id_of(cx: &Context, name: &str) -> Result<Option<RoleId>> {
    match name.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) => Ok(named(cx, name).await?.map(|role| role.id)),
    }
}

pub(super) async fn existing(cx: &Context, name: &str) -> Result<Role> {
    named(cx, name).await?.ok_or(Error::NotFound(Noun::Role))
}

/// The role of this name or id, and the number of its members.
pub async fn show(cx: &Context, name: &str) -> Result<(Role, u32)> {
    let role = existing(cx, name).await?;
    let count = seats::members(cx, std::slice::from_ref(&role))
        .await?
        .first()
        .copied()
        .unwrap_or(0);
    Ok((role, count))
}

/// A page of roles, each with the number of its members: those of the system first, then by age.
pub async fn list(cx: &Context, limit: usize, cursor: Option<&str>) -> Result<Page<(Role, u32)>> {
    let page = page(cx, limit, cursor).await?;
    let counts = seats::members(cx, &page.items).await?;
    Ok(Page {
        items: page.items.into_iter().zip(counts).collect(),
        next_cursor: page.next_cursor,
        total: page.total,
    })
}

/// The same without the numbers.
pub async fn page(cx: &Context, limit: usize, cursor: Option<&str>) -> Result<Page<Role>> {
    let listing = Listing::of(cx, "roles").await?;
    let (items, more) = roles::list(&cx.app.table, &cx.tenant, listing.after(cursor)?, limit).await?;
    let last = items.last().map(|role| role.id).filter(|_| more);
    listing.page(items, last)
}

/// A role at its beginning, with its seats kept as its limit asks for.
pub(super) fn beginning(cx: &Context, id: RoleId, new: NewRole) -> Role {
    let mut role = Role {
        id,
        tenant: cx.tenant.clone(),
        name: new.name,
        description: new.description.map(|text| text.as_str().to_owned()),
        permissions: new.permissions,
        restricted: BTreeSet::new(),
        max_count: new.max_count,
        system: false,
        counters: FEW_COUNTERS,
        round: 0,
        form: FORM,
        trail: Some(Trail::beginning(cx.now)),
        version: 1,
        created_at: cx.now,
        modified_at: cx.now,
    };
    role.spread_seats(cx.size_to_write());
    role
}

pub async fn create(cx: &Context, new: NewRole) -> Result<Role> {
    let new = beginning(cx, RoleId::new(cx.now)?, new);
    let new = &new;
    atomically(cx, |unit| async move {
        let mut role = new.clone();
        catalogue::gains(cx, &unit, &BTreeSet::new(), &mut role).await?;
        may_grant(cx, &role, &Span::for_good(cx.now)).await?;
        unit.write(roles::create(&role)?);
        let (target, is) = (Target::Role(role.id), trail::of_role(&role));
        unit.write([record::rights(cx, RightsKind::RoleCreated, target, Value::Null, is)?]);
        Ok(role)
    })
    .await
}

pub async fn patch(cx: &Context, name: &str, expected: &Expected, patch: &RolePatch) -> Result<(Role, u32)> {
    atomically(cx, |unit| async move {
        let before = existing(cx, name).await?;
        policy::may_touch_role(&cx.caller()?.rights, &before)?;
        let mut after = patched(cx, &before, patch)?;
        catalogue::gains(cx, &unit, &before.permissions, &mut after).await?;
        let held = held_by_caller(cx).await?;
        policy::may_edit(&actor(cx, &held)?, &before, &after, cx.now)?;
        may_touch_holders(cx, &before).await?;
        let is_limited = before.max_count != after.max_count || before.administers() != after.administers();
        if before.administers() != after.administers() {
            // Before counters are closed: of more members it is refused.
            at_most(cx, before.id, MAX_TOUCHED).await?;
        }
        if is_limited && !expected.is_anything() {
            // Before counters are closed: who expects something else changes nothing.
            as_expected(cx, &before, expected, None).await?;
        }
        let (before, counters) = if is_limited {
            seats::settle_on_few_counters(cx, &before, after.max_count).await?
        } else {
            let counters = seats::read(&cx.app.table, &before).await?;
            (before, counters)
        };
        (after.counters, after.round) = (before.counters, before.round);
        after.spread_seats(cx.size_to_write());
        let members = as_expected(cx, &before, expected, Some(&counters)).await?;
        let after = unit.change_role(&before, after)?;
        if is_limited {
            unit.write(seats::set_limit(&after, &counters)?);
        } else if before.max_count.is_some() && !expected.is_anything() {
            unit.write(seats::check_unchanged(&before, &counters));
        }
        if before.administers() != after.administers() {
            put_in_charge(cx, &unit, &after).await?;
        }
        Ok((after, members))
    })
    .await
}

/// Sets how many accounts can have each of these roles. Of several, all are found, and judged as they are, before the first
/// is changed, so that what is refused changes nothing. One transaction has no room for the copies and counters of so many
/// roles: each is changed in its own, in order, and where a role gains members in between, those before it stay changed. One
/// that has its limit already is left as it is.
pub async fn set_limits<'a>(cx: &Context, limits: impl Iterator<Item = (&'a str, Option<u32>)>) -> Result<()> {
    let limited = |limit| RolePatch {
        max_count: Some(limit),
        ..RolePatch::default()
    };
    let mut limits: Vec<_> = limits.map(|(name, limit)| (name, limited(limit))).collect();
    if limits.len() > 1 {
        let mut changed = Vec::new();
        for (name, limit) in limits {
            if is_changed_by(cx, name, &limit).await? {
                changed.push((name, limit));
            }
        }
        limits = changed;
    }
    for (name, limit) in &limits {
        patch(cx, name, &Expected::Anything, limit).await?;
    }
    Ok(())
}

/// Whether this limit would change a role, where it may be set now.
async fn is_changed_by(cx: &Context, name: &str, limit: &RolePatch) -> Result<bool> {
    let (before, members) = show(cx, name).await?;
    policy::may_touch_role(&cx.caller()?.rights, &before)?;
    let after = patched(cx, &before, limit)?;
    let held = held_by_caller(cx).await?;
    policy::may_edit(&actor(cx, &held)?, &before, &after, cx.now)?;
    may_touch_holders(cx, &before).await?;
    if after.max_count.is_some_and(|limit| members > limit) {
        return Err(Conflict::BelowMemberCount.into());
    }
    Ok(before.max_count != after.max_count)
}

/// How many members a role has that is as the client expects it; they are counted anew where no counters are given.
async fn as_expected(cx: &Context, role: &Role, expected: &Expected, counters: Option<&[Counter]>) -> Result<u32> {
    let members = match counters {
        Some(counters) => seats::count_members(cx, role.id, counters).await?,
        None => seats::count_members(cx, role.id, &seats::read(&cx.app.table, role).await?).await?,
    };
    expected.met_by(&Revision::of_role(role, members))?;
    Ok(members)
}

/// The role as it is after a patch, where that may be.
pub(super) fn patched(cx: &Context, before: &Role, patch: &RolePatch) -> Result<Role> {
    let mut after = before.clone();
    if let Some(name) = &patch.name {
        after.name = name.clone();
        after.form = FORM;
    }
    if let Some(description) = &patch.description {
        after.description = description.as_ref().map(|text| text.as_str().to_owned());
    }
    if let Some(permissions) = &patch.permissions {
        after.permissions.clone_from(permissions);
    }
    if let Some(max_count) = patch.max_count {
        after.max_count = max_count;
    }
    if before.system && before.name.as_given() != after.name.as_given() {
        return Err(Conflict::SystemRole("a system role keeps its name").into());
    }
    if let Some(system) = SystemRole::by_id(before.id) {
        keeps_what_it_came_with(&system.in_tenant(&cx.tenant, cx.now)?, &after)?;
    }
    Ok(after)
}

/// A role of the system carries the permissions of the system that it came with, and no others: who holds it would come
/// to hold them.
fn keeps_what_it_came_with(given: &Role, after: &Role) -> Result<()> {
    if !given.permissions.is_subset(&after.permissions) {
        return Err(Conflict::SystemRole("a system role cannot lose `admin.*` permissions").into());
    }
    let mut gained = after.permissions.difference(&given.permissions);
    match gained.any(|name| is_system(name)) {
        true => Err(Conflict::SystemRole("a system role cannot be given further `admin.*` permissions").into()),
        false => Ok(()),
    }
}

pub(super) fn may_touch_everybody(cx: &Context) -> Result<bool> {
    let owner = OWNER.in_tenant(&cx.tenant, cx.now)?;
    Ok(policy::may_touch_everybody(&cx.caller()?.rights, &owner))
}

/// Whether the caller may touch everybody who holds this role (rule 9).
async fn may_touch_holders(cx: &Context, role: &Role) -> Result<()> {
    if may_touch_everybody(cx)? {
        return Ok(());
    }
    let ids = at_most(cx, role.id, MAX_HOLDERS).await?;
    let mut holders = users::get_all(&cx.app.table, &cx.tenant, &ids).await?;
    // Not whoever had it once.
    holders.retain(|holder| holder.has_role(role.id, cx.now));
    let known = roles::standing(&cx.app.table, &cx.tenant, &holders, cx.now).await?;
    holders
        .iter()
        .try_for_each(|holder| may_change_with(cx, holder, &known))
}

/// The accounts with grants of a role, where they are no more than that; those whose grants ended do not count.
async fn at_most(cx: &Context, role: RoleId, most: usize) -> Result<Vec<UserId>> {
    let mut ended = 1;
    loop {
        let (ids, more) = roles::members(listed(cx), role, None, most).await?;
        if !more {
            return Ok(ids);
        }
        if ended == 0 {
            return Err(Conflict::TooManyMembers(most).into());
        }
        ended = ended::release(cx, role, most).await?;
    }
}

/// Writes into every member's grants whether the role lets them manage users.
async fn put_in_charge(cx: &Context, unit: &Unit<'_>, role: &Role) -> Result<()> {
    let ids = at_most(cx, role.id, MAX_TOUCHED).await?;
    for member in users::get_all(&cx.app.table, &cx.tenant, &ids).await? {
        unit.edit(&member, |after| {
            follow(after, role);
            Ok(())
        })?;
    }
    Ok(())
}

/// Writes into an account's grants of a role whether it lets them manage users.
pub(super) fn follow(user: &mut User, role: &Role) {
    let of_role = user.grants.iter_mut().filter(|grant| grant.role == role.id);
    of_role.for_each(|grant| grant.administers = role.administers());
}

pub async fn names(cx: &Context, ids: impl IntoIterator<Item = RoleId>) -> Result<BTreeMap<RoleId, String>> {
    roles::names(&cx.app.table, &cx.tenant, ids).await
}
