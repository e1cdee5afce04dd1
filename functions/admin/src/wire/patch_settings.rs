//! A change of a tenant's settings.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_with::rust::double_option;
use strum::VariantNames;
use usher::actions::Context;
use usher::domain::tenant_settings::{
    ACCESS_LIFETIME, Chosen, EmailOnSignup, EmailVerification, HISTORY_DAYS, LOCKOUT_LIMIT, LOCKOUT_SECONDS, Lengths,
    Lifetimes, MIN_PASSWORD_LENGTH, PASSWORD_LENGTHS, SESSION_LIFETIME,
};
use usher::error::Result;
use usher::http::call::Checks;
use utoipa::ToSchema;

use super::rate_limits;
use super::settings::{LIFETIMES, REGISTRATION, lasting, on_signup_or_null, verification_or_null};

/// A field of a merge patch: absent, null, or a value.
type Field<T> = Option<Option<T>>;

/// A field with fields of its own. Serde would take an array for them, one by one.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Field<T>, D::Error> {
    let object = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(Some(object.map(|Object(fields)| fields)))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The body of `PATCH /v1/settings`: a merge patch. What is absent stays; what is null is the default again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(
    as = AdminPatchSettings,
    example = json!({ "min_password_length": 12, "lockout": { "limit": 10 }, "registration_open": false })
)]
#[serde(deny_unknown_fields)]
pub struct PatchSettings {
    /// The fewest characters of a password: up to 128, and not below the stack's.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, maximum = 128)]
    min_password_length: Field<u32>,
    /// What is asked of those who register.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchRegistration>)]
    registration: Field<PatchRegistration>,
    /// When failed logins lock an account.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchLockout>)]
    lockout: Field<PatchLockout>,
    /// How long tokens last, by contract.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchLifetimes>)]
    token_lifetimes: Field<PatchLifetimes>,
    /// Whether people who register give an e-mail address, in any letter case; null for the default.
    #[serde(default, with = "double_option")]
    #[schema(schema_with = on_signup_or_null)]
    email_on_signup: Field<String>,
    /// What is asked of that address, in any letter case; null for the default.
    #[serde(default, with = "double_option")]
    #[schema(schema_with = verification_or_null)]
    email_verification: Field<String>,
    /// Whether people can register.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<bool>)]
    registration_open: Field<bool>,
    /// Days that the histories are kept: 90 at least.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 90, maximum = 3650)]
    history_days: Field<u32>,
    /// How many requests the limits of rate take in their windows, by limit.
    #[serde(default, deserialize_with = "object")]
    #[schema(schema_with = rate_limits::change)]
    rate_limits: Field<rate_limits::Changed>,
}

/// What is asked of those who register, and change their password there.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AdminPatchRegistration)]
#[serde(deny_unknown_fields)]
pub struct PatchRegistration {
    /// The fewest characters of a password.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 128)]
    min_password_length: Field<u32>,
    /// The most characters of a password: not below the fewest, nor below the stack's.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 128)]
    max_password_length: Field<u32>,
}

/// When failed logins lock an account.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AdminPatchLockout)]
#[serde(deny_unknown_fields)]
pub struct PatchLockout {
    /// Failures in a row that lock it.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 3, maximum = 100)]
    limit: Field<u32>,
    /// Seconds that the first lock lasts.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3600)]
    seconds: Field<u32>,
}

/// How long tokens last, by contract.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AdminPatchLifetimes)]
#[serde(deny_unknown_fields)]
pub struct PatchLifetimes {
    /// `/api/auth/token`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchLifetime>)]
    directory: Field<PatchLifetime>,
    /// `/api/auth/login`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchAccess>)]
    identity: Field<PatchAccess>,
    /// `/auth/login`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchAccess>)]
    account: Field<PatchAccess>,
    /// `/v1/auth/login`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchLifetime>)]
    admin: Field<PatchLifetime>,
    /// `/v1/user/login`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<PatchAccess>)]
    registration: Field<PatchAccess>,
}

/// How long tokens last, in seconds.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AdminPatchLifetime)]
#[serde(deny_unknown_fields)]
pub struct PatchLifetime {
    /// An access token: a minute to 90 days, and no longer than the session.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 60, maximum = 7_776_000)]
    access: Field<u32>,
    /// The session, where tokens are refreshed.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 60, maximum = 34_560_000)]
    session: Field<u32>,
}

/// How long tokens last that nothing refreshes, in seconds: there is no `session`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AdminPatchAccess)]
#[serde(deny_unknown_fields)]
pub struct PatchAccess {
    /// An access token: a minute to 90 days.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 60, maximum = 7_776_000)]
    access: Field<u32>,
}

/// A change of the settings, field by field.
#[derive(Debug)]
pub struct Change {
    min_password_length: Field<u32>,
    registration: PatchRegistration,
    lockout: PatchLockout,
    lifetimes: Vec<(&'static str, PatchLifetime)>,
    email_on_signup: Field<EmailOnSignup>,
    email_verification: Field<EmailVerification>,
    registration_open: Field<bool>,
    history_days: Field<u32>,
    rate_limits: rate_limits::Changed,
}

impl PatchSettings {
    pub fn parse(self, cx: &Context) -> Result<Change> {
        let mut checks = Checks::new();
        let (most, least) = (*MIN_PASSWORD_LENGTH.end(), cx.app.settings.min_password_length);
        let lengths = u32::try_from(least).map_or(most, |least| least.min(most))..=most;
        within(&mut checks, "/min_password_length", self.min_password_length, &lengths);
        let registration = inside(self.registration, PatchRegistration::cleared);
        registration.check(&mut checks, &lengths);
        within(&mut checks, "/history_days", self.history_days, &HISTORY_DAYS);
        let lockout = inside(self.lockout, PatchLockout::cleared);
        within(&mut checks, "/lockout/limit", lockout.limit, &LOCKOUT_LIMIT);
        within(&mut checks, "/lockout/seconds", lockout.seconds, &LOCKOUT_SECONDS);
        let lifetimes = inside(self.token_lifetimes, PatchLifetimes::cleared).parse(&mut checks);
        let (on_signup, verification) = (self.email_on_signup, self.email_verification);
        let email_on_signup = word(&mut checks, "/email_on_signup", on_signup);
        let email_verification = word(&mut checks, "/email_verification", verification);
        let rate_limits = inside(self.rate_limits, rate_limits::cleared);
        rate_limits::check(&mut checks, &rate_limits);
        checks.done()?;
        Ok(Change {
            min_password_length: self.min_password_length,
            registration,
            lockout,
            lifetimes,
            email_on_signup,
            email_verification,
            registration_open: self.registration_open,
            history_days: self.history_days,
            rate_limits,
        })
    }
}

impl PatchRegistration {
    fn cleared() -> Self {
        Self {
            min_password_length: Some(None),
            max_password_length: Some(None),
        }
    }

    fn check(&self, checks: &mut Checks, of_stack: &RangeInclusive<u32>) {
        let most = *of_stack.start().max(PASSWORD_LENGTHS.start())..=*PASSWORD_LENGTHS.end();
        let (least_at, most_at) = ("/registration/min_password_length", "/registration/max_password_length");
        within(checks, least_at, self.min_password_length, &PASSWORD_LENGTHS);
        within(checks, most_at, self.max_password_length, &most);
    }

    /// Changes the lengths. What cannot be had together is a fault of what was changed.
    fn apply(&self, checks: &mut Checks, chosen: &mut Chosen) {
        let mut lengths = chosen.password_lengths.remove(REGISTRATION.name).unwrap_or_default();
        set(&mut lengths.min, &self.min_password_length);
        set(&mut lengths.max, &self.max_password_length);
        if lengths == Lengths::default() {
            return;
        }
        chosen.password_lengths.insert(REGISTRATION.name.to_owned(), lengths);
        let or = |length: Option<u32>, given: usize| {
            length.map_or(given, |length| usize::try_from(length).unwrap_or(usize::MAX))
        };
        let (least, most) = (
            or(lengths.min, REGISTRATION.min_password),
            or(lengths.max, REGISTRATION.max_password),
        );
        // The minimum of every contract raises a maximum that nobody set.
        let least = lengths
            .max
            .map_or(least, |_| least.max(or(chosen.min_password_length, 0)));
        if least > most {
            let field = if self.max_password_length.is_some() {
                "max"
            } else {
                "min"
            };
            let detail = format!("passwords cannot have at least {least} and at most {most} characters");
            checks.fault(&format!("/registration/{field}_password_length"), &detail);
        }
    }
}

impl PatchLockout {
    fn cleared() -> Self {
        Self {
            limit: Some(None),
            seconds: Some(None),
        }
    }
}

impl PatchLifetime {
    fn cleared() -> Self {
        Self {
            access: Some(None),
            session: Some(None),
        }
    }
}

impl From<PatchAccess> for PatchLifetime {
    fn from(lasts: PatchAccess) -> Self {
        Self {
            access: lasts.access,
            session: None,
        }
    }
}

impl PatchLifetimes {
    fn cleared() -> Self {
        Self {
            directory: Some(None),
            identity: Some(None),
            account: Some(None),
            admin: Some(None),
            registration: Some(None),
        }
    }

    fn parse(self, checks: &mut Checks) -> Vec<(&'static str, PatchLifetime)> {
        let unrefreshed = |field: Field<PatchAccess>| field.map(|value| value.map(PatchLifetime::from));
        let fields = [
            self.directory,
            unrefreshed(self.identity),
            unrefreshed(self.account),
            self.admin,
            unrefreshed(self.registration),
        ];
        let named = LIFETIMES.iter().zip(fields).map(|((name, ..), field)| {
            let lasts = inside(field, PatchLifetime::cleared);
            let at = |kind: &str| format!("/token_lifetimes/{name}/{kind}");
            within(checks, &at("access"), lasts.access, &ACCESS_LIFETIME);
            within(checks, &at("session"), lasts.session, &SESSION_LIFETIME);
            (*name, lasts)
        });
        named.collect()
    }
}

impl Change {
    /// The tenant's settings after the change.
    pub fn of(&self, mut chosen: Chosen) -> Result<Chosen> {
        set(&mut chosen.min_password_length, &self.min_password_length);
        set(&mut chosen.lockout_limit, &self.lockout.limit);
        set(&mut chosen.lockout_seconds, &self.lockout.seconds);
        set(&mut chosen.email_on_signup, &self.email_on_signup);
        set(&mut chosen.email_verification, &self.email_verification);
        set(&mut chosen.registration_open, &self.registration_open);
        set(&mut chosen.history_days, &self.history_days);
        rate_limits::apply(&mut chosen, &self.rate_limits);
        let mut checks = Checks::new();
        self.registration.apply(&mut checks, &mut chosen);
        for (name, change) in &self.lifetimes {
            let mut lasts = chosen.token_lifetimes.get(*name).copied().unwrap_or_default();
            set(&mut lasts.access, &change.access);
            set(&mut lasts.session, &change.session);
            if lasts == Lifetimes::default() {
                chosen.token_lifetimes.remove(*name);
            } else {
                chosen.token_lifetimes.insert((*name).to_owned(), lasts);
            }
            let (access, session) = lasting(&chosen, name);
            if let Some(session) = session.filter(|session| *session < access) {
                let detail = format!("an access token cannot outlast its session, which lasts {session} seconds");
                checks.fault(&format!("/token_lifetimes/{name}/access"), &detail);
            }
        }
        checks.done().map(|()| chosen)
    }
}

fn set<T: Clone>(place: &mut Option<T>, change: &Field<T>) {
    if let Some(value) = change {
        place.clone_from(value);
    }
}

/// What is inside of a field that has fields of its own: none of them where it is absent, all of them null where it is.
fn inside<T: Default>(field: Field<T>, cleared: fn() -> T) -> T {
    field.map_or_else(T::default, |value| value.unwrap_or_else(cleared))
}

fn within(checks: &mut Checks, pointer: &str, value: Field<u32>, range: &RangeInclusive<u32>) {
    if value.flatten().is_some_and(|value| !range.contains(&value)) {
        checks.fault(pointer, &format!("this is {} to {}", range.start(), range.end()));
    }
}

fn word<T: FromStr + VariantNames>(checks: &mut Checks, pointer: &str, value: Field<String>) -> Field<T> {
    let known = |text: &str| {
        let refused = |_| format!("this is one of `{}`", T::VARIANTS.join("`, `"));
        text.parse().map_err(refused)
    };
    value.map(|text| checks.optional(pointer, text.as_deref(), known))
}
