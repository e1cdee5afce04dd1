//! What `openapi.json` states of an operation, as far as answers are held to it.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The document, with what was compiled of it so far.
pub struct Document {
    document: Value,
    compiled: HashMap<(String, String, u16), Option<Validator>>,
}

impl Document {
    pub fn committed() -> Self {
        Self {
            document: serde_json::from_str(include_str!("../../../openapi.json")).unwrap(),
            compiled: HashMap::new(),
        }
    }

    /// The paths and methods of the operations that take a body.
    pub fn with_bodies(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if operation["requestBody"].is_object() {
                    found.push((method.to_uppercase(), path.clone()));
                }
            }
        }
        found
    }

    /// Why this is no answer that the document has for the operation.
    pub fn refuses(&mut self, method: &str, path: &str, status: u16, media_type: &str, body: &Value) -> Option<String> {
        let answer = &self.document["paths"][path][method.to_lowercase()]["responses"][status.to_string()];
        let Some(answer) = answer.as_object() else {
            return Some(format!("{status} is not in the document"));
        };
        let content = answer.get("content").and_then(Value::as_object);
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return (!media_type.is_empty()).then(|| format!("{status} has no body in the document"));
        };
        let Some(described) = content.get(media_type) else {
            return Some(format!("{status} is no {media_type:?} in the document"));
        };
        let key = (method.to_owned(), path.to_owned(), status);
        let valid = self.compiled.entry(key).or_insert_with(|| {
            let mut schema = described.get("schema")?.clone();
            schema.as_object_mut()?.insert(
                "components".to_owned(),
                json!({ "schemas": self.document["components"]["schemas"] }),
            );
            Some(jsonschema::draft202012::new(&schema).unwrap())
        });
        let wrong: Vec<String> = valid
            .as_ref()?
            .iter_errors(body)
            .map(|error| error.to_string())
            .collect();
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }
}
