//! What a token opens now (RFC 7662): asked by other services, and decided as for a request that comes with it.

use futures::future::join;
use jiff::Timestamp;

use super::authenticate::{identify, identify_key};
use super::{Caller, Context, rate_limits};
use crate::domain::rate_limit::Operation;
use crate::error::{Error, Result};
use crate::proof::opaque::ServiceToken;

/// Whose an active token is.
#[derive(Debug)]
pub struct Introspected {
    pub caller: Caller,
    /// In seconds since 1970, as the next.
    pub issued_at: i64,
    /// The first moment after its life; without end where absent.
    pub expires_at: Option<i64>,
}

/// Whose token this is, if a request of this tenant that comes with it would be let in now. Nothing is written: to be asked
/// about is no use of a token. A refresh token opens nothing but another pair, and one whose password must be changed
/// nothing but that (rule 14), so neither is active.
pub async fn introspect(cx: &Context, token: &str) -> Result<Option<Introspected>> {
    let asking = cx.caller()?.id.to_string();
    let found = async {
        match ServiceToken::is_meant_by(token) {
            true => of_key(cx, token).await,
            false => of_session(cx, token).await,
        }
    };
    // At once: to look at a token changes nothing.
    let (counted, found) = join(rate_limits::admit(cx, Operation::Introspection, Some(&asking)), found).await;
    counted?;
    match found {
        Ok(found) if found.caller.must_change_password() => Ok(None),
        Ok(found) => Ok(Some(found)),
        Err(Error::InvalidToken) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn of_key(cx: &Context, token: &str) -> Result<Introspected> {
    let (caller, key) = identify_key(cx, token).await?;
    Ok(Introspected {
        caller,
        issued_at: key.created_at.as_second(),
        expires_at: key.expires_at.map(Timestamp::as_second),
    })
}

async fn of_session(cx: &Context, token: &str) -> Result<Introspected> {
    let (caller, claims) = identify(cx, token).await?;
    Ok(Introspected {
        caller,
        issued_at: claims.iat,
        expires_at: Some(claims.exp),
    })
}
