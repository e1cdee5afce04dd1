//! What a handler is given beside its body: the context, the query, and the things that the path names.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, MatchedPath};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::body;
use crate::actions::Context;
use crate::actions::users::UserRef;
use crate::domain::text::{Email, Password, PermissionName};
use crate::error::{Error, Noun, Result, Violation};
use crate::id::{ApiKeyId, GrantId, ServiceKeyId, SessionId};

impl<S: Send + Sync> FromRequestParts<S> for Context {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::fault("a handler was reached without its auth layer"))
    }
}

#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + IntoParams + 'static> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        body::query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// `{user}`: an id, an e-mail address or a username; no text is two of them. Any other text is refused, since it can be
/// nobody's.
#[derive(Debug, Clone)]
pub struct UserPath(pub UserRef);

impl UserPath {
    /// Why a text can be nobody's.
    pub const REFUSED: &str = "this cannot be an id, an e-mail address or a username";

    pub fn refused() -> Error {
        Error::invalid("{user}", Self::REFUSED)
    }
}

/// `{role}`: an id or a name.
#[derive(Debug, Clone)]
pub struct RolePath(pub String);

/// `{permission}`: the name of one of an application's.
#[derive(Debug, Clone)]
pub struct PermissionPath(pub String);

/// `{grant}`: the id of a grant.
#[derive(Debug, Clone)]
pub struct GrantPath(pub GrantId);

/// `{session}`: the id of a session.
#[derive(Debug, Clone)]
pub struct SessionPath(pub SessionId);

impl SessionPath {
    pub fn refused() -> Error {
        Error::invalid("{session}", "this is no id")
    }
}

/// `{key}`: the id of an API key.
#[derive(Debug, Clone)]
pub struct KeyPath(pub ApiKeyId);

/// `{key}`: the id of a service account's key.
#[derive(Debug, Clone)]
pub struct ServiceKeyPath(pub ServiceKeyId);

/// What is wrong with a segment that is not UTF-8.
pub fn not_utf_8(name: &str) -> Error {
    body::not_utf_8(format!("{{{name}}}"))
}

/// `{token}`: what a link in a mail ends in. Whatever it is, it may be a secret: it has no place in a log.
pub struct OneTimePath(pub String);

impl<S: Send + Sync> FromRequestParts<S> for OneTimePath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        // What is not UTF-8 is the token of no mail.
        Ok(Self(segment(parts, "token").unwrap_or_default()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let named = segment(parts, "user").ok().and_then(|text| UserRef::parse(&text));
        named.map(Self).ok_or_else(Self::refused)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RolePath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        segment(parts, "role").map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PermissionPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = segment(parts, "permission")?;
        PermissionName::parse(&text).map_err(|_| Error::NotFound(Noun::Permission))?;
        Ok(Self(text))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for GrantPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = segment(parts, "grant")?;
        text.parse().map(Self).map_err(|_| Error::NotFound(Noun::Grant))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = segment(parts, "session")?;
        text.parse().map(Self).map_err(|_| Self::refused())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = segment(parts, "key")?;
        text.parse().map(Self).map_err(|_| Error::NotFound(Noun::ApiKey))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServiceKeyPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = segment(parts, "key")?;
        text.parse().map(Self).map_err(|_| Error::NotFound(Noun::ServiceKey))
    }
}

/// One decoded segment of the path.
fn segment(parts: &Parts, name: &str) -> Result<String> {
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let mut segments = route.unwrap_or_default().split('/').zip(parts.uri.path().split('/'));
    let sent =
        segments.find(|(known, _)| known.strip_prefix('{').and_then(|known| known.strip_suffix('}')) == Some(name));
    let (_, sent) = sent.ok_or_else(|| Error::fault(format!("the path has no {{{name}}}")))?;
    let decoded = percent_decode_str(sent).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| not_utf_8(name))
}

/// Items to a page of a listing by cursor, unless the query has a `limit`.
pub const DEFAULT_PAGE: usize = 25;
const LARGEST_PAGE: usize = 100;

pub fn page_limit(text: Option<&str>) -> Result<usize> {
    let Some(text) = text else { return Ok(DEFAULT_PAGE) };
    let limit = whole_number(text).and_then(|number| usize::try_from(number).ok());
    let number = limit.filter(|limit| (1..=LARGEST_PAGE).contains(limit));
    number.ok_or_else(|| Error::invalid("?limit", format!("a page has 1 to {LARGEST_PAGE} items")))
}

/// A filter of a listing; a blank one is none.
pub fn given<T: AsRef<str>>(filter: Option<T>) -> Option<T> {
    filter.filter(|text| !text.as_ref().trim().is_empty())
}

/// A number of digits alone, without a sign. One that is larger than any is the largest.
pub fn whole_number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

pub fn email_and_password(email: &str, password: String) -> Result<(Email, Password)> {
    let mut checks = Checks::new();
    let email = checks.parse("/email", email, Email::parse);
    if password.is_empty() {
        checks.fault("/password", "give the password");
    }
    checks.done()?;
    let email = email.ok_or_else(|| Error::fault("an address was neither taken nor refused"))?;
    Ok((email, Password::presented(password)))
}

/// Collects what is wrong with several fields, so that all of it is reported at once.
#[derive(Debug, Default)]
pub struct Checks(Vec<Violation>);

impl Checks {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn parse<T>(&mut self, pointer: &str, text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        parse(text)
            .map_err(|detail| self.0.push(Violation::new(pointer, detail)))
            .ok()
    }

    pub fn optional<T>(
        &mut self,
        pointer: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        text.and_then(|text| self.parse(pointer, text, parse))
    }

    /// Takes a value, or notes what its parsing found wrong.
    /// Other errors than violations are passed on.
    pub fn take<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(Error::Invalid(violations)) => {
                self.0.extend(violations);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    pub fn fault(&mut self, pointer: &str, detail: &str) {
        self.0.push(Violation::new(pointer, detail));
    }

    pub fn done(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}
