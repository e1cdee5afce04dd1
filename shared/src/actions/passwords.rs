//! Passwords: set, changed, reset. A minimum is checked where one is set, never at login (rule 4).

use super::{Context, credentials, login, users as accounts};
use crate::domain::lockout::Attempts;
use crate::domain::text::Password;
use crate::domain::user::PasswordHash;
use crate::error::{Error, Forbidden, Result};
use crate::proof::opaque;
use crate::proof::password::Verdict;
use secrecy::{ExposeSecret, SecretString};

/// A password to be set, held to the bounds of the contract and of the stack.
///
/// # Errors
/// [`Error::Invalid`] at this pointer.
pub fn chosen(cx: &Context, pointer: &str, text: String) -> Result<Password> {
    let surface = cx.origin.surface;
    let min = surface.min_password.max(cx.tenant_settings.min_password_length);
    Password::parse(text, min, surface.max_password.max(min)).map_err(|detail| Error::invalid(pointer, detail))
}

/// The hash to keep of a password.
///
/// # Errors
/// [`Error::Fault`].
pub async fn hash(cx: &Context, password: Password) -> Result<PasswordHash> {
    cx.app.hasher.hash(password.secret()).await.map(PasswordHash)
}

/// Changes the caller's own password, and ends every other session of the account.
///
/// # Errors
/// [`Forbidden::WrongPassword`], which counts as a failed login; [`Error::Locked`]; [`Error::Unavailable`].
pub async fn change(cx: &Context, current: Password, new: Password) -> Result<()> {
    let attempt = login::reserve_own(cx, cx.own_account()?.id).await?;
    if !matches!(login::compare(cx, &attempt, current).await?, Verdict::Right { .. }) {
        login::failed(cx, &attempt).await?;
        return Err(Forbidden::WrongPassword.into());
    }
    let hash = hash(cx, new).await?;
    let proven = attempt.user.ok_or(Error::InvalidToken)?;
    // Should the password that was right not be the account's any more, its sessions were ended as well.
    let changed = credentials::change_own(cx, proven, |user| {
        let mut after = user.clone();
        after.password = Some(hash.clone());
        after.must_change_password = false;
        after.attempts = Attempts::default();
        after.end_sessions();
        Ok(after)
    });
    changed.await.map(drop)
}

/// Sets another's password, or makes a one-time one that must be changed at the next login. Ends every session of the
/// account, and its lockout.
///
/// # Errors
/// [`Error::Forbidden`] where the account stands above the caller's; [`Error::NotFound`]; [`Error::Unavailable`].
pub async fn reset(cx: &Context, user: &accounts::UserRef, new: Option<Password>) -> Result<Option<SecretString>> {
    let found = accounts::find(cx, user).await?;
    accounts::may_take_over(cx, &found).await?;
    let (password, temporary) = match new {
        Some(new) => (new, None),
        None => {
            let made = opaque::temporary_password()?;
            (Password::presented(made.expose_secret().to_owned()), Some(made))
        }
    };
    let hash = hash(cx, password).await?;
    accounts::change(cx, found, None, |user| {
        accounts::may_change(cx, user)?;
        let mut after = user.clone();
        after.password = Some(hash.clone());
        after.must_change_password = temporary.is_some();
        after.attempts = Attempts::default();
        after.end_sessions();
        Ok(after)
    })
    .await?;
    Ok(temporary)
}
