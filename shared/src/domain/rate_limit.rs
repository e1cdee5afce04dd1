//! Limits of rate: how many requests of a kind one subject may make within a window that slides with the clock.
//!
//! The window is made of two that do not slide: what was counted in the one before weighs by how much of it the sliding
//! window still covers. So a counter is two numbers, and no more than the limit pass in any window but for what the weight
//! takes for granted, that the earlier requests came evenly.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use strum::VariantArray;

/// What is limited, and by which subject.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::Display,
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum Limit {
    LoginByAddress,
    LoginByName,
    LoginByTenant,
    RegistrationByAddress,
    RegistrationByTenant,
    PasswordByAddress,
    PasswordByEmail,
    PasswordByTenant,
    VerificationByAddress,
    VerificationByEmail,
    VerificationByTenant,
    InvitationByAccount,
    InvitationByTenant,
    TokenByAddress,
    TokenByTenant,
    IntrospectionByAccount,
    IntrospectionByTenant,
}

/// What a request asks for, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Login,
    Registration,
    /// A mail to choose a new password by.
    ForgottenPassword,
    /// A mail to verify an address by.
    Verification,
    /// A mail that an administrator has sent to somebody else.
    Invitation,
    /// What is done with a token that came in a body or a link: refreshed, renewed, revoked, checked, followed.
    Token,
    Introspection,
}

/// The limits of an operation: by the caller's network, by the person (a name, an address of mail, an account), by tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub network: Option<Limit>,
    pub person: Option<Limit>,
    pub tenant: Limit,
}

impl Operation {
    pub const fn limits(self) -> Limits {
        use Limit as L;
        let (network, person, tenant) = match self {
            Self::Login => (Some(L::LoginByAddress), Some(L::LoginByName), L::LoginByTenant),
            Self::Registration => (Some(L::RegistrationByAddress), None, L::RegistrationByTenant),
            Self::ForgottenPassword => (
                Some(L::PasswordByAddress),
                Some(L::PasswordByEmail),
                L::PasswordByTenant,
            ),
            Self::Verification => (
                Some(L::VerificationByAddress),
                Some(L::VerificationByEmail),
                L::VerificationByTenant,
            ),
            Self::Invitation => (None, Some(L::InvitationByAccount), L::InvitationByTenant),
            Self::Token => (Some(L::TokenByAddress), None, L::TokenByTenant),
            Self::Introspection => (None, Some(L::IntrospectionByAccount), L::IntrospectionByTenant),
        };
        Limits {
            network,
            person,
            tenant,
        }
    }
}

/// The most that any limit can be set to.
pub const MOST: u32 = 1_000_000;
/// How many requests a second one counter of a tenant takes. A key takes 1,000 writes.
const BY_ONE_COUNTER: u32 = 100;
/// What a tenant's own limit is at least, in a minute: whoever sets one still gets in to set another.
const LEAST_OF_TENANT: u32 = 60;

impl Limit {
    /// The window in seconds, how many requests it takes by default (none: as many as come), and the fewest that can be set.
    const fn shape(self) -> (u32, Option<u32>, u32) {
        match self {
            Self::LoginByAddress => (60, Some(60), 10),
            Self::LoginByName => (300, Some(30), 10),
            Self::RegistrationByAddress => (3_600, Some(60), 5),
            Self::PasswordByAddress | Self::VerificationByAddress => (3_600, Some(60), 5),
            Self::PasswordByEmail | Self::VerificationByEmail => (3_600, Some(10), 3),
            Self::InvitationByAccount => (3_600, Some(300), 10),
            Self::TokenByAddress => (60, Some(300), 60),
            Self::IntrospectionByAccount => (60, Some(6_000), 60),
            Self::LoginByTenant
            | Self::RegistrationByTenant
            | Self::PasswordByTenant
            | Self::VerificationByTenant
            | Self::InvitationByTenant
            | Self::TokenByTenant
            | Self::IntrospectionByTenant => (60, None, LEAST_OF_TENANT),
        }
    }

    /// The window, in seconds.
    pub const fn seconds(self) -> u32 {
        self.shape().0
    }

    /// The fewest requests that a tenant can set.
    pub const fn least(self) -> u32 {
        self.shape().2
    }

    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How many requests in how many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub requests: u32,
    pub seconds: u32,
}

/// What was counted: in the window of this number since 1970, and in the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub window: i64,
    pub count: u32,
    pub before: u32,
}

impl Rule {
    /// The rule that is in force where a tenant set these: by the names of limits.
    pub fn of(limit: Limit, chosen: &BTreeMap<String, u32>) -> Option<Self> {
        let (seconds, usual, least) = limit.shape();
        let set = chosen.get(limit.name()).map(|requests| (*requests).clamp(least, MOST));
        let requests = set.or(usual)?;
        Some(Self { requests, seconds })
    }

    /// Over how many counters a tenant's requests are spread, each of which takes its share.
    pub fn counters(self) -> u16 {
        let by_one = BY_ONE_COUNTER * self.seconds;
        u16::try_from(self.requests.div_ceil(by_one).max(1)).unwrap_or(u16::MAX)
    }

    /// The share of one of so many counters.
    #[must_use]
    pub fn share(self, counters: u16) -> Self {
        let requests = self.requests.div_ceil(u32::from(counters.max(1)));
        Self { requests, ..self }
    }

    /// The number of the window that a moment is in.
    pub fn window(self, now: Timestamp) -> i64 {
        now.as_millisecond().div_euclid(self.length())
    }

    /// What was counted, as of now. A window that has not begun here yet (another machine's clock is ahead) begins now.
    pub fn current(self, seen: Option<Count>, now: Timestamp) -> Count {
        let window = self.window(now);
        match seen {
            Some(seen) if seen.window >= window => seen,
            Some(seen) if seen.window == window - 1 => Count {
                window,
                count: 0,
                before: seen.count,
            },
            _ => Count {
                window,
                ..Count::default()
            },
        }
    }

    /// How many requests of its window a count has room for in all, at this moment.
    pub fn room(self, count: Count, now: Timestamp) -> u32 {
        let free = i64::from(self.requests) * self.length() - i64::from(count.before) * self.left(count, now);
        u32::try_from(free.max(0) / self.length()).unwrap_or(u32::MAX)
    }

    /// The least number of whole seconds after which one more request has room, should none come in between.
    pub fn retry_after(self, count: Count, now: Timestamp) -> u32 {
        let (length, left) = (self.length(), self.left(count, now));
        let ms = if count.count < self.requests {
            // Enough of the window before has to be left behind.
            let free = i64::from(self.requests - count.count - 1);
            left - weight(free, length, count.before)
        } else {
            // In the next window this one is the one before.
            left + length - weight(i64::from(self.requests) - 1, length, count.count)
        };
        u32::try_from(ms.max(0)).unwrap_or(u32::MAX).div_ceil(1000)
    }

    /// Milliseconds until the count's window ends.
    fn left(self, count: Count, now: Timestamp) -> i64 {
        let elapsed = now.as_millisecond() - count.window * self.length();
        (self.length() - elapsed).clamp(0, self.length())
    }

    fn length(self) -> i64 {
        1_000 * i64::from(self.seconds)
    }
}

/// For how many milliseconds of a window so many earlier requests weigh no more than is free.
fn weight(free: i64, length: i64, earlier: u32) -> i64 {
    match earlier {
        0 => length,
        earlier => (free * length / i64::from(earlier)).min(length),
    }
}

/// A limit that a request is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    pub limit: Limit,
    pub rule: Rule,
    /// Seconds.
    pub retry_after: u32,
}

/// What is left to whoever made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub limit: Limit,
    pub rule: Rule,
    pub remaining: u32,
    /// Seconds until the window ends that it was counted in.
    pub resets_after: u32,
}

impl Quota {
    pub fn of(limit: Limit, rule: Rule, count: Count, now: Timestamp) -> Self {
        let left = u32::try_from(rule.left(count, now)).unwrap_or(u32::MAX);
        Self {
            limit,
            rule,
            remaining: rule.room(count, now).saturating_sub(count.count),
            resets_after: left.div_ceil(1000),
        }
    }
}

/// Whose an address is, as far as limits go: of IPv6 a network of 64 bits, which is what one customer gets at least. An
/// address of IPv4 in one of IPv6 is the former.
pub fn network(address: &str) -> String {
    match address.parse().map(|ip: IpAddr| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Err(_) => address.to_owned(),
    }
}

/// Every limit with what is in force, where a tenant set these.
pub fn in_force(chosen: &BTreeMap<String, u32>) -> Vec<(Limit, Option<Rule>)> {
    let all = Limit::VARIANTS.iter();
    all.map(|limit| (*limit, Rule::of(*limit, chosen))).collect()
}

#[cfg(test)]
mod tests;
