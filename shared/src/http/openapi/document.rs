//! The document of several tables.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value};
use utoipa::openapi::path::{HttpMethod, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, PathsBuilder, RefOr, Schema, Server,
};

use super::check;
use super::example::Examples;
use super::operation::{API_KEY, BEARER, operation};
use crate::error::{Error, Result};
use crate::http::routes::Routes;

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// The document of these tables. Its server is `/`: whoever serves it puts in where it is served.
///
/// # Errors
/// [`Error::Fault`] with all that is wrong, each a defect: a method that OpenAPI has no word for, two schemas of one
/// name, or what [`check::complaints`] finds.
pub fn document(version: &str, about: &str, tables: &[Routes]) -> Result<OpenApi> {
    let schemas = schemas(tables)?;
    let examples = Examples(json(&schemas)?);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token. Beside an operation stands the permission that the account behind it must hold.",
        ))
        .build();
    let api_key = ApiKeyValue::with_description(
        "X-Api-Key",
        "What stands for the client program: made at `/api/api-keys`, the first one by set-up.",
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
        .paths(paths(tables, &examples)?)
        .components(Some(components))
        .build();
    let complaints = check::complaints(&serde_json::to_value(&document).map_err(Error::fault)?);
    if complaints.is_empty() {
        Ok(document)
    } else {
        Err(Error::fault(complaints.join("\n")))
    }
}

fn schemas(tables: &[Routes]) -> Result<Schemas> {
    let mut schemas = Schemas::new();
    for row in tables.iter().flat_map(Routes::rows) {
        let of_dialect = (row.error_format.schemas)();
        for (name, schema) in row.description.schemas.iter().cloned().chain(of_dialect) {
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

fn json(schemas: &Schemas) -> Result<Map<String, Value>> {
    let all = schemas.iter();
    let values = all.map(|(name, schema)| Ok((name.clone(), serde_json::to_value(schema).map_err(Error::fault)?)));
    values.collect()
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

fn paths(tables: &[Routes], examples: &Examples) -> Result<Paths> {
    let mut paths = PathsBuilder::new();
    for row in tables.iter().flat_map(Routes::rows) {
        let item = PathItem::new(method(&row.method)?, operation(row, examples));
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
