//! Which answers are compressed (gzip) where the client asks for it: what was read, and nothing with a secret in it.
//!
//! Whoever can watch how long compressed answers are, and choose a text that stands in them, learns the secret beside
//! that text (BREACH). Tokens, API keys and passwords are answers to other methods than `GET` alone (a test of the OpenAPI
//! document holds that), so that these are never compressed; nor are refusals, which repeat the request's path, and what
//! sets a cookie.
//!
//! A strong `ETag` names the very bytes of an answer (RFC 9110, 8.8.3): compressed they would need another one, which
//! `If-Match` would not know. The answers that have one are a single account or role, and stay as they are.

use axum::response::Response;
use http::{Extensions, HeaderMap, Method, StatusCode, Version, header};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// Below this many bytes there is nothing to gain.
const SMALLEST: u16 = 256;

type Rule = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

pub fn layer() -> CompressionLayer<And<SizeAbove, Rule>> {
    let rule: Rule = |status, _, headers, extensions| {
        let was_read = extensions
            .get::<AnswerTo>()
            .is_some_and(|answer| answer.0 == Method::GET);
        let cookie = headers.contains_key(header::SET_COOKIE);
        status.is_success() && was_read && !cookie && !has_strong_tag(headers)
    };
    CompressionLayer::new().compress_when(SizeAbove::new(SMALLEST).and(rule))
}

/// The method of the request, in its answer's extensions.
#[derive(Debug, Clone)]
struct AnswerTo(Method);

/// Notes what the layer has to know of the request.
pub fn note(response: &mut Response, method: &Method) {
    response.extensions_mut().insert(AnswerTo(method.clone()));
}

fn has_strong_tag(headers: &HeaderMap) -> bool {
    let tag = headers.get(header::ETAG);
    tag.is_some_and(|tag| !tag.as_bytes().starts_with(b"W/"))
}
