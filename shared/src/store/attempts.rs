//! Attempts to log in, reserved one by one (see `domain::lockout`).

use jiff::Timestamp;

use super::dynamo::{Table, Updated};
use super::table::{Changes, Cond, Item, Key, from_item, number};
use crate::domain::lockout::{Attempts, Full, LockoutRule, MEMORY};
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
    /// An account's: its item is there.
    Account,
    /// Those of an unknown login: the item is created, and expires.
    UnknownLogin,
}

/// Reserves one attempt in one conditional update; where every place is taken, returns until when.
pub async fn reserve(table: &Table, key: &Key, whose: Whose, rule: &LockoutRule, now: Timestamp) -> Result<Reserved> {
    let mut next = Next {
        changes: Changes::new().add("failedLoginCount", 1),
        when: free_place(rule, now),
    };
    // Each turn follows a change by another attempt; there are at most `limit` of them between two locks.
    for _ in 0..=rule.limit {
        let mut changes = next.changes.set("attemptedAt", number(now.as_millisecond()));
        let mut when = vec![next.when];
        match whose {
            Whose::Account => when.push(Cond::exists()),
            Whose::UnknownLogin => changes = changes.set("ttl", number((now + MEMORY).as_second())),
        }
        match table.update(key, &changes, &Cond::All(when)).await? {
            Updated::Done(item) => return Ok(Reserved::Attempt(attempts(&item)?.failed_login_count, item)),
            Updated::Refused(None) => return Ok(Reserved::Gone),
            Updated::Refused(Some(item)) => {
                let seen = attempts(&item)?;
                match seen.when_full(rule, now) {
                    Full::Over { lockouts } => next = Next::afresh(&seen, lockouts),
                    full => return Ok(Reserved::Full(full)),
                }
            }
        }
    }
    Ok(Reserved::Full(Full::InFlight))
}

pub fn attempts(item: &Item) -> Result<Attempts> {
    from_item(item.clone())
}

pub fn cleared() -> Changes {
    super::users::ATTEMPTS
        .iter()
        .fold(Changes::new(), |changes, name| changes.remove(*name))
}

struct Next {
    changes: Changes,
    when: Cond,
}

impl Next {
    /// The first attempt after a lock: it begins the count anew, unless another one has.
    fn afresh(seen: &Attempts, lockouts: u32) -> Self {
        let changes = Changes::new()
            .set("failedLoginCount", number(1))
            .set("lockouts", number(lockouts));
        let unchanged = vec![
            Cond::Eq("failedLoginCount", number(seen.failed_login_count)),
            seen.attempted_at.map_or(Cond::Absent("attemptedAt"), |at| {
                Cond::Eq("attemptedAt", number(at.as_millisecond()))
            }),
        ];
        Self {
            changes,
            when: Cond::All(unchanged),
        }
    }
}

fn free_place(rule: &LockoutRule, now: Timestamp) -> Cond {
    let remembered = Cond::Ge("attemptedAt", number((now - MEMORY).as_millisecond()));
    let below = Cond::Lt("failedLoginCount", number(rule.limit));
    let over = Cond::Lt("lockoutUntil", number(now.as_millisecond() + 1));
    let unlocked = Cond::Any(vec![Cond::Absent("lockoutUntil"), over]);
    let counting = Cond::All(vec![remembered, below, unlocked]);
    Cond::Any(vec![Cond::Absent("attemptedAt"), counting])
}
