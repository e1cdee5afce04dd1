//! What an answer states of limits of rate: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), lists
//! of RFC 9651 with one member. Where a request was refused they are about the limit that it is over, else about the
//! caller's own.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::rate_limit::{Exceeded, Quota, Rule};

pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(super) const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// States what is left to the caller.
pub(super) fn of_quota(headers: &mut HeaderMap, quota: &Quota) {
    put(
        headers,
        quota.limit.name(),
        quota.rule,
        quota.remaining,
        quota.resets_after,
    );
}

/// States which limit the request is over.
pub(super) fn of_refusal(headers: &mut HeaderMap, over: &Exceeded) {
    put(headers, over.limit.name(), over.rule, 0, over.retry_after);
}

/// Moves what one answer states into the one that takes its place, unless that one states it itself.
pub(super) fn keep(from: &mut HeaderMap, to: &mut HeaderMap) {
    for name in [POLICY, LIMIT] {
        if let Some(value) = from.remove(&name) {
            to.entry(name).or_insert(value);
        }
    }
}

fn put(headers: &mut HeaderMap, name: &str, rule: Rule, remaining: u32, after: u32) {
    let Rule { requests, seconds } = rule;
    let fields = [
        (POLICY, format!("\"{name}\";q={requests};w={seconds}")),
        (LIMIT, format!("\"{name}\";r={remaining};t={after}")),
    ];
    for (field, text) in fields {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(field, value);
        }
    }
}
