//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): of the rows that make something.

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request};
use axum::handler::Handler;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use super::body;
use super::dialect::Failure;
use super::openapi::Described;
use super::routes::Routes;
use crate::access::guard::Guard;
use crate::actions::Context;
use crate::actions::idempotency::{Keyed, once};
use crate::error::{Error, Result};

/// The header, as it is written.
pub const NAME: &str = "Idempotency-Key";
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
pub const LONGEST: usize = 255;
/// The most bytes of an answer that are kept, its head included.
pub const LARGEST: usize = 64 * 1024;

impl Routes {
    /// A `POST` that makes something: it takes an `Idempotency-Key`, and so is one unit of work.
    #[must_use]
    pub fn make<H, T>(mut self, path: impl Into<std::borrow::Cow<'static, str>>, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.options.makes = true;
        let mut table = self.row(Method::POST, MethodFilter::POST, path, guard, handler);
        table.options.makes = false;
        table
    }
}

/// Carries out a request of somebody who may make it, or answers what it was answered before.
pub(super) async fn answered(request: Request, next: Next) -> Response {
    match key(request.headers()) {
        Ok(None) => next.run(request).await,
        // Boxed: seldom, and large.
        Ok(Some(key)) => {
            let outcome = Box::pin(kept(&key, request, next)).await;
            outcome.unwrap_or_else(IntoResponse::into_response)
        }
        Err(error) => error.into_response(),
    }
}

async fn kept(key: &str, request: Request, next: Next) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let bytes = Bytes::from(body::read(body).await?);
    let cx = parts.extensions.get::<Context>().cloned();
    let cx = cx.ok_or_else(|| Error::fault("a key came past the auth layer"))?;
    let pattern = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let route = format!("{} {}", parts.method, pattern.unwrap_or_default());
    // Without the host: whichever of its names the service was called by.
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let keyed = Keyed {
        key,
        route: &route,
        asked: &[path.as_bytes(), b"\n", &bytes].concat(),
    };
    let attempt = |cx: Context| answer(next.clone().run(again(&parts, cx, &bytes)));
    once(&cx, &keyed, attempt).await.and_then(|kept| response(&kept))
}

/// The request once more, in this context.
fn again(parts: &Parts, cx: Context, bytes: &Bytes) -> Request {
    let mut parts = parts.clone();
    parts.extensions.insert(cx);
    Request::from_parts(parts, Body::from(bytes.clone()))
}

/// The key of a request, if it has one: a string of RFC 8941 (3.3.3), or the same without its quotes.
fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let refused = |detail: &str| Err(Error::invalid(NAME, detail));
    let mut all = headers.get_all(HEADER).iter();
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return refused("send one key");
    }
    let text = first.to_str().unwrap_or_default().trim();
    let key = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted),
        None => Some(text.to_owned()).filter(|key| key.bytes().all(is_bare)),
    };
    match key.filter(|key| (1..=LONGEST).contains(&key.len())) {
        Some(key) => Ok(Some(key)),
        None => refused(&format!(
            "a key is 1 to {LONGEST} characters of ASCII, such as a UUID, with quotes around it or without"
        )),
    }
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// What stands before the quote that ends a string, and the string ends with.
fn unquoted(text: &str) -> Option<String> {
    let (mut key, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(key),
            '\\' => key.push(chars.next().filter(|next| ['"', '\\'].contains(next))?),
            other => key.push(Some(other).filter(|other| (' '..='~').contains(other))?),
        }
    }
}

/// What stands before the body of an answer that is kept.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// An answer as it is kept: its head in a line of JSON, then its body. Where it is a refusal, that.
async fn answer(running: impl Future<Output = Response>) -> Result<Vec<u8>> {
    let (mut parts, body) = running.await.into_parts();
    if let Some(Failure(error)) = parts.extensions.remove::<Failure>() {
        return Err(error);
    }
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).map_err(Error::fault);
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| Ok((name.to_string(), text(value)?)));
    let head = Head {
        status: parts.status.as_u16(),
        headers: headers.collect::<Result<_>>()?,
    };
    let mut kept = serde_json::to_vec(&head).map_err(Error::fault)?;
    kept.push(b'\n');
    kept.extend(body.collect().await.map_err(Error::fault)?.to_bytes());
    match kept.len() > LARGEST {
        true => Err(Error::invalid(
            NAME,
            "the answer is too large to be kept: send this without a key",
        )),
        false => Ok(kept),
    }
}

fn response(kept: &[u8]) -> Result<Response> {
    let broken = || Error::fault("an answer that was kept cannot be read");
    let end = kept.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
    let (head, body) = kept.split_at(end);
    let head: Head = serde_json::from_slice(head).map_err(Error::fault)?;
    let mut response = Response::new(Body::from(body.get(1..).unwrap_or_default().to_vec()));
    *response.status_mut() = StatusCode::from_u16(head.status).map_err(Error::fault)?;
    for (name, value) in head.headers {
        let name = HeaderName::try_from(name).map_err(Error::fault)?;
        response
            .headers_mut()
            .append(name, HeaderValue::try_from(value).map_err(Error::fault)?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&[u8]]) -> Result<Option<String>> {
        let lines = lines
            .iter()
            .map(|line| (HEADER, HeaderValue::from_bytes(line).unwrap()));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| {
            headers.append(name, value);
        });
        key(&headers)
    }

    #[test]
    fn a_key_is_a_string_of_structured_fields_or_the_same_without_quotes() {
        assert_eq!(read(&[]), Ok(None));
        for (line, expected) in [
            (
                "8e03978e-40d5-43dd-bc93-6894a57f9324",
                "8e03978e-40d5-43dd-bc93-6894a57f9324",
            ),
            ("\"8e03978e\"", "8e03978e"),
            ("  k  ", "k"),
            ("a/b+c=:~", "a/b+c=:~"),
            (r#""two words, and \"more\" \\""#, r#"two words, and "more" \"#),
        ] {
            assert_eq!(read(&[line.as_bytes()]), Ok(Some(expected.to_owned())), "{line}");
        }
        let longest = "k".repeat(LONGEST);
        assert_eq!(read(&[longest.as_bytes()]), Ok(Some(longest.clone())));
        assert_eq!(read(&[format!("\"{longest}\"").as_bytes()]), Ok(Some(longest)));
    }

    #[test]
    fn what_is_no_key_is_refused_at_the_header() {
        let too_long = "k".repeat(LONGEST + 1);
        for lines in [
            &[&b""[..]][..],
            &[b"   "],
            &[b"\"\""],
            &[b"\"open"],
            &[b"\"two\" \"strings\""],
            &[b"\"with\";parameter"],
            &[b"\"\\n\""],
            &[b"two words"],
            &[b"a,b"],
            &[b"a;b"],
            &[b"quote\"inside"],
            &["schl\u{fc}ssel".as_bytes()],
            &[b"one", b"two"],
            &[b"one", b"one"],
            &[too_long.as_bytes()],
        ] {
            let Err(Error::Invalid(violations)) = read(lines) else {
                panic!("{lines:?} was taken")
            };
            assert_eq!(violations[0].pointer, NAME, "{lines:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_read_as_it_was_kept_and_one_that_is_too_large_is_refused() {
        let of = |body: Vec<u8>| async move {
            let response = (StatusCode::CREATED, [("set-cookie", "a=1"), ("location", "/x")], body);
            let mut response = response.into_response();
            response
                .headers_mut()
                .append("set-cookie", HeaderValue::from_static("b=2"));
            response
        };
        let body = b"{\"a\":\n1}\n\n".to_vec();
        let (whole, again) = (of(body.clone()).await, answer(of(body.clone())).await.unwrap());
        let again = response(&again).unwrap();
        assert_eq!((again.status(), again.headers()), (whole.status(), whole.headers()));
        assert_eq!(again.into_body().collect().await.unwrap().to_bytes(), body);
        assert!(answer(of(vec![b' '; LARGEST - 200])).await.is_ok());
        assert!(matches!(answer(of(vec![b' '; LARGEST])).await, Err(Error::Invalid(_))));
        let refused = answer(async { Error::KeyReused.into_response() }).await;
        assert_eq!(refused, Err(Error::KeyReused));
    }
}
