//! What is described of bodies.

use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder};

use super::{Description, Input};
use crate::error::Error;
use crate::http::body::{Body, FORM_URLENCODED, FormOrJson, LIMIT, MaybeBody, MergePatch, OneOrMore};

/// What every body is refused for, read or not.
pub const REFUSED: [Error; 3] = [
    Error::BodyTooLarge(LIMIT),
    Error::UnsupportedMediaType,
    Error::UnsupportedEncoding,
];

impl Description {
    /// A body of this shape, in any of these media types, and what can be wrong with one.
    fn body<T: ToSchema>(&mut self, types: &'static [&'static str]) {
        self.body = Some((types, self.reference::<T>()));
        let field = super::json(&T::schema())["required"][0].as_str().map(str::to_owned);
        let missing = field.map(|field| Error::invalid(format!("/{field}"), format!("missing field `{field}`")));
        let not_json = Error::Malformed("the body is not JSON: expected value at line 1, column 1".to_owned());
        let wrong = missing.unwrap_or_else(|| Error::invalid("", "the body must be an object"));
        self.errors.extend([wrong, not_json]);
        self.errors.extend(REFUSED);
    }
}

impl<T: ToSchema> Input for Body<T> {
    const IS_BODY: bool = true;

    fn describe(description: &mut Description) {
        description.body::<T>(&["application/json"]);
    }
}

impl<T: ToSchema> Input for MaybeBody<T> {
    const IS_BODY: bool = true;

    fn describe(description: &mut Description) {
        <Body<T> as Input>::describe(description);
        description.body_can_be_left_out = true;
    }
}

impl<T: ToSchema> Input for FormOrJson<T> {
    const IS_BODY: bool = true;

    fn describe(description: &mut Description) {
        description.body::<T>(&["application/json", FORM_URLENCODED]);
    }
}

impl<T: ToSchema> Input for OneOrMore<T> {
    const IS_BODY: bool = true;

    fn describe(description: &mut Description) {
        <Body<T> as Input>::describe(description);
        description.body = description.body.take().map(|(types, one)| {
            let list = ArrayBuilder::new().items(one.clone()).max_items(Some(Self::MOST));
            (types, OneOfBuilder::new().item(one).item(list).into())
        });
    }
}

impl<T: ToSchema> Input for MergePatch<T> {
    const IS_BODY: bool = true;

    fn describe(description: &mut Description) {
        description.body::<T>(&["application/json", "application/merge-patch+json"]);
    }
}
