//! Bodies of `/v1/user/*`.
//!
//! On purpose:
//! - `/token/verify` answers `200` to every token, good or bad; `/login` refuses with `403` where others use `401`.
//! - `/email/verify/{token}` is followed in a browser: it answers plain text, and a link that is no good is `400` in plain
//!   text too.
//! - `/email/resend` answers `202` and the same sentence to every address, known or not, however often it is called.
//! - A blank `email` is none. Where the tenant's setting asks for none, what is given is not looked at, and dropped.
//! - The username is held to this contract's own rule (1 to 20 ASCII letters, digits, `-`, `_`) where it is chosen here;
//!   accounts of other contracts, with other names or none, log in all the same. Where an account has no username, its
//!   e-mail address stands in for it in answers and tokens.
//! - Tokens carry `user: {user_id, username, administrator}`. Nothing here reads it back. There is no refresh token: a
//!   token is renewed by itself, which carries its session on for as long as the token lasts, so that such a session has
//!   no end but the account's. Tokens of other contracts are valid at `/token/verify`, and not renewed here.
//! - An account's id is a number here (`user_id`): the original's clients read an integer.
//! - `{user}` of `/change-password` is the caller's own number, id, username or address; another is `403`, whether there is
//!   such an account or not. Should the caller's number be somebody else's username, it is the caller that is meant. An
//!   account with the username `ban` must give its number: `/v1/user/ban/…` is another route.
//! - `{user}` of the bans is a username, as in the original, or an address or id. Digits are a username there, which may be
//!   made of digits alone: nobody is banned by a number that could be another's name.
//! - `DELETE …/ban/{user}` bans again what is banned; `…/lift` of what is not banned is `404`, and unlocks no account that
//!   was locked or disabled.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use usher::actions::sessions::Issued;
use usher::actions::users::{NewUser, UserRef};
use usher::actions::{Context, Terms, VerifiedEmail, passwords};
use usher::domain::role::Rank;
use usher::domain::tenant_settings::EmailOnSignup;
use usher::domain::text::{Email, Password, Username};
use usher::domain::user::User;
use usher::error::{Error, Result};
use usher::http::answer::{Json, Sentence};
use usher::http::call::Checks;
use usher::id::UserNumber;
use usher::jiff::SignedDuration;
use usher::secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

/// While so much of a token is left, it is not renewed.
pub const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Fourteen days, and renewed by the token itself.
pub const TERMS: Terms = Terms {
    verified_email: VerifiedEmail::WhereRequired,
    claims,
    ..Terms::of("registration", SignedDuration::from_hours(14 * 24))
};

pub const LINK_FOLLOWED: Sentence = Sentence::Done("Email verified, you can close this page.");
pub const LINK_REFUSED: Sentence = Sentence::Refused("Token invalid.");
pub const RESENT: &str = "If the address is still to be verified, a mail with a link is sent to it.";
pub const TOKEN_VALID: &str = "Token is valid.";
pub const TOKEN_INVALID: &str = "Token invalid.";

/// The most characters of a username that is chosen here.
const LONGEST_USERNAME: usize = 20;

/// What this contract's clients read in a token.
fn claims(user: &User, rank: Rank) -> Map<String, Value> {
    let user = json!({
        "user_id": user.number(),
        "username": shown(user),
        "administrator": administers(rank),
    });
    Map::from_iter([("user".to_owned(), user)])
}

fn administers(rank: Rank) -> bool {
    rank >= Rank::Admin
}

/// What an account is called here: its username, or its address where it has none.
pub fn shown(user: &User) -> String {
    let name = user.username.as_ref().map(Username::as_given);
    let email = || user.email.as_ref().map(Email::as_given);
    name.or_else(email).unwrap_or_default().to_owned()
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistrationData)]
pub struct Data<T> {
    #[schema(inline)]
    pub data: T,
}

impl<T> Data<T> {
    pub fn of(data: T) -> Json<Self> {
        Json(Self { data })
    }
}

/// The body of `/register`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegistrationRegister, example = json!({
    "username": "jane", "email": "jane@example.org", "password": "correct horse", "confirm_password": "correct horse"
}))]
pub struct Register {
    /// 1 to 20 letters, digits, dashes or underscores.
    username: String,
    /// The e-mail address; whether it must be given is a setting. A blank one is none.
    email: Option<String>,
    /// 6 to 64 characters, unless the tenant's settings say otherwise.
    #[schema(format = Password)]
    password: String,
    /// The same again.
    #[schema(format = Password)]
    confirm_password: String,
}

impl Register {
    pub fn parse(self, cx: &Context) -> Result<NewUser> {
        let mut checks = Checks::new();
        let username = checks.parse("/username", &self.username, username);
        let email = email(cx, &mut checks, self.email);
        let password = confirmed(cx, &mut checks, self.password, &self.confirm_password)?;
        checks.done()?;
        Ok(NewUser {
            username,
            email,
            password,
            ..NewUser::default()
        })
    }
}

/// The address, where the tenant's setting asks for one or lets one be given. A blank one is none.
fn email(cx: &Context, checks: &mut Checks, given: Option<String>) -> Option<Email> {
    let given = given.filter(|email| !email.trim().is_empty());
    match (cx.tenant_settings.email_on_signup, given) {
        (EmailOnSignup::None, _) | (EmailOnSignup::Optional, None) => None,
        (EmailOnSignup::Required, None) => {
            checks.fault("/email", "Email is required");
            None
        }
        (_, Some(given)) => checks.parse("/email", &given, Email::parse),
    }
}

/// A username by this contract's rule and the common one.
fn username(text: &str) -> Result<Username, String> {
    let fits = (1..=LONGEST_USERNAME).contains(&text.len());
    if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return Err(format!(
            "a username has 1 to {LONGEST_USERNAME} letters, digits, dashes or underscores"
        ));
    }
    Username::parse(text)
}

/// A password that was typed twice.
fn confirmed(cx: &Context, checks: &mut Checks, password: String, again: &str) -> Result<Option<Password>> {
    if password != again {
        checks.fault("/confirm_password", "password and confirm_password are not the same");
    }
    checks.take(passwords::chosen(cx, "/password", password))
}

/// The answer of `/register`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistrationRegistered)]
pub struct Registered {
    /// The account's number, for good: below 2^53.
    #[schema(example = 4_503_599_627_370_497_i64, value_type = i64, format = Int64, minimum = 1)]
    user_id: UserNumber,
}

impl Registered {
    pub fn of(user: &User) -> Self {
        Self { user_id: user.number() }
    }
}

/// Whom `{user}` of `/change-password` names: the account of this number is the caller's own.
pub fn named(user: UserRef, own: &User) -> UserRef {
    match user {
        UserRef::Username(digits) if digits.as_given() == own.number().to_string() => UserRef::Id(own.id),
        other => other,
    }
}

/// The body of `/email/resend`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegistrationResend, example = json!({ "email": "jane@example.org" }))]
pub struct Resend {
    email: String,
}

impl Resend {
    pub fn parse(&self) -> Result<Email> {
        Email::parse(&self.email).map_err(|detail| Error::invalid("/email", detail))
    }
}

/// The body of `/login`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegistrationLogin, example = json!({ "login": "admin", "password": "Admin@123" }))]
pub struct Login {
    /// The account's username or e-mail address.
    pub login: String,
    #[schema(format = Password)]
    pub password: String,
}

/// The body of `/token/verify` and `/token/renew`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegistrationToken)]
pub struct Token {
    /// A token of `/login`.
    #[schema(value_type = String, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    pub token: SecretString,
}

/// The answer of `/login` and `/token/renew`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistrationLoggedIn)]
pub struct LoggedIn {
    /// A JWT (RFC 9068).
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    token: String,
    /// The account's username.
    #[schema(example = "jane")]
    username: String,
    /// Whether it stands on the rank `admin` or above.
    admin: bool,
}

impl LoggedIn {
    pub fn of(issued: &Issued) -> Self {
        Self {
            token: issued.access_token.expose_secret().to_owned(),
            username: issued.user.as_ref().map(shown).unwrap_or_default(),
            admin: administers(issued.rank),
        }
    }
}

/// The body of `/{user}/change-password`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegistrationChangePassword, example = json!({
    "current_password": "Admin@123", "password": "correct horse", "confirm_password": "correct horse"
}))]
pub struct ChangePassword {
    /// The password until now.
    #[schema(format = Password)]
    current_password: String,
    /// The password from now on: 6 to 64 characters, unless the tenant's settings say otherwise.
    #[schema(format = Password)]
    password: String,
    /// The same again.
    #[schema(format = Password)]
    confirm_password: String,
}

impl ChangePassword {
    /// The password until now, and the one from now on.
    pub fn parse(self, cx: &Context) -> Result<(Password, Password)> {
        let mut checks = Checks::new();
        let new = confirmed(cx, &mut checks, self.password, &self.confirm_password)?;
        checks.done()?;
        let new = new.ok_or_else(|| usher::Error::fault("a password was neither taken nor refused"))?;
        Ok((Password::presented(self.current_password), new))
    }
}
