//! How a contract phrases its errors.

use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::rate_limit_fields;
use super::rewrite::ChooseRewrite;
use crate::actions::Surface;
use crate::error::{Error, Forbidden};

/// A contract's error format: its name and bounds, and one total answer to every error.
pub trait Dialect: 'static {
    /// What it is called in the histories, and its bounds for passwords.
    const SURFACE: Surface;
    /// The body of its refusals, for the OpenAPI document.
    type Refusal: Serialize + ToSchema;
    const MEDIA_TYPE: &'static str;
    /// The form of its answers, where it depends on the request.
    const REWRITE: Option<ChooseRewrite> = None;

    /// The answer that this error is. Total: a new error does not compile until every contract has words for it.
    fn refuse(error: &Error, asked: &Asked) -> (StatusCode, Self::Refusal);
}

/// What a refusal may repeat of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    /// Whether a token was sent with it (RFC 6750, 3.1: only then does the challenge name the error).
    pub with_token: bool,
    /// Whether its body is a form, as requests of OAuth are.
    pub with_form: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct ErrorFormat {
    pub surface: Surface,
    pub media_type: &'static str,
    pub refuse: fn(&Error, &Asked) -> Response,
    pub rewrite: Option<ChooseRewrite>,
    /// The schemas of [`Dialect::Refusal`] and of what it refers to; its own is the first.
    pub schemas: fn() -> Vec<(String, RefOr<Schema>)>,
}

impl ErrorFormat {
    pub fn of<D: Dialect>() -> Self {
        Self {
            surface: D::SURFACE,
            media_type: D::MEDIA_TYPE,
            refuse: respond::<D>,
            rewrite: D::REWRITE,
            schemas: schemas::<D::Refusal>,
        }
    }
}

/// The answer that a refusal is: its body, and the headers that go with its status in every contract.
fn respond<D: Dialect>(error: &Error, asked: &Asked) -> Response {
    let (status, body) = D::refuse(error, asked);
    let mut response = (status, serde_json::to_string(&body).unwrap_or_default()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(D::MEDIA_TYPE));
    headers.extend(challenge(error, status, asked.with_token).map(|value| (header::WWW_AUTHENTICATE, value)));
    if *error == Error::UnsupportedEncoding {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if let Error::RateLimited(over) = error {
        rate_limit_fields::of_refusal(headers, over);
    }
    if let Some(seconds) = retry_after(error) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// `WWW-Authenticate` (RFC 6750, 3): the error of a token is only named where one was sent.
fn challenge(error: &Error, status: StatusCode, with_token: bool) -> Option<HeaderValue> {
    let challenge = match error {
        Error::Forbidden(Forbidden::MissingPermission(permission)) => {
            format!(r#"Bearer error="insufficient_scope", scope="{permission}""#)
        }
        // It is about tokens alone, not about API keys or passwords.
        Error::InvalidToken if with_token && status == StatusCode::UNAUTHORIZED => {
            r#"Bearer error="invalid_token""#.to_owned()
        }
        _ if status == StatusCode::UNAUTHORIZED => "Bearer".to_owned(),
        _ => return None,
    };
    HeaderValue::try_from(challenge).ok()
}

/// Seconds after which to try again, where that helps.
fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::Locked { retry_after, .. } => *retry_after,
        Error::RateLimited(over) => Some(over.retry_after.into()),
        Error::Unavailable(_) => Some(1),
        Error::NotSetUp => Some(5),
        Error::InFlight(seconds) => Some(*seconds),
        _ => None,
    }
}

fn schemas<T: ToSchema>() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    schemas
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

/// The refusal of this error: an example for the document, and what tests expect.
pub fn example(
    error_format: &ErrorFormat,
    asked: &Asked,
    error: &Error,
) -> Option<(StatusCode, HeaderMap, serde_json::Value)> {
    let (parts, body) = (error_format.refuse)(error, asked).into_parts();
    let bytes = body.collect().now_or_never()?.ok()?.to_bytes();
    let body = serde_json::from_slice(&bytes).ok()?;
    Some((parts.status, parts.headers, body))
}
