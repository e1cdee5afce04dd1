//! Mails that a change of an account calls for, to go into its transaction; sent afterwards (see `domain::mail`).

use super::mails;
use super::table::Write;
use crate::context::Context;
use crate::domain::mail::{Mail, MailKind};
use crate::domain::tenant_settings::EmailVerification;
use crate::domain::user::User;
use crate::error::Result;
use crate::id::MailId;

/// Asks for a mail to the account's present address, where it has one.
///
/// # Errors
/// Where the machine gives no randomness.
pub fn to(cx: &Context, kind: MailKind, user: &User) -> Result<Option<Write>> {
    let Some(email) = &user.email else { return Ok(None) };
    let base = cx.tenant_settings.public_url.as_ref().unwrap_or(&cx.address);
    let mail = Mail {
        id: MailId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        kind,
        user: user.id,
        to: email.as_given().to_owned(),
        name: user.display_name(),
        base: base.clone(),
        created_at: cx.now,
    };
    mails::put(&mail).map(Some)
}

/// The mails that a change of an account calls for: an invitation to whoever cannot sign in yet; to an address that is
/// to be verified, how; to the address that it had before, that it has another one, or another password.
///
/// # Errors
/// As [`to`].
pub fn changes(cx: &Context, before: Option<&User>, after: Option<&User>) -> Result<Vec<Write>> {
    let Some(after) = after else { return Ok(Vec::new()) };
    let mut asked = Vec::new();
    match before {
        None if after.password.is_none() => asked.extend(to(cx, MailKind::Invitation, after)?),
        Some(before) => {
            if before.email != after.email {
                asked.extend(to(cx, MailKind::EmailChanged, before)?);
            }
            if before.password.is_some() && before.password != after.password && after.password.is_some() {
                asked.extend(to(cx, MailKind::PasswordChanged, before)?);
            }
        }
        None => {}
    }
    let new_address = before.is_none_or(|before| before.email != after.email) && !after.email_verified;
    // What an administrator sets is taken for the account's.
    let by_themselves = cx.actor().is_none_or(|actor| actor == after.id);
    if new_address && by_themselves && cx.tenant_settings.email_verification != EmailVerification::Off {
        asked.extend(to(cx, MailKind::VerifyEmail, after)?);
    }
    Ok(asked)
}
