//! Bodies: JSON, 64 KiB at most (rule 10). What is wrong is told with its place.

use std::fmt;
use std::marker::PhantomData;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};

use crate::error::{Error, Result, Violation};

/// The most bytes of a body.
pub const LIMIT: usize = 64 * 1024;

/// The most bytes of a body that are read, and dropped, before its sender is told that it is too large: who is cut off
/// in the middle often sees a broken connection in place of the answer. API Gateway passes no more than this on.
const HEARD_OUT: usize = 10 * 1024 * 1024;

/// A JSON body of the shape `T`.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON Merge Patch (RFC 7396): a field that is null is taken away. `T` keeps apart what is null and what is absent.
#[derive(Debug)]
pub struct MergePatch<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        parse(&read(request).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MergePatch<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        parse(&read(request).await?).map(Self)
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
        parse(&read(request).await?).map(Self)
    }
}

/// For a field of a merge patch: `None` where it is absent, `Some(None)` where it is null. Use as
/// `#[serde(default, deserialize_with = "nullable")]`.
///
/// # Errors
/// Those of the deserializer.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The same for a field that is an object itself. Serde would take an array for it, field by field.
///
/// # Errors
/// Those of the deserializer.
pub fn nullable_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    let object = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(Some(object.map(|Object(fields)| fields)))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

pub(super) async fn read(request: Request) -> Result<Vec<u8>> {
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
        } else if seen > HEARD_OUT {
            break;
        }
    }
    if seen > LIMIT {
        Err(Error::BodyTooLarge(LIMIT))
    } else {
        Ok(bytes)
    }
}

/// The object in these bytes.
///
/// # Errors
/// [`Error::Malformed`] with line and column; [`Error::Invalid`] with a JSON Pointer where it is JSON of another shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // First whether it is JSON at all, to its end: what is wrong with its fields is only worth saying after that.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| told(String::new(), &error))?;
    // Serde takes an array for a struct, field by field, and would speak of the struct by its name in the code.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid("", "the body must be an object"));
    }
    // What is ignored is not looked at by serde, and must be text all the same.
    if let Err(error) = std::str::from_utf8(bytes) {
        let read = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = read.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = read.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
        let place = format!("the body is not UTF-8 at line {line}, column {column}");
        return Err(Error::Malformed(place));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        told(pointer, &error.into_inner())
    })?;
    deserializer.end().map_err(|error| told(String::new(), &error))?;
    Ok(value)
}

/// A query of the shape `T`.
///
/// # Errors
/// [`Error::Invalid`] with the parameter's name behind a `?`.
pub fn query<T: DeserializeOwned>(text: &str) -> Result<T> {
    let parsed = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
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

pub(super) fn told(pointer: String, error: &serde_json::Error) -> Error {
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
    let pointer = missing.map(|field| format!("{pointer}/{field}")).unwrap_or(pointer);
    Error::Invalid(vec![Violation::new(pointer, detail)])
}

/// A path of serde's as a JSON Pointer (RFC 6901).
pub(super) fn pointer(path: &Path) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Shape {
        #[expect(dead_code, reason = "only read by serde")]
        name: String,
    }

    fn refusal(text: &str) -> Error {
        parse::<Shape>(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_not_json_is_told_with_line_and_column() {
        let told = refusal("{\n  \"name\": }").to_string();
        assert!(told.contains("line 2, column 11"), "{told}");
    }

    #[test]
    fn a_missing_field_and_a_wrong_type_are_told_with_their_pointer() {
        for text in ["{}", r#"{"name": 3}"#] {
            let Error::Invalid(violations) = refusal(text) else {
                panic!("{text}")
            };
            assert_eq!(violations[0].pointer, "/name", "{text}");
        }
    }

    #[test]
    fn i01_null_an_array_depth_a_byte_order_mark_and_a_second_value_are_refused() {
        let deep = "[".repeat(10_000);
        for text in [
            "null",
            "[]",
            "",
            &deep,
            "\u{feff}{\"name\":\"a\"}",
            "{\"name\":\"a\"} {}",
            "NaN",
            "1e400",
        ] {
            refusal(text);
        }
        let twice = refusal(r#"{"name":"a","name":"b"}"#);
        assert!(twice.to_string().contains("duplicate field"), "{twice}");
    }
}
