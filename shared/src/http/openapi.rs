//! The OpenAPI document (3.1), made of the route tables: what a handler takes and answers is read off its signature, so
//! the document cannot differ from the code.
//!
//! Here is what a signature describes; [`document`] puts the document together.

use std::any::type_name;
use std::future::Future;

use http::StatusCode;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, ToSchema};

use super::answer::{
    Accepted, AcceptedJson, Changed, Created, CreatedJson, CreatedTagged, Done, Json, Kept, Maybe, NoContent, Public,
    Sentence, Shown, Tagged,
};
use super::call::Query;
use super::preconditions::IfMatch;
use super::prefer::Prefer;
use crate::actions::Context;
use crate::error::{Error, Result};

mod bodies;
pub mod check;
mod document;
mod example;
mod operation;
mod paths;
mod schema;

pub use document::{document, surfaces};
pub use operation::errors;
pub use schema::{text, words, words_or_null};

#[cfg(test)]
mod tests;

/// What a handler takes and answers.
#[derive(Default)]
pub struct Description {
    parameters: Vec<Parameter>,
    body: Option<(&'static [&'static str], RefOr<Schema>)>,
    body_can_be_left_out: bool,
    answers: Vec<Answer>,
    errors: Vec<Error>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

struct Answer {
    status: u16,
    description: &'static str,
    content: Option<(&'static str, RefOr<Schema>)>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Description {
    pub fn path_parameters(&self) -> Vec<&str> {
        let in_path = self
            .parameters
            .iter()
            .filter(|p| matches!(p.parameter_in, ParameterIn::Path));
        in_path.map(|p| p.name.as_str()).collect()
    }

    /// Refers to a schema that is then part of the document, with all that it refers to itself. What utoipa forgets is a
    /// type parameter's schema (`items: Vec<T>`): such a field needs `#[schema(inline)]`, or `document` complains.
    pub fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        let Some(name) = name::<T>() else { return T::schema() };
        self.schemas.push((name.clone(), T::schema()));
        Ref::from_schema_name(name).into()
    }

    /// An answer with this status, and content of this media type and schema.
    pub fn answer(
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

    /// A header of the last answer.
    pub fn with_header(&mut self, name: &'static str, description: &'static str) {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, description));
        }
    }

    /// The last answer may be kept by caches, and asked for again by its tag.
    pub fn kept(&mut self) {
        let kept_for = ("Cache-Control", "For how long it may be kept");
        self.with_header(kept_for.0, kept_for.1);
        self.tagged();
        self.with_header(kept_for.0, kept_for.1);
    }

    /// The last answer can be asked for again by its tag.
    pub fn tagged(&mut self) {
        self.with_header("ETag", TAG_OF_READ);
        let text = "The `ETag` that the client has, or several: while one of them is current the answer is `304`";
        self.parameter("If-None-Match", ParameterIn::Header, text, "\"3\"");
        let known = "The client has it already (`If-None-Match`)";
        self.answer(StatusCode::NOT_MODIFIED, known, None);
        self.with_header("ETag", TAG_OF_READ);
    }

    pub fn error(&mut self, error: Error) {
        self.errors.push(error);
    }

    fn parameter(&mut self, name: &str, place: ParameterIn, text: &str, example: &str) {
        self.parameters.push(parameter(name, place, text, example));
    }
}

fn parameter(name: &str, place: ParameterIn, text: &str, example: &str) -> Parameter {
    let required = match place {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(text))
        .schema(Some(schema::text()))
        .example(Some(example.into()));
    parameter.build()
}

fn header(name: &str, text: &str, example: &str) -> Parameter {
    parameter(name, ParameterIn::Header, text, example)
}

fn json(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
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

pub trait Input {
    /// Whether it is the body.
    const IS_BODY: bool = false;

    fn describe(description: &mut Description);
}

pub trait Output {
    fn describe(description: &mut Description);
}

/// A handler whose signature describes what it takes and answers.
pub trait Described<T> {
    /// Whether it reads the body.
    const READS_BODY: bool;

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
            const READS_BODY: bool = false $(|| $input::IS_BODY)*;

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

impl<T: IntoParams> Input for Query<T> {
    fn describe(description: &mut Description) {
        let parameters = T::into_params(|| Some(ParameterIn::Query));
        let first = parameters.first().map(|first| first.name.as_str()).unwrap_or_default();
        let wrong = Error::invalid(format!("?{first}"), "this is not a value that it can have");
        description.errors.push(wrong);
        description.parameters.extend(parameters);
    }
}

impl Input for IfMatch {
    fn describe(description: &mut Description) {
        let text = "The `ETag` that the change is meant for, or several; without it, whatever is there is changed";
        description.parameter("If-Match", ParameterIn::Header, text, "\"3\"");
        description.errors.push(Error::PreconditionFailed);
    }
}

impl Input for Prefer {
    fn describe(description: &mut Description) {
        let text = "`return=representation` to get the changed thing back, or `return=minimal`";
        description.parameter("Prefer", ParameterIn::Header, text, "return=representation");
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
        description.with_header("ETag", TAG);
    }
}

const TAG: &str = "What it is now, for `If-Match` and `If-None-Match`";
const TAG_OF_READ: &str = "For `If-None-Match`, which is answered `304` while this is current";

impl<T: ToSchema> Output for Shown<T> {
    fn describe(description: &mut Description) {
        <Json<T> as Output>::describe(description);
        description.tagged();
    }
}

impl<T: ToSchema> Output for CreatedTagged<T> {
    fn describe(description: &mut Description) {
        <Created<T> as Output>::describe(description);
        description.with_header("ETag", TAG);
    }
}

impl<T: ToSchema> Output for Changed<T> {
    fn describe(description: &mut Description) {
        let applied = "Which preference was met";
        <Tagged<T> as Output>::describe(description);
        description.with_header("Preference-Applied", applied);
        <NoContent as Output>::describe(description);
        description.with_header("ETag", "What it is now, where the request has `If-Match`");
        description.with_header("Preference-Applied", applied);
    }
}

impl<T: ToSchema> Output for CreatedJson<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.answer(StatusCode::CREATED, "Created", Some(("application/json", schema)));
    }
}

impl<T: ToSchema> Output for Created<T> {
    fn describe(description: &mut Description) {
        <CreatedJson<T> as Output>::describe(description);
        description.with_header("Location", "Its path");
    }
}

macro_rules! without_body {
    ($($answer:ty, $status:ident, $words:literal;)+) => {$(
        impl Output for $answer {
            fn describe(description: &mut Description) {
                description.answer(StatusCode::$status, $words, None);
            }
        }
    )+};
}
without_body! { NoContent, NO_CONTENT, "Done"; Done, OK, "Done"; Accepted, ACCEPTED, "Accepted"; }

impl<T: ToSchema> Output for AcceptedJson<T> {
    fn describe(description: &mut Description) {
        let schema = description.reference::<T>();
        description.answer(StatusCode::ACCEPTED, "Accepted", Some(("application/json", schema)));
    }
}

impl Output for Sentence {
    fn describe(description: &mut Description) {
        for (status, outcome) in [(StatusCode::OK, "Done"), (StatusCode::BAD_REQUEST, "Refused")] {
            description.answer(status, outcome, Some(("text/plain", text().into())));
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
        description.kept();
    }
}
