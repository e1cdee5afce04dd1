//! Attempts to log in, reserved one by one (see `domain::lockout`).

use jiff::Timestamp;

use super::dynamo::{Table, Updated};
use super::table::{Changes, Cond, Item, Key, integer, number};
use crate::domain::lockout::{Attempts, Full, LockoutRule, MEMORY, NameKind};
use crate::domain::user::User;
use crate::error::Result;

/// What became of the wish to compare a password.
#[derive(Debug)]
pub enum Reserved {
    /// It may be compared: this is the attempt's number since the last success, and the item that counts it.
    Attempt(u32, Item),
    Full(Full),
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An account's, under one of its names: its item is there.
    Account(NameKind),
    /// Those of an unknown login: the item is created, and expires.
    UnknownLogin,
    /// Those of a device that an account logged in from before: likewise.
    Device,
}

impl Whose {
    fn attributes(self) -> &'static Attributes {
        match self {
            Self::Account(NameKind::Email) => &UNDER_EMAIL,
            Self::Account(NameKind::Username) => &UNDER_USERNAME,
            Self::UnknownLogin | Self::Device => &APART,
        }
    }
}

/// An attempt that came with a password to set: it was compared with the present one, and is another.
#[derive(Debug, Clone)]
pub struct Guess {
    /// The account, as it was then.
    pub user: User,
    pub kind: NameKind,
    pub number: u32,
}

/// The attributes that keep one set of [`Attempts`]; those of an account as
/// [`NameAttempts`](crate::domain::lockout::NameAttempts) has them.
#[derive(Debug)]
struct Attributes {
    count: &'static str,
    at: &'static str,
    lockouts: &'static str,
    until: &'static str,
}

static UNDER_EMAIL: Attributes = Attributes {
    count: "emailFailedLoginCount",
    at: "emailAttemptedAt",
    lockouts: "emailLockouts",
    until: "emailLockoutUntil",
};
static UNDER_USERNAME: Attributes = Attributes {
    count: "usernameFailedLoginCount",
    at: "usernameAttemptedAt",
    lockouts: "usernameLockouts",
    until: "usernameLockoutUntil",
};
static APART: Attributes = Attributes {
    count: "failedLoginCount",
    at: "attemptedAt",
    lockouts: "lockouts",
    until: "lockoutUntil",
};

/// Reserves one attempt in one conditional update; where every place is taken, returns until when. Attempts before a
/// moment are forgotten ([`remembered_since`](crate::domain::lockout::remembered_since)).
pub async fn reserve(
    table: &Table,
    key: &Key,
    whose: Whose,
    rule: &LockoutRule,
    since: Timestamp,
    now: Timestamp,
) -> Result<Reserved> {
    let names = whose.attributes();
    let mut next = Next {
        changes: Changes::new().add(names.count, 1),
        when: free_place(names, rule, since, now),
    };
    // Each turn follows a change by another attempt; there are at most `limit` of them between two locks.
    for _ in 0..=rule.limit {
        let mut changes = next.changes.set(names.at, number(now.as_millisecond()));
        let mut when = vec![next.when];
        match whose {
            Whose::Account(_) => when.push(Cond::exists()),
            Whose::UnknownLogin | Whose::Device => changes = changes.set("ttl", number((now + MEMORY).as_second())),
        }
        match table.update(key, &changes, &Cond::All(when)).await? {
            Updated::Done(item) => return Ok(Reserved::Attempt(attempts(&item, whose).failed_login_count, item)),
            Updated::Refused(None) => return Ok(Reserved::Gone),
            Updated::Refused(Some(item)) => {
                let seen = attempts(&item, whose);
                match seen.when_full(rule, since, now) {
                    Full::Over { lockouts } => next = Next::afresh(names, &seen, lockouts, now),
                    full => return Ok(Reserved::Full(full)),
                }
            }
        }
    }
    Ok(Reserved::Full(Full::InFlight(now + rule.first)))
}

/// Gives an attempt back with which nothing was compared. Where a success cleared the count meanwhile there is nothing to
/// give back.
pub async fn release(table: &Table, key: &Key, whose: Whose) -> Result<()> {
    let changes = Changes::new().add(whose.attributes().count, -1);
    table.update(key, &changes, &counts(whose, 1)).await.map(drop)
}

pub fn attempts(item: &Item, whose: Whose) -> Attempts {
    let names = whose.attributes();
    let count = |name| integer(item, name).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let time = |name| integer(item, name).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Attempts {
        failed_login_count: count(names.count),
        attempted_at: time(names.at),
        lockouts: count(names.lockouts),
        lockout_until: time(names.until),
    }
}

/// Forgets these attempts.
pub fn cleared(whose: Whose) -> Changes {
    let names = whose.attributes();
    [names.count, names.at, names.lockouts, names.until]
        .into_iter()
        .fold(Changes::new(), Changes::remove)
}

/// That as many are counted as were read, where a change has to do with logins: what it forgets of them, or leaves, it knows.
/// Between two locks they are few, so that nobody's guesses keep anybody from it.
pub fn as_read(before: &User, after: &User) -> Option<Cond> {
    let is_about_logins =
        before.status != after.status || before.attempts != after.attempts || !before.has_credentials_of(after);
    let as_many = |kind| {
        let (name, seen) = (Whose::Account(kind).attributes().count, before.attempts.under(kind));
        let counted = Cond::Eq(name, number(seen.failed_login_count));
        match seen.failed_login_count {
            0 => Cond::Any(vec![Cond::Absent(name), counted]),
            _ => counted,
        }
    };
    is_about_logins.then(|| Cond::All([NameKind::Email, NameKind::Username].map(as_many).into()))
}

/// Whether these are not locked, nor were since their last success.
pub fn never_locked(whose: Whose) -> Cond {
    Cond::Absent(whose.attributes().until)
}

/// Whether at least so many attempts are counted.
pub fn counts(whose: Whose, many: u32) -> Cond {
    Cond::Ge(whose.attributes().count, number(many))
}

/// Locks until then.
pub fn locked(whose: Whose, until: Timestamp) -> Changes {
    Changes::new().set(whose.attributes().until, number(until.as_millisecond()))
}

struct Next {
    changes: Changes,
    when: Cond,
}

impl Next {
    /// The first attempt after a lock: it begins the count anew, unless another one has.
    fn afresh(names: &Attributes, seen: &Attempts, lockouts: u32, now: Timestamp) -> Self {
        let mut changes = Changes::new()
            .set(names.count, number(1))
            .set(names.lockouts, number(lockouts));
        // One that was cleared before its end.
        if seen.locked_until(now).is_some() {
            changes = changes.remove(names.until);
        }
        let unchanged = vec![
            Cond::Eq(names.count, number(seen.failed_login_count)),
            seen.attempted_at.map_or(Cond::Absent(names.at), |at| {
                Cond::Eq(names.at, number(at.as_millisecond()))
            }),
        ];
        Self {
            changes,
            when: Cond::All(unchanged),
        }
    }
}

fn free_place(names: &Attributes, rule: &LockoutRule, since: Timestamp, now: Timestamp) -> Cond {
    let remembered = Cond::Ge(names.at, number(since.as_millisecond()));
    let below = Cond::Lt(names.count, number(rule.limit));
    let over = Cond::Lt(names.until, number(now.as_millisecond() + 1));
    let unlocked = Cond::Any(vec![Cond::Absent(names.until), over]);
    let counting = Cond::All(vec![remembered, below, unlocked]);
    Cond::Any(vec![Cond::Absent(names.at), counting])
}
