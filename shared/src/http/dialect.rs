//! How a contract speaks when it refuses.

use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use utoipa::openapi::{RefOr, Schema};

use crate::actions::Surface;
use crate::error::Error;

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
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(Failure(self));
        response
    }
}

/// What the dialect says to this error: an example for the document, and what tests expect.
pub fn example(speech: &Speech, asked: &Asked, error: &Error) -> Option<(StatusCode, HeaderMap, serde_json::Value)> {
    let (parts, body) = (speech.refuse)(error, asked).into_parts();
    let bytes = body.collect().now_or_never()?.ok()?.to_bytes();
    let body = serde_json::from_slice(&bytes).ok()?;
    Some((parts.status, parts.headers, body))
}
