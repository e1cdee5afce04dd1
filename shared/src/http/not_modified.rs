//! `304`: what the client has already is not sent again (RFC 9110, 13.1.2).

use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode, header};

use super::preconditions::IfNoneMatch;

/// The answer without its body where that is what the client has.
pub fn unless_known(response: Response, method: &Method, condition: Option<&IfNoneMatch>) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(method) && response.status() == StatusCode::OK;
    if !is_read || !condition.is_some_and(|condition| condition.names_tag_of(response.headers())) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    for about_the_body in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        parts.headers.remove(about_the_body);
    }
    Response::from_parts(parts, Body::empty())
}
