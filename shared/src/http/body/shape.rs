//! What a body or a query can hold, as its type's schema has it. So names are known in any letter case without a list
//! of them, and what the document says of `null` is what holds (rule 10).

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use serde_json::{Map, Number, Value};
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::{Body, token};
use crate::error::{Error, Result, Violation};
use crate::http::call::Query;

/// A schema that holds itself is followed so far.
const DEEPEST: usize = 8;

#[derive(Debug, Default)]
pub struct Shape {
    /// By their names in lower case.
    fields: HashMap<String, Field>,
    /// As the contract spells them.
    required: Vec<String>,
    items: Option<Box<Self>>,
    takes_null: bool,
}

#[derive(Debug)]
struct Field {
    /// As the contract spells it.
    name: String,
    shape: Shape,
}

/// What a null is where the schema has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// The field's absence: where something is made.
    Absent,
    /// Refused: where something is changed, it would read as if the field could be cleared.
    Refused,
}

impl Shape {
    pub fn of_body<T: ToSchema + 'static>() -> &'static Self {
        once(TypeId::of::<Body<T>>(), || {
            let (mut named, mut all) = (Map::new(), Vec::new());
            T::schemas(&mut all);
            for (name, schema) in all {
                named.insert(name, json(&schema));
            }
            Self::of(&json(&T::schema()), &named, 0)
        })
    }

    pub fn of_query<T: IntoParams + 'static>() -> &'static Self {
        once(TypeId::of::<Query<T>>(), || {
            let parameters = T::into_params(|| Some(ParameterIn::Query));
            let fields = parameters.into_iter().map(|parameter| {
                let (name, shape) = (parameter.name, Self::default());
                (name.to_ascii_lowercase(), Field { name, shape })
            });
            Self {
                fields: fields.collect(),
                ..Self::default()
            }
        })
    }

    fn of(schema: &Value, named: &Map<String, Value>, depth: usize) -> Self {
        let mut shape = Self::default();
        if depth > DEEPEST {
            return shape;
        }
        if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
            return named
                .get(name)
                .map_or(shape, |schema| Self::of(schema, named, depth + 1));
        }
        let is_null = |kind: &Value| kind == "null";
        let kind = &schema["type"];
        shape.takes_null = is_null(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(is_null));
        for several in ["allOf", "oneOf", "anyOf"] {
            for part in schema[several].as_array().into_iter().flatten() {
                let part = Self::of(part, named, depth + 1);
                shape.fields.extend(part.fields);
                shape.items = shape.items.or(part.items);
                shape.takes_null |= part.takes_null;
                // Of several of which one is meant, none has to have what another has.
                if several == "allOf" {
                    shape.required.extend(part.required);
                }
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        shape
            .required
            .extend(required.filter_map(Value::as_str).map(str::to_owned));
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let field = Field {
                name: name.clone(),
                shape: Self::of(field, named, depth + 1),
            };
            shape.fields.insert(name.to_ascii_lowercase(), field);
        }
        if schema["items"].is_object() {
            shape.items = Some(Box::new(Self::of(&schema["items"], named, depth + 1)));
        }
        shape
    }

    /// The name that is meant, as the contract spells it.
    pub fn spelling(&self, name: &str) -> Option<&str> {
        self.field(name).map(|field| field.name.as_str())
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(&name.to_ascii_lowercase())
    }

    pub fn knows_one_of(&self, members: &Map<String, Value>) -> bool {
        members.keys().any(|name| self.field(name).is_some())
    }

    /// The fields that a body lacks.
    pub fn missing(&self, body: &Value) -> impl Iterator<Item = Violation> {
        let missing = self.required.iter().filter(|name| body.get(name.as_str()).is_none());
        missing.map(|name| Violation::new(token(name), format!("missing field `{name}`")))
    }

    /// The names that it knows, as they are in a sentence.
    pub fn names(&self) -> String {
        let mut names: Vec<&str> = self.fields.values().map(|field| field.name.as_str()).collect();
        names.sort_unstable();
        format!("`{}`", names.join("`, `"))
    }

    /// The members with their names as the contract spells them, at any depth, integers as integers, and no null where
    /// the schema has none. What is unknown stays as it is.
    pub fn read(&self, members: Map<String, Value>, nulls: Nulls) -> Result<Map<String, Value>> {
        let mut wrong = Vec::new();
        let read = self.object(members, nulls, "", &mut wrong);
        if wrong.is_empty() {
            Ok(read)
        } else {
            Err(Error::Invalid(wrong))
        }
    }

    fn object(
        &self,
        members: Map<String, Value>,
        nulls: Nulls,
        at: &str,
        wrong: &mut Vec<Violation>,
    ) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, value) in members {
            let Some(field) = self.field(&name) else {
                all.insert(name, value);
                continue;
            };
            let (name, at) = (&field.name, format!("{at}{}", token(&field.name)));
            if value.is_null() && !field.shape.takes_null && nulls == Nulls::Refused {
                wrong.push(Violation::new(
                    at.clone(),
                    "it cannot be null: leave the field out to keep its value",
                ));
            }
            let value = field.shape.value(value, nulls, &at, wrong);
            if all.insert(name.clone(), value).is_some() {
                wrong.push(Violation::new(at, format!("duplicate field `{name}`")));
            }
        }
        all.retain(|name, value| !value.is_null() || self.field(name).is_none_or(|field| field.shape.takes_null));
        all
    }

    fn value(&self, value: Value, nulls: Nulls, at: &str, wrong: &mut Vec<Violation>) -> Value {
        match (value, &self.items) {
            (Value::Object(members), _) => Value::Object(self.object(members, nulls, at, wrong)),
            (Value::Array(all), Some(items)) => {
                let all = all.into_iter().enumerate();
                let read = all.map(|(n, item)| items.value(item, nulls, &format!("{at}/{n}"), wrong));
                Value::Array(read.collect())
            }
            (Value::Number(number), _) => Value::Number(whole(number)),
            (other, _) => other,
        }
    }
}

/// `42.0` and `4.2e1` are the integer 42. (No contract has a number that is not one.)
fn whole(number: Number) -> Number {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number;
    };
    // Without a fraction it is written as an integer is.
    let text = float.to_string();
    let unsigned = text.parse::<u64>().map(Number::from);
    unsigned
        .or_else(|_| text.parse::<i64>().map(Number::from))
        .unwrap_or(number)
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A schema is put together anew each time that a type is asked for it, so a shape is kept.
fn once(key: TypeId, make: impl FnOnce() -> Shape) -> &'static Shape {
    static SHAPES: LazyLock<RwLock<HashMap<TypeId, &'static Shape>>> = LazyLock::new(RwLock::default);
    let known = SHAPES.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    known.unwrap_or_else(|| {
        let mut shapes = SHAPES.write().unwrap_or_else(PoisonError::into_inner);
        shapes.entry(key).or_insert_with(|| Box::leak(Box::new(make())))
    })
}
