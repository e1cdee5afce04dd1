//! People who make their own account.

use super::Context;
use super::hashed::Hashed;
use super::users::{self, NewUser};
use crate::domain::tenant_settings::EmailOnSignup;
use crate::domain::user::User;
use crate::error::{Error, Forbidden, Result};
use crate::store::unit::atomically;

/// Makes the account of somebody who registers: with the role that everybody has, and an address that is still to be
/// verified. Where the tenant's settings ask for it, a mail with the link is written in the same transaction.
pub async fn register(cx: &Context, new: NewUser) -> Result<User> {
    let settings = &cx.tenant_settings;
    if !settings.registration_open {
        return Err(Forbidden::RegistrationClosed.into());
    }
    let email = match settings.email_on_signup {
        EmailOnSignup::Optional => new.email,
        EmailOnSignup::Required if new.email.is_none() => {
            return Err(Error::invalid("/email", "Email is required"));
        }
        EmailOnSignup::Required => new.email,
        EmailOnSignup::None => None,
    };
    // Whatever the body has: registration gives no roles and verifies no address.
    let new = NewUser {
        email,
        email_verified: false,
        must_change_password: false,
        ..new
    };
    let (new, hash) = (&new, &Hashed::of(new.password.as_ref()));
    atomically(cx, |unit| async move {
        let user = users::beginning(cx, new, hash.get(cx).await?, &[])?;
        unit.create(&user)?;
        Ok(user)
    })
    .await
}
