//! What a handler gives back.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::prefer::{Prefer, Return};
use crate::actions::revisions::Revision;
use crate::proof::opaque::Digest;

/// `200` with JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// `200` with JSON and its `ETag`.
#[derive(Debug)]
pub struct Tagged<T> {
    pub revision: Revision,
    pub body: T,
}

/// The same for a `GET`: whoever has it gets `304` in its place (`not_modified.rs`).
#[derive(Debug)]
pub struct Shown<T>(pub Tagged<T>);

/// `201` with JSON and the `Location` of what was made.
#[derive(Debug)]
pub struct Created<T> {
    pub location: String,
    pub body: T,
}

/// `201` with JSON alone: what was made has no path of its own.
#[derive(Debug)]
pub struct CreatedJson<T>(pub T);

/// `201` with JSON, the `Location` of what was made and its `ETag`.
#[derive(Debug)]
pub struct CreatedTagged<T> {
    pub revision: Revision,
    pub created: Created<T>,
}

#[derive(Debug)]
pub struct NoContent;

/// `200` without a body, where that is what a standard asks for.
#[derive(Debug)]
pub struct Done;

/// `202`: accepted; the outcome is not reported here.
#[derive(Debug)]
pub struct Accepted;

/// The same, with JSON.
#[derive(Debug)]
pub struct AcceptedJson<T>(pub T);

/// A sentence as plain text, for somebody who followed a link in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sentence {
    Done(&'static str),
    Refused(&'static str),
}

/// `200` with JSON, or `204` where there is none.
#[derive(Debug)]
pub struct Maybe<T>(pub Option<T>);

/// What was changed, where the client prefers to have it back, else `204` (RFC 7240); with its `ETag`, where it is known.
#[derive(Debug)]
pub struct Changed<T> {
    pub prefer: Prefer,
    pub tagged: Option<Tagged<T>>,
}

/// What is the same for every caller, so that caches may keep it.
pub trait Public: Serialize {
    const MEDIA_TYPE: &'static str;
    /// For how long it may be kept, in seconds.
    const MAX_AGE: u32;
}

/// `200` with JSON that caches may keep.
#[derive(Debug)]
pub struct Kept<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, &self.body);
        tag(&mut response, &self.revision);
        response
    }
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<T: Serialize> IntoResponse for CreatedJson<T> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = CreatedJson(self.body).into_response();
        insert(&mut response, header::LOCATION, &self.location);
        response
    }
}

impl<T: Serialize> IntoResponse for CreatedTagged<T> {
    fn into_response(self) -> Response {
        let mut response = self.created.into_response();
        tag(&mut response, &self.revision);
        response
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::OK.into_response()
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.into_response()
    }
}

impl<T: Serialize> IntoResponse for AcceptedJson<T> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl IntoResponse for Sentence {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Done(text) => (StatusCode::OK, text),
            Self::Refused(text) => (StatusCode::BAD_REQUEST, text),
        };
        // Axum sends it as text/plain, in UTF-8.
        (status, text).into_response()
    }
}

impl<T: Serialize> IntoResponse for Maybe<T> {
    fn into_response(self) -> Response {
        self.0
            .map_or_else(|| NoContent.into_response(), |body| json(StatusCode::OK, &body))
    }
}

impl<T: Serialize> IntoResponse for Changed<T> {
    fn into_response(self) -> Response {
        let (mut response, applied) = match (&self.tagged, self.prefer.0) {
            (Some(known), Some(Return::Representation)) => {
                (json(StatusCode::OK, &known.body), Some("return=representation"))
            }
            (_, Some(Return::Minimal)) => (NoContent.into_response(), Some("return=minimal")),
            _ => (NoContent.into_response(), None),
        };
        if let Some(known) = &self.tagged {
            tag(&mut response, &known.revision);
        }
        if let Some(applied) = applied {
            let name = header::HeaderName::from_static("preference-applied");
            insert(&mut response, name, applied);
        }
        response
    }
}

impl<T: Public> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let tag = content_tag(&bytes);
                let mut response = bytes.into_response();
                insert(&mut response, header::CONTENT_TYPE, T::MEDIA_TYPE);
                keep(&mut response, &tag, T::MAX_AGE);
                response
            }
            // A fault is not for keeping.
            Err(error) => crate::error::Error::fault(error).into_response(),
        }
    }
}

/// The `ETag` of a public body, whose bytes decide it. It is weak, and so the same for each way to compress it.
pub fn content_tag(body: &[u8]) -> String {
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Digest::of(body).as_bytes()[..16]))
}

/// Lets caches keep an answer for this many seconds, and ask for it by its tag afterwards. (Which origin asks decides the
/// headers of CORS.)
pub fn keep(response: &mut Response, tag: &str, max_age: u32) {
    insert(response, header::ETAG, tag);
    insert(response, header::CACHE_CONTROL, &format!("public, max-age={max_age}"));
    insert(response, header::VARY, "accept-encoding, origin");
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = (status, bytes).into_response();
            insert(&mut response, header::CONTENT_TYPE, "application/json");
            response
        }
        Err(error) => crate::error::Error::fault(error).into_response(),
    }
}

fn tag(response: &mut Response, revision: &Revision) {
    insert(response, header::ETAG, &format!("\"{revision}\""));
}

fn insert(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
