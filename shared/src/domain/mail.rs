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
    /// An account has an address that is not verified: a link that shows that it is its holder's.
    VerifyEmail,
    /// A link to choose a new password by.
    ResetPassword,
    /// An account has an address and no password: a link to choose one by.
    Invitation,
    /// A notice to the verified address that the account had before.
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
    /// What the account was called, for the greeting of a notice. Whoever sends a link reads the account itself.
    pub name: Option<String>,
    /// Whose request asked for it; nobody's where whoever asked did not sign in.
    pub caused_by: Option<UserId>,
    /// Where its link leads to: scheme, host and base path, without a slash at its end.
    pub base: String,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
}

/// How many mails may be sent in any such time, and how far apart (rule 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub within: SignedDuration,
    pub apart: SignedDuration,
}

/// Of mails to one address, whichever tenant's: one a minute and ten a day.
pub const TO_ADDRESS: Limit = Limit {
    within: SignedDuration::from_hours(24),
    apart: SignedDuration::from_mins(1),
};

/// Of mails caused by one account: ten an hour.
pub const BY_ACCOUNT: Limit = Limit {
    within: SignedDuration::from_hours(1),
    apart: SignedDuration::ZERO,
};

impl Limit {
    const MANY: usize = 10;

    /// What is sent with a mail at this moment (milliseconds, as far as they still count), where one may be sent.
    pub fn with_another(&self, sent: &[i64], now: Timestamp) -> Option<Vec<i64>> {
        let now = now.as_millisecond();
        let since = |at: i64| SignedDuration::from_millis(now - at);
        let mut sent: Vec<i64> = sent.iter().copied().filter(|at| since(*at) < self.within).collect();
        let may = sent.len() < Self::MANY && sent.iter().all(|at| since(*at) >= self.apart);
        sent.push(now);
        may.then_some(sent)
    }
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

    /// How many of mails that are asked for every so many milliseconds are sent, by when the last of `many` is.
    fn sent(limit: &Limit, every: i64, many: i64) -> Vec<i64> {
        let mut sent = Vec::new();
        let mut places = Vec::new();
        for at in (0..many).map(|n| n * every) {
            if let Some(with) = limit.with_another(&places, Timestamp::from_millisecond(at).unwrap()) {
                assert!(with.len() <= 10, "{with:?}");
                places = with;
                sent.push(at);
            }
        }
        sent
    }

    #[test]
    fn in_any_minute_one_mail_goes_to_an_address_and_in_any_day_ten() {
        const MINUTE: i64 = 60_000;
        const DAY: i64 = 24 * 60 * MINUTE;
        let all = sent(&TO_ADDRESS, 1_000, 2 * DAY / 1_000);
        assert_eq!(all[..10], (0..10).map(|n| n * MINUTE).collect::<Vec<_>>());
        assert_eq!(all[10..], (0..10).map(|n| DAY + n * MINUTE).collect::<Vec<_>>());
        assert_eq!(sent(&TO_ADDRESS, MINUTE - 1, 3), [0, 2 * (MINUTE - 1)]);
        assert_eq!(sent(&TO_ADDRESS, MINUTE, 3).len(), 3);
    }

    #[test]
    fn in_any_hour_an_account_causes_ten_mails() {
        const HOUR: i64 = 3_600_000;
        let all = sent(&BY_ACCOUNT, 1_000, 2 * HOUR / 1_000);
        let expected: Vec<i64> = (0..10).chain(3_600..3_610).map(|second| second * 1_000).collect();
        assert_eq!(all, expected);
        // A clock that was ahead gives nobody a place.
        assert_eq!(BY_ACCOUNT.with_another(&[HOUR; 10], Timestamp::UNIX_EPOCH), None);
    }
}
