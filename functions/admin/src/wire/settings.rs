//! A tenant's settings, as they are in force.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::VariantNames;
use usher::actions::{Context, Surface};
use usher::domain::tenant_settings::{Chosen, EmailOnSignup, EmailVerification, TenantSettings};
use usher::http::openapi::{words, words_or_null};
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::rate_limits;

/// Default lifetimes by the name of a contract's terms, in seconds: of an access token, and of the session of those that
/// refresh. (`shared` knows of no contract; a test logs in through each of them.)
pub const LIFETIMES: [(&str, u32, Option<u32>); 5] = [
    ("directory", 3_600, Some(2_592_000)),
    ("identity", 28_800, None),
    ("account", 2_592_000, None),
    ("admin", 900, Some(2_592_000)),
    ("registration", 1_209_600, None),
];

/// The registration contract, and how many characters its passwords have where nobody set that (likewise).
pub const REGISTRATION: Surface = Surface {
    name: "registration",
    min_password: 6,
    max_password: 64,
};

pub(super) fn on_signup() -> Object {
    words(EmailOnSignup::VARIANTS.iter().copied())
}

pub(super) fn verification() -> Object {
    words(EmailVerification::VARIANTS.iter().copied())
}

pub(super) fn on_signup_or_null() -> Object {
    words_or_null(EmailOnSignup::VARIANTS.iter().copied())
}

pub(super) fn verification_or_null() -> Object {
    words_or_null(EmailVerification::VARIANTS.iter().copied())
}

/// The tenant's settings, as they are in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSettings)]
pub struct SettingsView {
    /// The fewest characters of a password; raises the minimum of every contract.
    #[schema(example = 12)]
    min_password_length: usize,
    /// What is asked of those who register.
    registration: RegistrationView,
    /// When failed logins lock an account.
    lockout: LockoutView,
    /// How long tokens last, by contract.
    token_lifetimes: LifetimesView,
    /// Whether people who register give an e-mail address.
    #[schema(schema_with = on_signup)]
    email_on_signup: &'static str,
    /// What is asked of that address.
    #[schema(schema_with = verification)]
    email_verification: &'static str,
    /// Whether people can register.
    #[schema(example = true)]
    registration_open: bool,
    /// Days that the histories are kept.
    #[schema(example = 365)]
    history_days: i64,
    /// How many requests the limits of rate take in their windows, by limit; null where there is none. They count where the
    /// stack has them on.
    #[schema(schema_with = rate_limits::schema)]
    rate_limits: BTreeMap<&'static str, Option<u32>>,
}

/// What is asked of those who register, and change their password there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRegistration)]
pub struct RegistrationView {
    /// The fewest characters of a password.
    #[schema(example = 6)]
    min_password_length: usize,
    /// The most characters of a password.
    #[schema(example = 64)]
    max_password_length: usize,
}

/// When failed logins lock an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminLockout)]
pub struct LockoutView {
    /// Failures in a row that lock it.
    #[schema(example = 5)]
    limit: u32,
    /// Seconds that the first lock lasts; each further one lasts twice as long, up to a day.
    #[schema(example = 900)]
    seconds: i64,
}

/// How long tokens last, by contract.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminTokenLifetimes)]
pub struct LifetimesView {
    /// `/api/auth/token`.
    directory: LifetimeView,
    /// `/api/auth/login`.
    identity: LifetimeView,
    /// `/auth/login`.
    account: LifetimeView,
    /// `/v1/auth/login`.
    admin: LifetimeView,
    /// `/v1/user/login`.
    registration: LifetimeView,
}

/// How long tokens last, in seconds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminTokenLifetime)]
pub struct LifetimeView {
    /// An access token.
    #[schema(example = 900)]
    access: u32,
    /// The session, where tokens are refreshed: nothing extends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2_592_000)]
    session: Option<u32>,
}

impl SettingsView {
    pub fn of(cx: &Context, chosen: &Chosen) -> Self {
        let now = TenantSettings::of(&cx.app.settings, chosen);
        let (shortest, longest) = now.password_length(&REGISTRATION);
        let lasts = |name: &str| {
            let (access, session) = lasting(chosen, name);
            LifetimeView { access, session }
        };
        Self {
            min_password_length: now.min_password_length,
            registration: RegistrationView {
                min_password_length: shortest,
                max_password_length: longest,
            },
            lockout: LockoutView {
                limit: now.lockout.limit,
                seconds: now.lockout.first.as_secs(),
            },
            token_lifetimes: LifetimesView {
                directory: lasts("directory"),
                identity: lasts("identity"),
                account: lasts("account"),
                admin: lasts("admin"),
                registration: lasts("registration"),
            },
            email_on_signup: now.email_on_signup.into(),
            email_verification: now.email_verification.into(),
            registration_open: now.registration_open,
            history_days: now.history.as_hours() / 24,
            rate_limits: rate_limits::view(chosen),
        }
    }
}

/// How long the tokens of these terms last: an access token, and the session where there is one.
pub(super) fn lasting(chosen: &Chosen, name: &str) -> (u32, Option<u32>) {
    let set = chosen.token_lifetimes.get(name).copied().unwrap_or_default();
    let usual = LIFETIMES.iter().find(|(known, ..)| *known == name);
    let (access, session) = usual.map_or((0, None), |(_, access, session)| (*access, *session));
    let session = session.map(|session| set.session.unwrap_or(session));
    (set.access.unwrap_or(access), session)
}
