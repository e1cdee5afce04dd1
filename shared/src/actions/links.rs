//! Links out of mails: asked for, and followed. Each carries a one-time token, which is kept by its SHA-256 alone.

use jiff::Timestamp;

use super::hashed::Hashed;
use super::{Context, login};
use crate::domain::lockout::Attempts;
use crate::domain::mail::{MailKind, OneTime, Purpose};
use crate::domain::text::{Email, Password};
use crate::domain::user::{User, UserRef};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::proof::opaque::{Kind, Opaque};
use crate::store::unit::{self, atomically};
use crate::store::{keys, one_time, record, users};

/// Asks for a mail with a link to choose a new password by. The answer, the requests to the table and what is written are
/// the same whether the address is registered or not: where no mail helps, one is written that is never sent. How many are
/// sent, the outbox decides.
pub async fn ask_for_password(cx: &Context, email: &Email) -> Result<()> {
    let claimed = users::claimed_by(&cx.app.table, &keys::email(&cx.tenant, email)).await?;
    // For an unregistered address, a random id is looked up, so that it takes as long.
    let id = claimed.map_or_else(|| UserId::new(cx.now), Ok)?;
    let user = users::get(&cx.app.table, &cx.tenant, id).await?;
    let user = user.filter(|user| user.email.as_ref() == Some(email) && is_disabled(user, cx.now).is_none());
    let mail = match &user {
        Some(user) => record::mail(cx, MailKind::ResetPassword, user, cx.actor())?,
        None => None,
    };
    let decoy = || record::decoy(cx, MailKind::ResetPassword, email, cx.actor());
    unit::write(cx, &[mail.map_or_else(decoy, Ok)?]).await
}

/// Chooses a password by the token of a mail, and ends every session of the account and every other link to do so.
/// Whoever has the token has shown that the address is theirs.
pub async fn set_password(cx: &Context, token: &str, new: Password) -> Result<User> {
    // Before the hash: what is no token costs none.
    let token = parsed(token)?;
    let hash = Hashed::of(Some(&new)).get(cx).await?;
    follow(cx, &token, Purpose::SetPassword, |user| {
        if let Some(refused) = is_disabled(user, cx.now) {
            return Err(refused);
        }
        hash.iter().for_each(|hash| user.set_password(hash));
        user.email_verified = true;
        user.attempts = Attempts::default();
        Ok(())
    })
    .await
}

/// Shows that an address is the account's; again and again, for as long as the link lasts.
pub async fn verify_email(cx: &Context, token: &str) -> Result<User> {
    follow(cx, &parsed(token)?, Purpose::VerifyEmail, |user| {
        user.email_verified = true;
        Ok(())
    })
    .await
}

fn parsed(text: &str) -> Result<Opaque> {
    Opaque::parse(Kind::OneTime, text).ok_or(Error::InvalidLink)
}

/// Does what a token is good for; one to choose a password by is spent in the same transaction.
async fn follow(
    cx: &Context,
    token: &Opaque,
    purpose: Purpose,
    edit: impl Fn(&mut User) -> Result<()>,
) -> Result<User> {
    let (sha256, edit) = (&token.digest().to_string(), &edit);
    atomically(cx, |unit| async move {
        let found = one_time::get(&cx.app.table, sha256).await?;
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
        // Scanners of mail open links before people do: what shows that an address is somebody's shows it again.
        if purpose == Purpose::SetPassword {
            unit.write([one_time::spend(sha256)]);
        }
        unit.edit(&user, edit)
    })
    .await
}

/// Whether the account still has the address that the token went to, and its sessions were not ended since: by another
/// password, another address, or an administrator.
fn is_still_meant(token: &OneTime, user: &User) -> bool {
    let same = user.email.as_ref().is_some_and(|email| email.as_given() == token.email);
    same && (token.purpose == Purpose::VerifyEmail || token.epoch == user.epoch)
}

/// Why no password may be chosen for the account and no link is sent: an administrator disabled it. Failed logins are
/// no reason, for whoever has the address did not cause them.
pub(super) fn is_disabled(user: &User, now: Timestamp) -> Option<Error> {
    let mut user = user.clone();
    user.attempts = Attempts::default();
    login::not_active(&user, now)
}
