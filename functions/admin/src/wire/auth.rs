//! Tokens: what is asked, and what is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher::actions::Context;
use usher::actions::sessions::Issued;
use usher::domain::role::Role;
use usher::domain::text::{Email, Password};
use usher::domain::user::User;
use usher::error::{Error, Result};
use usher::http::call::email_and_password;
use usher::http::openapi::words;
use usher::id::RoleId;
use usher::secrecy::ExposeSecret;
use utoipa::ToSchema;
use utoipa::openapi::Object;

/// The body of `POST /v1/auth/login`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminCredentials, example = json!({ "email": "admin@gauth.local", "password": "Admin@123" }))]
pub struct Credentials {
    email: String,
    #[schema(format = Password)]
    password: String,
}

impl Credentials {
    pub fn parse(self) -> Result<(Email, Password)> {
        email_and_password(&self.email, self.password)
    }
}

/// The body of `POST /v1/auth/refresh`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminRefresh)]
pub struct Refresh {
    #[schema(example = "usher_rt_…")]
    pub refresh_token: String,
}

/// The body of `POST /v1/auth/logout`, which can be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AdminLogout)]
pub struct Logout {
    /// A refresh token of the caller's own: its session ends as well.
    #[schema(example = "usher_rt_…")]
    pub refresh_token: Option<String>,
}

/// The body of `POST /v1/auth/verification`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminVerification, example = json!({ "email": "jane@example.org" }))]
pub struct Verification {
    email: String,
}

impl Verification {
    pub fn parse(&self) -> Result<Email> {
        Email::parse(&self.email).map_err(|detail| Error::invalid("/email", detail))
    }
}

fn bearer() -> Object {
    words(["Bearer"])
}

/// An access token and the refresh token beside it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminTokenPair)]
pub struct TokenPair {
    /// A JWT (RFC 9068).
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    access_token: String,
    /// Good for one more pair.
    #[schema(example = "usher_rt_…")]
    refresh_token: Option<String>,
    /// How the token is sent.
    #[schema(schema_with = bearer)]
    token_type: &'static str,
    /// Seconds that the access token lasts.
    #[schema(example = 900)]
    expires_in: i64,
}

impl TokenPair {
    pub fn of(cx: &Context, issued: &Issued) -> Self {
        let refresh_token = issued.refresh_token.as_ref();
        Self {
            access_token: issued.access_token.expose_secret().to_owned(),
            refresh_token: refresh_token.map(|token| token.expose_secret().to_owned()),
            token_type: "Bearer",
            expires_in: issued.expires_at.as_second() - cx.now.as_second(),
        }
    }
}

/// The answer of a login.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminLogin)]
pub struct LoginView {
    #[serde(flatten)]
    pair: TokenPair,
    /// Whose they are.
    user: LoginUser,
}

/// The account that logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminLoginUser)]
pub struct LoginUser {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    user_name: Option<String>,
    roles: Vec<DescribedRole>,
}

/// A role by its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminDescribedRole)]
pub struct DescribedRole {
    #[schema(example = "admin")]
    name: String,
    description: Option<String>,
}

impl LoginView {
    pub fn of(cx: &Context, issued: &Issued, known: &BTreeMap<RoleId, Role>) -> Self {
        let user = issued.user.as_ref();
        let mut names = issued.roles.clone();
        names.sort();
        let described = |name: String| {
            let role = known.values().find(|role| role.name.as_given() == name);
            DescribedRole {
                description: role.and_then(|role| role.description.clone()),
                name,
            }
        };
        Self {
            pair: TokenPair::of(cx, issued),
            user: LoginUser {
                id: user.map(|user| user.id.to_string()).unwrap_or_default(),
                email: user.and_then(User::given_email),
                user_name: user.and_then(User::given_username),
                roles: names.into_iter().map(described).collect(),
            },
        }
    }
}
