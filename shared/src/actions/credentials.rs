//! What an account signs in with: its address, its name, its password. Changed by whoever says what it was until now.

use super::users::{self as accounts, UserPatch, UserRef};
use super::{Context, mails, passwords, record, sessions};
use crate::domain::text::{Email, Password, Username};
use crate::domain::user::User;
use crate::error::{Conflict, Error, Forbidden, Result};
use crate::id::UserId;
use crate::store::users;

/// A change of one of them.
#[derive(Debug)]
pub enum Change {
    /// Another address in place of this one.
    Email(Option<Email>, Email),
    /// Another name in place of this one.
    Username(Option<Username>, Username),
    /// Another password in place of this one. That of another's account is not asked for.
    Password(Password, Password),
}

/// Changes the caller's own account, or another's. The caller keeps its own session where all others end.
///
/// # Errors
/// [`Error::Invalid`] at `/old` where that is not what it was; [`Forbidden::WrongPassword`], which counts as a failed
/// login, and [`Error::Locked`]; [`Error::Forbidden`]; [`Error::NotFound`]; [`Conflict::EmailTaken`],
/// [`Conflict::UsernameTaken`]; [`Error::Unavailable`].
pub async fn change(cx: &Context, whose: Option<UserId>, change: Change) -> Result<()> {
    let caller = cx.caller()?;
    let another = whose.filter(|id| *id != caller.id).map(UserRef::Id);
    match (another, change) {
        (None, Change::Password(old, new)) => passwords::change(cx, old, new).await,
        _ if caller.must_change_password() => Err(Forbidden::MustChangePassword.into()),
        (Some(user), Change::Password(_, new)) => passwords::reset(cx, &user, Some(new)).await.map(drop),
        (None, change) => {
            let own = cx.own_account()?.clone();
            change_own(cx, own, |user| renamed(user, &change)).await.map(drop)
        }
        (Some(user), change) => change_anothers(cx, &user, &change).await,
    }
}

async fn change_anothers(cx: &Context, user: &UserRef, change: &Change) -> Result<()> {
    for _ in 0..accounts::TRIES {
        let found = accounts::find(cx, user).await?;
        accounts::may_take_over(cx, &found).await?;
        match accounts::change_as_decided(cx, found, |user| renamed(user, change)).await {
            // Whose names may be set was decided on grants that are not those any more.
            Err(Error::Conflict(Conflict::Contention)) => {}
            outcome => return outcome.map(drop),
        }
    }
    Err(Conflict::Contention.into())
}

fn renamed(user: &User, change: &Change) -> Result<User> {
    let (was, patch) = match change {
        Change::Email(old, new) => (user.email == *old, email(new)),
        Change::Username(old, new) => (user.username == *old, username(new)),
        Change::Password(..) => return Err(Error::fault("a password is no name")),
    };
    if !was {
        return Err(Error::invalid("/old", "this is not what it was until now"));
    }
    let mut after = user.clone();
    accounts::rename(&mut after, &patch)?;
    Ok(after)
}

fn email(new: &Email) -> UserPatch {
    UserPatch {
        email: Some(Some(new.clone())),
        ..UserPatch::default()
    }
}

fn username(new: &Username) -> UserPatch {
    UserPatch {
        username: Some(Some(new.clone())),
        ..UserPatch::default()
    }
}

/// Carries out a change of the caller's own account, on what it is now where others changed it since. Where the change
/// ends the account's sessions, the one that asks for it goes on.
///
/// # Errors
/// What `edit` answers; [`Error::InvalidToken`] where somebody else ended the session; conflicts;
/// [`Error::Unavailable`].
pub(super) async fn change_own(cx: &Context, mut found: User, edit: impl Fn(&User) -> Result<User>) -> Result<User> {
    let (epoch, mut session) = (found.epoch, cx.caller()?.session.clone());
    for _ in 0..accounts::TRIES {
        let mut after = edit(&found)?;
        if accounts::is_same(&after, &found) {
            return Ok(after);
        }
        accounts::touched(cx, &mut after);
        let mut also = record::changes(cx, &found, &after)?;
        also.extend(mails::notices(cx, &found, &after)?);
        if found.email != after.email {
            also.extend(mails::verification(cx, &after)?);
        }
        if found.epoch != after.epoch {
            also.push(sessions::keep(&session, &after)?);
        }
        let plan = users::writes(Some(&found), &after)?.and(also);
        match plan.commit(&cx.app.table).await {
            Err(Error::PreconditionFailed) => (found, session) = sessions::read(cx, &session).await?,
            outcome => return outcome.map(|()| after),
        }
        if found.epoch != epoch {
            return Err(Error::InvalidToken);
        }
    }
    Err(Conflict::Contention.into())
}
