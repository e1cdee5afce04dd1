//! Examples of bodies, put together from those of their fields.

use serde_json::{Map, Value, json};

/// A schema that holds itself is followed so far.
const DEEPEST: usize = 8;

pub struct Examples(pub Map<String, Value>);

impl Examples {
    pub fn of(&self, schema: &Value) -> Option<Value> {
        self.find(schema, true, 0)
    }

    /// What a schema that is a reference refers to.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next());
        name.and_then(|name| self.0.get(name)).unwrap_or(schema)
    }

    /// An example; where none `must` be, only one that the schema gives itself. So a body shows what is required and
    /// what its author chose to show, and not every field that it can have.
    fn find(&self, schema: &Value, must: bool, depth: usize) -> Option<Value> {
        let schema = self.resolve(schema);
        if depth > DEEPEST {
            return None;
        }
        if let Some(own) = own(schema) {
            return Some(own.clone());
        }
        for several in ["oneOf", "anyOf", "allOf"] {
            if let Some(schemas) = schema[several].as_array() {
                let all = schemas.iter().filter(|one| one["type"] != "null");
                let mut found = all.filter_map(|one| self.find(one, must, depth + 1));
                return if several == "allOf" {
                    found.reduce(merge)
                } else {
                    found.next()
                };
            }
        }
        match kind(schema) {
            "object" => self.object(schema, must, depth),
            "array" => {
                let item = self.find(&schema["items"], must, depth + 1);
                item.map(|item| json!([item])).or_else(|| must.then(|| json!([])))
            }
            scalar => must.then(|| usual(scalar, schema["format"].as_str().unwrap_or_default())),
        }
    }

    fn object(&self, schema: &Value, must: bool, depth: usize) -> Option<Value> {
        let required = |name: &str| {
            let names = schema["required"].as_array();
            names.is_some_and(|names| names.iter().any(|one| one == name))
        };
        let fields = schema["properties"].as_object().into_iter().flatten();
        let shown = fields.filter_map(|(name, field)| {
            let example = self.find(field, must && required(name), depth + 1)?;
            Some((name.clone(), example))
        });
        let shown: Map<String, Value> = shown.collect();
        (must || !shown.is_empty()).then_some(Value::Object(shown))
    }
}

fn own(schema: &Value) -> Option<&Value> {
    let first = |name: &str| schema.get(name)?.as_array()?.iter().find(|one| !one.is_null());
    schema
        .get("example")
        .or_else(|| first("examples"))
        .or_else(|| schema.get("const"))
        .or_else(|| first("enum"))
}

/// The type; of several the first that is not null.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array();
    let first = several.and_then(|all| all.iter().filter_map(Value::as_str).find(|one| *one != "null"));
    first.or(schema["type"].as_str()).unwrap_or_default()
}

fn usual(kind: &str, format: &str) -> Value {
    match (kind, format) {
        ("boolean", _) => json!(true),
        ("integer" | "number", _) => json!(1),
        ("string", "date-time") => json!("2026-01-31T09:30:00.000Z"),
        ("string", "uuid") => json!("0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
        ("string", "email") => json!("jane@example.org"),
        ("string", "uri") => json!("https://example.org"),
        ("string", _) => json!("text"),
        _ => Value::Null,
    }
}

fn merge(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, _) => one,
    }
}
