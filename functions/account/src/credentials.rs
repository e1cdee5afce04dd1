//! What a caller must have in this contract beside a token: an API key, and a rank above the account that it changes.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use usher::access::policy::{Rights, protected_rank};
use usher::actions::Context;
use usher::domain::grant::Grant;
use usher::domain::text::Email;
use usher::error::{Error, Forbidden, Noun, Result};
use usher::http::openapi::{Description, Input};
use usher::jiff::Timestamp;

/// The API key of a request. In a header alone: a query would be in every log on its way (OWASP ASVS 14.2.1).
pub fn api_key(headers: &HeaderMap) -> Result<String> {
    let mut all = headers.get_all("x-api-key").iter();
    let (first, second) = (all.next(), all.next());
    let text = first.filter(|_| second.is_none()).and_then(|value| value.to_str().ok());
    text.filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or(Error::InvalidApiKey)
}

/// Another's account is only changed where it stands on a strictly lower rank.
pub fn strictly_below(actor: &Rights, target: &[Grant], now: Timestamp) -> Result<()> {
    if protected_rank(target, now) >= actor.rank {
        return Err(Forbidden::NotBelowOwnRank.into());
    }
    Ok(())
}

/// The e-mail address of the caller's own account, which a mail goes to.
#[derive(Debug)]
pub struct OwnEmail(pub Email);

impl OwnEmail {
    fn none() -> Error {
        Error::invalid("/Email", "the account has no e-mail address")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OwnEmail {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let cx = Context::from_request_parts(parts, state).await?;
        cx.own_account()?.email.clone().map(Self).ok_or_else(Self::none)
    }
}

impl Input for OwnEmail {
    fn describe(description: &mut Description) {
        description.error(Self::none());
        description.error(Error::NotFound(Noun::User));
    }
}
