//! How a contract speaks when it refuses.

use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http_body_util::BodyExt;
use utoipa::openapi::{RefOr, Schema};

use crate::actions::Surface;
use crate::error::{Conflict, Error, Forbidden, Noun};

/// A contract's way of speaking: its name and bounds, and one total answer to every error.
pub trait Dialect: 'static {
    /// What it is called in the histories, and its bounds for passwords.
    const SURFACE: Surface;
    /// The media type of its refusals.
    const MEDIA_TYPE: &'static str;

    /// The answer that this error is. Total: a new error does not compile until every contract has words for it.
    fn refuse(error: &Error, asked: &Asked) -> Response;

    /// The schema of a refusal, with its name, for the OpenAPI document.
    fn schema() -> (String, RefOr<Schema>);
}

/// What a refusal may say about the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The path that was asked for.
    pub path: String,
    /// Whether a token was sent with it (RFC 6750, 3.1: only then does the challenge say what is wrong with it).
    pub with_token: bool,
}

/// A dialect as a value.
#[derive(Debug, Clone, Copy)]
pub struct Speech {
    /// See [`Dialect::SURFACE`].
    pub surface: Surface,
    /// See [`Dialect::MEDIA_TYPE`].
    pub media_type: &'static str,
    /// See [`Dialect::refuse`].
    pub refuse: fn(&Error, &Asked) -> Response,
    /// See [`Dialect::schema`].
    pub schema: fn() -> (String, RefOr<Schema>),
}

impl Speech {
    /// The dialect `D` as a value.
    pub fn of<D: Dialect>() -> Self {
        Self {
            surface: D::SURFACE,
            media_type: D::MEDIA_TYPE,
            refuse: D::refuse,
            schema: D::schema,
        }
    }
}

/// An error on its way to the dialect that phrases it.
#[derive(Debug, Clone)]
pub struct Failure(pub Error);

impl IntoResponse for Error {
    /// Only carries the error: the words are put in by `serve`, which knows whose route it was.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(Failure(self));
        response
    }
}

/// A refusal's body as an example for the document: the dialect's own words for an error of this status.
pub fn example(speech: &Speech, path: &str, status: u16) -> serde_json::Value {
    let asked = Asked {
        path: path.to_owned(),
        with_token: true,
    };
    let response = (speech.refuse)(&sample(status), &asked);
    let bytes = response
        .into_body()
        .collect()
        .now_or_never()
        .and_then(Result::ok)
        .map(|body| body.to_bytes());
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn sample(status: u16) -> Error {
    let until = jiff::Timestamp::from_second(1_800_000_000).ok();
    match status {
        400 => Error::invalid("/email", "this is not an e-mail address"),
        401 => Error::InvalidToken,
        403 => Forbidden::MissingPermission(crate::domain::permission::ADMIN_USERS).into(),
        404 => Error::NotFound(Noun::User),
        405 => Error::MethodNotAllowed,
        409 => Conflict::EmailTaken.into(),
        412 => Error::PreconditionFailed,
        413 => Error::BodyTooLarge(super::body::LIMIT),
        415 => Error::UnsupportedMediaType,
        423 => Error::Locked {
            reason: "too many failed logins".to_owned(),
            until,
            retry_after: Some(900),
        },
        503 => Error::unavailable(""),
        _ => Error::fault(""),
    }
}
