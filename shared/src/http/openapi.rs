//! The OpenAPI document (3.1), made of the route tables: what a handler takes and answers is read off its signature, so
//! the document cannot say anything else than the code does.
//!
//! Here is what a signature says; [`document`] puts the document together.

use std::any::type_name;
use std::future::Future;

use http::StatusCode;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Ref, RefOr, Required, Schema, Type};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Accepted, Created, Json, Kept, Listed, Maybe, NoContent, Public, Sentence, Tagged, WithCookie};
use super::body::{Body, MaybeBody, MergePatch};
use super::call::{GrantPath, IfMatch, KeyPath, OneTimePath, Prefer, Query, RolePath, UserPath};
use super::page::Page;
use crate::actions::Context;
use crate::error::Result;

pub mod check;
mod document;
mod example;
mod operation;

pub use document::document;
pub use operation::refusals;

#[cfg(test)]
mod tests;

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

    /// Refers to a schema that is then part of the document, with all that it refers to itself. What utoipa forgets is a
    /// type parameter's schema (`items: Vec<T>`): such a field needs `#[schema(inline)]`, or `document` complains.
    fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        let Some(name) = name::<T>() else { return T::schema() };
        self.schemas.push((name.clone(), T::schema()));
        Ref::from_schema_name(name).into()
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

/// What a schema is called in the document; nothing for a list or an option, which stand where they are used. A generic
/// type has its arguments in its name, as utoipa itself refers to it: its own name is the same for all of them.
fn name<T: ToSchema>() -> Option<String> {
    let Some((outer, arguments)) = type_name::<T>().split_once('<') else {
        return Some(T::name().into_owned());
    };
    if outer.ends_with("::Vec") || outer.ends_with("::Option") {
        return None;
    }
    let paths = arguments.split(['<', '>', ',', ' ']).filter(|path| !path.is_empty());
    let names = paths.filter_map(|path| path.rsplit("::").next());
    Some(names.fold(T::name().into_owned(), |all, one| format!("{all}_{one}")))
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

described!();
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

impl Input for KeyPath {
    fn describe(description: &mut Description) {
        let (says, example) = ("The API key's id", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
        description
            .parameters
            .push(text_parameter("key", ParameterIn::Path, Required::True, says, example));
        description.refusals.push(404);
    }
}

impl Input for OneTimePath {
    fn describe(description: &mut Description) {
        let says = "The one-time token of a mail";
        description.parameters.push(text_parameter(
            "token",
            ParameterIn::Path,
            Required::True,
            says,
            "usher_ot_…",
        ));
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

impl<T: ToSchema> Output for WithCookie<T> {
    fn describe(description: &mut Description) {
        <Json<T> as Output>::describe(description);
        description.with_header(
            "Set-Cookie",
            "The token, for the browser to keep; Usher never reads it back",
        );
    }
}

impl<T: ToSchema> Output for Listed<T> {
    fn describe(description: &mut Description) {
        let item = description.reference::<T>();
        let all = ArrayBuilder::new().items(item).build();
        description.answer(
            StatusCode::OK,
            "A page",
            Some(("application/json", RefOr::T(all.into()))),
        );
        description.with_header("Link", "The next page, if there is one: `rel=\"next\"` (RFC 8288)");
    }
}

impl Output for NoContent {
    fn describe(description: &mut Description) {
        description.answer(StatusCode::NO_CONTENT, "Done", None);
    }
}

impl Output for Accepted {
    fn describe(description: &mut Description) {
        description.answer(StatusCode::ACCEPTED, "It is seen to", None);
    }
}

impl Output for Sentence {
    fn describe(description: &mut Description) {
        for (status, says) in [(StatusCode::OK, "Done"), (StatusCode::BAD_REQUEST, "Refused")] {
            let schema = ObjectBuilder::new().schema_type(Type::String).build();
            description.answer(status, says, Some(("text/plain", RefOr::T(schema.into()))));
        }
    }
}

impl<T: ToSchema> Output for Maybe<T> {
    fn describe(description: &mut Description) {
        <Json<T> as Output>::describe(description);
        <NoContent as Output>::describe(description);
    }
}

impl<T: Public + ToSchema> Output for Kept<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.answer(StatusCode::OK, "Done", Some((T::MEDIA_TYPE, schema)));
        description.with_header("Cache-Control", "For how long it may be kept");
    }
}

impl Output for Page {
    fn describe(description: &mut Description) {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        description.answer(StatusCode::OK, "A page", Some(("text/html", RefOr::T(schema.into()))));
    }
}
