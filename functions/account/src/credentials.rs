//! What a caller must have in this contract beside a token: an API key, and a rank above the account that it changes.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::COOKIE;
use http::request::Parts;
use usher::access::policy::{Rights, protected_rank};
use usher::actions::Context;
use usher::domain::grant::Grant;
use usher::domain::text::Email;
use usher::error::{Error, Forbidden, Noun, Result};
use usher::http::openapi::{Description, Input};
use usher::jiff::Timestamp;

use crate::wire::DEVICE_COOKIE;

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

/// The request of a device that shows by a cookie, or by the header that all contracts have, that it was here before.
#[derive(Debug)]
pub struct DeviceCookie(pub Context);

impl<S: Send + Sync> FromRequestParts<S> for DeviceCookie {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let mut cx = Context::from_request_parts(parts, state).await?;
        if cx.device.presented.is_none() {
            cx.device.presented = device_cookie(&parts.headers).map(Into::into);
        }
        Ok(Self(cx))
    }
}

impl Input for DeviceCookie {
    fn describe(_: &mut Description) {}
}

fn device_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == DEVICE_COOKIE).map(|(_, value)| value)
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
