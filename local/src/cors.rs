//! Which pages may call the API: those of this machine, or those whose origin the developer names. What API Gateway does
//! for a stack by `CorsOrigins` is done here; a test holds the two lists of headers to each other.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use reqwest::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY};
use reqwest::{Method, StatusCode, Url};
use tower::ServiceExt;
use tower_http::cors::{AllowOrigin, CorsLayer};

pub const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What a page may send, beside what any may.
pub const SENT: [&str; 10] = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "x-api-key",
    "x-request-id",
    "x-tenant",
    "x-usher-device",
];

/// What a page may read of an answer, beside what any may.
pub const READ: [&str; 11] = [
    "allow",
    "etag",
    "link",
    "location",
    "preference-applied",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
    "x-usher-device",
];

/// For how long a browser may remember it.
pub const MAX_AGE: Duration = Duration::from_mins(10);

/// What only the developer's own browser may read: letters, and with them the accounts of whoever they went to.
const PRIVATE: &str = "/dev/";

/// The origins whose pages may call the API.
#[derive(Debug, Clone)]
pub enum Origins {
    /// Every page that this machine serves itself.
    Loopback,
    Named(Arc<[String]>),
}

impl Origins {
    /// These, or where none is named those of this machine.
    pub fn new(named: &[String]) -> Self {
        match named {
            [] => Self::Loopback,
            named => Self::Named(named.into()),
        }
    }

    /// Answers preflights of these origins, whatever their path, and lets their pages read answers. Pages of all others
    /// get what they got without: answers that a browser keeps from them.
    pub fn share(self, router: Router) -> Router {
        let shared = router.clone().layer(layer());
        Router::new().fallback(move |request: Request| async move {
            let preflight = is_preflight(&request);
            let mut response = if self.may_read(&request) {
                answered(shared, request).await
            } else {
                answered(router, request).await
            };
            if preflight && response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
            response
        })
    }

    fn may_read(&self, request: &Request) -> bool {
        // The layer takes every `OPTIONS` for a preflight.
        let plain_options = request.method() == Method::OPTIONS && !is_preflight(request);
        let origin = origin(request.headers()).filter(|_| !plain_options && !request.uri().path().starts_with(PRIVATE));
        origin.is_some_and(|origin| match self {
            Self::Loopback => is_loopback(origin),
            Self::Named(named) => named.iter().any(|own| own == origin),
        })
    }
}

async fn answered(router: Router, request: Request) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    }
}

fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(METHODS)
        .allow_headers(SENT.map(HeaderName::from_static))
        .expose_headers(READ.map(HeaderName::from_static))
        .max_age(MAX_AGE)
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    request.method() == Method::OPTIONS && asks
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(ORIGIN).iter();
    match (given.next(), given.next()) {
        (Some(origin), None) => origin.to_str().ok(),
        _ => None,
    }
}

/// Whether it is of a name that leads to this machine wherever it is looked up.
fn is_loopback(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let host = url.host_str().unwrap_or_default();
    let ours = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    ours && is_origin(&url, origin)
}

fn is_origin(url: &Url, text: &str) -> bool {
    ["http", "https"].contains(&url.scheme()) && url.origin().ascii_serialization() == text
}

/// An origin as browsers write it. `*` is none: with the development routes every page in the world could sign in here
/// as anybody. Nor is `null`, which is every page's that a sandbox or a file holds.
pub fn parse(text: &str) -> Result<String, String> {
    let example = "it must be like http://localhost:5173 or https://app.example.org";
    if text == "*" {
        return Err(format!(
            "name each origin: every page could sign in here as anybody; {example}"
        ));
    }
    let url = Url::parse(text).map_err(|_| example.to_owned())?;
    let origin = url.origin().ascii_serialization();
    // An address may have its slash, as browsers show it.
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_bare && is_origin(&url, &origin) {
        Ok(origin)
    } else {
        Err(example.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_of_this_machine_has_any_port_and_either_scheme() {
        for (origin, ours) in [
            ("http://localhost", true),
            ("http://localhost:5173", true),
            ("https://localhost:8443", true),
            ("http://127.0.0.1:3000", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:4200", true),
            ("http://acme.localhost:3000", true),
            ("null", false),
            ("", false),
            ("http://192.0.2.7", false),
            ("http://evil.example", false),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://notlocalhost", false),
            ("http://evil.example@localhost", false),
            ("http://localhost/", false),
            ("http://localhost@evil.example", false),
            ("file://localhost", false),
            ("http://[::2]", false),
            ("http://2130706433", false),
        ] {
            assert_eq!(is_loopback(origin), ours, "{origin}");
        }
    }

    #[test]
    fn an_origin_is_taken_as_browsers_write_it_and_nothing_else_is_one() {
        for (text, origin) in [
            ("https://App.Example.org", "https://app.example.org"),
            ("https://app.example.org:443/", "https://app.example.org"),
            ("http://app.example.org:8080", "http://app.example.org:8080"),
            ("https://käse.example", "https://xn--kse-qla.example"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(origin), "{text}");
        }
        for text in [
            "*",
            "null",
            "",
            "app.example.org",
            "https://a.example/app",
            "ftp://a.example",
            "https://me@a.example",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
