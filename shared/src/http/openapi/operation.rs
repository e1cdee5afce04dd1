//! One row of a table as an operation of the document.

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Required, Schema};

use super::Answer;
use super::example::Examples;
use crate::access::guard::Guard;
use crate::error::{Conflict, Error, Forbidden, Noun};
use crate::http::dialect::{self, Asked};
use crate::http::routes::Route;

/// What the document calls a token.
pub const BEARER: &str = "bearer";
/// What the document calls an API key.
pub const API_KEY: &str = "apiKey";
/// What marks an operation that exists on development stages only.
const DEV_ONLY: &str = "x-dev-only";

pub fn operation(row: &Route, examples: &Examples) -> Operation {
    let mut operation = OperationBuilder::new()
        .tag(row.tag)
        .summary(Some(row.summary))
        .description(says(row))
        .operation_id(Some(&row.operation))
        .securities(Some(security(row)));
    if !row.description.parameters.is_empty() {
        operation = operation.parameters(Some(row.description.parameters.clone()));
    }
    if let Some((types, schema)) = &row.description.body {
        operation = operation.request_body(Some(body(types, schema, examples)));
    }
    for answer in &row.description.answers {
        operation = operation.response(answer.status.to_string(), response(answer, examples));
    }
    for status in refusals(row) {
        operation = operation.response(status.to_string(), refusal(row, status, examples));
    }
    if row.dev_only {
        operation = operation.extensions(Some(ExtensionsBuilder::new().add(DEV_ONLY, true).build()));
    }
    operation.build()
}

fn says(row: &Route) -> Option<String> {
    let guard = match row.guard {
        Guard::Anyone => None,
        Guard::Guest => Some("For guests: whoever is signed in is told to log out first.".to_owned()),
        Guard::OnRank(rank) => Some(format!("Needs a token of an account on the rank `{rank}` or above it.")),
        Guard::OnRankToChangePassword(rank) => Some(format!(
            "Needs a token of an account on the rank `{rank}` or above it, and is open even where the password must be \
             changed first."
        )),
        Guard::SignedIn => Some("Needs a token, and no permission.".to_owned()),
        Guard::SignedInToChangePassword => {
            Some("Needs a token, and is open even where the password must be changed first.".to_owned())
        }
        Guard::Needs(permission) => Some(format!("Needs the permission `{permission}`.")),
    };
    let dev = row.dev_only.then(|| "Exists on development stages only.".to_owned());
    let sentences: Vec<String> = guard.into_iter().chain(dev).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// The permission stands where OpenAPI 3.1 lets a scheme that has no scopes name roles.
fn security(row: &Route) -> Vec<SecurityRequirement> {
    let permission = match row.guard {
        Guard::Needs(permission) => Some(permission),
        _ => None,
    };
    let mut needed = SecurityRequirement::default();
    if row.guard.is_guarded() {
        needed = needed.add(BEARER, permission);
    }
    if row.options.api_key {
        needed = needed.add(API_KEY, None::<&str>);
    }
    (needed != SecurityRequirement::default())
        .then_some(needed)
        .into_iter()
        .collect()
}

fn body(types: &[&str], schema: &RefOr<Schema>, examples: &Examples) -> RequestBody {
    let all = types.iter();
    let body = all.fold(RequestBodyBuilder::new(), |body, media| {
        body.content(*media, content(schema, examples))
    });
    body.required(Some(Required::True)).build()
}

fn content(schema: &RefOr<Schema>, examples: &Examples) -> Content {
    let example = examples.of(&json(schema));
    ContentBuilder::new()
        .schema(Some(schema.clone()))
        .example(example.filter(|example| !example.is_null()))
        .build()
}

fn response(answer: &Answer, examples: &Examples) -> Response {
    let schema = answer.content.as_ref().map(|(_, schema)| json(schema));
    let says = schema
        .as_ref()
        .and_then(|one| examples.resolve(one)["description"].as_str());
    let mut response = ResponseBuilder::new().description(says.unwrap_or(answer.description));
    if let Some((media, schema)) = &answer.content {
        response = response.content(*media, content(schema, examples));
    }
    for (name, says) in &answer.headers {
        response = response.header(*name, HeaderBuilder::new().description(Some(*says)).build());
    }
    response.build()
}

/// Every status that a route refuses with.
pub fn refusals(row: &Route) -> Vec<u16> {
    let by_guard: &[u16] = match row.guard {
        Guard::Anyone if row.options.api_key => &[401],
        Guard::Anyone => &[],
        Guard::Guest => &[400, 401],
        _ => &[401, 403],
    };
    let mut all: Vec<u16> = [by_guard, row.refusals, &row.description.refusals, &[500, 503]]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A refusal, with the dialect's own words and headers for an error of this status as its example.
fn refusal(row: &Route, status: u16, examples: &Examples) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let name = (row.error_format.schemas)().into_iter().next().map(|(name, _)| name);
    let mut content = ContentBuilder::new().schema(name.map(Ref::from_schema_name));
    let mut response = ResponseBuilder::new().description(code.canonical_reason().unwrap_or_default());
    let asked = Asked {
        path: path(row),
        with_token: true,
    };
    let said = dialect::example(&row.error_format, &asked, &sample(row, status, examples));
    // A dialect may have another status for the error that was thought of here: then there is no example.
    if let Some((_, headers, body)) = said.filter(|(as_status, ..)| *as_status == code) {
        content = content.example(Some(body));
        for (name, says) in described(&headers) {
            response = response.header(name, HeaderBuilder::new().description(Some(says)).build());
        }
    }
    response.content(row.error_format.media_type, content.build()).build()
}

fn described(headers: &HeaderMap) -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = [
        (
            header::WWW_AUTHENTICATE,
            "WWW-Authenticate",
            "What is wrong with the token (RFC 6750)",
        ),
        (header::RETRY_AFTER, "Retry-After", "Seconds after which to try again"),
    ];
    let sent = all.into_iter().filter(|(name, ..)| headers.contains_key(name));
    sent.map(|(_, name, says)| (name, says))
}

/// The path with an example for each of its parameters.
fn path(row: &Route) -> String {
    let parameters = row.description.parameters.iter();
    parameters.fold(row.path.to_string(), |path, parameter| {
        let example = json(parameter)["example"].as_str().unwrap_or_default().to_owned();
        path.replace(&format!("{{{}}}", parameter.name), &example)
    })
}

/// An error that this route may well refuse with, of this status.
fn sample(row: &Route, status: u16, examples: &Examples) -> Error {
    match status {
        400 => broken_rule(row, examples),
        401 if row.guard.is_guarded() => Error::InvalidToken,
        401 => Error::WrongCredentials,
        403 => match row.guard {
            Guard::Needs(permission) => Forbidden::MissingPermission(permission).into(),
            Guard::SignedIn => Forbidden::MustChangePassword.into(),
            Guard::OnRank(rank) | Guard::OnRankToChangePassword(rank) => Forbidden::BelowRank(rank).into(),
            Guard::SignedInToChangePassword => Forbidden::WrongPassword.into(),
            Guard::Anyone | Guard::Guest if asks_for(row, examples, "email") => Forbidden::RegistrationClosed.into(),
            Guard::Anyone | Guard::Guest => Error::WrongCredentials,
        },
        404 if row.dev_only => Error::NoSuchRoute,
        404 => Error::NotFound(noun(row).unwrap_or(Noun::User)),
        405 => Error::MethodNotAllowed,
        409 => conflict(row, examples).into(),
        412 => Error::PreconditionFailed,
        413 => Error::BodyTooLarge(crate::http::body::LIMIT),
        415 => Error::UnsupportedMediaType,
        423 => Error::Locked {
            reason: "too many failed logins".to_owned(),
            until: jiff::Timestamp::from_second(1_800_000_000).ok(),
            retry_after: Some(900),
        },
        503 => Error::unavailable(""),
        _ => Error::fault(""),
    }
}

/// The first thing that can be wrong with what the route takes.
fn broken_rule(row: &Route, examples: &Examples) -> Error {
    if let Some(schema) = body_schema(row, examples) {
        let field = schema["required"][0].as_str();
        return field.map_or_else(
            || Error::Malformed("the body is not JSON: expected value at line 1, column 1".to_owned()),
            |field| Error::invalid(format!("/{field}"), format!("missing field `{field}`")),
        );
    }
    let name = row.description.parameters.iter().find(|one| !in_path(one));
    let name = name.map(|one| one.name.as_str()).unwrap_or_default();
    Error::invalid(format!("?{name}"), "this is not a value that it can have")
}

fn in_path(parameter: &Parameter) -> bool {
    matches!(parameter.parameter_in, utoipa::openapi::path::ParameterIn::Path)
}

/// What the route is about: the last thing that its path names.
fn noun(row: &Route) -> Option<Noun> {
    match *row.description.path_parameters().last()? {
        "role" => Some(Noun::Role),
        "grant" => Some(Noun::Grant),
        "key" => Some(Noun::ApiKey),
        _ => Some(Noun::User),
    }
}

fn conflict(row: &Route, examples: &Examples) -> Conflict {
    match noun(row) {
        Some(Noun::Role) => Conflict::RoleHasMembers,
        Some(Noun::User) if row.method == http::Method::POST => Conflict::GrantStands,
        Some(Noun::Tenant) => Conflict::TenantTaken,
        Some(Noun::User | Noun::Grant | Noun::ApiKey | Noun::Ban) => Conflict::LastAdministrator,
        None => match body_schema(row, examples) {
            Some(schema) if has(&schema, "owner") => Conflict::TenantTaken,
            Some(schema) if has(&schema, "email") => Conflict::EmailTaken,
            Some(schema) if has(&schema, "roleName") => Conflict::RoleFull,
            Some(schema) if requires(&schema, "maxCount") => Conflict::BelowMemberCount,
            Some(schema) if has(&schema, "name") => Conflict::RoleNameTaken,
            _ => Conflict::LastAdministrator,
        },
    }
}

/// Whether the route's body has this field.
fn asks_for(row: &Route, examples: &Examples, field: &str) -> bool {
    body_schema(row, examples).is_some_and(|schema| has(&schema, field))
}

/// Whether a body has this field, however the contract spells it.
fn has(schema: &Value, field: &str) -> bool {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut parts = parts.chain([schema]).filter_map(|part| part["properties"].as_object());
    parts.any(|fields| fields.keys().any(|name| name.eq_ignore_ascii_case(field)))
}

/// Whether a body must have this field.
fn requires(schema: &Value, field: &str) -> bool {
    let names = schema["required"].as_array().into_iter().flatten();
    names
        .filter_map(Value::as_str)
        .any(|name| name.eq_ignore_ascii_case(field))
}

fn body_schema(row: &Route, examples: &Examples) -> Option<Value> {
    let (_, schema) = row.description.body.as_ref()?;
    Some(examples.resolve(&json(schema)).clone())
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
