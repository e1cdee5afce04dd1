//! How this contract refuses: `{"error": "…"}`.

use http::StatusCode;
use serde::Serialize;
use usher::actions::Surface;
use usher::error::{Conflict, Error, Forbidden, Violation};
use usher::http::dialect::{Asked, Dialect};
use utoipa::ToSchema;

/// The dialect.
#[derive(Debug)]
pub struct Registration;

/// A refusal's body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistrationError)]
pub struct Refusal {
    /// What is wrong, in a sentence.
    #[schema(example = "Invalid username/email or password")]
    error: String,
}

impl Dialect for Registration {
    const SURFACE: Surface = Surface {
        name: "registration",
        min_password: 6,
        max_password: 64,
    };
    type Refusal = Refusal;
    const MEDIA_TYPE: &'static str = "application/json";

    fn refuse(error: &Error, _: &Asked) -> (StatusCode, Self::Refusal) {
        let status = status(error);
        let body = Refusal { error: sentence(error) };
        (status, body)
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) | Error::Malformed(_) | Error::AlreadySignedIn | Error::InvalidLink => {
            StatusCode::BAD_REQUEST
        }
        Error::UnsupportedMediaType | Error::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::NoCredentials | Error::InvalidToken | Error::InvalidApiKey => StatusCode::UNAUTHORIZED,
        // Given: whatever is wrong with a login is 403.
        Error::WrongCredentials | Error::AccountNotActive(_) | Error::EmailNotVerified | Error::Forbidden(_) => {
            StatusCode::FORBIDDEN
        }
        Error::Locked { .. } => StatusCode::LOCKED,
        Error::NotFound(_) | Error::NoSuchRoute => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Error::Conflict(why) => conflict(why),
        Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::InFlight(_) => StatusCode::CONFLICT,
        Error::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Error::NotKept => StatusCode::GONE,
        Error::NotSetUp | Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Given: a name or address that is taken is as bad as one that breaks a rule.
fn conflict(why: &Conflict) -> StatusCode {
    match why {
        Conflict::EmailTaken | Conflict::UsernameTaken => StatusCode::BAD_REQUEST,
        Conflict::RoleNameTaken
        | Conflict::GrantStands
        | Conflict::SamePassword
        | Conflict::RoleFull
        | Conflict::BelowMemberCount
        | Conflict::LastAdministrator
        | Conflict::SystemRole(_)
        | Conflict::RoleHasMembers
        | Conflict::TooManyGrants(_)
        | Conflict::TooManyMembers(_)
        | Conflict::PermissionTaken
        | Conflict::PermissionInUse
        | Conflict::SystemPermission
        | Conflict::TenantTaken
        | Conflict::NothingToVerify(_)
        | Conflict::ServiceAccount
        | Conflict::NotServiceAccount
        | Conflict::TooManyKeys(_)
        | Conflict::OwnAccount => StatusCode::CONFLICT,
    }
}

fn sentence(error: &Error) -> String {
    match error {
        Error::WrongCredentials => "Invalid username/email or password".to_owned(),
        Error::EmailNotVerified => "Please verify your email before logging in".to_owned(),
        Error::InvalidToken | Error::InvalidLink => "Token invalid.".to_owned(),
        Error::Forbidden(Forbidden::RegistrationClosed) => "Registration is closed".to_owned(),
        Error::Forbidden(Forbidden::WrongPassword) => "Invalid current password".to_owned(),
        Error::Conflict(Conflict::UsernameTaken) => "Username is taken".to_owned(),
        Error::Conflict(Conflict::EmailTaken) => "Email is taken".to_owned(),
        Error::Invalid(violations) => {
            let sentences: Vec<String> = violations.iter().map(violation).collect();
            sentences.join("; ")
        }
        other => capital(&other.to_string()),
    }
}

/// What is wrong with a field, and with which: where the sentence does not name it, its name stands before it.
fn violation(violation: &Violation) -> String {
    let field = violation.pointer.trim_matches(['/', '?', '{', '}']);
    let said = violation.detail.to_lowercase().replace('-', "");
    if said.contains(field) {
        capital(&violation.detail)
    } else {
        format!("{field}: {}", violation.detail)
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}
