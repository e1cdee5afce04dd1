//! People who make their own account.

use super::hashed::Hashed;
use super::users::{self, NewUser};
use super::{Context, rate_limits};
use crate::domain::rate_limit::Operation;
use crate::domain::user::User;
use crate::error::{Forbidden, Result};
use crate::store::unit::atomically;

/// Makes the account of somebody who registers: with the role that everybody has, and an address that is still to be
/// verified. Where the tenant's settings ask for it, a mail with the link is written in the same transaction. Whether
/// there must be an address, the contract decides.
pub async fn register(cx: &Context, new: NewUser) -> Result<User> {
    if !cx.tenant_settings.registration_open {
        return Err(Forbidden::RegistrationClosed.into());
    }
    rate_limits::admit(cx, Operation::Registration, None).await?;
    // Whatever the body has: registration gives no roles and verifies no address.
    let new = NewUser {
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
