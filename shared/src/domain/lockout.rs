//! Lockout after failed logins (rule 6; OWASP ASVS 6.3.1), the same for accounts and for unknown logins.
//!
//! An attempt is reserved before the password is compared, so the number of comparisons is bounded however many
//! requests arrive at once: `failed_login_count` counts reservations since the last success. The attempt that takes the
//! last place and fails writes `lockout_until`. Where it never got to (its process died), the lock is taken to begin
//! with that attempt.
//!
//! The count belongs to the name that was typed. An account with an address and a username has one for each, and a lock
//! under one does not touch the other: else five guesses at a username would tell whose address it is.

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// For how long attempts are remembered. The counters of unknown logins expire after this time, and so must
/// those of accounts, or the difference would reveal which names exist.
pub const MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a comparison can take at most. Beyond it an attempt without an outcome is taken to have failed.
pub const IN_FLIGHT: SignedDuration = SignedDuration::from_secs(2);

/// Since when attempts are remembered, where they were cleared at this moment.
pub fn remembered_since(now: Timestamp, cleared_at: Option<Timestamp>) -> Timestamp {
    let since = now - MEMORY;
    cleared_at.map_or(since, |at| since.max(at + SignedDuration::from_millis(1)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutRule {
    pub limit: u32,
    pub first: SignedDuration,
    pub longest: SignedDuration,
}

impl Default for LockoutRule {
    fn default() -> Self {
        Self {
            limit: 5,
            first: SignedDuration::from_mins(15),
            longest: SignedDuration::from_hours(24),
        }
    }
}

impl LockoutRule {
    /// How long the lock lasts after this many earlier ones: doubling each time.
    pub fn duration(&self, earlier: u32) -> SignedDuration {
        let factor = 1_i32.checked_shl(earlier.min(30)).unwrap_or(i32::MAX);
        self.first
            .checked_mul(factor)
            .map_or(self.longest, |doubled| doubled.min(self.longest))
    }
}

/// Which of an account's names an attempt was made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    Email,
    Username,
}

/// An account's attempts under each of its names. Items from before there were two counts have the attributes of
/// [`Attempts`] without a prefix: those are ignored, and such a count forgotten.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NameAttempts {
    #[serde(flatten, with = "UnderEmail")]
    pub email: Attempts,
    #[serde(flatten, with = "UnderUsername")]
    pub username: Attempts,
    /// When somebody else last cleared them: attempts of the account's devices until then, which are counted apart, are
    /// forgotten as well.
    #[serde(rename = "attemptsClearedAt", default, with = "millisecond::optional")]
    pub cleared_at: Option<Timestamp>,
}

impl NameAttempts {
    /// None, as somebody else than the account asks.
    pub fn cleared(now: Timestamp) -> Self {
        Self {
            cleared_at: Some(now),
            ..Self::default()
        }
    }

    pub fn under(&self, name: NameKind) -> &Attempts {
        match name {
            NameKind::Email => &self.email,
            NameKind::Username => &self.username,
        }
    }

    pub fn under_mut(&mut self, name: NameKind) -> &mut Attempts {
        match name {
            NameKind::Email => &mut self.email,
            NameKind::Username => &mut self.username,
        }
    }

    /// Takes off the locks that are over. What was counted stays: the next lock lasts twice as long.
    pub fn take_off_ended(&mut self, now: Timestamp) {
        for attempts in [&mut self.email, &mut self.username] {
            attempts.lockout_until = attempts.locked_until(now);
        }
    }

    /// The larger of the two counts.
    pub fn failed_login_count(&self) -> u32 {
        self.email.failed_login_count.max(self.username.failed_login_count)
    }

    /// The later end of a lock under one of the names, over or not.
    pub fn lockout_until(&self) -> Option<Timestamp> {
        self.email.lockout_until.max(self.username.lockout_until)
    }

    /// The later end of the locks that hold now, if one does.
    pub fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lockout_until().filter(|until| *until > now)
    }
}

/// The attempts to log in under one name since the last success.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempts {
    /// Attempts begun; each that succeeded set it back to none.
    pub failed_login_count: u32,
    pub attempted_at: Option<Timestamp>,
    /// Locks before this count began.
    pub lockouts: u32,
    /// The end of the lock that the last failure brought.
    pub lockout_until: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Attempts")]
struct UnderEmail {
    #[serde(rename = "emailFailedLoginCount", default, skip_serializing_if = "is_zero")]
    failed_login_count: u32,
    #[serde(rename = "emailAttemptedAt", default, with = "millisecond::optional")]
    attempted_at: Option<Timestamp>,
    #[serde(rename = "emailLockouts", default, skip_serializing_if = "is_zero")]
    lockouts: u32,
    #[serde(rename = "emailLockoutUntil", default, with = "millisecond::optional")]
    lockout_until: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Attempts")]
struct UnderUsername {
    #[serde(rename = "usernameFailedLoginCount", default, skip_serializing_if = "is_zero")]
    failed_login_count: u32,
    #[serde(rename = "usernameAttemptedAt", default, with = "millisecond::optional")]
    attempted_at: Option<Timestamp>,
    #[serde(rename = "usernameLockouts", default, skip_serializing_if = "is_zero")]
    lockouts: u32,
    #[serde(rename = "usernameLockoutUntil", default, with = "millisecond::optional")]
    lockout_until: Option<Timestamp>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What becomes of an attempt that found every place taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    Locked(Timestamp),
    /// The attempts that took the places are still being compared: wait, and ask again. If none of them ever ends, it is
    /// locked until then.
    InFlight(Timestamp),
    /// The lock is over: begin a new count after this many locks.
    Over {
        lockouts: u32,
    },
}

impl Attempts {
    /// What becomes of an attempt, given that no place was free among those since then.
    pub fn when_full(&self, rule: &LockoutRule, since: Timestamp, now: Timestamp) -> Full {
        let began = self.attempted_at.unwrap_or(Timestamp::UNIX_EPOCH);
        if began < since {
            return Full::Over { lockouts: 0 };
        }
        // The end of an earlier lock stays on the account until a login to it succeeds; only one that lies after the last
        // attempt is of this count.
        let written = self.lockout_until.filter(|until| *until > began);
        let until = written.unwrap_or_else(|| began + rule.duration(self.lockouts));
        match written {
            _ if until <= now => Full::Over {
                lockouts: self.lockouts + 1,
            },
            None if now.duration_since(began) < IN_FLIGHT => Full::InFlight(until),
            _ => Full::Locked(until),
        }
    }

    /// The end of the lock that holds now, if one does.
    pub fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lockout_until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn an_item_from_before_there_were_two_counts_is_read_without_its_count() {
        let old = serde_json::json!({
            "failedLoginCount": 5, "attemptedAt": 1_000, "lockouts": 1, "lockoutUntil": 9_000, "email": "jane@example.org",
        });
        assert_eq!(
            serde_json::from_value::<NameAttempts>(old).unwrap(),
            NameAttempts::default()
        );
        let counted = NameAttempts {
            email: Attempts {
                failed_login_count: 2,
                attempted_at: Some(at(0)),
                ..Attempts::default()
            },
            username: Attempts {
                failed_login_count: 5,
                attempted_at: Some(at(1)),
                lockouts: 1,
                lockout_until: Some(at(900)),
            },
            ..NameAttempts::default()
        };
        let kept = serde_json::to_value(&counted).unwrap();
        assert_eq!(serde_json::from_value::<NameAttempts>(kept).unwrap(), counted);
        assert_eq!(counted.failed_login_count(), 5);
        assert_eq!(counted.locked_until(at(899)), Some(at(900)));
        assert_eq!(counted.locked_until(at(900)), None);
    }

    #[test]
    fn each_lock_is_twice_as_long_up_to_a_day() {
        let rule = LockoutRule::default();
        let minutes: Vec<i64> = (0..9).map(|n| rule.duration(n).as_secs() / 60).collect();
        assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
        assert_eq!(rule.duration(u32::MAX), rule.longest);
    }

    #[test]
    fn an_attempt_that_never_ended_counts_as_failed() {
        let full = Attempts {
            failed_login_count: 5,
            attempted_at: Some(at(0)),
            ..Attempts::default()
        };
        let rule = LockoutRule::default();
        assert_eq!(full.when_full(&rule, at(0), at(1)), Full::InFlight(at(900)));
        assert_eq!(full.when_full(&rule, at(0), at(3)), Full::Locked(at(900)));
        assert_eq!(full.when_full(&rule, at(0), at(900)), Full::Over { lockouts: 1 });
    }

    #[test]
    fn an_earlier_lock_does_not_open_the_count_that_follows_it() {
        let again = Attempts {
            failed_login_count: 5,
            attempted_at: Some(at(1000)),
            lockouts: 1,
            lockout_until: Some(at(900)),
        };
        let rule = LockoutRule::default();
        assert_eq!(again.when_full(&rule, at(0), at(1001)), Full::InFlight(at(1000 + 1800)));
        assert_eq!(again.when_full(&rule, at(0), at(1010)), Full::Locked(at(1000 + 1800)));
    }

    #[test]
    fn attempts_are_forgotten_after_thirty_days() {
        let full = Attempts {
            failed_login_count: 5,
            attempted_at: Some(at(0)),
            lockouts: 7,
            ..Attempts::default()
        };
        let later = at(0) + MEMORY + SignedDuration::from_secs(1);
        assert_eq!(
            full.when_full(&LockoutRule::default(), remembered_since(later, None), later),
            Full::Over { lockouts: 0 }
        );
    }
}
