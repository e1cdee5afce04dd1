//! Passwords: set, changed, reset. A minimum is checked where one is set, never at login (rule 4).

use secrecy::{ExposeSecret, SecretString};

use super::changes::{change_own, may_take_over};
use super::hashed::Hashed;
use super::revisions::{Expected, expect};
use super::{Context, failed_logins, login, reservations};
use crate::domain::lockout::NameAttempts;
use crate::domain::text::Password;
use crate::domain::user::{PasswordHash, User, UserRef};
use crate::error::{Conflict, Error, Forbidden, Noun, Result};
use crate::proof::opaque;
use crate::proof::password::Verdict;
use crate::store::attempts::{Guess, Whose};
use crate::store::unit::atomically;

/// A password to be set, held to the bounds of the contract, the tenant and the stack; none of the commonest.
pub fn chosen(cx: &Context, pointer: &'static str, text: String) -> Result<Password> {
    let (min, max) = cx.tenant_settings.password_length(&cx.origin.surface);
    let parsed = Password::parse(text, min, max);
    let password = parsed.map_err(|detail| Error::invalid(pointer, detail))?;
    Ok(password.at(pointer))
}

pub(super) fn is_a_name(password: &Password) -> Error {
    password.refused("the password must not be the account's own address or username")
}

/// Whether this may become the password of the account, which has the present one: it is neither that nor a name of the
/// account (rule 4). It costs a comparison.
pub(super) async fn may_be_chosen(cx: &Context, new: &Password, user: &User) -> Result<()> {
    if user.is_called(new) {
        return Err(is_a_name(new));
    }
    let present = user.password.clone().map(|PasswordHash(hash)| hash);
    match present.is_some() && cx.app.hasher.verify(new.secret(), present).await? != Verdict::Wrong {
        true => Err(is_the_same(new)),
        false => Ok(()),
    }
}

/// The same for what somebody else sets, and the account is to be called as it is after the change. Answers the account
/// with the attempt that this costs: it is a guess at the present password, bounded like any other (rule 6), once however
/// often the unit of work begins again, and one that failed where the request is refused ([`Hashed::settled`]). While
/// attempts are locked nothing is compared.
pub(super) async fn may_be_set(
    cx: &Context,
    hashed: &Hashed<'_>,
    before: &User,
    after: &User,
    if_same: Option<&Conflict>,
) -> Result<User> {
    let Some(new) = hashed.password else {
        return Ok(before.clone());
    };
    if after.is_called(new) {
        return Err(is_a_name(new));
    }
    if before.password.is_none() || hashed.differs_from(before.password.as_ref()) {
        return Ok(before.clone());
    }
    let attempt = match reservations::reserve_for(cx, before).await {
        Err(Error::Locked { .. }) => return Ok(before.clone()),
        reserved => reserved?.ok_or(Error::NotFound(Noun::User))?,
    };
    let (Some(counted), Whose::Account(kind)) = (attempt.user.clone(), attempt.whose) else {
        return Err(Error::NotFound(Noun::User));
    };
    // It was changed since it was read, and whether this change may be made is to be decided anew: as its transaction will
    // be, which is held to what was read. What the account has for a password now is no reason to refuse it before.
    if counted.version != before.version {
        reservations::give_up(cx, &attempt).await;
        return Ok(before.clone());
    }
    let verdict = login::compare(cx, &attempt, new.clone()).await?;
    if verdict == Verdict::Wrong {
        let attempts = counted.attempts.clone();
        hashed.note_difference(Guess {
            user: counted,
            kind,
            number: attempt.number,
        });
        return Ok(User {
            attempts,
            ..before.clone()
        });
    }
    match login::give_back(cx, &counted, &attempt).await {
        // It was changed while the password was compared: as above.
        Err(Error::WrongCredentials) => return Ok(before.clone()),
        given_back => given_back?,
    }
    Err(if_same.cloned().map_or_else(|| is_the_same(new), Error::from))
}

fn is_the_same(password: &Password) -> Error {
    password.refused("the new password is the present one")
}

/// Changes the password of an account that the caller names, which must be its own. Whether another of that name exists
/// is not reported.
pub async fn change_named(cx: &Context, user: &UserRef, current: Password, new: Password) -> Result<()> {
    if !user.names(cx.own_account()?) {
        return Err(Forbidden::AnothersAccount.into());
    }
    change(cx, current, new).await
}

/// Changes the caller's own password, and ends every other session of the account.
pub async fn change(cx: &Context, current: Password, new: Password) -> Result<()> {
    cx.own_account()?.is_person()?;
    // Before an attempt is reserved: this tells nothing about the password.
    if cx.own_account()?.is_called(&new) {
        return Err(is_a_name(&new));
    }
    let is_same = new.expose() == current.expose();
    let attempt = reservations::reserve_own(cx).await?;
    if !matches!(login::compare(cx, &attempt, current).await?, Verdict::Right { .. }) {
        failed_logins::record(cx, &attempt).await?;
        return Err(Forbidden::WrongPassword.into());
    }
    let proven = attempt.user.as_ref().ok_or(Error::InvalidToken)?;
    let changed = async {
        // Not before: whoever states a wrong one is to learn that, and it counts.
        if is_same {
            return Err(is_the_same(&new));
        }
        let hash = Hashed::of(Some(&new)).get(cx).await?.ok_or(Error::InvalidToken)?;
        // Should the password that was right not be the account's any more, its sessions were ended as well.
        change_own(cx, proven, |user| {
            user.set_password(&hash);
            user.attempts = NameAttempts::default();
            Ok(())
        })
        .await
    };
    login::given_back(cx, proven, &attempt, changed.await).await
}

/// Sets another's password, or makes a temporary one that must be changed at the next login. Ends every session of the
/// account, and its lockout.
pub async fn reset(
    cx: &Context,
    user: &UserRef,
    expected: &Expected,
    new: Option<Password>,
) -> Result<Option<SecretString>> {
    let (password, temporary) = if let Some(new) = new {
        (new, None)
    } else {
        let made = opaque::temporary_password()?;
        (Password::presented(made.expose_secret().to_owned()), Some(made))
    };
    let (password, must_change) = (&password, temporary.is_some());
    let hashed = &Hashed::of(Some(password)).over_tries(cx);
    let done = atomically(cx, |unit| async move {
        let mut user = unit.user(user).await?;
        may_take_over(cx, &unit, &user).await?;
        expect(cx, &unit, &user, expected).await?;
        user.is_person()?;
        if !must_change {
            user = may_be_set(cx, hashed, &user, &user, None).await?;
        }
        let hash = hashed.get(cx).await?;
        unit.edit(&user, |after| {
            hash.iter().for_each(|hash| after.set_password(hash));
            after.must_change_password = must_change;
            after.password_ends = must_change.then(|| cx.now + cx.app.settings.temporary_password);
            after.attempts = NameAttempts::default();
            Ok(())
        })
        .map(drop)
    })
    .await;
    hashed.settled(cx, done).await?;
    Ok(temporary)
}
