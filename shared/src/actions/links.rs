//! Links out of mails: asked for, and followed. Each carries a one-time token, which is kept by its SHA-256 alone.

use super::changes::changeable;
use super::hashed::Hashed;
use super::login::not_active;
use super::{Context, passwords, rate_limits};
use crate::domain::lockout::NameAttempts;
use crate::domain::mail::{MailKind, OneTime, Purpose};
use crate::domain::rate_limit::Operation;
use crate::domain::tenant_settings::EmailVerification;
use crate::domain::text::{Email, Password};
use crate::domain::user::{User, UserRef};
use crate::error::{Conflict, Error, Result};
use crate::id::UserId;
use crate::proof::opaque::{Kind, Opaque};
use crate::store::unit::{self, Unit, atomically};
use crate::store::{one_time, record, users};

/// Asks for a mail with a link to choose a new password by.
pub async fn ask_for_password(cx: &Context, email: &Email) -> Result<()> {
    rate_limits::admit(cx, Operation::ForgottenPassword, Some(email.canonical())).await?;
    ask(cx, MailKind::ResetPassword, email, |_| true).await
}

/// Asks once more for a mail with a link to verify an address by. A tenant that verifies none sends none.
pub async fn ask_for_verification(cx: &Context, email: &Email) -> Result<()> {
    rate_limits::admit(cx, Operation::Verification, Some(email.canonical())).await?;
    if cx.tenant_settings.email_verification == EmailVerification::Off {
        return Ok(());
    }
    ask(cx, MailKind::VerifyEmail, email, |user| !user.email_verified).await
}

/// Asks for a mail to whoever has the address, where that helps. The answer, the requests to the table and what is written
/// are the same whether the address is registered or not: where no mail helps, one is written that is never sent. How many
/// are sent, the outbox decides.
async fn ask(cx: &Context, kind: MailKind, email: &Email, helps: impl Fn(&User) -> bool) -> Result<()> {
    let claimed = users::whose_email(&cx.app.table, &cx.tenant, email).await?;
    // For an unregistered address, a random id is looked up, so that it takes as long.
    let id = claimed.map_or_else(|| UserId::new(cx.now), Ok)?;
    let user = users::get(&cx.app.table, &cx.tenant, id).await?;
    let user = user.filter(|user| user.email.as_ref() == Some(email) && not_active(user, cx.now).is_none());
    let mail = match user.filter(helps) {
        Some(user) => record::mail(cx, kind, &user, cx.actor())?,
        None => None,
    };
    let decoy = || record::decoy(cx, kind, email, cx.actor());
    unit::write(cx, &[mail.map_or_else(decoy, Ok)?]).await
}

/// Asks once more for the mail that verifies an account's address, as an administrator: whoever has no password yet is
/// invited again, which verifies it as well.
pub async fn send_verification(cx: &Context, user: &UserRef) -> Result<()> {
    rate_limits::invitation(cx).await?;
    atomically(cx, |unit| async move {
        let user = changeable(cx, &unit, user).await?;
        if let Some(why) = needs_none(cx, &user) {
            return Err(Conflict::NothingToVerify(why).into());
        }
        let kind = match user.password {
            Some(_) => MailKind::VerifyEmail,
            None => MailKind::Invitation,
        };
        unit.write(record::mail(cx, kind, &user, cx.actor())?);
        Ok(())
    })
    .await
}

/// Why no mail is sent to verify the account's address.
fn needs_none(cx: &Context, user: &User) -> Option<&'static str> {
    let reasons = [
        (user.email.is_none(), "the account has no e-mail address"),
        (user.email_verified, "the e-mail address is verified already"),
        (not_active(user, cx.now).is_some(), "the account is not active"),
        (
            cx.tenant_settings.email_verification == EmailVerification::Off,
            "this tenant verifies no e-mail addresses",
        ),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why)
}

/// Chooses a password by the token of a mail, and ends every session of the account and every other link to do so.
/// Whoever has the token has shown that the address is theirs.
pub async fn set_password(cx: &Context, token: &str, new: Password) -> Result<User> {
    let (token, new) = (&parsed(token)?, &new);
    rate_limits::admit(cx, Operation::Token, None).await?;
    let hashed = &Hashed::of(Some(new));
    atomically(cx, |unit| async move {
        // Before the hash: a token that was never given out costs none.
        let user = spend(cx, &unit, token, Purpose::SetPassword).await?;
        if let Some(refused) = not_active(&user, cx.now) {
            return Err(refused);
        }
        passwords::may_be_chosen(cx, new, &user).await?;
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

/// Shows that an address is the account's; again and again, for as long as the link lasts.
pub async fn verify_email(cx: &Context, token: &str) -> Result<User> {
    let token = &parsed(token)?;
    rate_limits::admit(cx, Operation::Token, None).await?;
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

/// The account that a token is good for; one to choose a password by is spent in this unit.
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
    // Scanners of mail open links before people do: what shows that an address is somebody's shows it again.
    if purpose == Purpose::SetPassword {
        unit.write([one_time::spend(&sha256)]);
    }
    Ok(user)
}

/// Whether the account still has the address that the token went to, and, where it has a password, its sessions were not
/// ended since: by another password, another address, or an administrator. An invitation lasts with the address, as a
/// link to verify it does: where the address is changed and put back, the next invitation may be over the limit of mails.
fn is_still_meant(token: &OneTime, user: &User) -> bool {
    let same = user
        .email
        .as_ref()
        .is_some_and(|email| email.has_mailbox_of(&token.email));
    same && (token.purpose == Purpose::VerifyEmail || user.password.is_none() || token.epoch == user.epoch)
}
