//! `/dev/outbox`: the mail that was sent, for a developer's eyes. It is on the local server alone, and there only where
//! the development routes are: what it shows lets anyone take any account over.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use reqwest::StatusCode;
use reqwest::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, X_CONTENT_TYPE_OPTIONS,
};
use serde::Serialize;
use usher::id::MailId;

use super::{Letters, eml};

#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    to: String,
    subject: String,
    date: String,
    text: String,
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct Page<'a> {
    entries: &'a [Entry],
}

pub fn routes(letters: Letters) -> Router {
    Router::new()
        .route("/dev/outbox", get(list))
        .route("/dev/outbox/{id}", get(show))
        .with_state(letters)
}

/// The newest letters, newest first: a page for a browser, JSON for all others.
async fn list(State(letters): State<Letters>, headers: HeaderMap) -> Response {
    let Ok(Ok(newest)) = tokio::task::spawn_blocking(move || letters.newest()).await else {
        return answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            "text/plain",
            "the outbox cannot be read".to_owned(),
        );
    };
    let entries: Vec<Entry> = newest.iter().map(|(id, message)| entry(*id, message)).collect();
    let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if accepts.is_some_and(|accept| accept.contains("text/html")) {
        let page = Page { entries: &entries }.render().unwrap_or_default();
        answer(StatusCode::OK, "text/html", page + "\n")
    } else {
        let json = serde_json::to_string_pretty(&entries).unwrap_or_default();
        answer(StatusCode::OK, "application/json", json)
    }
}

async fn show(State(letters): State<Letters>, Path(id): Path<String>) -> Response {
    let message = match id.parse::<MailId>() {
        Ok(id) => tokio::task::spawn_blocking(move || letters.message(id))
            .await
            .ok()
            .flatten(),
        Err(_) => None,
    };
    match message.as_deref().and_then(eml::text) {
        Some(text) => answer(StatusCode::OK, "text/plain", text),
        None => answer(StatusCode::NOT_FOUND, "text/plain", "no such mail".to_owned()),
    }
}

fn entry(id: MailId, message: &str) -> Entry {
    let header = |name| eml::header(message, name).unwrap_or_default().to_owned();
    Entry {
        id: id.to_string(),
        to: header("To"),
        subject: header("Subject"),
        date: header("Date"),
        text: format!("/dev/outbox/{id}"),
    }
}

fn answer(status: StatusCode, kind: &str, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, format!("{kind}; charset=utf-8")),
        (CACHE_CONTROL, "no-store".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'".to_owned(),
        ),
    ];
    (status, headers, body).into_response()
}
