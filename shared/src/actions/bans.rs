//! Bans, and what lifts them.

use super::Context;
use super::users::{UserRef, change, find, may_change, set_status};
use crate::domain::user::{Status, User};
use crate::error::{Error, Noun, Result};

/// Bans an account: its sessions end, and it opens nothing from now on. One that is banned already stays so.
///
/// # Errors
/// [`Error::Forbidden`] where the account stands above the caller's; [`Error::NotFound`];
/// [`crate::error::Conflict::LastAdministrator`]; [`Error::Unavailable`].
pub async fn ban(cx: &Context, user: &UserRef) -> Result<User> {
    let found = find(cx, user).await?;
    change(cx, found, None, |user| {
        may_change(cx, user)?;
        let mut after = user.clone();
        set_status(&mut after, Status::Banned)?;
        Ok(after)
    })
    .await
}

/// Lifts a ban: the account is active again, and its sessions stay ended. What an administrator did otherwise to an
/// account is not undone by this.
///
/// # Errors
/// [`Noun::Ban`] where it is not banned; otherwise as [`ban`].
pub async fn lift(cx: &Context, user: &UserRef) -> Result<User> {
    let found = find(cx, user).await?;
    change(cx, found, None, |user| {
        may_change(cx, user)?;
        if user.status != Status::Banned {
            return Err(Error::NotFound(Noun::Ban));
        }
        let mut after = user.clone();
        set_status(&mut after, Status::Active)?;
        Ok(after)
    })
    .await
}
