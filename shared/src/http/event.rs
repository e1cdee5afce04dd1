//! An event of an HTTP API (payload 2.0), so that the library can take it whatever the client sent.
//!
//! `lambda_http` parses `X-Forwarded-Proto`, `Host`, the path and the query as one URL, and panics where they are none.
//! So it is given nothing of the client's to parse: Usher reads neither header on Lambda (the host is API Gateway's word,
//! `requestContext.domainName`), and path and query travel in `requestContext.http.path`, which nothing else reads, until
//! [`restore_path`] puts them into the request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::{LambdaRequest, RequestContext};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// All that is not unreserved (RFC 3986, 2.3), but the slash that parts segments.
const SEGMENTS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'@');
/// What a query may hold that a client sends and `http::Uri` does not take.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// API Gateway's own limit.
const LONGEST_STAGE: usize = 128;
/// How much of a path that is too long shows which contract it belongs to.
const BEGINNING: usize = 256;

/// An event that the library does not panic at.
#[derive(Debug)]
pub struct Event(ApiGatewayV2httpRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Box::<RawValue>::deserialize(deserializer)?;
        let read = serde_json::from_str(event.get()).or_else(|_| serde_json::from_value(readable(event.get())?));
        read.map(Self::harmless).map_err(D::Error::custom)
    }
}

impl From<Event> for LambdaRequest {
    fn from(event: Event) -> Self {
        Self::ApiGatewayV2(event.0)
    }
}

impl From<Event> for Request<lambda_http::Body> {
    fn from(event: Event) -> Self {
        LambdaRequest::from(event).into()
    }
}

impl Event {
    fn harmless(mut request: ApiGatewayV2httpRequest) -> Self {
        request.request_context.http.path = Some(path_and_query(&request));
        request.raw_path = None;
        request.raw_query_string = None;
        request.headers.remove("x-forwarded-proto");
        request.headers.insert(HOST, HeaderValue::from_static("localhost"));
        let stage = &mut request.request_context.stage;
        stage.take_if(|stage| stage.len() > LONGEST_STAGE);
        // What is not what it is stated to be is taken as it is, and refused by whoever reads it.
        let body = request.body.as_deref().unwrap_or_default();
        request.is_base64_encoded = request.is_base64_encoded && STANDARD.decode(body).is_ok();
        Self(request)
    }
}

/// An event without what the types of the library cannot hold: headers and a method that are none in HTTP. Otherwise it
/// would be an error of the function's.
fn readable(event: &str) -> serde_json::Result<Value> {
    let mut event: Value = serde_json::from_str(event)?;
    if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
        headers.retain(|name, value| {
            let text = value.as_str().unwrap_or_default();
            HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(text).is_ok()
        });
    }
    if let Some(method) = event.pointer_mut("/requestContext/http/method")
        && method.as_str().is_none_or(|text| text.parse::<Method>().is_err())
    {
        *method = Value::from("UNKNOWN");
    }
    Ok(event)
}

/// HTTP APIs hand the path on decoded, and with the stage before it where the stage has a name. As the client sent it:
/// percent-encoded, without the stage, and with its query.
///
/// A `%` is one that the client had sent encoded, whatever follows it: a name may be `jane%40example.org`, and decoded
/// once more it would be somebody else's address.
fn path_and_query(request: &ApiGatewayV2httpRequest) -> String {
    let raw = request.raw_path.as_deref().unwrap_or_default();
    let stage = request.request_context.stage.as_deref();
    let path = stage
        .filter(|stage| *stage != "$default")
        .and_then(|stage| raw.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(raw);
    let root = if path.starts_with('/') { "" } else { "/" };
    let path = utf8_percent_encode(path, SEGMENTS);
    match request.raw_query_string.as_deref() {
        None | Some("") => format!("{root}{path}"),
        Some(query) => format!("{root}{path}?{}", utf8_percent_encode(query, QUERY)),
    }
}

/// Puts path and query into a request as the client sent them. A request that came by a socket stays as it is.
/// Fails where they are longer than any path can be.
pub fn restore_path(parts: &mut Parts) -> Result<()> {
    let Some(RequestContext::ApiGatewayV2(gateway)) = parts.extensions.get::<RequestContext>() else {
        return Ok(());
    };
    let sent = gateway.http.path.as_deref().unwrap_or("/");
    let whole = sent.parse::<PathAndQuery>();
    let is_whole = whole.is_ok();
    let beginning = || sent.split('?').next()?.get(..BEGINNING)?.parse().ok();
    let path_and_query = whole.ok().or_else(beginning);
    parts.uri = path_and_query.map_or_else(Uri::default, Uri::from);
    match is_whole {
        true => Ok(()),
        false => Err(Error::invalid("?", "path and query are too long")),
    }
}
