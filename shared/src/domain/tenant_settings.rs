//! What a tenant can set for itself: in force everywhere within ten seconds.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::lockout::LockoutRule;
use super::rate_limit::{Limit, Rule};
use super::tenant_size::Growth;

/// The fewest characters of a password that a tenant can ask for.
pub const MIN_PASSWORD_LENGTH: RangeInclusive<u32> = 0..=128;
/// How many characters a tenant can ask for at least, and allow at most, of passwords that one contract sets.
pub const PASSWORD_LENGTHS: RangeInclusive<u32> = 1..=128;
/// How many characters a password has at most where no contract asks for fewer (rule 4).
pub const LONGEST_PASSWORD: usize = 128;
/// Failed logins in a row that can lock an account.
pub const LOCKOUT_LIMIT: RangeInclusive<u32> = 3..=100;
/// How long the first lock can be, in seconds: an hour at most. Each further one doubles.
pub const LOCKOUT_SECONDS: RangeInclusive<u32> = 1..=3_600;
/// How long an access token can last, in seconds: a minute to [`LONGEST_TOKEN`].
pub const ACCESS_LIFETIME: RangeInclusive<u32> = 60..=7_776_000;
/// How long a session can last, in seconds: a minute to 400 days.
pub const SESSION_LIFETIME: RangeInclusive<u32> = 60..=34_560_000;
/// How long the histories can be kept, in days: nobody but the stack makes it shorter (rule 7).
pub const HISTORY_DAYS: RangeInclusive<u32> = 90..=3_650;
/// The longest that an access token can be made to last: until then after its last signature a signing key stays.
pub const LONGEST_TOKEN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Whether people who register give an e-mail address.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum EmailOnSignup {
    #[default]
    Optional,
    Required,
    /// They are not asked. What is given is not kept, unless the contract itself asks for it.
    None,
}

/// What is asked of an e-mail address that somebody registers with.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum EmailVerification {
    /// Nothing: no mail is sent.
    Off,
    /// A mail with a link is sent, and whoever has not followed it yet can sign in all the same.
    #[default]
    Optional,
    /// A mail is sent, and contracts that support it refuse logins before.
    Required,
}

/// How long what a login issues lasts, in seconds; what is absent is the contract's.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifetimes {
    pub access: Option<u32>,
    /// The session, where it outlives its access tokens: nothing extends it.
    pub session: Option<u32>,
}

/// How many characters a password has; what is absent is the contract's.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lengths {
    pub min: Option<u32>,
    pub max: Option<u32>,
}

/// What a tenant set. What it did not set is the stack's.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Chosen {
    /// The fewest characters of a password; raises the minimum of every contract.
    pub min_password_length: Option<u32>,
    /// The lengths of passwords that one contract sets, by the name of its [`crate::actions::Surface`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub password_lengths: BTreeMap<String, Lengths>,
    pub lockout_limit: Option<u32>,
    pub lockout_seconds: Option<u32>,
    pub email_on_signup: Option<EmailOnSignup>,
    pub email_verification: Option<EmailVerification>,
    pub registration_open: Option<bool>,
    pub history_days: Option<u32>,
    /// How long tokens last, by the name of [`crate::actions::Terms`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub token_lifetimes: BTreeMap<String, Lifetimes>,
    /// How many requests limits take in their windows, by the names of [`Limit`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rate_limits: BTreeMap<String, u32>,
    /// What comparing passwords costs of accounts that were imported: see [`TenantSettings::hash_costs`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hash_costs: Vec<String>,
    pub version: u64,
}

/// What is in force: what the tenant set, and the stack's for the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantSettings {
    /// The fewest characters of a password; raises the minimum of every contract.
    pub min_password_length: usize,
    /// The lengths of passwords that one contract sets, by the name of its [`crate::actions::Surface`], where that was set.
    pub password_lengths: BTreeMap<String, Lengths>,
    pub lockout: LockoutRule,
    pub email_on_signup: EmailOnSignup,
    pub email_verification: EmailVerification,
    pub registration_open: bool,
    pub history: SignedDuration,
    /// How long tokens last, by the name of [`crate::actions::Terms`], where that was set.
    pub token_lifetimes: BTreeMap<String, Lifetimes>,
    /// How many requests limits take, by their names, where that was set.
    pub rate_limits: BTreeMap<String, u32>,
    /// No setting: what the tenant has become.
    pub growth: Growth,
    /// Kinds of hashes, with their parameters, that accounts were imported with: what unknown logins are compared with, by
    /// turns, as accounts are. Nobody sets it but an import.
    pub hash_costs: Vec<String>,
}

impl TenantSettings {
    /// What a limit takes; nothing where there is no such limit here.
    pub fn rate_limit(&self, limit: Limit) -> Option<Rule> {
        Rule::of(limit, &self.rate_limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_can_make_a_token_last_longer_than_its_signing_key() {
        assert_eq!(i64::from(*ACCESS_LIFETIME.end()), LONGEST_TOKEN.as_secs());
    }
}
