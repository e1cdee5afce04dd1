//! Conditional requests: `ETag`, `If-Match`, `If-None-Match` (RFC 9110, 13), `Prefer` (RFC 7240).

mod prefer;
mod tags;
mod walk;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Client, Reply};

/// A request with `If-Match`, a line for each of these.
pub async fn if_match(who: &Client, method: Method, path: &str, body: Option<Value>, lines: &[&str]) -> Reply {
    let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("if-match", *line)).collect();
    who.send(method, path, body, &headers).await
}

/// The tag that a `GET` shows.
pub async fn tag(who: &Client, path: &str) -> String {
    let reply = who.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    let tag = reply.header("etag").to_owned();
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2,
        "{path}: {tag}"
    );
    tag
}
