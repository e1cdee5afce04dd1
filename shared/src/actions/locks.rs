//! Locks that administrators set and end.

use super::Context;
use super::users::{UserRef, change, find, may_change, set_status};
use crate::domain::lockout::Attempts;
use crate::domain::time;
use crate::domain::user::{AdminLock, Status, User};
use crate::error::{Error, Result};

/// Locks an account, until a time or until it is unlocked.
///
/// # Errors
/// [`Error::Invalid`] where the time is over; otherwise as [`patch`].
pub async fn lock(cx: &Context, user: &UserRef, lock: AdminLock) -> Result<User> {
    let lock = AdminLock {
        until: lock.until.map(time::kept),
        ..lock
    };
    if lock.until.is_some_and(|until| until <= cx.now) {
        return Err(Error::invalid("/until", "this time is over"));
    }
    let found = find(cx, user).await?;
    change(cx, found, None, |user| {
        may_change(cx, user)?;
        let mut after = user.clone();
        set_status(&mut after, Status::Locked)?;
        after.lock = Some(lock.clone());
        Ok(after)
    })
    .await
}

/// Ends a lock of either kind, and clears the failed count.
///
/// # Errors
/// As [`patch`].
pub async fn unlock(cx: &Context, user: &UserRef) -> Result<User> {
    let found = find(cx, user).await?;
    change(cx, found, None, |user| {
        may_change(cx, user)?;
        let mut after = user.clone();
        if after.status == Status::Locked {
            set_status(&mut after, Status::Active)?;
        }
        after.attempts = Attempts::default();
        Ok(after)
    })
    .await
}
