//! A mail to send: written in the transaction of what caused it, sent afterwards by whoever follows the table's stream.
//!
//! It names its reason and holds no secret: the one-time token of its link is made when it is sent.

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::tenant::TenantId;
use crate::id::{MailId, UserId};

/// Why a mail is sent, and which template it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MailKind {
    /// Somebody registered, or has a new address: a link that shows that it is theirs.
    VerifyEmail,
    /// A link to choose a new password by.
    ResetPassword,
    /// An administrator made an account without a password: a link to choose one by.
    Invitation,
    /// A notice to the address that the account had before.
    EmailChanged,
    /// A notice that the password was changed.
    PasswordChanged,
}

impl MailKind {
    /// What the link of such a mail is good for, and for how long; notices have none.
    pub fn link(self) -> Option<(Purpose, SignedDuration)> {
        const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);
        match self {
            Self::VerifyEmail => Some((Purpose::VerifyEmail, WEEK)),
            Self::ResetPassword => Some((Purpose::SetPassword, SignedDuration::from_hours(1))),
            Self::Invitation => Some((Purpose::SetPassword, WEEK)),
            Self::EmailChanged | Self::PasswordChanged => None,
        }
    }
}

/// For how long a mail is its sender's: who claimed it and has not sent it by then is taken to be gone.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// How often a mail is tried before it is given up: with [`pause_after`], for a day.
pub const ATTEMPTS: u32 = 30;

/// How long a mail rests after a failure: one minute after the first, twice as long after each further one, an hour at
/// most.
pub fn pause_after(attempts: u32) -> SignedDuration {
    const LONGEST: i64 = 60;
    let minutes = 1_i64 << attempts.saturating_sub(1).min(6);
    SignedDuration::from_mins(minutes.min(LONGEST))
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Its id, also part of its `Message-ID`.
    pub id: MailId,
    pub tenant: TenantId,
    pub kind: MailKind,
    pub user: UserId,
    /// The address, as it is stored (never a canonical form of it).
    pub to: String,
    /// What the account is called, for the greeting.
    pub name: Option<String>,
    /// Where its link leads to: scheme, host and base path, without a slash at its end.
    pub base: String,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    VerifyEmail,
    SetPassword,
}

/// A one-time token as it is kept, under its SHA-256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OneTime {
    /// In another tenant it is not valid.
    pub tenant: TenantId,
    pub purpose: Purpose,
    pub user: UserId,
    /// The address that it was sent to: it proves nothing about another one.
    pub email: String,
    /// The account's epoch when it was made: a password that was chosen since ends it.
    pub epoch: u32,
    /// The first moment after its life.
    #[serde(with = "millisecond::required")]
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f08_a_mail_rests_longer_after_each_failure_and_is_given_up_after_a_day() {
        let minutes: Vec<i64> = (1..=8).map(|attempts| pause_after(attempts).as_mins()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
        let all: SignedDuration = (1..ATTEMPTS).map(pause_after).sum();
        assert!((24..25).contains(&all.as_hours()), "{all}");
    }
}
