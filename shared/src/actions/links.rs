//! Links out of mails: asked for, and followed. Each carries a one-time token, which is kept by its SHA-256 alone.

use jiff::SignedDuration;

use super::hashed::Hashed;
use super::{Context, login, passwords};
// An administrator disabled the account: no password may be chosen for it, and no link is sent.
pub(super) use super::login::not_active as is_disabled;
use crate::domain::lockout::NameAttempts;
use crate::domain::mail::{MailKind, OneTime, Purpose};
use crate::domain::text::{Email, Password};
use crate::domain::user::{User, UserRef};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::proof::opaque::{Kind, Opaque};
use crate::store::table::{Changes, Cond, Lost, Refusal, Write, number};
use crate::store::unit::{self, Unit, atomically};
use crate::store::{keys, one_time, record, users};

/// How often one address gets a mail to choose a password by.
const BETWEEN_MAILS: SignedDuration = SignedDuration::from_mins(1);

/// Asks for a mail with a link to choose a new password by. The answer and the number of requests to the table
/// are the same for registered and unknown addresses; more than one mail a minute is not sent.
pub async fn ask_for_password(cx: &Context, email: &Email) -> Result<()> {
    let claimed = users::claimed_by(&cx.app.table, &keys::email(&cx.tenant, email)).await?;
    // For an unregistered address, a random id is looked up, so that it takes as long.
    let id = claimed.map_or_else(|| UserId::new(cx.now), Ok)?;
    let user = users::get(&cx.app.table, &cx.tenant, id).await?;
    let user = user.filter(|user| is_disabled(user, cx.now).is_none());
    let asked = Changes::new().set("mailedAt", number(cx.now.as_millisecond()));
    let long_ago = number((cx.now - BETWEEN_MAILS).as_millisecond() + 1);
    let rested = Cond::Any(vec![Cond::Absent("mailedAt"), Cond::Lt("mailedAt", long_ago)]);
    let write = if let Some(user) = &user {
        let there = Cond::All(vec![Cond::exists(), rested]);
        Write::update(keys::user(&cx.tenant, user.id), asked).when(there, Lost::Changed)
    } else {
        let ends = (cx.now + BETWEEN_MAILS).as_second();
        let place = keys::unknown_login_mailed(&cx.tenant, &login::hashed(email.canonical()));
        Write::update(place, asked.set("ttl", number(ends))).when(rested, Lost::Changed)
    };
    let mail = user
        .map(|user| record::mail(cx, MailKind::ResetPassword, &user))
        .transpose()?;
    let writes: Vec<Write> = [Some(write), mail.flatten()].into_iter().flatten().collect();
    match unit::commit(&cx.app.table, &writes).await {
        Ok(()) | Err(Refusal::Lost(_)) => Ok(()),
        Err(Refusal::Answer(error)) => Err(error),
    }
}

/// Chooses a password by the token of a mail, and ends every session of the account and every other link to do so.
/// Whoever has the token has shown that the address is theirs.
pub async fn set_password(cx: &Context, token: &str, new: Password) -> Result<User> {
    let (token, new) = (&parsed(token)?, &new);
    let hashed = &Hashed::of(Some(new));
    atomically(cx, |unit| async move {
        // Before the hash: a token that was never given out costs none.
        let user = spend(cx, &unit, token, Purpose::SetPassword).await?;
        if let Some(refused) = is_disabled(&user, cx.now) {
            return Err(refused);
        }
        passwords::may_be_set(cx, new, &user, None).await?;
        let hash = hashed.get(cx).await?;
        unit.edit(&user, |user| {
            hash.iter().for_each(|hash| user.set_password(hash));
            user.email_verified = true;
            user.attempts = NameAttempts::default();
            Ok(())
        })
    })
    .await
}

/// Shows that an address is the account's.
pub async fn verify_email(cx: &Context, token: &str) -> Result<User> {
    let token = &parsed(token)?;
    atomically(cx, |unit| async move {
        let user = spend(cx, &unit, token, Purpose::VerifyEmail).await?;
        unit.edit(&user, |user| {
            user.email_verified = true;
            Ok(())
        })
    })
    .await
}

fn parsed(text: &str) -> Result<Opaque> {
    Opaque::parse(Kind::OneTime, text).ok_or(Error::InvalidLink)
}

/// Spends a token in this unit; the account that it is good for.
async fn spend(cx: &Context, unit: &Unit<'_>, token: &Opaque, purpose: Purpose) -> Result<User> {
    let sha256 = token.digest().to_string();
    let found = one_time::get(&cx.app.table, &sha256).await?;
    let known = found.filter(|known| known.tenant == cx.tenant && known.purpose == purpose);
    let known = known
        .filter(|known| cx.now < known.expires_at)
        .ok_or(Error::InvalidLink)?;
    let user = match unit.user(&UserRef::Id(known.user)).await {
        Err(Error::NotFound(_)) => return Err(Error::InvalidLink),
        found => found?,
    };
    if !is_still_meant(&known, &user) {
        return Err(Error::InvalidLink);
    }
    unit.write([one_time::spend(&sha256)]);
    Ok(user)
}

/// Whether the account still has the address that the token went to, and its sessions were not ended since: by another
/// password, another address, or an administrator.
fn is_still_meant(token: &OneTime, user: &User) -> bool {
    let same = user.email.as_ref().is_some_and(|email| email.as_given() == token.email);
    same && (token.purpose == Purpose::VerifyEmail || token.epoch == user.epoch)
}
