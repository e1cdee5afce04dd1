//! `If-None-Match` (RFC 9110, 13.1.2): what the client has already is not sent again.

use axum::body::Body;
use axum::response::Response;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use http::{Method, StatusCode, header};

/// The answer without its body where that is what the client has. A condition that cannot be read is none.
pub fn unless_known(response: Response, method: &Method, condition: Option<&IfNoneMatch>) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(method) && response.status() == StatusCode::OK;
    let tag = response.headers().typed_get::<ETag>();
    let (Some(condition), Some(tag), true) = (condition, tag, is_read) else {
        return response;
    };
    if condition.precondition_passes(&tag) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    for about_the_body in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        parts.headers.remove(about_the_body);
    }
    Response::from_parts(parts, Body::empty())
}
