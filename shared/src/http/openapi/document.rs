//! The document of several tables.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Map, Value};
use utoipa::openapi::path::{HttpMethod, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, Object, OpenApiBuilder, Paths, PathsBuilder, RefOr, Schema, Server,
    Type,
};

use super::example::Examples;
use super::operation::{API_KEY, BEARER, operation};
use super::{Description, check};
use crate::error::{Error, Result};
use crate::http::routes::{Route, Routes};

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// The document of these tables. Its server is `/`: whoever serves it puts in where it is served.
pub fn document(version: &str, about: &str, tables: &[Routes]) -> Result<Value> {
    let rows: Vec<(&Route, Description)> = rows(tables).map(|row| (row, (row.describe)())).collect();
    let schemas = schemas(&rows)?;
    let known = schemas.iter().map(|(name, schema)| {
        let mut schema = super::json(schema);
        mend(&mut schema, tables);
        (name.clone(), schema)
    });
    let examples = Examples(known.collect());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token, or the key of a service account (`usher_sk_…`). Each operation names the permission that its account must hold.",
        ))
        .build();
    let api_key = ApiKeyValue::with_description(
        "X-Api-Key",
        "Identifies the client program: created at `/api/api-keys`, the first one by set-up.",
    );
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(api_key)))
        .build();
    let license = LicenseBuilder::new()
        .name("MIT OR Apache-2.0")
        .identifier(Some("MIT OR Apache-2.0"))
        .build();
    let info = InfoBuilder::new()
        .title("Usher")
        .version(version)
        .description(Some(about))
        .license(Some(license))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(tags(tables)))
        .paths(paths(&rows, &examples)?)
        .components(Some(components))
        .build();
    let mut document = serde_json::to_value(&document).map_err(Error::fault)?;
    mend(&mut document, tables);
    share(&mut document);
    let complaints = check::complaints(&document);
    if complaints.is_empty() {
        Ok(document)
    } else {
        Err(Error::fault(complaints.join("\n")))
    }
}

/// The format that marks a schema of the contracts' names, which are known here alone: [`surfaces`].
const SURFACE: &str = "usher-surface";

/// The schema of the name of a contract, as the histories have it.
pub fn surfaces() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom(SURFACE.to_owned())))
        .build()
}

/// Mends what utoipa cannot know. A field that is inlined for a type parameter and has a description of its own comes
/// out as all of its schema and of an object with nothing but that description, which no text and no list ever is.
fn mend(value: &mut Value, tables: &[Routes]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mend(item, tables)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| mend(member, tables));
            if members.get("format").is_some_and(|format| format == SURFACE) {
                let names: BTreeSet<&str> = tables
                    .iter()
                    .filter(|table| !table.options.tenantless)
                    .map(Routes::surface)
                    .collect();
                members.remove("format");
                members.insert("enum".to_owned(), names.into_iter().collect());
            }
            let alone = members.len() == 1;
            let Some(parts) = members.get_mut("allOf").and_then(Value::as_array_mut) else {
                return;
            };
            let is_bare =
                |part: &Value| part["type"] == "object" && part["description"].is_string() && members_of(part) == 2;
            parts.retain(|part| !is_bare(part));
            if let ([Value::Object(only)], true) = (parts.as_slice(), alone) {
                *members = only.clone();
            }
        }
        _ => {}
    }
}

/// Where a schema is written out that has a name (utoipa writes out what stands for a type parameter), refers to it: a
/// generated client then has one type for it, not one for each place.
fn share(document: &mut Value) {
    let schemas = document["components"]["schemas"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let objects = |(_, schema): &(String, Value)| schema["properties"].is_object() || schema["allOf"].is_array();
    let named: Vec<(String, Value)> = schemas.into_iter().filter(objects).collect();
    let Some(members) = document.as_object_mut() else {
        return;
    };
    if let Some(paths) = members.get_mut("paths") {
        refer(paths, &named);
    }
    let components = members
        .get_mut("components")
        .and_then(|all| all["schemas"].as_object_mut());
    for schema in components.into_iter().flat_map(Map::values_mut) {
        let within = schema.as_object_mut().into_iter().flat_map(Map::values_mut);
        within.for_each(|value| refer(value, &named));
    }
}

fn refer(value: &mut Value, named: &[(String, Value)]) {
    if let Some((name, _)) = named.iter().find(|(_, schema)| schema == value) {
        *value = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, named)),
        Value::Object(members) => members.values_mut().for_each(|member| refer(member, named)),
        _ => {}
    }
}

fn members_of(value: &Value) -> usize {
    value.as_object().map_or(0, Map::len)
}

fn rows(tables: &[Routes]) -> impl Iterator<Item = &Route> {
    tables.iter().flat_map(Routes::rows)
}

fn schemas(rows: &[(&Route, Description)]) -> Result<Schemas> {
    let mut schemas = Schemas::new();
    for (row, description) in rows {
        let of_dialect = (row.error_format.schemas)();
        for (name, schema) in description.schemas.iter().cloned().chain(of_dialect) {
            if schemas.get(&name).is_some_and(|known| *known != schema) {
                return Err(Error::fault(format!(
                    "two schemas are called {name}: give one of them another name with `#[schema(as = …)]`"
                )));
            }
            schemas.insert(name, schema);
        }
    }
    Ok(schemas)
}

fn tags(tables: &[Routes]) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for table in tables {
        let about = table.about;
        match tags.iter_mut().find(|tag| tag.name == table.tag) {
            Some(tag) => tag.description = tag.description.take().or(about.map(str::to_owned)),
            None => tags.push(TagBuilder::new().name(table.tag).description(about).build()),
        }
    }
    tags
}

fn paths(rows: &[(&Route, Description)], examples: &Examples) -> Result<Paths> {
    let mut paths = PathsBuilder::new();
    for (row, description) in rows {
        let item = PathItem::new(method(&row.method)?, operation(row, description, examples));
        paths = paths.path(row.path.as_ref(), item);
    }
    Ok(paths.build())
}

fn method(method: &Method) -> Result<HttpMethod> {
    match method.as_str() {
        "GET" => Ok(HttpMethod::Get),
        "POST" => Ok(HttpMethod::Post),
        "PUT" => Ok(HttpMethod::Put),
        "PATCH" => Ok(HttpMethod::Patch),
        "DELETE" => Ok(HttpMethod::Delete),
        other => Err(Error::fault(format!("a route with the method {other}"))),
    }
}
