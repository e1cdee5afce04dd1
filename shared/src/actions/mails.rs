//! Mails asked for by what happens; sent afterwards (see `domain::mail`).

use super::Context;
use crate::domain::mail::{Mail, MailKind};
use crate::domain::tenant_settings::EmailVerification;
use crate::domain::user::User;
use crate::error::Result;
use crate::id::MailId;
use crate::store::mails;
use crate::store::table::Write;

/// Asks for a mail to the account's present address, where it has one.
///
/// # Errors
/// Where the machine gives no randomness.
pub fn to(cx: &Context, kind: MailKind, user: &User) -> Result<Option<Write>> {
    let Some(email) = &user.email else { return Ok(None) };
    let name = user.profile.display_name.clone();
    let name = name.or_else(|| user.username.as_ref().map(|name| name.as_given().to_owned()));
    let base = cx.tenant_settings.public_url.as_ref().unwrap_or(&cx.address);
    let mail = Mail {
        id: MailId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        kind,
        user: user.id,
        to: email.as_given().to_owned(),
        name,
        base: base.clone(),
        created_at: cx.now,
    };
    mails::put(&mail).map(Some)
}

/// The mail that asks whoever has the account's address to show that it is theirs, where the tenant's settings ask for
/// that.
///
/// # Errors
/// As [`to`].
pub fn verification(cx: &Context, user: &User) -> Result<Option<Write>> {
    match cx.tenant_settings.email_verification {
        EmailVerification::Off => Ok(None),
        EmailVerification::Optional | EmailVerification::Required => to(cx, MailKind::VerifyEmail, user),
    }
}

/// The mails that a change of an account calls for: to the address that it had before, that it has another one, or
/// another password.
///
/// # Errors
/// As [`to`].
pub fn notices(cx: &Context, before: &User, after: &User) -> Result<Vec<Write>> {
    let mut notices = Vec::new();
    if before.email != after.email {
        notices.extend(to(cx, MailKind::EmailChanged, before)?);
    }
    if before.password.is_some() && before.password != after.password && after.password.is_some() {
        notices.extend(to(cx, MailKind::PasswordChanged, before)?);
    }
    Ok(notices)
}
