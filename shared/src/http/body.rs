//! Bodies and queries: JSON, 64 KiB at most (rule 10), and what is wrong with its place.

use std::borrow::Cow;

use axum::extract::{FromRequest, Request};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use percent_encoding::percent_decode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment, Track};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result, Violation};
use crate::json::{Strict, in_words};

mod shape;
mod wrong;

use shape::{Nulls, Shape};

pub const LIMIT: usize = 64 * 1024;

/// The most bytes of a body that are read, and dropped, before it is refused as too large: a client that is cut off
/// in the middle often sees a broken connection in place of the answer. API Gateway passes no more than this on.
const READ_LIMIT: usize = 10 * 1024 * 1024;

#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON Merge Patch (RFC 7396): a field that is null is taken away. `T` keeps apart what is null and what is absent.
#[derive(Debug)]
pub struct MergePatch<T>(pub T);

/// A body of the shape `T` that can be left out altogether.
#[derive(Debug)]
pub struct MaybeBody<T>(pub T);

/// A body of the shape `T`, or a list of them, [`MOST`](Self::MOST) at most.
#[derive(Debug)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<T> OneOrMore<T> {
    pub const MOST: usize = 20;
}

/// A form, as the RFCs of OAuth ask for it, or the same in JSON. The fields of `T` are texts.
#[derive(Debug)]
pub struct FormOrJson<T>(pub T);

/// What a body can be read as.
pub trait Shaped: DeserializeOwned + ToSchema + 'static {}

impl<T: DeserializeOwned + ToSchema + 'static> Shaped for T {}

impl<S: Send + Sync, T: Shaped> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        is_json(&parts.headers)?;
        is_merge_patch(&parts)?;
        parse(&read(body).await?, &parts.method).map(Self)
    }
}

impl<S: Send + Sync, T: Shaped> FromRequest<S> for MergePatch<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        Body::from_request(request, state).await.map(|Body(patch)| Self(patch))
    }
}

impl<S: Send + Sync, T: Shaped> FromRequest<S> for OneOrMore<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        is_json(&parts.headers)?;
        is_merge_patch(&parts)?;
        one_or_more(&read(body).await?, &parts.method).map(Self)
    }
}

impl<S: Send + Sync, T: Shaped + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        match if_any(&parts.headers, body).await? {
            Some(bytes) => parse(&bytes, &parts.method).map(Self),
            None => Ok(Self(T::default())),
        }
    }
}

impl<S: Send + Sync, T: Shaped> FromRequest<S> for FormOrJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        if !is_form(request.headers()) {
            return Body::from_request(request, state).await.map(|Body(read)| Self(read));
        }
        let (parts, body) = request.into_parts();
        is_not_encoded(&parts.headers)?;
        form(&read(body).await?).map(Self)
    }
}

pub const FORM_URLENCODED: &str = "application/x-www-form-urlencoded";

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers) == FORM_URLENCODED
}

/// The media type of a body, in lower case and without its parameters.
fn media_type(headers: &HeaderMap) -> String {
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = named.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn is_json(headers: &HeaderMap) -> Result<()> {
    let essence = media_type(headers);
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return Err(Error::UnsupportedMediaType);
    }
    is_not_encoded(headers)
}

/// A patch of another kind in JSON (RFC 6902) asks for something else than it would be taken for.
fn is_merge_patch(parts: &Parts) -> Result<()> {
    let essence = media_type(&parts.headers);
    match parts.method == Method::PATCH && essence != "application/json" && essence != MERGE_PATCH {
        true => Err(Error::UnsupportedMediaType),
        false => Ok(()),
    }
}

/// RFC 7396.
const MERGE_PATCH: &str = "application/merge-patch+json";

fn is_not_encoded(headers: &HeaderMap) -> Result<()> {
    let named = headers.get_all(CONTENT_ENCODING).iter();
    let mut codings = named.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if codings.all(|coding| coding.trim_ascii().is_empty() || coding.trim_ascii().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(Error::UnsupportedEncoding)
    }
}

/// The bytes of a body that can be left out, if there are any. `sam local` hands over a body of no length for none, and
/// one in chunks need not have any.
pub(super) async fn if_any(headers: &HeaderMap, body: axum::body::Body) -> Result<Option<Vec<u8>>> {
    let bytes = read(body).await;
    if bytes.as_ref().is_ok_and(Vec::is_empty) {
        return Ok(None);
    }
    is_json(headers)?;
    bytes.map(Some)
}

pub(super) async fn read(mut body: axum::body::Body) -> Result<Vec<u8>> {
    let (mut bytes, mut seen) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::Malformed("the body broke off".to_owned()))?;
        let data = frame.into_data().unwrap_or_default();
        seen += data.len();
        if seen <= LIMIT {
            bytes.extend_from_slice(&data);
        } else if seen > READ_LIMIT {
            break;
        }
    }
    if seen > LIMIT {
        Err(Error::BodyTooLarge(LIMIT))
    } else {
        Ok(bytes)
    }
}

fn parse<T: Shaped>(bytes: &[u8], method: &Method) -> Result<T> {
    match strict(bytes)? {
        Value::Object(members) => shaped(members, method),
        // Serde would take an array for a struct, field by field.
        _ => Err(Error::invalid("", "the body must be an object")),
    }
}

fn one_or_more<T: Shaped>(bytes: &[u8], method: &Method) -> Result<Vec<T>> {
    let most = OneOrMore::<T>::MOST;
    let all = match strict(bytes)? {
        Value::Object(members) => return shaped(members, method).map(|one| vec![one]),
        Value::Array(all) if all.len() <= most => all,
        Value::Array(_) => return Err(Error::invalid("", format!("the list has {most} items at most"))),
        _ => return Err(Error::invalid("", "the body must be an object, or a list of objects")),
    };
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for (n, item) in all.into_iter().enumerate() {
        let item = match item {
            Value::Object(members) => shaped(members, method),
            _ => Err(Error::invalid("", "this must be an object")),
        };
        match item {
            Ok(item) => read.push(item),
            Err(Error::Invalid(found)) => wrong.extend(found.into_iter().map(|violation| Violation {
                pointer: format!("/{n}{}", violation.pointer),
                ..violation
            })),
            Err(other) => return Err(other),
        }
    }
    match wrong.is_empty() {
        true => Ok(read),
        false => Err(Error::Invalid(wrong)),
    }
}

/// Members of an object as `T`.
fn shaped<T: Shaped>(members: Map<String, Value>, method: &Method) -> Result<T> {
    let shape = Shape::of_body::<T>();
    // Typed clients write the fields that they leave out of a PUT as null; in a patch a null means something.
    let nulls = if method == Method::PATCH {
        Nulls::Refused
    } else {
        Nulls::Absent
    };
    let read = shape.read(members, nulls)?;
    let nothing = [Method::PUT, Method::PATCH].contains(method) && !shape.knows_one_of(&read);
    let body = Value::Object(read);
    // In the one way that knows places: a second would be in each function once for each body.
    let read = serde_path_to_error::deserialize(&body).map_err(|_| wrong::everything::<T>(&body, shape))?;
    if nothing {
        return Err(Error::invalid("", format!("give at least one of {}", shape.names())));
    }
    Ok(read)
}

/// A body of JSON, whose objects name each member once.
fn strict(bytes: &[u8]) -> Result<Value> {
    // First whether it is JSON at all, to its end: what is wrong with its fields is only worth reporting after that.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| refusal(String::new(), &error))?;
    if let Err(error) = std::str::from_utf8(bytes) {
        let read = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = read.split(|byte| *byte == b'\n').count();
        let column = read.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
        let place = format!("the body is not UTF-8 at line {line}, column {column}");
        return Err(Error::Malformed(place));
    }
    let (mut json, mut track) = (serde_json::Deserializer::from_slice(bytes), Track::new());
    let read = Strict::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let read = read.map_err(|error| refusal(pointer(&track.path()), &error))?;
    Ok(read.0)
}

/// Each parameter once; others than those of `T` are ignored, and one without a value is none (RFC 6749, 3.2).
fn form<T: Shaped>(bytes: &[u8]) -> Result<T> {
    let mut members = Map::new();
    let sent = parameters(bytes, Shape::of_body::<T>(), token)?;
    for (name, value) in sent.into_iter().filter(|(_, value)| !value.is_empty()) {
        if members.insert(name.to_owned(), value.into()).is_some() {
            return Err(Error::invalid(token(name), format!("duplicate field `{name}`")));
        }
    }
    serde_path_to_error::deserialize(Value::Object(members))
        .map_err(|error| refusal(pointer(error.path()), error.inner()))
}

/// The parameters that the shape knows, in its spelling. One that is not UTF-8 is refused at its place: U+FFFD would be
/// read for it, which is a text like any other.
fn parameters<'a>(
    sent: &'a [u8],
    shape: &'static Shape,
    place: impl Fn(&str) -> String,
) -> Result<Vec<(&'static str, Cow<'a, str>)>> {
    let mut known = Vec::new();
    for pair in sent.split(|byte| *byte == b'&') {
        for (name, value) in form_urlencoded::parse(pair) {
            let Some(name) = shape.spelling(&name) else { continue };
            percent_decode(pair).decode_utf8().map_err(|_| not_utf_8(place(name)))?;
            known.push((name, value));
        }
    }
    Ok(known)
}

/// What is wrong with a part of a path, a query or a form that is not UTF-8.
pub fn not_utf_8(place: impl Into<String>) -> Error {
    Error::invalid(place, "this is not UTF-8, percent-encoded")
}

pub fn query<T: DeserializeOwned + IntoParams + 'static>(text: &str) -> Result<T> {
    let sent = parameters(text.as_bytes(), Shape::of_query::<T>(), |name| format!("?{name}"))?;
    let spelled = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(sent)
        .finish();
    let parsed = serde_urlencoded::Deserializer::new(form_urlencoded::parse(spelled.as_bytes()));
    serde_path_to_error::deserialize(parsed).map_err(|error| {
        let name = error.path().to_string();
        let detail = error.into_inner().to_string();
        let twice = detail
            .strip_prefix("duplicate field `")
            .and_then(|rest| rest.strip_suffix('`'));
        let name = twice
            .or(Some(name.as_str()).filter(|name| *name != "."))
            .unwrap_or_default();
        Error::invalid(format!("?{name}"), in_words(&detail))
    })
}

fn refusal(pointer: String, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let detail = in_words(text.split(" at line ").next().unwrap_or_default());
    if !error.is_data() {
        return Error::Malformed(format!(
            "the body is not JSON: {detail} at line {}, column {}",
            error.line(),
            error.column()
        ));
    }
    let missing = detail
        .strip_prefix("missing field `")
        .or_else(|| detail.strip_prefix("duplicate field `"))
        .and_then(|rest| rest.strip_suffix('`'));
    let pointer = missing.map_or_else(|| pointer.clone(), |field| pointer.clone() + &token(field));
    Error::Invalid(vec![Violation::new(pointer, detail)])
}

/// A path of serde's as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => token(key),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(segment).collect()
}

fn token(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests;
