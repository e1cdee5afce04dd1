//! What a handler gives back.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::proof::opaque::Digest;

/// `200` with JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// `200` with JSON and its `ETag`.
#[derive(Debug)]
pub struct Tagged<T> {
    /// The version that the tag stands for.
    pub version: u64,
    pub body: T,
}

/// `201` with JSON and the `Location` of what was made.
#[derive(Debug)]
pub struct Created<T> {
    pub location: String,
    pub body: T,
}

#[derive(Debug)]
pub struct NoContent;

/// `202`: accepted; the outcome is not reported here.
#[derive(Debug)]
pub struct Accepted;

/// A sentence as plain text, for somebody who followed a link in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sentence {
    Done(&'static str),
    Refused(&'static str),
}

/// `200` with JSON, or `204` where there is none.
#[derive(Debug)]
pub struct Maybe<T>(pub Option<T>);

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
        insert(&mut response, header::ETAG, &format!("\"{}\"", self.version));
        response
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.body);
        insert(&mut response, header::LOCATION, &self.location);
        response
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.into_response()
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

fn insert(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
