//! Problem Details (RFC 9457): the directory contract's refusals, and those of unknown paths.

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::dialect::{Asked, Dialect};
use super::openapi::words;
use crate::actions::Surface;
use crate::domain::time;
use crate::error::{Error, Violation};

/// The dialect.
#[derive(Debug)]
pub struct Problem;

/// A refusal's body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProblemDetails)]
pub struct Body {
    /// What kind of problem it is: a stable path.
    #[serde(rename = "type")]
    #[schema(schema_with = problem_types)]
    kind: String,
    /// The kind in words.
    #[schema(example = "Invalid request")]
    title: &'static str,
    /// The HTTP status code.
    #[schema(example = 400)]
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/users")]
    instance: String,
    /// The places of a validation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Place>,
    /// What RFC 6749, 5.2, calls it where a form is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "invalid_request")]
    error: Option<&'static str>,
    /// Why an account is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When the lock ends, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    lockout_until: Option<Timestamp>,
}

/// One broken rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemPlace)]
pub struct Place {
    /// Where, as a JSON Pointer; a query parameter's name behind a `?`, that of a part of the path in braces,
    /// and a header's as it is.
    #[schema(example = "/email")]
    pointer: String,
    /// What is wrong.
    detail: String,
}

impl Dialect for Problem {
    const SURFACE: Surface = Surface {
        name: "directory",
        min_password: 10,
        max_password: 128,
    };
    type Refusal = Body;
    const MEDIA_TYPE: &'static str = "application/problem+json";

    fn refuse(error: &Error, asked: &Asked) -> (StatusCode, Self::Refusal) {
        let (status, title) = classify(error);
        let (reason, lockout_until) = match error {
            Error::Locked { reason, until, .. } => (Some(reason.to_string()), *until),
            _ => (None, None),
        };
        let body = Body {
            kind: problem_type(error.kind()),
            title,
            status: status.as_u16(),
            detail: error.to_string(),
            instance: asked.path.clone(),
            errors: places(error),
            error: (asked.with_form && status == StatusCode::BAD_REQUEST).then_some("invalid_request"),
            reason,
            lockout_until,
        };
        (status, body)
    }
}

fn problem_type(kind: &str) -> String {
    format!("/problems/{kind}")
}

fn problem_types() -> Object {
    words(Error::kinds().map(problem_type))
}

fn places(error: &Error) -> Vec<Place> {
    let Error::Invalid(violations) = error else {
        return Vec::new();
    };
    let place = |v: &Violation| Place {
        pointer: v.pointer.clone(),
        detail: v.detail.clone(),
    };
    violations.iter().map(place).collect()
}

/// The status of an error, and its kind in a sentence.
fn classify(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "Invalid request"),
        Error::Malformed(_) => (StatusCode::BAD_REQUEST, "Malformed body"),
        Error::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"),
        Error::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported encoding"),
        Error::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Body too large"),
        Error::NoCredentials => (StatusCode::UNAUTHORIZED, "Authentication required"),
        Error::InvalidToken => (StatusCode::UNAUTHORIZED, "Invalid token"),
        Error::WrongCredentials => (StatusCode::UNAUTHORIZED, "Wrong name or password"),
        Error::AccountNotActive(_) => (StatusCode::UNAUTHORIZED, "Account not active"),
        Error::Locked { .. } => (StatusCode::LOCKED, "Account locked"),
        Error::EmailNotVerified => (StatusCode::FORBIDDEN, "E-mail address not verified"),
        Error::InvalidApiKey => (StatusCode::UNAUTHORIZED, "Invalid API key"),
        Error::AlreadySignedIn => (StatusCode::BAD_REQUEST, "Already signed in"),
        Error::InvalidLink => (StatusCode::BAD_REQUEST, "Invalid link"),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "Forbidden"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "Not found"),
        Error::NoSuchRoute => (StatusCode::NOT_FOUND, "Route not found"),
        Error::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        Error::Conflict(_) => (StatusCode::CONFLICT, "Conflict"),
        Error::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Error::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "Precondition failed"),
        Error::InFlight(_) => (StatusCode::CONFLICT, "Request in flight"),
        Error::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "Idempotency-Key used already"),
        Error::NotKept => (StatusCode::GONE, "No longer kept"),
        Error::NotSetUp => (StatusCode::SERVICE_UNAVAILABLE, "Not set up"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
        Error::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
    }
}
