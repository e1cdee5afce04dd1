//! An account changed by an administrator.

use super::users::{TRIES, UserPatch, UserRef, change_with, find, may_change, may_take_over, rename, set_status};
use super::{Context, grants, passwords};
use crate::domain::role::Role;
use crate::domain::user::{PasswordHash, User};
use crate::error::{Conflict, Error, Noun, Result};

/// Changes an account as an administrator: all of it, or nothing.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::PreconditionFailed`], conflicts.
pub async fn patch(cx: &Context, user: &UserRef, patch: UserPatch) -> Result<User> {
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
        match patch_found(cx, found, &patch, hash.as_ref(), roles.as_deref()).await {
            // What was decided above was decided on roles or grants that are not those any more.
            Err(Error::Conflict(Conflict::Contention) | Error::NotFound(Noun::Role)) => {}
            outcome => return outcome,
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
