//! The account.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{Display, EnumString, IntoStaticStr};

use super::grant::Grant;
use super::lockout::{Attempts, NameAttempts};
use super::profile::Profile;
use super::tenant::TenantId;
use super::text::{Email, Password, Username};
use super::trail::Trail;
use crate::error::{Conflict, Error, Result};
use crate::id::{UserId, UserNumber};

mod ban;

pub use ban::BeforeBan;

/// The state of an account (rule 1). Only an active account gets a token or passes an authorised route.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr, Display, EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Status {
    Active,
    /// Switched off by an administrator.
    Inactive,
    /// Locked by an administrator, or by failed logins until a time.
    Locked,
    Banned,
    /// Deleted: kept, never restored, never answers.
    Deleted,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Active, Self::Inactive, Self::Locked, Self::Banned, Self::Deleted];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// A status that was set, in force at this moment: a lock that ends is over then.
    #[must_use]
    pub fn after_lock(self, ends: Option<Timestamp>, now: Timestamp) -> Self {
        match self {
            Self::Locked if ends.is_some_and(|end| end <= now) => Self::Active,
            status => status,
        }
    }

    /// The status of this name, in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Who signs in with an account. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoStaticStr, Display, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum UserKind {
    #[default]
    Person,
    /// A program: it has a username and keys, and neither a password nor an address.
    Service,
}

impl UserKind {
    fn is_default(&self) -> bool {
        *self == Self::Person
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum UserRef {
    Id(UserId),
    Email(Email),
    Username(Username),
}

impl UserRef {
    pub fn names(&self, user: &User) -> bool {
        match self {
            Self::Id(id) => *id == user.id,
            Self::Email(email) => user.email.as_ref() == Some(email),
            Self::Username(name) => user.username.as_ref() == Some(name),
        }
    }

    /// The account that this text names: by id, address or username. No text is two of them.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.parse().ok().map(Self::Id);
        id.or_else(|| Email::parse(text).ok().map(Self::Email))
            .or_else(|| Username::parse(text).ok().map(Self::Username))
    }
}

/// A password's hash: Argon2id's as a PHC string, or as it was imported. Never shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminLock {
    pub reason: Option<String>,
    /// Until when; until it is unlocked where absent.
    #[serde(default, with = "millisecond::optional")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its id: the `sub` of its tokens.
    pub id: UserId,
    pub tenant: TenantId,
    /// Its number, where it is not the one that its id gives; see [`User::number`].
    #[serde(rename = "number")]
    pub other_number: Option<UserNumber>,
    /// The form of names that its claims and search entries are kept in ([`super::text::FORM`]); numbers are not in the first.
    #[serde(default = "first_form")]
    pub form: u8,
    /// Over how many partitions its tenant's search entries were spread when the account was made: its own are in one of these.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub search_shards: u16,
    #[serde(default, skip_serializing_if = "UserKind::is_default")]
    pub kind: UserKind,
    pub email: Option<Email>,
    /// Whether somebody showed that the address is theirs.
    #[serde(default)]
    pub email_verified: bool,
    pub username: Option<Username>,
    #[serde(default)]
    pub profile: Profile,
    /// The status that was set; see [`User::status_at`] for the one in force.
    pub status: Status,
    /// The administrator's lock, while the status is `locked`.
    pub lock: Option<AdminLock>,
    /// What it is again when its ban is lifted, where that is not active.
    pub before_ban: Option<BeforeBan>,
    /// Whether its own erasure has begun: whoever leaves is in charge no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
    /// The password; an account without one cannot log in with one.
    pub password: Option<PasswordHash>,
    /// Whether the password must be changed before anything else (rule 14).
    #[serde(default)]
    pub must_change_password: bool,
    /// When the password ends that Usher made for it: from then on it is a wrong one.
    #[serde(default, with = "millisecond::optional")]
    pub password_ends: Option<Timestamp>,
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Goes up where what it implies changes and no body shows it, so that its version stays: when grants that ended are
    /// taken off it.
    pub cleared: Option<u32>,
    /// Where the changes of its rights are found; of an account from before that was kept, from its next change on.
    pub trail: Option<Trail>,
    /// Goes up when every session of the account is to end.
    pub epoch: u32,
    /// Goes up at every change of what a body shows: the account's `ETag`.
    pub version: u64,
    /// Attempts to log in since the last success.
    #[serde(flatten)]
    pub attempts: NameAttempts,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    #[serde(with = "millisecond::required")]
    pub modified_at: Timestamp,
    #[serde(default, with = "millisecond::optional")]
    pub deleted_at: Option<Timestamp>,
}

fn one() -> u16 {
    1
}

fn is_one(shards: &u16) -> bool {
    *shards == 1
}

pub(super) fn first_form() -> u8 {
    1
}

impl User {
    /// The number that contracts show which know accounts by one.
    pub fn number(&self) -> UserNumber {
        self.other_number.unwrap_or_else(|| UserNumber::of(self.id))
    }

    /// The status in force at this moment, as it is shown.
    pub fn status_at(&self, now: Timestamp) -> Status {
        match self.status_set(now) {
            Status::Active if self.attempts.locked_until(now).is_some() => Status::Locked,
            status => status,
        }
    }

    /// The status in force at this moment without regard to failed logins. Sessions go by it: a lock by failed logins
    /// is about logging in, and strangers' guesses end nobody's work (rule 6).
    pub fn status_set(&self, now: Timestamp) -> Status {
        self.status.after_lock(self.admin_lock_ends(), now)
    }

    /// Takes off the locks that are over, of either kind.
    pub fn take_off_ended_locks(&mut self, now: Timestamp) {
        if self.status_set(now) != self.status {
            self.status = Status::Active;
            self.lock = None;
        }
        self.attempts.take_off_ended(now);
    }

    /// The status that listings find it under: the one that was last written. A lock with an end stays there until
    /// something is written, so listings of active accounts look among the locked ones as well.
    pub fn listed_status(&self) -> Status {
        match self.status {
            Status::Active if self.attempts.lockout_until().is_some() => Status::Locked,
            status => status,
        }
    }

    /// When an account that is listed as locked becomes active by itself.
    pub fn listed_lock_ends(&self) -> Option<Timestamp> {
        let by_failures = self.attempts.lockout_until();
        match self.status {
            Status::Active => by_failures,
            Status::Locked => self.admin_lock_ends().and_then(|until| by_failures.max(Some(until))),
            Status::Inactive | Status::Banned | Status::Deleted => None,
        }
    }

    /// When the lock in force at this moment ends, where it ends by itself.
    pub fn lock_ends(&self, now: Timestamp) -> Option<Timestamp> {
        let by_failures = self.attempts.locked_until(now);
        match self.status_set(now) {
            Status::Locked => {
                let by_admin = self.admin_lock_ends();
                by_admin.and_then(|until| by_failures.max(Some(until)))
            }
            _ => by_failures,
        }
    }

    /// Whether the account keeps somebody in charge of the tenant (rule 8): it may manage users for good, and can sign in.
    pub fn is_administrator(&self) -> bool {
        let stays = self.status == Status::Active && !self.leaving;
        stays && self.can_sign_in() && self.grants.iter().any(Grant::keeps_in_charge)
    }

    /// Whether somebody holds its password: not an invitation that was not taken up; and a temporary password ends, so it
    /// only counts where another can be asked for by a mail that somebody reads.
    fn can_sign_in(&self) -> bool {
        self.password.is_some() && (!self.must_change_password || self.email_verified)
    }

    /// What the account is called in words: its display name, else its username.
    pub fn display_name(&self) -> Option<String> {
        self.profile.display_name.clone().or_else(|| self.given_username())
    }

    /// The address as it was given.
    pub fn given_email(&self) -> Option<String> {
        self.email.as_ref().map(|email| email.as_given().to_owned())
    }

    /// The username as it was given.
    pub fn given_username(&self) -> Option<String> {
        self.username.as_ref().map(|name| name.as_given().to_owned())
    }

    /// Whether nothing differs, not even how a name is spelled: two spellings of one name are equal.
    pub fn is_spelled_as(&self, other: &Self) -> bool {
        self == other && self.has_the_names_of(other)
    }

    /// Whether it has the same address and username, in the same spelling.
    pub fn has_the_names_of(&self, other: &Self) -> bool {
        self.given_email() == other.given_email() && self.given_username() == other.given_username()
    }

    /// Where mail to the account goes ([`Email::mailbox`]).
    pub fn mailbox(&self) -> Option<String> {
        self.email.as_ref().map(Email::mailbox)
    }

    /// Gives another address, or none. Whoever holds a session got in by the old one; the new one is
    /// unverified. Attempts are counted by what is typed, and so under the key.
    pub fn set_email(&mut self, email: Option<&Email>) {
        if self.email.as_ref() != email {
            self.attempts.email = Attempts::default();
        }
        if self.mailbox() != email.map(Email::mailbox) {
            self.email_verified = false;
            self.end_sessions();
        }
        self.email = email.cloned();
    }

    /// Gives another username, or none. Attempts under the old one are not the new one's.
    pub fn set_username(&mut self, username: Option<&Username>) {
        if self.username.as_ref() != username {
            self.attempts.username = Attempts::default();
        }
        self.username = username.cloned();
    }

    /// Whether it can have a password and an address: a service account has neither.
    pub fn is_person(&self) -> Result<()> {
        match self.kind {
            UserKind::Person => Ok(()),
            UserKind::Service => Err(Conflict::ServiceAccount.into()),
        }
    }

    pub fn has_name(&self) -> Result<()> {
        if self.kind == UserKind::Service && self.username.is_none() {
            return Err(Error::invalid("/username", "a service account needs a username"));
        }
        match self.email.is_none() && self.username.is_none() {
            true => Err(Error::invalid(
                "/email",
                "an account needs an e-mail address or a username",
            )),
            false => Ok(()),
        }
    }

    /// Whether both are logged in to by the same names and password.
    pub fn has_credentials_of(&self, other: &Self) -> bool {
        (&self.password, &self.email, &self.username) == (&other.password, &other.email, &other.username)
    }

    /// Whether this is a name of the account, or its address: no password then (rule 4).
    pub fn is_called(&self, password: &Password) -> bool {
        let is = |as_given: &str, canonical: &str| password.is(as_given) || password.is(canonical);
        let email = self.email.as_ref().map(|email| is(email.as_given(), email.canonical()));
        let name = self.username.as_ref().map(|name| is(name.as_given(), name.canonical()));
        email == Some(true) || name == Some(true)
    }

    /// Gives another password, and ends every session.
    pub fn set_password(&mut self, hash: &PasswordHash) {
        self.password = Some(hash.clone());
        self.must_change_password = false;
        self.password_ends = None;
        self.end_sessions();
    }

    /// Gives a status. An account that may not sign in any more loses its sessions for good.
    pub fn set_status(&mut self, status: Status, now: Timestamp) -> Result<()> {
        let ends = self.lock.as_ref().is_some_and(|lock| lock.until.is_some());
        let before_ban = self.covered_by(status, now);
        match status {
            Status::Deleted => return Err(Error::invalid("/status", "to delete an account, send DELETE")),
            Status::Active => {
                self.lock = None;
                // Whoever reads that an account is active must be able to rely on it: a lockout ends as well.
                if self.attempts.lockout_until().is_some() {
                    self.attempts = NameAttempts::cleared(now);
                }
            }
            // A lock with an end may be over, and is not the one that is asked for now.
            Status::Locked if self.status == Status::Locked && !ends => {}
            Status::Locked => self.lock = Some(AdminLock::default()),
            Status::Inactive | Status::Banned => self.lock = None,
        }
        if status != Status::Active && (self.status != status || ends) {
            self.end_sessions();
        }
        self.status = status;
        self.before_ban = before_ban;
        Ok(())
    }

    pub fn end_sessions(&mut self) {
        self.epoch += 1;
    }

    /// When the administrator's lock ends by itself.
    pub fn admin_lock_ends(&self) -> Option<Timestamp> {
        self.lock.as_ref().and_then(|lock| lock.until)
    }
}
