//! Roles given to accounts, and taken from them.

use jiff::Timestamp;

use super::users::{self as accounts, UserRef};
use super::{Context, roles as role_actions, seating};
use crate::access::policy;
use crate::domain::grant::{Grant, MAX_GRANTS};
use crate::domain::role::{self, Rank, Role, SystemRole};
use crate::domain::text::Department;
use crate::domain::time;
use crate::domain::user::User;
use crate::error::{Conflict, Error, Noun, Result, Violation};
use crate::id::{GrantId, RoleId, UserId};

/// A role to be given.
#[derive(Debug, Default, Clone)]
pub struct NewGrant {
    /// The role's name or id.
    pub role: String,
    /// The department whose requests it applies to.
    pub department: Option<Department>,
    /// The first moment of its effect.
    pub effective_from: Option<Timestamp>,
    /// The first moment after it.
    pub effective_to: Option<Timestamp>,
}

/// The roles of these names or ids.
///
/// # Errors
/// [`Error::Invalid`] naming each that is none.
pub async fn named(cx: &Context, names: &[String]) -> Result<Vec<Role>> {
    let mut found: Vec<Role> = Vec::new();
    let mut unknown = Vec::new();
    for (n, name) in names.iter().enumerate() {
        match role_actions::named(cx, name).await? {
            Some(role) if role.id == role::USER.id || found.iter().any(|known| known.id == role.id) => {}
            Some(role) => found.push(role),
            None => unknown.push(Violation::new(
                format!("/roles/{n}"),
                format!("there is no role `{name}`"),
            )),
        }
    }
    if unknown.is_empty() {
        Ok(found)
    } else {
        Err(Error::Invalid(unknown))
    }
}

/// The roles of a list of names or ids that an account could have together.
///
/// # Errors
/// As [`named`]; [`Conflict::TooManyGrants`].
pub(super) async fn listed(cx: &Context, names: &[String]) -> Result<Vec<Role>> {
    // Before any is looked up: a list of thousands would be thousands of reads.
    room_for(names.len())?;
    named(cx, names).await
}

/// The grants that an account begins with: the one that everybody has, and these.
///
/// # Errors
/// Where the machine gives no randomness.
pub(super) fn first(cx: &Context, given: &[Role]) -> Result<Vec<Grant>> {
    let everybody = grant(
        cx,
        role::USER.id,
        seating::any(role::USER.counters)?,
        false,
        &NewGrant::default(),
    )?;
    let mut grants = vec![everybody];
    for role in given {
        grants.push(grant(
            cx,
            role.id,
            seating::any(role.counters)?,
            role.administers(),
            &NewGrant::default(),
        )?);
    }
    Ok(grants)
}

/// Gives a role to an account; answers whose it is.
///
/// # Errors
/// [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`]; [`Conflict::GrantStands`], [`Conflict::RoleFull`],
/// [`Conflict::TooManyGrants`].
pub async fn give(cx: &Context, user: &UserRef, new: &NewGrant) -> Result<(UserId, Grant, Role)> {
    let new = &NewGrant {
        effective_from: new.effective_from.map(time::kept),
        effective_to: new.effective_to.map(time::kept),
        ..new.clone()
    };
    if let (Some(from), Some(to)) = (new.effective_from, new.effective_to)
        && to <= from
    {
        return Err(Error::invalid("/effectiveTo", "this is not after effectiveFrom"));
    }
    let found = accounts::find(cx, user).await?;
    for _ in 0..accounts::TRIES {
        let role = role_actions::named(cx, &new.role).await?;
        let role = role.ok_or_else(|| Error::invalid("/role", format!("there is no role `{}`", new.role)))?;
        match give_role(cx, &found, &role, new).await {
            // The role changed while it was given: it is to be given as it is now.
            Err(Error::Conflict(Conflict::Contention)) => {}
            outcome => return outcome.map(|grant| (found.id, grant, role)),
        }
    }
    Err(Conflict::Contention.into())
}

async fn give_role(cx: &Context, found: &User, role: &Role, new: &NewGrant) -> Result<Grant> {
    policy::may_grant(&cx.caller()?.rights, role)?;
    let mut given = None;
    accounts::change_with(cx, found.clone(), None, std::slice::from_ref(role), |user| {
        accounts::may_change(cx, user)?;
        let seat = seating::of(Some(user), role)?;
        let grant = grant(cx, role.id, seat, role.administers(), new)?;
        if user.grants.iter().any(|other| other.is_same_as(&grant)) {
            return Err(Conflict::GrantStands.into());
        }
        let mut after = user.clone();
        after.grants.push(grant.clone());
        room_for(after.grants.len())?;
        given = Some(grant);
        Ok(after)
    })
    .await?;
    given.ok_or_else(|| Error::fault("a grant was given and is not there"))
}

/// Takes a grant from an account.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`]; [`Conflict::LastAdministrator`]; [`Conflict::SystemRole`] for the role
/// that everybody has.
pub async fn take(cx: &Context, user: &UserRef, id: GrantId) -> Result<()> {
    let found = accounts::find(cx, user).await?;
    let taken = |user: &User| {
        accounts::may_change(cx, user)?;
        let grant = user
            .grants
            .iter()
            .find(|grant| grant.id == id)
            .ok_or(Error::NotFound(Noun::Grant))?;
        takeable(grant.role)?;
        let mut after = user.clone();
        after.grants.retain(|grant| grant.id != id);
        Ok(after)
    };
    accounts::change(cx, found, None, taken).await.map(drop)
}

/// Gives an account each of these roles that does not apply to it yet: all of them, or none.
///
/// # Errors
/// As [`give`].
pub async fn add(cx: &Context, user: &UserRef, names: &[String]) -> Result<()> {
    let found = accounts::find(cx, user).await?;
    for _ in 0..accounts::TRIES {
        let roles = listed(cx, names).await?;
        let with = |user: &User| {
            accounts::may_change(cx, user)?;
            let mut after = user.clone();
            after.grants.extend(missing(cx, user, &roles)?);
            room_for(after.grants.len())?;
            Ok(after)
        };
        match accounts::change_with(cx, found.clone(), None, &roles, with).await {
            // A role changed while it was given, or went: it is to be given as it is now.
            Err(Error::Conflict(Conflict::Contention) | Error::NotFound(Noun::Role)) => {}
            outcome => return outcome.map(drop),
        }
    }
    Err(Conflict::Contention.into())
}

/// Takes a role from an account: every grant of it.
///
/// # Errors
/// [`Error::NotFound`] where there is no such role, or the account does not have it; else as [`take`].
pub async fn take_role(cx: &Context, user: &UserRef, name: &str) -> Result<()> {
    let found = accounts::find(cx, user).await?;
    let role = role_actions::named(cx, name)
        .await?
        .ok_or(Error::NotFound(Noun::Role))?;
    let without = |user: &User| {
        accounts::may_change(cx, user)?;
        takeable(role.id)?;
        let mut after = user.clone();
        after.grants.retain(|grant| grant.role != role.id);
        let has_it = |grant: &Grant| grant.role == role.id && grant.stands(cx.now);
        user.grants
            .iter()
            .any(has_it)
            .then_some(after)
            .ok_or(Error::NotFound(Noun::Grant))
    };
    accounts::change(cx, found, None, without).await.map(drop)
}

/// What an account's grants become where these are all its roles from now on, beside the one that everybody has: those
/// that apply already are left as they are, and of every other role nothing is left.
///
/// # Errors
/// [`Error::Forbidden`] for a role that the caller cannot give; [`Error::Invalid`] where that is more at once than a
/// transaction holds; [`Conflict::TooManyGrants`].
pub(super) fn replaced(cx: &Context, user: &User, roles: &[Role]) -> Result<Vec<Grant>> {
    let stays = |id: RoleId| id == role::USER.id || roles.iter().any(|role| role.id == id);
    let mut grants = user.grants.clone();
    grants.retain(|grant| stays(grant.role));
    let new = missing(cx, user, roles)?;
    if user.grants.len() - grants.len() + new.len() > MAX_GRANTS {
        let detail = format!("one change gives and takes {MAX_GRANTS} roles at most: make two of it");
        return Err(Error::invalid("/roles", detail));
    }
    grants.extend(new);
    room_for(grants.len())?;
    Ok(grants)
}

/// A grant of each of these roles that does not apply to the account.
fn missing(cx: &Context, user: &User, roles: &[Role]) -> Result<Vec<Grant>> {
    let applies = |id: RoleId| move |grant: &Grant| grant.role == id && grant.applies(cx.now, None);
    let mut new = Vec::new();
    for role in roles.iter().filter(|role| !user.grants.iter().any(applies(role.id))) {
        policy::may_grant(&cx.caller()?.rights, role)?;
        let seat = seating::of(Some(user), role)?;
        new.push(grant(cx, role.id, seat, role.administers(), &NewGrant::default())?);
    }
    Ok(new)
}

/// Whether a role can be taken from somebody.
fn takeable(role: RoleId) -> Result<()> {
    if role == role::USER.id {
        return Err(Conflict::SystemRole("every account is at least `user`").into());
    }
    Ok(())
}

/// Puts an account on a rank of the ladder: `Admin` gives that role, `User` takes every role of the ladder away. The
/// status, where one is given, changes in the same transaction.
///
/// # Errors
/// As [`give`] and [`take`].
pub async fn set_rank(
    cx: &Context,
    user: &UserRef,
    rank: Option<Rank>,
    status: Option<crate::domain::user::Status>,
) -> Result<()> {
    let found = accounts::find(cx, user).await?;
    let role = match rank {
        Some(Rank::Admin) => role_actions::by_id(cx, role::ADMIN.id).await?,
        _ => None,
    };
    if let Some(role) = &role {
        policy::may_grant(&cx.caller()?.rights, role)?;
    }
    let edit = |user: &User| {
        accounts::may_change(cx, user)?;
        let mut after = user.clone();
        if rank == Some(Rank::User) {
            after.grants.retain(|grant| !is_on_ladder(grant.role));
        }
        if let Some(role) = &role
            && !user
                .grants
                .iter()
                .any(|grant| grant.role == role.id && grant.keeps_in_charge())
        {
            let seat = seating::of(Some(user), role)?;
            after
                .grants
                .push(grant(cx, role.id, seat, role.administers(), &NewGrant::default())?);
            room_for(after.grants.len())?;
        }
        if let Some(status) = status {
            accounts::set_status(&mut after, status)?;
        }
        Ok(after)
    };
    accounts::change(cx, found, None, edit).await.map(drop)
}

/// Gives an account a role by the role's name: one of the ladder in place of those of the ladder that it has, any other
/// beside all that it has. One that it has already is not given twice.
///
/// # Errors
/// [`Error::NotFound`] where there is no such account or role; [`Error::Forbidden`]; [`Conflict::RoleFull`],
/// [`Conflict::LastAdministrator`], [`Conflict::TooManyGrants`].
pub async fn put(cx: &Context, user: &UserRef, role: &str) -> Result<()> {
    let found = accounts::find(cx, user).await?;
    for _ in 0..accounts::TRIES {
        let role = role_actions::named(cx, role)
            .await?
            .ok_or(Error::NotFound(Noun::Role))?;
        policy::may_grant(&cx.caller()?.rights, &role)?;
        let edit = |user: &User| put_role(cx, user, &role);
        match accounts::change_with(cx, found.clone(), None, std::slice::from_ref(&role), edit).await {
            // The role changed while it was given, or went: it is to be given as it is now.
            Err(Error::Conflict(Conflict::Contention) | Error::NotFound(Noun::Role)) => {}
            outcome => return outcome.map(drop),
        }
    }
    Err(Conflict::Contention.into())
}

fn put_role(cx: &Context, user: &User, role: &Role) -> Result<User> {
    accounts::may_change(cx, user)?;
    let seat = seating::of(Some(user), role)?;
    let new = grant(cx, role.id, seat, role.administers(), &NewGrant::default())?;
    let known = user
        .grants
        .iter()
        .find(|other| other.is_same_as(&new))
        .map(|grant| grant.id);
    let mut after = user.clone();
    if role.rank().is_some() {
        after
            .grants
            .retain(|grant| !is_on_ladder(grant.role) || Some(grant.id) == known);
    }
    if known.is_none() {
        after.grants.push(new);
    }
    room_for(after.grants.len())?;
    Ok(after)
}

/// Whether an account can have this many grants.
///
/// # Errors
/// [`Conflict::TooManyGrants`].
pub(super) fn room_for(grants: usize) -> Result<()> {
    if grants > MAX_GRANTS {
        return Err(Conflict::TooManyGrants(MAX_GRANTS).into());
    }
    Ok(())
}

fn is_on_ladder(id: RoleId) -> bool {
    id != role::USER.id && SystemRole::by_id(id).is_some_and(|system| system.rank.is_some())
}

fn grant(cx: &Context, role: RoleId, seat: u8, administers: bool, new: &NewGrant) -> Result<Grant> {
    Ok(Grant {
        id: GrantId::new(cx.now)?,
        role,
        department: new.department.clone(),
        effective_from: new.effective_from,
        effective_to: new.effective_to,
        granted_at: cx.now,
        granted_by: cx.caller.as_ref().map(|caller| caller.id),
        seat,
        administers,
    })
}
