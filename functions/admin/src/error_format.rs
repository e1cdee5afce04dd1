//! How the admin contract refuses: `{"error": "…"}`, with `details` where fields are wrong.

use http::StatusCode;
use serde::Serialize;
use usher::actions::Surface;
use usher::domain::time;
use usher::error::{Conflict, Error, Forbidden, Noun, Violation};
use usher::http::dialect::{Asked, Dialect};
use usher::jiff::Timestamp;
use utoipa::ToSchema;

/// The dialect.
#[derive(Debug)]
pub struct ErrorObject;

/// A refusal's body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminError)]
pub struct Refusal {
    /// What is wrong, in a sentence.
    error: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(inline)]
    details: Vec<Detail>,
    /// When the lock of an account ends, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    lockout_until: Option<Timestamp>,
}

/// A field that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminErrorDetail)]
pub struct Detail {
    /// Which: its name in the body or the query, with dots on the way to what is inside of something.
    #[schema(example = "roles.0")]
    field: String,
    /// What is wrong with it.
    message: String,
}

impl Dialect for ErrorObject {
    const SURFACE: Surface = Surface {
        name: "admin",
        min_password: 6,
        max_password: 128,
    };
    type Refusal = Refusal;
    const MEDIA_TYPE: &'static str = "application/json";

    fn refuse(error: &Error, _: &Asked) -> (StatusCode, Self::Refusal) {
        let (status, said) = said(error);
        let body = Refusal {
            error: said,
            details: details(error),
            lockout_until: match error {
                Error::Locked { until, .. } => *until,
                _ => None,
            },
        };
        (status, body)
    }
}

fn said(error: &Error) -> (StatusCode, String) {
    let own = || sentence(&error.to_string());
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "Validation failed".to_owned()),
        Error::Malformed(_) | Error::AlreadySignedIn | Error::InvalidLink => (StatusCode::BAD_REQUEST, own()),
        Error::UnsupportedMediaType | Error::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, own()),
        Error::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, own()),
        Error::NoCredentials | Error::InvalidToken => (StatusCode::UNAUTHORIZED, "Authentication required".to_owned()),
        Error::WrongCredentials => (StatusCode::UNAUTHORIZED, "Invalid credentials".to_owned()),
        Error::InvalidApiKey => (StatusCode::UNAUTHORIZED, own()),
        Error::AccountNotActive(_) | Error::EmailNotVerified => (StatusCode::FORBIDDEN, own()),
        Error::Locked { .. } => (StatusCode::LOCKED, own()),
        Error::Forbidden(why) => (StatusCode::FORBIDDEN, forbidden(why)),
        Error::NotFound(noun) => (StatusCode::NOT_FOUND, missing(*noun)),
        Error::NoSuchRoute => (StatusCode::NOT_FOUND, own()),
        Error::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, own()),
        Error::Conflict(why) => (conflict(why), own()),
        Error::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, own()),
        Error::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, own()),
        Error::InFlight(_) => (StatusCode::CONFLICT, own()),
        Error::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, own()),
        Error::NotKept => (StatusCode::GONE, own()),
        Error::Unavailable(_) | Error::NotSetUp => (StatusCode::SERVICE_UNAVAILABLE, own()),
        Error::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, own()),
    }
}

fn forbidden(why: &Forbidden) -> String {
    match why {
        // Given for whoever is no administrator; a setting that needs the rank is refused in the same words.
        Forbidden::MissingPermission(_) | Forbidden::BelowRank(_) => "Admin access required".to_owned(),
        Forbidden::AboveOwnRank
        | Forbidden::RoleAboveOwnRank
        | Forbidden::NotHeld(_)
        | Forbidden::HeldForLess(_)
        | Forbidden::WrongPassword
        | Forbidden::MustChangePassword
        | Forbidden::NotBelowOwnRank
        | Forbidden::AnothersAccount
        | Forbidden::RegistrationClosed
        | Forbidden::NoSession
        | Forbidden::PastTheEdge => sentence(&why.to_string()),
    }
}

fn missing(noun: Noun) -> String {
    match noun {
        Noun::User => "User not found".to_owned(),
        Noun::Role => "Role not found".to_owned(),
        Noun::Grant => "The user does not have this role".to_owned(),
        Noun::Ban => "The user is not banned".to_owned(),
        Noun::Session => "Session not found".to_owned(),
        Noun::Permission => "Permission not found".to_owned(),
        Noun::ApiKey => "API key not found".to_owned(),
        Noun::ServiceKey => "Key not found".to_owned(),
        Noun::Tenant => "Tenant not found".to_owned(),
    }
}

fn conflict(why: &Conflict) -> StatusCode {
    match why {
        Conflict::OwnAccount => StatusCode::BAD_REQUEST,
        Conflict::EmailTaken
        | Conflict::UsernameTaken
        | Conflict::RoleNameTaken
        | Conflict::GrantStands
        | Conflict::SamePassword
        | Conflict::RoleFull
        | Conflict::BelowMemberCount
        | Conflict::LastAdministrator
        | Conflict::SystemRole(_)
        | Conflict::RoleHasMembers
        | Conflict::TooManyGrants(_)
        | Conflict::TooManyMembers(_)
        | Conflict::NothingToVerify(_)
        | Conflict::ServiceAccount
        | Conflict::NotServiceAccount
        | Conflict::TooManyKeys(_)
        | Conflict::PermissionTaken
        | Conflict::PermissionInUse
        | Conflict::SystemPermission
        | Conflict::TenantTaken => StatusCode::CONFLICT,
    }
}

fn details(error: &Error) -> Vec<Detail> {
    let Error::Invalid(violations) = error else {
        return Vec::new();
    };
    let detail = |violation: &Violation| Detail {
        field: field(&violation.pointer),
        message: sentence(&violation.detail),
    };
    violations.iter().map(detail).collect()
}

/// `/roles/0` is `roles.0`, `?page` is `page`, `{user}` is `user`, and what is wrong with all of it is `body` or `query`.
fn field(pointer: &str) -> String {
    let path = pointer
        .trim_start_matches(['/', '?', '{'])
        .trim_end_matches('}')
        .replace('/', ".");
    match (path.as_str(), pointer) {
        ("", "?") => "query".to_owned(),
        ("", _) => "body".to_owned(),
        ("emailVerified", _) => "email_verified".to_owned(),
        _ => path.replace("~1", "/").replace("~0", "~"),
    }
}

/// The given texts begin with a capital letter, and so do the others.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use usher::domain::user::Status;

    use usher::http::dialect::{self, ErrorFormat};

    use super::*;

    #[test]
    fn every_refusal_has_its_status_and_its_words() {
        let locked = Error::Locked {
            reason: "too many failed logins".into(),
            until: Timestamp::from_second(1_800_000_000).ok(),
            retry_after: Some(900),
        };
        let forbidden = |why: Forbidden| (Error::Forbidden(why), 403);
        let cases = [
            ((Error::invalid("/email", "x"), 400), "Validation failed"),
            (
                (Error::Malformed("the body broke off".to_owned()), 400),
                "The body broke off",
            ),
            ((Error::NoCredentials, 401), "Authentication required"),
            ((Error::InvalidToken, 401), "Authentication required"),
            ((Error::WrongCredentials, 401), "Invalid credentials"),
            (
                (Error::EmailNotVerified, 403),
                "Verify your e-mail address before logging in",
            ),
            ((Error::AccountNotActive(Status::Banned), 403), "The account is banned"),
            ((locked, 423), "The account is locked until 2027-01-15T08:00:00.000Z"),
            (
                forbidden(Forbidden::MissingPermission("admin.users")),
                "Admin access required",
            ),
            (forbidden(Forbidden::AboveOwnRank), "The account stands above yours"),
            (
                forbidden(Forbidden::RoleAboveOwnRank),
                "The role stands above your rank",
            ),
            (forbidden(Forbidden::MustChangePassword), "Change your password first"),
            ((Error::NotFound(Noun::User), 404), "User not found"),
            ((Error::NotFound(Noun::Role), 404), "Role not found"),
            ((Error::NotFound(Noun::Grant), 404), "The user does not have this role"),
            ((Error::NoSuchRoute, 404), "There is nothing at this path"),
            ((Error::MethodNotAllowed, 405), "This path does not take this method"),
            ((Conflict::OwnAccount.into(), 400), "You cannot delete your own account"),
            ((Conflict::EmailTaken.into(), 409), "The e-mail address is taken"),
            (
                (Conflict::LastAdministrator.into(), 409),
                "This is the last account that may manage users",
            ),
            (
                (Error::PreconditionFailed, 412),
                "It has changed since it was read: read it again",
            ),
            ((Error::RATE_LIMITED, 429), "Too many requests: try again in 12 s"),
            ((Error::NotKept, 410), "What was in force then is not kept any more"),
            ((Error::BodyTooLarge(65_536), 413), "The body is over 65536 bytes"),
            ((Error::fault("secret"), 500), "Something went wrong here"),
            (
                (Error::unavailable("secret"), 503),
                "The service is busy; try again shortly",
            ),
        ];
        for ((error, status), words) in cases {
            let error_format = ErrorFormat::of::<ErrorObject>();
            let (code, headers, body) = dialect::example(&error_format, &Asked::default(), &error).unwrap();
            assert_eq!((code.as_u16(), body["error"].as_str()), (status, Some(words)));
            let challenges = status == 401 || matches!(error, Error::Forbidden(Forbidden::MissingPermission(_)));
            assert_eq!(headers.contains_key("www-authenticate"), challenges, "{words}");
            assert_eq!(
                headers.contains_key("retry-after"),
                [423, 429, 503].contains(&status),
                "{words}"
            );
        }
    }

    #[test]
    fn a_place_is_named_as_the_contract_names_its_fields() {
        for (pointer, named) in [
            ("/email", "email"),
            ("/emailVerified", "email_verified"),
            ("/roles/0", "roles.0"),
            ("/token_lifetimes/admin/access", "token_lifetimes.admin.access"),
            ("?page", "page"),
            ("{user}", "user"),
            ("?", "query"),
            ("", "body"),
            ("/a~1b~0c", "a/b~c"),
        ] {
            assert_eq!(field(pointer), named);
        }
    }
}
