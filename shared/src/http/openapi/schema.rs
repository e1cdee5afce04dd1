//! Schemas of texts and of words.

use utoipa::openapi::schema::{ObjectBuilder, SchemaType};
use utoipa::openapi::{Object, Schema, Type};

pub fn text() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).build().into()
}

/// The schema of a text that is one of these words: for `#[schema(schema_with = …)]`.
pub fn words(words: impl IntoIterator<Item = impl Into<serde_json::Value>>) -> Object {
    let object = ObjectBuilder::new().schema_type(Type::String);
    object.enum_values(Some(words.into_iter().map(Into::into))).build()
}

/// The same, or null.
pub fn words_or_null(words: impl IntoIterator<Item = impl Into<serde_json::Value>>) -> Object {
    let object = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    let null = std::iter::once(serde_json::Value::Null);
    let all = words.into_iter().map(Into::into).chain(null);
    object.enum_values(Some(all)).build()
}
