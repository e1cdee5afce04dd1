//! One row of a table as an operation of the document.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, header};
use serde_json::Value;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Required, Schema};

use super::bodies::REFUSED;
use super::example::Examples;
use super::{Answer, Description, json};
use crate::access::guard::Guard;
use crate::domain::role::Rank;
use crate::error::{Error, Forbidden, Noun};
use crate::http::dialect::{self, Asked};
use crate::http::idempotency;
use crate::http::rate_limit_fields;
use crate::http::routes::Route;

pub const BEARER: &str = "bearer";
pub const API_KEY: &str = "apiKey";
/// [`DEVICE`](crate::http::request_info::DEVICE), as documents spell it.
const DEVICE_TOKEN: &str = "X-Usher-Device";
/// What an answer states of the caller's limit, where the stack has limits of rate.
const LEFT: [(&str, &str); 2] = [
    (
        "RateLimit",
        "What is left to the caller, and after how many seconds the limit is anew",
    ),
    (
        "RateLimit-Policy",
        "How many requests the limit allows in how many seconds",
    ),
];
/// What marks an operation that exists on development stages only.
const DEV_ONLY: &str = "x-dev-only";

pub fn operation(row: &Route, description: &Description, examples: &Examples) -> Operation {
    let mut operation = OperationBuilder::new()
        .tag(row.tag)
        .summary(Some(row.summary))
        .description(access(row))
        .operation_id(Some(&row.operation))
        .securities(Some(security(row)));
    let mut parameters = description.parameters.clone();
    parameters.extend(row.options.makes.then(idempotency_key));
    parameters.extend(compares_password(row).then(device_token));
    if !parameters.is_empty() {
        operation = operation.parameters(Some(parameters));
    }
    if let Some((types, schema)) = &description.body {
        let mut body = body(types, schema, examples);
        if description.body_can_be_left_out {
            body.required = Some(Required::False);
        }
        operation = operation.request_body(Some(body));
    }
    let is_limited = errors(row, description)
        .iter()
        .any(|error| matches!(error, Error::RateLimited(_)));
    for answer in &description.answers {
        let mut response = response(answer, examples);
        if logs_in(row) {
            let device = HeaderBuilder::new().description(Some("The device's token, for its next login"));
            response.headers.insert(DEVICE_TOKEN.to_owned(), device.build().into());
        }
        if is_limited {
            for (name, text) in LEFT {
                let left = HeaderBuilder::new().description(Some(text)).build();
                response.headers.insert(name.to_owned(), left.into());
            }
        }
        operation = operation.response(answer.status.to_string(), response);
    }
    for (status, all) in refusals(row, description) {
        operation = operation.response(status.to_string(), refusal(row, &all));
    }
    if row.dev_only {
        operation = operation.extensions(Some(ExtensionsBuilder::new().add(DEV_ONLY, true).build()));
    }
    operation.build()
}

fn idempotency_key() -> Parameter {
    let text = "A text of the client's own, such as a UUID: the same request with the same key is done once, and answered \
                the same for 24 hours";
    super::header(idempotency::NAME, text, "8e03978e-40d5-43dd-bc93-6894a57f9324")
}

fn logs_in(row: &Route) -> bool {
    Error::LOGIN.iter().all(|error| row.errors.contains(&error))
}

/// Whether attempts at a password are counted, under a name or by a device.
fn compares_password(row: &Route) -> bool {
    let restates = [Error::LOCKED, Error::Forbidden(Forbidden::WrongPassword)];
    logs_in(row) || restates.iter().all(|error| row.errors.contains(&error))
}

fn device_token() -> Parameter {
    let text = "The token that an earlier login from this device answered: its failures, and those of others, are counted \
                apart";
    super::header(DEVICE_TOKEN, text, "usher_dev_AZq8Y9nWd0a7Vb3kX2mP")
}

fn access(row: &Route) -> Option<String> {
    let guard = match row.guard {
        Guard::Anyone => None,
        Guard::Guest => Some("For guests: a signed-in caller must log out first.".to_owned()),
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
    if row.options.api_key.is_some() {
        needed = needed.add(API_KEY, None::<&str>);
    }
    (needed != SecurityRequirement::default())
        .then_some(needed)
        .into_iter()
        .collect()
}

/// The first media type is the body's. Others that are taken as well are named in words: of each that stands in `content`
/// generators of clients make a parameter, and openapi-python-client one that it does not import.
fn body(types: &[&str], schema: &RefOr<Schema>, examples: &Examples) -> RequestBody {
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    let Some((first, others)) = types.split_first() else {
        return body.build();
    };
    let also = others
        .iter()
        .map(|media| format!("`{media}`"))
        .collect::<Vec<_>>()
        .join(" or ");
    let also = (!also.is_empty()).then(|| format!("Taken as {also} as well."));
    body.content(*first, content(schema, examples))
        .description(also)
        .build()
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
    let text = schema
        .as_ref()
        .and_then(|one| examples.resolve(one)["description"].as_str());
    let mut response = ResponseBuilder::new().description(text.unwrap_or(answer.description));
    if let Some((media, schema)) = &answer.content {
        response = response.content(*media, content(schema, examples));
    }
    for (name, text) in &answer.headers {
        response = response.header(*name, HeaderBuilder::new().description(Some(*text)).build());
    }
    response.build()
}

/// Every error that a route answers: those that everything does, those of its guard, of its inputs, and its own.
pub fn errors(row: &Route, description: &Description) -> Vec<Error> {
    let mut all = by_guard(row);
    all.extend(description.errors.iter().chain(row.errors.iter().copied()).cloned());
    if !row.options.tenantless {
        all.push(Error::NotFound(Noun::Tenant));
    }
    if row.dev_only {
        all.push(Error::NoSuchRoute);
    }
    if row.takes_no_body {
        all.extend(REFUSED);
    }
    if row.options.makes {
        all.extend([Error::InFlight(15), Error::KeyReused]);
    }
    all.extend([Error::fault(""), Error::unavailable("")]);
    all
}

fn by_guard(row: &Route) -> Vec<Error> {
    let mut all = Vec::from_iter(row.options.api_key.map(|_| Error::InvalidApiKey));
    if row.guard.is_guarded() {
        all.extend([Error::InvalidToken, Error::NoCredentials, Error::NotSetUp]);
    }
    let must_change = Error::Forbidden(Forbidden::MustChangePassword);
    match row.guard {
        Guard::Anyone | Guard::SignedInToChangePassword => {}
        Guard::Guest => all.extend([Error::AlreadySignedIn, Error::NotSetUp]),
        Guard::SignedIn => all.push(must_change),
        Guard::Needs(permission) => all.extend([Forbidden::MissingPermission(permission).into(), must_change]),
        Guard::OnRank(rank) => all.extend(below(rank).chain([must_change])),
        Guard::OnRankToChangePassword(rank) => all.extend(below(rank)),
    }
    all
}

/// No account is below the lowest rank.
fn below(rank: Rank) -> impl Iterator<Item = Error> {
    (rank > Rank::default())
        .then(|| Forbidden::BelowRank(rank).into())
        .into_iter()
}

/// What the route's dialect answers to each of its errors, by status.
fn refusals(row: &Route, description: &Description) -> BTreeMap<u16, Vec<Refusal>> {
    let asked = Asked {
        path: path(row, description),
        with_token: true,
        with_form: false,
    };
    let mut by_status: BTreeMap<u16, Vec<Refusal>> = BTreeMap::new();
    for error in errors(row, description) {
        let Some((status, headers, body)) = dialect::example(&row.error_format, &asked, &error) else {
            continue;
        };
        let same = by_status.entry(status.as_u16()).or_default();
        if same.iter().all(|known| known.body != body) {
            same.push(Refusal { error, headers, body });
        }
    }
    by_status
}

struct Refusal {
    error: Error,
    headers: HeaderMap,
    body: Value,
}

impl Refusal {
    fn description(&self) -> String {
        match &self.error {
            Error::Invalid(_) => "the request breaks a rule".to_owned(),
            Error::Malformed(_) => "the body is not JSON".to_owned(),
            other => other.to_string(),
        }
    }
}

/// The answers of one status: an example, or several by their kind.
fn refusal(row: &Route, all: &[Refusal]) -> Response {
    let name = (row.error_format.schemas)().into_iter().next().map(|(name, _)| name);
    let mut content = ContentBuilder::new().schema(name.map(Ref::from_schema_name));
    if let [one] = all {
        content = content.example(Some(one.body.clone()));
    } else {
        let mut named: BTreeMap<String, Example> = BTreeMap::new();
        for Refusal { error, body, .. } in all {
            let kind = error.kind().to_owned();
            let many = named.keys().filter(|name| name.starts_with(&kind)).count();
            let name = if many == 0 {
                kind
            } else {
                format!("{kind}-{}", many + 1)
            };
            named.insert(name, ExampleBuilder::new().value(Some(body.clone())).build());
        }
        content = content.examples_from_iter(named);
    }
    let mut descriptions: Vec<String> = all.iter().map(Refusal::description).collect();
    descriptions.dedup();
    let mut response = ResponseBuilder::new().description(sentence(&descriptions.join("; ")));
    for (name, text) in described(all) {
        response = response.header(name, HeaderBuilder::new().description(Some(text)).build());
    }
    response.content(row.error_format.media_type, content.build()).build()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn described(all: &[Refusal]) -> impl Iterator<Item = (&'static str, &'static str)> {
    let known = [
        (
            header::WWW_AUTHENTICATE,
            "WWW-Authenticate",
            "What is wrong with the token (RFC 6750)",
        ),
        (header::RETRY_AFTER, "Retry-After", "Seconds after which to try again"),
        (
            rate_limit_fields::LIMIT,
            "RateLimit",
            "The limit that the request is over, what is left of it, and after how many seconds it is anew",
        ),
        (
            rate_limit_fields::POLICY,
            "RateLimit-Policy",
            "How many requests that limit allows in how many seconds",
        ),
    ];
    let is_sent = |name: &HeaderName| all.iter().any(|one| one.headers.contains_key(name));
    let sent = known.into_iter().filter(move |(name, ..)| is_sent(name));
    sent.map(|(_, name, text)| (name, text))
}

/// The path with an example for each of its parameters.
fn path(row: &Route, description: &Description) -> String {
    let parameters = description.parameters.iter();
    parameters.fold(row.path.to_string(), |path, parameter| {
        let example = json(parameter)["example"].as_str().unwrap_or_default().to_owned();
        path.replace(&format!("{{{}}}", parameter.name), &example)
    })
}
