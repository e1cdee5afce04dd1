//! The embedded DynamoDB for tools that are not this process: an HTTP server that asks for no credentials, and so must be
//! out of reach for web pages.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::store::Store;

/// What DynamoDB takes at most.
const LARGEST: usize = 16 * 1024 * 1024;

/// Each operation of this store, as DynamoDB answers over HTTP.
pub fn routes(store: Store) -> Router {
    Router::new()
        .route("/", post(operation))
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn(no_pages))
        .with_state(store)
}

async fn operation(State(store): State<Store>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let Some(answer) = store.call(target.unwrap_or_default().to_owned(), body).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], answer.body).into_response()
}

/// Browsers name the page that asks, in the preflight too; tools do not.
async fn no_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(ORIGIN) {
        return (StatusCode::FORBIDDEN, "The embedded DynamoDB is not for web pages.\n").into_response();
    }
    next.run(request).await
}
