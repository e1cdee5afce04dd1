//! Passwords: set, changed, reset. A minimum is checked where one is set, never at login (rule 4).

use super::{Context, credentials, login, users as accounts};
use crate::domain::lockout::Attempts;
use crate::domain::text::Password;
use crate::domain::user::{PasswordHash, User};
use crate::error::{Conflict, Error, Forbidden, Result};
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

/// Changes the password of an account that the caller names, which must be its own. Whether another of that name exists
/// is not told.
///
/// # Errors
/// [`Forbidden::AnothersAccount`]; otherwise as [`change`].
pub async fn change_named(cx: &Context, user: &accounts::UserRef, current: Password, new: Password) -> Result<()> {
    if !user.names(cx.own_account()?) {
        return Err(Forbidden::AnothersAccount.into());
    }
    change(cx, current, new).await
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
    let (mut hashed, mut temporary) = (None, None);
    for _ in 0..accounts::TRIES {
        let found = accounts::find(cx, user).await?;
        accounts::may_take_over(cx, &found).await?;
        let hash = match &hashed {
            Some(hash) => hash,
            None => {
                let password = match new.clone() {
                    Some(new) => new,
                    None => one_time(&mut temporary)?,
                };
                hashed.insert(hash(cx, password).await?)
            }
        };
        match reset_found(cx, found, hash, temporary.is_some()).await {
            // Whose password may be set was decided on grants that are not those any more.
            Err(Error::Conflict(Conflict::Contention)) => {}
            outcome => return outcome.map(|()| temporary),
        }
    }
    Err(Conflict::Contention.into())
}

fn one_time(temporary: &mut Option<SecretString>) -> Result<Password> {
    let made = temporary.insert(opaque::temporary_password()?);
    Ok(Password::presented(made.expose_secret().to_owned()))
}

async fn reset_found(cx: &Context, found: User, hash: &PasswordHash, temporary: bool) -> Result<()> {
    let edit = |user: &User| {
        let mut after = user.clone();
        after.password = Some(hash.clone());
        after.must_change_password = temporary;
        after.attempts = Attempts::default();
        after.end_sessions();
        Ok(after)
    };
    accounts::change_as_decided(cx, found, edit).await.map(drop)
}
