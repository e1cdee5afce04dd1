//! An account changed by an administrator.

use std::collections::BTreeMap;

use super::users::{TRIES, UserPatch, UserRef, change_with, find, may_change, may_take_over, rename, set_status};
use super::{Context, grants, listing, passwords};
use crate::domain::role::Role;
use crate::domain::user::{PasswordHash, User};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::RoleId;

/// Changes an account as an administrator: all of it, or nothing.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::PreconditionFailed`], conflicts.
pub async fn patch(cx: &Context, user: &UserRef, patch: &UserPatch) -> Result<User> {
    carry_out(cx, user, patch, false).await.map(|(user, _)| user)
}

/// The same; answers the names of the account's roles, too. They are read before it is changed: what is read afterwards
/// could fail, and deny that it was done.
///
/// # Errors
/// As [`patch`].
pub async fn patch_naming_roles(
    cx: &Context,
    user: &UserRef,
    patch: &UserPatch,
) -> Result<(User, BTreeMap<RoleId, String>)> {
    carry_out(cx, user, patch, true).await
}

async fn carry_out(
    cx: &Context,
    user: &UserRef,
    patch: &UserPatch,
    naming: bool,
) -> Result<(User, BTreeMap<RoleId, String>)> {
    let mut hash = None;
    for _ in 0..TRIES {
        let found = find(cx, user).await?;
        may_change(cx, &found)?;
        if patch.password.is_some() || patch.email.is_some() {
            may_take_over(cx, &found).await?;
        }
        let roles = match &patch.roles {
            Some(names) => Some(grants::listed(cx, names).await?),
            None => None,
        };
        if let (None, Some(password)) = (&hash, &patch.password) {
            hash = Some(passwords::hash(cx, password.clone()).await?);
        }
        let mut names = match naming {
            true => listing::role_names(cx, [&found]).await?,
            false => BTreeMap::new(),
        };
        let given = roles.iter().flatten();
        names.extend(given.map(|role| (role.id, role.name.as_given().to_owned())));
        match patch_found(cx, found, patch, hash.as_ref(), roles.as_deref()).await {
            // What was decided above was decided on roles or grants that are not those any more.
            Err(Error::Conflict(Conflict::Contention) | Error::NotFound(Noun::Role)) => {}
            outcome => return outcome.map(|user| (user, names)),
        }
    }
    Err(Conflict::Contention.into())
}

async fn patch_found(
    cx: &Context,
    found: User,
    patch: &UserPatch,
    password: Option<&PasswordHash>,
    roles: Option<&[Role]>,
) -> Result<User> {
    let decided_on = found.grants.clone();
    change_with(cx, found, patch.expected, roles.unwrap_or_default(), |user| {
        may_change(cx, user)?;
        if user.grants != decided_on {
            return Err(Conflict::Contention.into());
        }
        let mut after = user.clone();
        if let Some(profile) = &patch.profile {
            after.profile = user.profile.merge(profile)?;
        }
        if let Some(hash) = password {
            after.password = Some(hash.clone());
            after.must_change_password = false;
            after.end_sessions();
        }
        rename(&mut after, patch)?;
        if let Some(status) = patch.status {
            set_status(&mut after, status)?;
        }
        if let Some(roles) = roles {
            after.grants = grants::replaced(cx, user, roles)?;
        }
        Ok(after)
    })
    .await
}
