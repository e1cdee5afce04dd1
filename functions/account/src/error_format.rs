//! How the account contract refuses: `{"Message": "…", "En": "…", "Bg": "…"}`, and `Errors` by field where a field is at
//! fault. `Message` is the English sentence again.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;
use usher::actions::Surface;
use usher::error::{Error, Forbidden, Violation};
use usher::http::dialect::{Asked, Dialect};
use usher::http::rewrite::ChooseRewrite;
use utoipa::ToSchema;

use crate::case;
use crate::sentences::bulgarian;

/// The dialect.
#[derive(Debug)]
pub struct Message;

/// A refusal's body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountRefusal)]
pub struct Refusal {
    /// What is wrong.
    #[schema(example = "the password must have at least 10 characters")]
    message: String,
    /// The same.
    #[schema(example = "the password must have at least 10 characters")]
    en: String,
    /// The same in Bulgarian.
    #[schema(example = "невалидна стойност: Password")]
    bg: String,
    /// What is wrong with each field, in English.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({ "Password": ["the password must have at least 10 characters"] }))]
    errors: BTreeMap<String, Vec<String>>,
}

impl Dialect for Message {
    const SURFACE: Surface = Surface {
        name: "account",
        min_password: 10,
        max_password: 128,
    };
    type Refusal = Refusal;
    const MEDIA_TYPE: &'static str = "application/json";
    const REWRITE: Option<ChooseRewrite> = Some(case::of_request);

    fn refuse(error: &Error, _: &Asked) -> (StatusCode, Self::Refusal) {
        let errors = errors(error);
        let fields: Vec<&str> = errors.keys().map(String::as_str).collect();
        let said = english(error);
        let body = Refusal {
            message: said.clone(),
            en: said,
            bg: bulgarian(error, &fields).into_owned(),
            errors,
        };
        (status(error), body)
    }
}

/// The error, each fault with its field, where the sentence does not name it.
fn english(error: &Error) -> String {
    let Error::Invalid(violations) = error else {
        return error.to_string();
    };
    let named = violations.iter().map(|Violation { pointer, detail }| {
        let field = field(pointer);
        let last = field.rsplit('.').next().unwrap_or_default().to_lowercase();
        let is_named = detail.to_lowercase().replace('-', "").contains(&last);
        if is_named {
            detail.clone()
        } else {
            format!("{field}: {detail}")
        }
    });
    named.collect::<Vec<String>>().join("; ")
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) | Error::Malformed(_) | Error::AlreadySignedIn | Error::InvalidLink => {
            StatusCode::BAD_REQUEST
        }
        Error::UnsupportedMediaType | Error::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::NoCredentials | Error::InvalidToken | Error::WrongCredentials | Error::InvalidApiKey => {
            StatusCode::UNAUTHORIZED
        }
        Error::AccountNotActive(_) | Error::EmailNotVerified => StatusCode::FORBIDDEN,
        Error::Locked { .. } => StatusCode::LOCKED,
        Error::Forbidden(why) => forbidden(why),
        Error::NotFound(_) | Error::NoSuchRoute => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::InFlight(_) => StatusCode::CONFLICT,
        Error::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Error::NotKept => StatusCode::GONE,
        Error::NotSetUp | Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn forbidden(why: &Forbidden) -> StatusCode {
    match why {
        // Here it is a field that does not match, `Old`, as the others that `Change` asks for.
        Forbidden::WrongPassword => StatusCode::BAD_REQUEST,
        Forbidden::MissingPermission(_)
        | Forbidden::AboveOwnRank
        | Forbidden::RoleAboveOwnRank
        | Forbidden::NotHeld(_)
        | Forbidden::HeldForLess(_)
        | Forbidden::MustChangePassword
        | Forbidden::BelowRank(_)
        | Forbidden::NotBelowOwnRank
        | Forbidden::AnothersAccount
        | Forbidden::RegistrationClosed
        | Forbidden::NoSession
        | Forbidden::PastTheEdge => StatusCode::FORBIDDEN,
    }
}

fn errors(error: &Error) -> BTreeMap<String, Vec<String>> {
    let mut by_field: BTreeMap<String, Vec<String>> = BTreeMap::new();
    match error {
        Error::Invalid(violations) => {
            for Violation { pointer, detail } in violations
                .iter()
                .filter(|broken| !["", "?"].contains(&broken.pointer.as_str()))
            {
                by_field.entry(field(pointer)).or_default().push(detail.clone());
            }
        }
        Error::Forbidden(Forbidden::WrongPassword) => {
            by_field.insert("Old".to_owned(), vec![error.to_string()]);
        }
        _ => {}
    }
    by_field
}

/// `/contact/tikTok` is `Contact.TikTok`, a query's `?limit` is `limit`, and a header's name is as it is.
fn field(pointer: &str) -> String {
    if pointer.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return pointer.to_owned();
    }
    if let Some(parameter) = pointer.strip_prefix('?') {
        return parameter.to_owned();
    }
    let segments = pointer.split('/').skip(1).map(|segment| match segment {
        "street" => "Str".to_owned(),
        segment => {
            let mut letters = segment.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        }
    });
    segments.collect::<Vec<String>>().join(".")
}
