//! What an account signs in with: its address, its name, its password. Changed by whoever states the present value.

use super::changes::{self, may_take_over};
use super::revisions::Expected;
use super::{Context, passwords};
use crate::domain::text::{Email, Password, Username};
use crate::domain::user::{User, UserRef};
use crate::error::{Error, Forbidden, Result};
use crate::id::UserId;
use crate::store::unit::atomically;

#[derive(Debug)]
pub enum Change {
    Email(Option<Email>, Email),
    Username(Option<Username>, Username),
    /// Another password in place of this one. That of another's account is not asked for.
    Password(Password, Password),
}

/// Changes the caller's own account, or another's. The caller keeps its own session where all others end.
pub async fn change(cx: &Context, whose: Option<UserId>, change: Change) -> Result<()> {
    let caller = cx.caller()?;
    let another = whose.filter(|id| *id != caller.id).map(UserRef::Id);
    match (another, change) {
        (None, Change::Password(old, new)) => passwords::change(cx, old, new).await,
        _ if caller.must_change_password() => Err(Forbidden::MustChangePassword.into()),
        (Some(user), Change::Password(_, new)) => {
            let reset = passwords::reset(cx, &user, &Expected::Anything, Some(new));
            reset.await.map(drop)
        }
        (None, change) => {
            let own = cx.own_account()?;
            changes::change_own(cx, own, |user| {
                let attempts = user.attempts.clone();
                rename(user, &change)?;
                changes::keep_own_count(cx, user, attempts);
                Ok(())
            })
            .await
        }
        (Some(user), change) => {
            let (user, change) = (&user, &change);
            atomically(cx, |unit| async move {
                let user = unit.user(user).await?;
                may_take_over(cx, &unit, &user).await?;
                unit.edit(&user, |after| rename(after, change)).map(drop)
            })
            .await
        }
    }
}

fn rename(user: &mut User, change: &Change) -> Result<()> {
    let was = match change {
        Change::Email(old, new) => {
            user.is_person()?;
            let was = user.email == *old;
            user.set_email(Some(new));
            was
        }
        Change::Username(old, new) => {
            let was = user.username == *old;
            user.set_username(Some(new));
            was
        }
        Change::Password(..) => return Err(Error::fault("a password is no name")),
    };
    match was {
        true => Ok(()),
        false => Err(Error::invalid("/old", "this is not what it was until now")),
    }
}
