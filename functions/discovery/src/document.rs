//! The OpenAPI document as a stack serves it.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use serde::Serialize;
use serde_json::{Map, Value, json};
use usher::error::{Error, Result};
use usher::http::openapi::{Description, Output};
use utoipa::ToSchema;

use crate::fixed::{Coding, Fixed};

/// The document as it is committed, packed by the build: `cargo run -- --write-openapi` writes it, and a test of `local`
/// holds it to the route tables.
const OPENAPI: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// For how long it may be kept, in seconds.
const MAX_AGE: u32 = 300;

/// The document of the address that was asked last. A stack has one, and so has a local server; an instance that is asked
/// at several makes it anew, which is slower and no more.
static MADE: Mutex<Option<Made>> = Mutex::new(None);

struct Made {
    address: String,
    dev: bool,
    document: Arc<Fixed>,
}

/// The document of the stack at this address: without the operations of development stages where it is none.
pub fn at(address: &str, dev: bool) -> Result<Arc<Fixed>> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = made.as_ref().filter(|made| made.address == address && made.dev == dev) {
        return Ok(made.document.clone());
    }
    let text = serde_json::to_string(&of(&openapi()?, address, dev)?).map_err(Error::fault)?;
    let document = Arc::new(Fixed::new("application/json", MAX_AGE, text));
    *made = Some(Made {
        address: address.to_owned(),
        dev,
        document: document.clone(),
    });
    Ok(document)
}

/// The document of every stage, at no address.
pub fn openapi() -> Result<String> {
    let mut text = String::new();
    GzDecoder::new(OPENAPI)
        .read_to_string(&mut text)
        .map_err(Error::fault)?;
    Ok(text)
}

/// An OpenAPI document (3.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
struct OpenApiDocument(Map<String, Value>);

fn of(text: &str, address: &str, dev: bool) -> Result<OpenApiDocument> {
    let mut document: Map<String, Value> = serde_json::from_str(text).map_err(Error::fault)?;
    document.insert("servers".to_owned(), json!([{ "url": address }]));
    if let Some(Value::Object(paths)) = document.get_mut("paths").filter(|_| !dev) {
        paths
            .values_mut()
            .filter_map(Value::as_object_mut)
            .for_each(drop_dev_only);
        paths.retain(|_, path| path.as_object().is_some_and(|operations| !operations.is_empty()));
    }
    Ok(OpenApiDocument(document))
}

fn drop_dev_only(operations: &mut Map<String, Value>) {
    operations.retain(|_, operation| operation["x-dev-only"] != true);
}

/// The answer that it is.
#[derive(Debug)]
pub struct Document(Response);

impl Document {
    pub fn answer(document: &Fixed, coding: Coding) -> Self {
        Self(document.answer(coding))
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Output for Document {
    fn describe(description: &mut Description) {
        let schema = description.reference::<OpenApiDocument>();
        description.answer(StatusCode::OK, "Done", Some(("application/json", schema)));
        description.kept();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_on_development_stages_only_is_not_in_the_document_of_another() {
        let text = r#"{"paths": {
            "/a": {"get": {"summary": "both"}, "post": {"x-dev-only": true}},
            "/b": {"post": {"x-dev-only": true}}
        }}"#;
        let dev = of(text, "https://a.example", true).unwrap().0;
        assert_eq!(dev["paths"]["/b"]["post"]["x-dev-only"], true);
        let prod = of(text, "https://a.example", false).unwrap().0;
        assert_eq!(prod["paths"], json!({ "/a": { "get": { "summary": "both" } } }));
        assert_eq!(prod["servers"], json!([{ "url": "https://a.example" }]));
    }

    #[test]
    fn it_is_made_once_for_an_address_and_a_stage() {
        let first = at("https://one.example", false).unwrap();
        assert!(Arc::ptr_eq(&first, &at("https://one.example", false).unwrap()));
        let other = at("https://two.example", false).unwrap();
        assert!(!Arc::ptr_eq(&first, &other));
        assert!(!Arc::ptr_eq(&other, &at("https://two.example", true).unwrap()));
    }
}
