//! Bodies of `/api/auth/*`.
//!
//! On purpose:
//! - `/token` takes an e-mail address alone and answers a pair; `/login` takes the username or the address in the field
//!   `username`, and answers one token for eight hours and no refresh token: on expiry the client logs in again.
//! - `/revoke` answers `200` to an unknown token (RFC 7009, 2.2), and takes a form beside JSON, whose `400` has the `error`
//!   of RFC 6749, 5.2, beside the Problem Details. `token_type_hint` is not
//!   needed to know what a token is, so it is ignored as any unknown field is.
//! - `/forgot-password` answers `202` and nothing else to every address, known or not, however often it is called.
//! - `/dev-token` with neither roles nor permissions is for the account of that name; with either it is for a principal
//!   without an account, of that name.

pub mod introspection;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use usher::actions::dev::Principal;
use usher::actions::sessions::Issued;
use usher::actions::{Context, Terms};
use usher::domain::text::{Email, Password};
use usher::domain::time;
use usher::error::{Error, Result};
use usher::http::call::email_and_password;
use usher::http::openapi::words;
use usher::jiff::{SignedDuration, Timestamp};
use usher::secrecy::ExposeSecret;
use utoipa::ToSchema;
use utoipa::openapi::Object;

/// `/token`: an hour, and refreshed for thirty days.
pub const TOKEN_TERMS: Terms = Terms {
    session: SignedDuration::from_hours(30 * 24),
    refresh: true,
    ..Terms::of("directory", SignedDuration::from_hours(1))
};
/// `/login`: eight hours.
pub const LOGIN_TERMS: Terms = Terms::of("identity", SignedDuration::from_hours(8));

/// `/dev-token`: as long as it asks for, a day at most.
pub fn dev_terms(access: SignedDuration) -> Terms {
    Terms {
        session: SignedDuration::from_hours(24),
        ..Terms::of("dev", access)
    }
}

/// The body of `/token`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "email": "admin@gauth.local", "password": "Admin@123" }))]
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

/// The body of `/login`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "username": "admin", "password": "Admin@123" }))]
pub struct SignIn {
    /// The account's username or e-mail address.
    pub username: String,
    #[schema(format = Password)]
    pub password: String,
}

/// The body of `/refresh`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    #[schema(example = "usher_rt_…")]
    pub refresh_token: String,
}

/// The body of `/revoke`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Revoke {
    /// An access or a refresh token, or a service account's key.
    #[schema(example = "usher_rt_…")]
    pub token: String,
}

/// The body of `/change-password`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "currentPassword": "Admin@123", "newPassword": "correct horse battery" }))]
pub struct ChangePassword {
    /// The password until now.
    #[schema(format = Password)]
    pub current_password: String,
    /// The password from now on: 10 characters at least.
    #[schema(format = Password)]
    pub new_password: String,
}

/// The body of `/forgot-password`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "email": "jane@example.org" }))]
pub struct ForgotPassword {
    email: String,
}

impl ForgotPassword {
    pub fn parse(&self) -> Result<Email> {
        Email::parse(&self.email).map_err(|detail| Error::invalid("/email", detail))
    }
}

/// The body of `/set-password`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "token": "usher_ot_…", "newPassword": "correct horse battery" }))]
pub struct SetPassword {
    /// The one-time token of a mail.
    pub token: String,
    /// The password from now on: 10 characters at least.
    #[schema(format = Password)]
    pub new_password: String,
}

/// The body of `/login-dev`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "username": "admin" }))]
pub struct DevLogin {
    /// The account's username or e-mail address.
    pub username: String,
}

/// The body of `/dev-token`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(example = json!({ "username": "robot", "permissions": ["admin.users"], "expiresIn": 600 }))]
pub struct DevToken {
    /// The account's username or e-mail address; or the name of the development principal.
    username: Option<String>,
    /// Names of roles of a development principal.
    #[schema(value_type = Option<Vec<String>>)]
    roles: Option<BTreeSet<String>>,
    /// Permissions of a development principal.
    #[schema(value_type = Option<Vec<String>>)]
    permissions: Option<BTreeSet<String>>,
    /// Seconds that it lasts: 3,600 where absent, 86,400 at most.
    #[schema(minimum = 1, maximum = 86400)]
    expires_in: Option<i64>,
}

impl DevToken {
    /// The account that it is for, unless it is for a development principal.
    pub fn account(&self) -> Option<&str> {
        let dev_principal = self.roles.is_some() || self.permissions.is_some();
        self.username.as_deref().filter(|_| !dev_principal)
    }

    pub fn principal(self) -> Principal {
        Principal {
            username: self.username,
            roles: self.roles.unwrap_or_default(),
            permissions: self.permissions.unwrap_or_default(),
        }
    }

    /// How long it lasts.
    pub fn seconds(&self) -> Result<i64> {
        let seconds = self.expires_in.unwrap_or(3_600);
        let fits = (1..=86_400).contains(&seconds);
        fits.then_some(seconds)
            .ok_or_else(|| Error::invalid("/expiresIn", "a token lasts 1 to 86400 seconds"))
    }
}

fn bearer() -> Object {
    words(["Bearer"])
}

/// The answer of `/token` and `/refresh`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenPair {
    /// How the token is sent.
    #[schema(schema_with = bearer)]
    token_type: &'static str,
    /// A JWT (RFC 9068).
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    access_token: String,
    /// Seconds that the access token lasts.
    #[schema(example = 3600)]
    expires_in: i64,
    /// Good for one more pair.
    #[schema(example = "usher_rt_…")]
    refresh_token: Option<String>,
}

impl TokenPair {
    pub fn of(cx: &Context, issued: &Issued) -> Self {
        Self {
            token_type: "Bearer",
            access_token: issued.access_token.expose_secret().to_owned(),
            expires_in: issued.expires_at.as_second() - cx.now.as_second(),
            refresh_token: issued
                .refresh_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
        }
    }
}

/// The answer of `/login` and `/login-dev`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Login)]
pub struct LoginView {
    /// A JWT (RFC 9068).
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    token: String,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T16:00:00.000Z")]
    expires_at: Timestamp,
    /// Whose it is.
    user: LoginUser,
}

/// The account that logged in.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginUser {
    id: String,
    #[schema(example = "jane@example.org")]
    email: Option<String>,
    #[schema(example = "jane")]
    username: Option<String>,
    /// What it calls itself.
    display_name: Option<String>,
    /// Names of the roles that apply now.
    #[schema(example = json!(["user"]))]
    roles: Vec<String>,
    /// Whether nothing else is open before the password is changed.
    must_change_password: bool,
}

impl LoginView {
    pub fn of(issued: &Issued) -> Self {
        let user = issued.user.as_ref().map(|user| LoginUser {
            id: user.id.to_string(),
            email: user.given_email(),
            username: user.given_username(),
            display_name: user.profile.display_name.clone(),
            roles: issued.roles.clone(),
            must_change_password: user.must_change_password,
        });
        Self {
            token: issued.access_token.expose_secret().to_owned(),
            expires_at: issued.expires_at,
            user: user.unwrap_or_default(),
        }
    }
}

/// The answer of `/dev-token`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MintedToken {
    /// A JWT (RFC 9068).
    token: String,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T16:00:00.000Z")]
    expires_at: Timestamp,
}

impl MintedToken {
    pub fn of(issued: &Issued) -> Self {
        Self {
            token: issued.access_token.expose_secret().to_owned(),
            expires_at: issued.expires_at,
        }
    }
}
