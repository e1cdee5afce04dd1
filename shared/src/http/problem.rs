//! Problem Details (RFC 9457): the directory contract's refusals, and those of every path that is nobody's.

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::dialect::{Asked, Dialect};
use crate::actions::Surface;
use crate::domain::time;
use crate::error::{Conflict, Error, Forbidden, Violation};

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
    #[schema(example = "/problems/validation")]
    kind: String,
    /// The kind in words.
    #[schema(example = "The request breaks a rule")]
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
    /// Where, as a JSON Pointer; a query parameter's name behind a `?`.
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
        let (status, kind, title) = classify(error);
        let (reason, lockout_until) = match error {
            Error::Locked { reason, until, .. } => (Some(reason.clone()), *until),
            _ => (None, None),
        };
        let body = Body {
            kind: format!("/problems/{kind}"),
            title,
            status: status.as_u16(),
            detail: error.to_string(),
            instance: asked.path.clone(),
            errors: places(error),
            reason,
            lockout_until,
        };
        (status, body)
    }
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

/// The kind of an error, as `type` has it and the log.
pub fn kind(error: &Error) -> &'static str {
    classify(error).1
}

fn classify(error: &Error) -> (StatusCode, &'static str, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "validation", "The request breaks a rule"),
        Error::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed-body", "The body cannot be read"),
        Error::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body has another media type",
        ),
        Error::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
        Error::NoCredentials => (StatusCode::UNAUTHORIZED, "no-credentials", "Sign in first"),
        Error::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid-token", "The token is not valid"),
        Error::WrongCredentials => (StatusCode::UNAUTHORIZED, "wrong-credentials", "Wrong name or password"),
        Error::AccountNotActive(_) => (
            StatusCode::UNAUTHORIZED,
            "account-not-active",
            "The account is not active",
        ),
        Error::Locked { .. } => (StatusCode::LOCKED, "locked", "The account is locked"),
        Error::EmailNotVerified => (
            StatusCode::FORBIDDEN,
            "email-not-verified",
            "Verify your e-mail address first",
        ),
        Error::InvalidApiKey => (StatusCode::UNAUTHORIZED, "invalid-api-key", "The API key is not valid"),
        Error::AlreadySignedIn => (StatusCode::BAD_REQUEST, "already-signed-in", "Log out first"),
        Error::InvalidLink => (StatusCode::BAD_REQUEST, "invalid-link", "The link is not valid"),
        Error::Forbidden(why) => forbidden(why),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
        Error::NoSuchRoute => (StatusCode::NOT_FOUND, "no-such-route", "There is nothing at this path"),
        Error::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "The path does not take this method",
        ),
        Error::Conflict(why) => (StatusCode::CONFLICT, conflict(why), "The state of things forbids it"),
        Error::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "It has changed since it was read",
        ),
        Error::NotSetUp => (StatusCode::SERVICE_UNAVAILABLE, "not-set-up", "The stack is not set up"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again shortly"),
        Error::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault", "Something went wrong here"),
    }
}

fn forbidden(why: &Forbidden) -> (StatusCode, &'static str, &'static str) {
    let kind = match why {
        Forbidden::MissingPermission(_) => "missing-permission",
        Forbidden::AboveOwnRank => "above-own-rank",
        Forbidden::NotHeld(_) => "not-held",
        Forbidden::WrongPassword => "wrong-password",
        Forbidden::MustChangePassword => "must-change-password",
        Forbidden::BelowRank(_) => "below-rank",
        Forbidden::NotBelowOwnRank => "not-below-own-rank",
        Forbidden::AnothersAccount => "anothers-account",
        Forbidden::RegistrationClosed => "registration-closed",
    };
    (StatusCode::FORBIDDEN, kind, "You may not do this")
}

fn conflict(why: &Conflict) -> &'static str {
    match why {
        Conflict::EmailTaken => "email-taken",
        Conflict::UsernameTaken => "username-taken",
        Conflict::RoleNameTaken => "role-name-taken",
        Conflict::GrantStands => "grant-stands",
        Conflict::RoleFull => "role-full",
        Conflict::BelowMemberCount => "below-member-count",
        Conflict::LastAdministrator => "last-administrator",
        Conflict::SystemRole(_) => "system-role",
        Conflict::RoleHasMembers => "role-has-members",
        Conflict::TooManyGrants(_) => "too-many-grants",
        Conflict::TooManyMembers(_) => "too-many-members",
        Conflict::TenantTaken => "tenant-taken",
        Conflict::OwnAccount => "own-account",
    }
}
