//! The one error of the domain: what went wrong, with no word of HTTP.
//!
//! Each contract phrases it in its own style through one total function (`http::dialect::Dialect`), so a new variant
//! does not compile until every contract has an answer for it. The text of a variant is public; what is private (the
//! store's own words) travels as `cause` and is logged once, where the error is phrased.

use std::borrow::Cow;

use jiff::Timestamp;
use strum::{IntoStaticStr, VariantNames};

use crate::domain::grant::MAX_GRANTS;
use crate::domain::rate_limit::{Exceeded, Limit, Rule};
use crate::domain::role::Rank;
use crate::domain::user::Status;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Clone, PartialEq, thiserror::Error, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Error {
    /// The input was understood and breaks a rule; each violation names its place.
    #[error("{}", summary(.0))]
    #[strum(serialize = "validation")]
    Invalid(Vec<Violation>),
    #[error("{0}")]
    #[strum(serialize = "malformed-body")]
    Malformed(String),
    #[error("the body must be JSON: send `content-type: application/json`")]
    UnsupportedMediaType,
    /// The body is compressed (RFC 9110, 15.5.16).
    #[error("the body must be sent as it is, without `content-encoding`")]
    UnsupportedEncoding,
    #[error("the body is over {0} bytes")]
    BodyTooLarge(usize),
    #[error("sign in first: this needs a bearer token")]
    NoCredentials,
    /// The request has a token that opens nothing: malformed, expired, revoked, or its account is not active.
    #[error("the token is not valid")]
    InvalidToken,
    /// A login that failed. Never reports why (rule 5).
    #[error("wrong name or password")]
    WrongCredentials,
    /// The password was right, and the account is not active.
    #[error("the account is {0}")]
    AccountNotActive(Status),
    /// The account, or the unknown login, is locked.
    #[error("the account is locked{}", until.map(|at| format!(" until {at:.3}")).unwrap_or_default())]
    Locked {
        reason: Cow<'static, str>,
        /// When the lock ends; `None` where only an administrator ends it.
        until: Option<Timestamp>,
        /// Seconds from the request until then.
        retry_after: Option<u64>,
    },
    /// The password was right, and the e-mail address is not shown to be the account's.
    #[error("verify your e-mail address before logging in")]
    EmailNotVerified,
    /// The request has no API key, or one that opens nothing.
    #[error("this needs a valid API key: send it as `X-Api-Key`")]
    InvalidApiKey,
    /// A guest's route, and the caller is signed in.
    #[error("log out first")]
    AlreadySignedIn,
    /// A one-time token out of a mail that was used, has expired, or never was one.
    #[error("the link is not valid: it was used, has expired, or never was one")]
    InvalidLink,
    #[error("{0}")]
    Forbidden(Forbidden),
    /// There is no such thing, or it is not the caller's to see.
    #[error("no such {0}")]
    NotFound(Noun),
    #[error("there is nothing at this path")]
    NoSuchRoute,
    #[error("this path does not take this method")]
    MethodNotAllowed,
    #[error("{0}")]
    Conflict(Conflict),
    /// The caller, or whoever it is about, was here too often in too short a time.
    #[error("too many requests: try again in {} s", .0.retry_after)]
    RateLimited(Exceeded),
    /// `If-Match` names a version that is no longer the current one.
    #[error("it has changed since it was read: read it again")]
    #[strum(serialize = "stale")]
    PreconditionFailed,
    /// Another request with the same Idempotency-Key goes on; seconds after which it is over at the latest.
    #[error("a request with this Idempotency-Key is being carried out: send it again when that is over")]
    InFlight(u64),
    /// The Idempotency-Key is that of a request with another body.
    #[error("this Idempotency-Key was used for another request: choose a new one")]
    KeyReused,
    /// It is asked about a moment from before what is kept.
    #[error("what was in force then is not kept any more")]
    NotKept,
    /// The store, or something else that Usher needs, does not answer now. Nothing was written, unless every answer to
    /// the write itself was lost.
    #[error("the service is busy; try again shortly")]
    Unavailable(Cause),
    /// Set-up has not run: the stack has no signing key yet.
    #[error("this stack is not set up yet: its set-up has not run, or has not come to its end")]
    NotSetUp,
    #[error("something went wrong here")]
    Fault(Cause),
}

/// Private words about a failure: for the log, never for an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause(pub String);

#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Where, as a JSON Pointer (RFC 6901), such as `/email`; for a query parameter its name behind a `?`, for a part of
    /// the path its name in braces.
    pub pointer: String,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Forbidden {
    /// The route needs a permission that the caller does not hold.
    #[error("this needs the permission {0}")]
    MissingPermission(&'static str),
    /// The account stands on a rank above the caller's (rule 9).
    #[error("the account stands above yours")]
    AboveOwnRank,
    /// The role that is given stands on a rank above the giver's (rule 9).
    #[error("the role stands above your rank")]
    RoleAboveOwnRank,
    /// What is given holds a permission that the giver lacks (rule 9).
    #[error("you cannot give what you do not hold: {0}")]
    NotHeld(Cow<'static, str>),
    /// What is given is held until a date, or for a department, and given for longer or elsewhere (rule 9).
    #[error("you hold {0} for a shorter time, or another department, than this would give it for")]
    HeldForLess(Cow<'static, str>),
    #[error("the current password is wrong")]
    WrongPassword,
    /// The account must change its password before anything else (rule 14).
    #[error("change your password first")]
    MustChangePassword,
    #[error("this path is for {0}s")]
    BelowRank(Rank),
    /// The account stands on the caller's own rank or above it, where a contract asks for a strictly lower one.
    #[error("the account does not stand below yours")]
    NotBelowOwnRank,
    #[error("this is another's account")]
    AnothersAccount,
    #[error("registration is closed")]
    RegistrationClosed,
    /// A service account came with its key, and this is about the session that a login opens.
    #[error("a service account's key has no session: this is for who logged in")]
    NoSession,
    /// There is a CDN before the API, and the request went past it.
    #[error("this is not the service's address: use its domain")]
    PastTheEdge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Noun {
    #[error("user")]
    User,
    #[error("role")]
    Role,
    #[error("grant")]
    Grant,
    #[error("session")]
    Session,
    #[error("API key")]
    ApiKey,
    #[error("key of this user")]
    ServiceKey,
    #[error("permission")]
    Permission,
    #[error("tenant")]
    Tenant,
    #[error("ban of this user")]
    Ban,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Conflict {
    #[error("the e-mail address is taken")]
    EmailTaken,
    #[error("the username is taken")]
    UsernameTaken,
    /// Where a contract answers so; elsewhere it is invalid.
    #[error("the account has this password already")]
    SamePassword,
    #[error("the role name is taken")]
    RoleNameTaken,
    #[error("the account has this grant already")]
    GrantStands,
    #[error("the role is full")]
    RoleFull,
    #[error("the role has more members than that")]
    BelowMemberCount,
    /// No account would be left that may manage users (rule 8).
    #[error("this is the last account that may manage users")]
    LastAdministrator,
    /// System roles are not removed, renamed or stripped of `admin.*`; the base role is not taken away.
    #[error("{0}")]
    SystemRole(&'static str),
    #[error("the role has members: take it from them first, or use force")]
    RoleHasMembers,
    #[error("an account can have {0} grants at most")]
    TooManyGrants(usize),
    /// The change touches more accounts than one transaction can.
    #[error("the role has too many members for this change: {0} at most")]
    TooManyMembers(usize),
    #[error("the tenant's id is taken")]
    TenantTaken,
    #[error("the catalogue has this permission already")]
    PermissionTaken,
    #[error("roles have this permission: take it from them first, or use force")]
    PermissionInUse,
    #[error("this is a permission of the system's")]
    SystemPermission,
    /// A mail to verify an address is asked for, and why none is sent.
    #[error("{0}")]
    NothingToVerify(&'static str),
    /// A contract that does not let the caller do this to its own account.
    #[error("you cannot delete your own account")]
    OwnAccount,
    /// A password or an address for an account that never has one.
    #[error("a service account has no password and no e-mail address")]
    ServiceAccount,
    #[error("only a service account has keys")]
    NotServiceAccount,
    #[error("an account can have {0} keys at most: revoke one first")]
    TooManyKeys(u8),
}

impl Error {
    /// A locked account, as route tables name the error.
    pub const LOCKED: Self = Self::Locked {
        reason: Cow::Borrowed("too many failed logins"),
        until: Some(Timestamp::constant(1_800_000_000, 0)),
        retry_after: Some(900),
    };
    /// A role or an account with a permission that the caller lacks, likewise.
    pub const NOT_HELD: Self = Self::Forbidden(Forbidden::NotHeld(Cow::Borrowed("admin.users")));
    /// A role that the caller holds until a date, likewise.
    pub const HELD_FOR_LESS: Self = Self::Forbidden(Forbidden::HeldForLess(Cow::Borrowed("admin.users")));

    /// A limit of rate that is over, likewise.
    pub const RATE_LIMITED: Self = Self::RateLimited(Exceeded {
        limit: Limit::LoginByAddress,
        rule: Rule {
            requests: 60,
            seconds: 60,
        },
        retry_after: 12,
    });

    /// What a failed login answers, as route tables name it.
    pub const LOGIN: &[Self] = &[
        Self::WrongCredentials,
        Self::AccountNotActive(Status::Inactive),
        Self::LOCKED,
        Self::RATE_LIMITED,
        Self::NotSetUp,
    ];
    /// What stands in the way of giving roles, likewise.
    pub const GIVES_ROLES: &[Self] = &[
        Self::Forbidden(Forbidden::RoleAboveOwnRank),
        Self::NOT_HELD,
        Self::HELD_FOR_LESS,
        Self::Conflict(Conflict::RoleFull),
        Self::Conflict(Conflict::TooManyGrants(MAX_GRANTS)),
    ];
    /// What stands in the way of a change of another's account, likewise.
    pub const TOUCHES: &[Self] = &[Self::Forbidden(Forbidden::AboveOwnRank), Self::NOT_HELD];
    /// What stands in the way of names and addresses, likewise.
    pub const TAKES_NAMES: &[Self] = &[
        Self::Conflict(Conflict::EmailTaken),
        Self::Conflict(Conflict::UsernameTaken),
    ];

    /// Its kind in a word: for the log, and for what names problems by it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Forbidden(why) => why.into(),
            Self::Conflict(why) => why.into(),
            other => other.into(),
        }
    }

    pub fn kinds() -> impl Iterator<Item = &'static str> {
        let own = Self::VARIANTS
            .iter()
            .filter(|kind| !["forbidden", "conflict"].contains(kind));
        own.chain(Forbidden::VARIANTS).chain(Conflict::VARIANTS).copied()
    }

    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(pointer, detail)])
    }

    /// A defect of Usher's, with private words for the log.
    pub fn fault(cause: impl std::fmt::Display) -> Self {
        Self::Fault(Cause(cause.to_string()))
    }

    /// Something that Usher needs does not answer, with private words for the log.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::Unavailable(Cause(cause.to_string()))
    }
}

impl Violation {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

impl From<Forbidden> for Error {
    fn from(why: Forbidden) -> Self {
        Self::Forbidden(why)
    }
}

impl From<Conflict> for Error {
    fn from(why: Conflict) -> Self {
        Self::Conflict(why)
    }
}

fn summary(violations: &[Violation]) -> String {
    let details: Vec<&str> = violations.iter().map(|v| v.detail.as_str()).collect();
    details.join("; ")
}
