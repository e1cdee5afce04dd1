//! Bodies and queries: JSON, 64 KiB at most (rule 10), and what is wrong with its place.

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use http::Extensions;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};
use serde_path_to_error::{Path, Segment, Track};

use crate::error::{Error, Result, Violation};
use crate::json::Names;

pub const LIMIT: usize = 64 * 1024;

/// The most bytes of a body that are read, and dropped, before it is refused as too large: a client that is cut off
/// in the middle often sees a broken connection in place of the answer. API Gateway passes no more than this on.
const READ_LIMIT: usize = 10 * 1024 * 1024;

#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON Merge Patch (RFC 7396): a field that is null is taken away. `T` keeps apart what is null and what is absent.
#[derive(Debug)]
pub struct MergePatch<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        shape(request).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MergePatch<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        shape(request).await.map(Self)
    }
}

/// A body of the shape `T` that can be left out altogether.
#[derive(Debug)]
pub struct MaybeBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        // `sam local` hands over a body of no length for none.
        let body = request.body();
        if body.is_end_stream() || body.size_hint().exact() == Some(0) {
            return Ok(Self(T::default()));
        }
        shape(request).await.map(Self)
    }
}

/// The names of fields as the route's contract has them.
pub(super) fn names(extensions: &Extensions) -> Names {
    extensions.get().copied().unwrap_or_default()
}

async fn shape<T: DeserializeOwned>(request: Request) -> Result<T> {
    let names = names(request.extensions());
    parse(&read(request).await?, names)
}

async fn read(request: Request) -> Result<Vec<u8>> {
    let media_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return Err(Error::UnsupportedMediaType);
    }
    let (mut body, mut bytes, mut seen) = (request.into_body(), Vec::new(), 0_usize);
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

pub fn parse<T: DeserializeOwned>(bytes: &[u8], names: Names) -> Result<T> {
    // First whether it is JSON at all, to its end: what is wrong with its fields is only worth reporting after that.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| refusal(String::new(), &error))?;
    // Serde takes an array for a struct, field by field, and would name the struct of the code in its message.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid("", "the body must be an object"));
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let read = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = read.split(|byte| *byte == b'\n').count();
        let column = read.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
        let place = format!("the body is not UTF-8 at line {line}, column {column}");
        return Err(Error::Malformed(place));
    }
    let (mut json, mut track) = (serde_json::Deserializer::from_slice(bytes), Track::new());
    let value = names
        .deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track))
        .map_err(|error| refusal(pointer(&track.path()), &error))?;
    serde_path_to_error::deserialize(value).map_err(|error| refusal(pointer(error.path()), error.inner()))
}

pub fn query<T: DeserializeOwned>(text: &str, names: Names) -> Result<T> {
    let mut spelled = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        spelled.append_pair(names.spelling(&name).unwrap_or(&name), &value);
    }
    let spelled = spelled.finish();
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
        Error::invalid(format!("?{name}"), detail)
    })
}

fn refusal(pointer: String, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let detail = text.split(" at line ").next().unwrap_or_default().to_owned();
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
