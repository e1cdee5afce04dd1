//! Roles given to accounts, and taken from them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::changes::{actor, held_by_caller, keep_own_count, may_change, may_grant, may_take_from};
use super::revisions::{Expected, expect};
use super::{Context, roles as role_actions};
use crate::access::policy::{self, Actor, Span};
use crate::domain::grant::{Grant, MAX_GRANTS};
use crate::domain::role::{self, Rank, Role, SystemRole};
use crate::domain::text::Department;
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Conflict, Error, Noun, Result, Violation};
use crate::id::{GrantId, RoleId, UserId};
use crate::store::unit::{Unit, atomically};
use crate::store::{ended, roles, users};

#[derive(Debug, Default, Clone)]
pub struct NewGrant {
    pub role: String,
    pub department: Option<Department>,
    pub effective_from: Option<Timestamp>,
    pub effective_to: Option<Timestamp>,
}

impl NewGrant {
    /// Whether it would come to an end after its beginning, and after now; its place is in the body of the request.
    pub(super) fn lasts(&self, cx: &Context, place: &str) -> Result<()> {
        let Some(to) = self.effective_to else { return Ok(()) };
        let detail = match self.effective_from {
            Some(from) if to <= from => "this is not after effectiveFrom",
            _ if to <= cx.now => "the grant would have ended already: this is not after now",
            _ => return Ok(()),
        };
        Err(Error::invalid(format!("{place}/effectiveTo"), detail))
    }

    pub(super) fn of(&self, cx: &Context, role: &Role) -> Result<Grant> {
        Ok(Grant {
            department: self.department.clone(),
            effective_from: self.effective_from,
            effective_to: self.effective_to,
            ..Grant::of(role, cx.actor(), cx.now)?
        })
    }
}

/// The roles of these names or ids, as an account can have them together: each once, and without the one that everybody
/// has. What of them a grant rests on, its seat holds the unit to.
pub(super) async fn kept(unit: &Unit<'_>, names: &[String]) -> Result<Vec<Role>> {
    let mut found: Vec<Role> = Vec::new();
    let mut unknown = Vec::new();
    // No more are looked up than an account can have: a list of thousands would be thousands of reads.
    for (n, name) in names.iter().take(MAX_GRANTS).enumerate() {
        match unit.role(name).await? {
            Some(role) if role.id == role::USER.id || found.iter().any(|known| known.id == role.id) => {}
            Some(role) => found.push(role),
            None => unknown.push(Violation::new(
                format!("/roles/{n}"),
                format!("there is no role `{name}`"),
            )),
        }
    }
    match unknown.is_empty() {
        true if names.len() > MAX_GRANTS => Err(Conflict::TooManyGrants(MAX_GRANTS).into()),
        true => Ok(found),
        false => Err(Error::Invalid(unknown)),
    }
}

pub async fn give(cx: &Context, user: &UserRef, expected: &Expected, new: &NewGrant) -> Result<(UserId, Grant, Role)> {
    new.lasts(cx, "")?;
    atomically(cx, |unit| async move {
        let user = unit.grantee(user).await?;
        let role = unit.role(&new.role).await?;
        let role = role.ok_or_else(|| Error::invalid("/role", format!("there is no role `{}`", new.role)))?;
        let grant = new.of(cx, &role)?;
        may_grant(cx, &role, &Span::of(&grant, cx.now)).await?;
        may_change(cx, &unit, &user).await?;
        expect(cx, &unit, &user, expected).await?;
        unit.edit(&user, |after| give_anew(after, &grant))?;
        Ok((user.id, grant, role))
    })
    .await
}

/// Gives a grant, unless the same stands. What everybody has already would only take the account's places.
pub(super) fn give_anew(user: &mut User, grant: &Grant) -> Result<()> {
    if grant.role == role::USER.id || user.grants.iter().any(|other| other.is_same_as(grant)) {
        return Err(Conflict::GrantStands.into());
    }
    user.give(grant.clone())
}

/// How many past grants are listed: what was done is in the rights history.
const MAX_PAST: usize = 100;

/// The grants of an account with the names of their roles: those that stand in the order in which they were given, then
/// those that ended, the last one first, until the retention ends.
pub async fn list(cx: &Context, user: &UserRef) -> Result<Vec<(Grant, String)>> {
    let user = users::find(&cx.app.table, &cx.tenant, user).await?;
    let past = ended::latest(cx, &user, MAX_PAST).await?;
    let kept: BTreeMap<GrantId, String> = past
        .iter()
        .map(|past| (past.grant.id, past.role_name.clone()))
        .collect();
    let (stand, mut ended): (Vec<Grant>, Vec<Grant>) = user.grants.into_iter().partition(|grant| grant.stands(cx.now));
    let retention = cx.tenant_settings.history;
    ended.retain(|grant| grant.kept_until(retention).is_some_and(|until| cx.now < until));
    ended.extend(past.into_iter().map(|past| past.grant));
    ended.sort_by_key(|grant| Reverse((grant.effective_to, grant.id)));
    ended.truncate(MAX_PAST);
    let all = || stand.iter().chain(&ended);
    let names = roles::names(&cx.app.table, &cx.tenant, all().map(|grant| grant.role)).await?;
    let named = all().filter_map(|grant| {
        let name = names.get(&grant.role).or_else(|| kept.get(&grant.id))?;
        Some((grant.clone(), name.clone()))
    });
    Ok(named.collect())
}

pub async fn take(cx: &Context, user: &UserRef, expected: &Expected, id: GrantId) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.grantee(user).await?;
        may_take_from(cx, &user).await?;
        expect(cx, &unit, &user, expected).await?;
        unit.edit(&user, |after| after.take(id)).map(drop)
    })
    .await
}

/// Gives an account each of these roles that does not apply to it yet: all of them, or none.
pub async fn add(cx: &Context, user: &UserRef, names: &[String]) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.grantee(user).await?;
        let roles = kept(&unit, names).await?;
        may_change(cx, &unit, &user).await?;
        let held = held_by_caller(cx).await?;
        unit.edit(&user, |after| add_missing(cx, &actor(cx, &held)?, after, &roles))
            .map(drop)
    })
    .await
}

/// Takes a role from an account: every grant of it.
pub async fn take_role(cx: &Context, user: &UserRef, name: &str) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.grantee(user).await?;
        let role = role_actions::existing(cx, name).await?;
        may_take_from(cx, &user).await?;
        let mut held = user.grants.iter().filter(|grant| grant.role == role.id);
        if role.id != role::USER.id && !user.has_role(role.id, cx.now) {
            return Err(Error::NotFound(Noun::Grant));
        }
        held.try_for_each(Grant::is_takeable)?;
        unit.edit(&user, |after| {
            after.take_role(role.id);
            Ok(())
        })
        .map(drop)
    })
    .await
}

/// How many writes a grant takes that comes or goes: member, seat, row of the history, and the role as it was read.
const WRITES_OF_GRANT: usize = 4;

/// Makes these all the roles that an account has from now on, beside the one that everybody has: those that apply
/// already are left as they are, and of every other role nothing is left.
pub(super) fn replace(cx: &Context, actor: &Actor<'_>, user: &mut User, roles: &[Role]) -> Result<()> {
    let stays = |grant: &Grant| grant.role == role::USER.id || roles.iter().any(|role| role.id == grant.role);
    let (stay, gone): (Vec<Grant>, Vec<Grant>) = user.grants.drain(..).partition(stays);
    user.grants = stay;
    // That a grant ends is one more write of its own.
    let ends = gone.iter().filter(|grant| grant.effective_to.is_some()).count();
    let missing = roles
        .iter()
        .filter(|role| !user.applying(cx.now).contains(&role.id))
        .count();
    if gone.len() + missing + ends.div_ceil(WRITES_OF_GRANT) > MAX_GRANTS {
        let detail = format!("one change gives and takes {MAX_GRANTS} roles at most: make two of it");
        return Err(Error::invalid("/roles", detail));
    }
    add_missing(cx, actor, user, roles)
}

/// Gives each of these roles that does not apply to the account.
fn add_missing(cx: &Context, actor: &Actor<'_>, user: &mut User, roles: &[Role]) -> Result<()> {
    let applying = user.applying(cx.now);
    for role in roles.iter().filter(|role| !applying.contains(&role.id)) {
        policy::may_grant(actor, role, &Span::for_good(cx.now))?;
        user.give(Grant::of(role, cx.actor(), cx.now)?)?;
    }
    user.has_room()
}

/// Puts an account on a rank of the ladder: `Admin` gives that role, `User` takes every role of the ladder away. The
/// status, where one is given, changes in the same transaction.
pub async fn set_rank(
    cx: &Context,
    user: &UserRef,
    expected: &Expected,
    rank: Option<Rank>,
    status: Option<Status>,
) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.grantee(user).await?;
        let role = match rank {
            Some(Rank::Admin) => roles::get(&cx.app.table, &cx.tenant, role::ADMIN.id).await?,
            _ => None,
        };
        if let Some(role) = &role {
            may_grant(cx, role, &Span::for_good(cx.now)).await?;
        }
        may_change(cx, &unit, &user).await?;
        expect(cx, &unit, &user, expected).await?;
        unit.edit(&user, |after| {
            let attempts = after.attempts.clone();
            if rank == Some(Rank::User) {
                after.grants.retain(|grant| !is_on_ladder(grant.role));
            }
            if let Some(role) = &role {
                let is_admin = |grant: &Grant| grant.role == role.id && grant.keeps_in_charge();
                if !after.grants.iter().any(is_admin) {
                    after.give(Grant::of(role, cx.actor(), cx.now)?)?;
                }
            }
            status.map_or(Ok(()), |status| after.set_status(status, cx.now))?;
            keep_own_count(cx, after, attempts);
            Ok(())
        })
        .map(drop)
    })
    .await
}

/// Gives an account a role by the role's name: one of the ladder in place of those of the ladder that it has, any other
/// beside all that it has. One that it has already is not given twice.
pub async fn put(cx: &Context, user: &UserRef, role: &str) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.grantee(user).await?;
        let role = unit.role(role).await?.ok_or(Error::NotFound(Noun::Role))?;
        may_grant(cx, &role, &Span::for_good(cx.now)).await?;
        may_change(cx, &unit, &user).await?;
        unit.edit(&user, |after| {
            let new = Grant::of(&role, cx.actor(), cx.now)?;
            let known = after
                .grants
                .iter()
                .find(|other| other.is_same_as(&new))
                .map(|grant| grant.id);
            if role.rank().is_some() {
                after
                    .grants
                    .retain(|grant| !is_on_ladder(grant.role) || Some(grant.id) == known);
            }
            if known.is_none() { after.give(new) } else { Ok(()) }
        })
        .map(drop)
    })
    .await
}

fn is_on_ladder(id: RoleId) -> bool {
    id != role::USER.id && SystemRole::by_id(id).is_some_and(|system| system.rank.is_some())
}
