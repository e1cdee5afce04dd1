//! The OpenAPI document (3.1), made of the route tables: what a handler takes and answers is read off its signature, so
//! the document cannot say anything else than the code does.

use std::collections::BTreeMap;
use std::future::Future;

use http::{Method, StatusCode};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, RefOr, Required,
    Schema, Type,
};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Created, Json, Maybe, NoContent, Tagged, Text};
use super::body::{Body, MaybeBody, MergePatch};
use super::call::{GrantPath, IfMatch, Prefer, Query, RolePath, UserPath};
use super::routes::{Route, Routes};
use crate::access::guard::Guard;
use crate::actions::Context;
use crate::error::{Error, Result};

/// What a handler takes and answers.
#[derive(Default, Clone)]
pub struct Description {
    parameters: Vec<Parameter>,
    body: Option<(Vec<&'static str>, RefOr<Schema>)>,
    answers: Vec<Answer>,
    refusals: Vec<u16>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    description: &'static str,
    content: Option<(&'static str, RefOr<Schema>)>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Description {
    /// The names of its path parameters.
    pub fn path_parameters(&self) -> Vec<&str> {
        let in_path = self
            .parameters
            .iter()
            .filter(|p| matches!(p.parameter_in, ParameterIn::Path));
        in_path.map(|p| p.name.as_str()).collect()
    }

    fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name()).into()
    }

    fn answer(
        &mut self,
        status: StatusCode,
        description: &'static str,
        content: Option<(&'static str, RefOr<Schema>)>,
    ) {
        self.answers.push(Answer {
            status: status.as_u16(),
            description,
            content,
            headers: Vec::new(),
        });
    }

    fn with_header(&mut self, name: &'static str, description: &'static str) {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, description));
        }
    }
}

/// Something that a handler takes.
pub trait Input {
    /// Says so.
    fn describe(description: &mut Description);
}

/// Something that a handler answers.
pub trait Output {
    /// Says so.
    fn describe(description: &mut Description);
}

/// A handler whose signature says what it takes and answers.
pub trait Described<T> {
    /// What it takes and answers.
    fn describe() -> Description;
}

macro_rules! described {
    ($($input:ident),*) => {
        impl<F, Fut, M, R, $($input,)*> Described<(M, $($input,)*)> for F
        where
            F: FnOnce($($input,)*) -> Fut,
            Fut: Future<Output = Result<R>>,
            R: Output,
            $($input: Input,)*
        {
            fn describe() -> Description {
                let mut description = Description::default();
                $($input::describe(&mut description);)*
                R::describe(&mut description);
                description
            }
        }
    };
}

described!(A);
described!(A, B);
described!(A, B, C);
described!(A, B, C, D);
described!(A, B, C, D, E);

impl Input for Context {
    fn describe(_: &mut Description) {}
}

impl<T: ToSchema> Input for Body<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.body = Some((vec!["application/json"], schema));
        description.refusals.extend([400, 413, 415]);
    }
}

impl<T: ToSchema> Input for MaybeBody<T> {
    fn describe(description: &mut Description) {
        <Body<T> as Input>::describe(description);
    }
}

impl<T: ToSchema> Input for MergePatch<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.body = Some((vec!["application/merge-patch+json", "application/json"], schema));
        description.refusals.extend([400, 413, 415]);
    }
}

impl<T: IntoParams> Input for Query<T> {
    fn describe(description: &mut Description) {
        description
            .parameters
            .extend(T::into_params(|| Some(ParameterIn::Query)));
        description.refusals.push(400);
    }
}

fn text_parameter(name: &str, place: ParameterIn, required: Required, says: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(says))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(example.into()))
        .build()
}

impl Input for UserPath {
    fn describe(description: &mut Description) {
        let says = "The account's id, its e-mail address, or its username";
        description.parameters.push(text_parameter(
            "user",
            ParameterIn::Path,
            Required::True,
            says,
            "jane@example.org",
        ));
        description.refusals.push(404);
    }
}

impl Input for RolePath {
    fn describe(description: &mut Description) {
        let says = "The role's id, or its name";
        description
            .parameters
            .push(text_parameter("role", ParameterIn::Path, Required::True, says, "admin"));
        description.refusals.push(404);
    }
}

impl Input for GrantPath {
    fn describe(description: &mut Description) {
        let (says, example) = ("The grant's id (`userRoleId`)", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
        description.parameters.push(text_parameter(
            "grant",
            ParameterIn::Path,
            Required::True,
            says,
            example,
        ));
        description.refusals.push(404);
    }
}

impl Input for IfMatch {
    fn describe(description: &mut Description) {
        let says = "The `ETag` that the change is meant for; without it, whatever is there is changed";
        description.parameters.push(text_parameter(
            "If-Match",
            ParameterIn::Header,
            Required::False,
            says,
            "\"3\"",
        ));
        description.refusals.push(412);
    }
}

impl Input for Prefer {
    fn describe(description: &mut Description) {
        let (says, example) = (
            "`return=representation` to get the changed thing back",
            "return=representation",
        );
        description.parameters.push(text_parameter(
            "Prefer",
            ParameterIn::Header,
            Required::False,
            says,
            example,
        ));
    }
}

impl<T: ToSchema> Output for Json<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.answer(StatusCode::OK, "Done", Some(("application/json", schema)));
    }
}

impl<T: ToSchema> Output for Tagged<T> {
    fn describe(description: &mut Description) {
        <Json<T> as Output>::describe(description);
        description.with_header("ETag", "The version, for `If-Match`");
    }
}

impl<T: ToSchema> Output for Created<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.answer(StatusCode::CREATED, "Made", Some(("application/json", schema)));
        description.with_header("Location", "Its path");
    }
}

impl Output for NoContent {
    fn describe(description: &mut Description) {
        description.answer(StatusCode::NO_CONTENT, "Done", None);
    }
}

impl<T: ToSchema> Output for Maybe<T> {
    fn describe(description: &mut Description) {
        <Json<T> as Output>::describe(description);
        <NoContent as Output>::describe(description);
    }
}

impl Output for Text {
    fn describe(description: &mut Description) {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        description.answer(StatusCode::OK, "Done", Some(("*/*", RefOr::T(schema.into()))));
    }
}

/// The document of these tables.
///
/// # Errors
/// [`Error::Fault`] where a route has a method that OpenAPI has no word for: a defect.
pub fn document(version: &str, about: &str, tables: &[Routes]) -> Result<OpenApi> {
    let mut schemas = BTreeMap::new();
    let mut paths = PathsBuilder::new();
    for row in tables.iter().flat_map(Routes::rows) {
        schemas.extend(row.description.schemas.iter().cloned());
        let (name, schema) = (row.speech.schema)();
        schemas.insert(name, schema);
        paths = paths.path(row.path, PathItem::new(method(&row.method)?, operation(row)));
    }
    schemas.insert(PLACE.0.to_owned(), PLACE.1());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("bearer", SecurityScheme::Http(bearer))
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
    Ok(OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components))
        .build())
}

/// The schema that Problem Details refer to.
const PLACE: (&str, fn() -> RefOr<Schema>) = ("ProblemPlace", <super::problem::Place as utoipa::PartialSchema>::schema);

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

fn operation(row: &Route) -> Operation {
    let mut operation = OperationBuilder::new()
        .tag(row.tag)
        .summary(Some(row.summary))
        .operation_id(Some(&row.operation))
        .parameters(Some(row.description.parameters.clone()));
    if let Some((types, schema)) = &row.description.body {
        let content = || ContentBuilder::new().schema(Some(schema.clone())).build();
        let body = types
            .iter()
            .fold(RequestBodyBuilder::new(), |body, media| body.content(*media, content()));
        operation = operation.request_body(Some(body.required(Some(Required::True)).build()));
    }
    for answer in &row.description.answers {
        let mut response = ResponseBuilder::new().description(answer.description);
        if let Some((media, schema)) = &answer.content {
            response = response.content(*media, ContentBuilder::new().schema(Some(schema.clone())).build());
        }
        for (name, says) in &answer.headers {
            response = response.header(*name, HeaderBuilder::new().description(Some(*says)).build());
        }
        operation = operation.response(answer.status.to_string(), response.build());
    }
    for status in refusals(row) {
        operation = operation.response(status.to_string(), refusal(row, status));
    }
    match row.guard {
        Guard::Anyone => operation.build(),
        Guard::Needs(permission) => {
            let says = format!("Needs the permission `{permission}`.");
            operation.description(Some(says)).security(bearer()).build()
        }
        Guard::SignedIn | Guard::SignedInToChangePassword => operation.security(bearer()).build(),
    }
}

fn bearer() -> SecurityRequirement {
    SecurityRequirement::new("bearer", Vec::<String>::new())
}

/// Every status that a route refuses with.
pub fn refusals(row: &Route) -> Vec<u16> {
    let by_guard: &[u16] = if row.guard.is_guarded() { &[401, 403] } else { &[] };
    let mut all: Vec<u16> = [by_guard, row.refusals, &row.description.refusals, &[500, 503]]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn refusal(row: &Route, status: u16) -> utoipa::openapi::response::Response {
    let (name, _) = (row.speech.schema)();
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(name)))
        .example(Some(super::dialect::example(&row.speech, row.path, status)))
        .build();
    ResponseBuilder::new()
        .description(code.canonical_reason().unwrap_or_default())
        .content(row.speech.media_type, content)
        .build()
}
