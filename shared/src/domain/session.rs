//! Sessions: what a login opens, a refresh carries on, and a logout ends.
//!
//! A refresh token is used once. Its successors are numbered by depth (how many rotations) and attempt (how often the
//! rotation at that depth was repeated because its answer was lost). Only the newest attempt lives; once anything of it
//! was used (`confirmed`), the token before it is spent, and whoever shows it again has stolen it or lost it to a thief:
//! the whole family ends (RFC 9700, 4.14.2).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::history::{LoginEntry, LoginKind};
use super::tenant::TenantId;
use super::user::User;
use crate::id::{EntryId, SessionId, UserId};
use crate::proof::opaque::{Digest, RefreshToken};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id: the `sid` of its tokens.
    pub id: SessionId,
    pub tenant: TenantId,
    pub user: UserId,
    pub surface: String,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// Its end: no refresh extends it, only a renewal where the contract has one.
    #[serde(with = "millisecond::required")]
    pub expires_at: Timestamp,
    /// The last use that was written down.
    #[serde(default, with = "millisecond::optional")]
    pub last_used_at: Option<Timestamp>,
    /// From which address it was opened; empty where that was not kept yet.
    #[serde(default)]
    pub ip: String,
    /// With which client, as it calls itself; likewise.
    #[serde(default)]
    pub user_agent: String,
    /// The account's epoch when it was opened; it lives while they are equal.
    pub epoch: u32,
    #[serde(default)]
    pub version: u64,
    /// Its line of refresh tokens, where it has one.
    pub refresh: Option<Family>,
    /// Whether it was opened without a password, as development stages do. No other stage takes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// The rights of a development principal, on development stages only.
    pub dev_principal: Option<DevPrincipal>,
    /// Until when it is the row of its login in the history as well, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millisecond::optional")]
    pub recorded_until: Option<Timestamp>,
}

/// The line of refresh tokens of one session.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Family {
    /// SHA-256 of the secret that all its tokens share.
    pub family: Digest,
    pub current: Digest,
    pub depth: u32,
    pub attempt: u32,
    /// SHA-256 of the token that was given for it.
    pub previous: Option<Digest>,
    /// The attempt of that one.
    #[serde(default)]
    pub previous_attempt: u32,
    /// Whether the newest refresh token, or an access token issued with it, was used.
    #[serde(default)]
    pub confirmed: bool,
}

/// A principal that no account stands behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DevPrincipal {
    pub username: String,
    pub roles: BTreeSet<String>,
    /// What it may do, beside what the roles hold.
    pub permissions: BTreeSet<String>,
}

/// What becomes of a refresh token that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// The newest: it is exchanged, and its successor has this depth and attempt 0.
    Newest,
    /// The one before, while nothing of its successor was used: the answer was lost, so it is exchanged again.
    Again,
    /// Spent: it or a successor was used, so the family ends.
    Reused,
    /// Not a token that this session gave out, or one that died unused.
    Dead,
}

impl Session {
    /// The row of the login that opened it (rule 7), which has its id.
    pub fn login(&self) -> LoginEntry {
        LoginEntry {
            id: EntryId::from_uuid(self.id.uuid()),
            tenant: self.tenant.clone(),
            user: self.user,
            kind: LoginKind::Login,
            at: self.created_at,
            surface: self.surface.clone(),
            ip: self.ip.clone(),
            user_agent: self.user_agent.clone(),
            session: Some(self.id),
        }
    }

    /// Whether it is open at this moment, without regard to its account.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whether it is open for this account at this moment.
    pub fn is_open_for(&self, user: &User, now: Timestamp) -> bool {
        self.is_open(now) && self.user == user.id && self.epoch == user.epoch
    }

    /// When it was last used, or opened: at most a minute before the last use.
    pub fn used_at(&self) -> Timestamp {
        self.last_used_at.unwrap_or(self.created_at)
    }

    /// Whether an access token of this depth and attempt is still one of its own. `None` where it is not; else
    /// whether its use is the first sign that the newest pair arrived.
    pub fn accepts(&self, depth: u32, attempt: u32) -> Option<FirstUse> {
        let Some(family) = &self.refresh else {
            return Some(FirstUse(false));
        };
        let newest = (depth, attempt) == (family.depth, family.attempt);
        let before = depth + 1 == family.depth && attempt == family.previous_attempt;
        (newest || before).then_some(FirstUse(newest && family.depth > 0 && !family.confirmed))
    }
}

/// Whether this use is to be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstUse(pub bool);

impl Family {
    /// The line that begins with this token.
    pub fn beginning(token: &RefreshToken) -> Self {
        Self {
            family: token.family_digest(),
            current: token.digest(),
            depth: 0,
            attempt: 0,
            previous: None,
            previous_attempt: 0,
            confirmed: false,
        }
    }

    pub fn present(&self, token: &RefreshToken) -> Presented {
        let digest = token.digest();
        if self.current == digest {
            return Presented::Newest;
        }
        if self.previous == Some(digest) {
            return if self.confirmed {
                Presented::Reused
            } else {
                Presented::Again
            };
        }
        let authentic = self.family == token.family_digest();
        // An attempt that lost to a later one at the newest depths died unused; anything deeper down was used.
        let spent = token.depth().saturating_add(1) < self.depth;
        if authentic && spent {
            Presented::Reused
        } else {
            Presented::Dead
        }
    }

    /// The depth and attempt of the token that is given for one presented so.
    pub fn next_place(&self, presented: Presented) -> (u32, u32) {
        match presented {
            Presented::Newest => (self.depth + 1, 0),
            Presented::Again | Presented::Reused | Presented::Dead => (self.depth, self.attempt + 1),
        }
    }

    /// The line after `token` was exchanged for `successor`.
    #[must_use]
    pub fn rotated(&self, presented: Presented, token: &RefreshToken, successor: &RefreshToken) -> Self {
        Self {
            family: self.family,
            current: successor.digest(),
            depth: successor.depth(),
            attempt: successor.attempt(),
            previous: Some(token.digest()),
            previous_attempt: if presented == Presented::Newest {
                self.attempt
            } else {
                self.previous_attempt
            },
            confirmed: false,
        }
    }
}
