//! Locks and bans: set by administrators, and ended by them.

use super::Context;
use super::changes::change;
use super::revisions::Expected;
use crate::domain::lockout::NameAttempts;
use crate::domain::user::{AdminLock, Status, User, UserRef};
use crate::error::{Error, Noun, Result};

/// Locks an account, until a time or until it is unlocked. One that is switched off or banned stays so: when the lock ends
/// it would be active, which nobody decided.
pub async fn lock(cx: &Context, user: &UserRef, expected: &Expected, lock: AdminLock) -> Result<User> {
    if lock.until.is_some_and(|until| until <= cx.now) {
        return Err(Error::invalid("/until", "this time is over"));
    }
    change(cx, user, expected, |user| {
        if matches!(user.status, Status::Active | Status::Locked) {
            user.set_status(Status::Locked, cx.now)?;
            user.lock = Some(lock.clone());
        }
        Ok(())
    })
    .await
}

/// Ends a lock of either kind, and clears the failed count.
pub async fn unlock(cx: &Context, user: &UserRef, expected: &Expected) -> Result<User> {
    change(cx, user, expected, |user| {
        // One's own count is cleared by a login alone: whoever has an administrator's session could guess on and on.
        if user.status == Status::Locked {
            user.set_status(Status::Active, cx.now)?;
        }
        user.unlock_before_ban();
        if cx.actor() != Some(user.id) {
            user.attempts = NameAttempts::cleared(cx.now);
        }
        Ok(())
    })
    .await
}

/// Bans an account: its sessions end, and it opens nothing from now on. One that is banned already stays so.
pub async fn ban(cx: &Context, user: &UserRef) -> Result<User> {
    change(cx, user, &Expected::Anything, |user| {
        user.set_status(Status::Banned, cx.now)
    })
    .await
}

/// Lifts a ban: the account is what it was before, and its sessions stay ended. What an administrator did otherwise to an
/// account is not undone by this.
pub async fn lift_ban(cx: &Context, user: &UserRef) -> Result<User> {
    change(cx, user, &Expected::Anything, |user| {
        if user.status != Status::Banned {
            return Err(Error::NotFound(Noun::Ban));
        }
        user.lift_ban(cx.now)
    })
    .await
}
