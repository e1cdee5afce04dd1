//! Bans, and what they cover: an account that was locked or switched off before is so again when the ban is lifted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{AdminLock, Status, User};
use crate::error::Result;

/// What an administrator did to an account before it was banned.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeforeBan {
    /// `inactive` or `locked`.
    pub status: Status,
    /// Where it was locked.
    pub lock: Option<AdminLock>,
}

impl BeforeBan {
    /// Nothing where the account was active.
    pub fn of(status: Status, lock: Option<AdminLock>) -> Option<Self> {
        match status {
            Status::Inactive => Some(Self { status, lock: None }),
            Status::Locked => Some(Self { status, lock }),
            Status::Active | Status::Banned | Status::Deleted => None,
        }
    }
}

impl User {
    /// What a ban of the account covers from now on, where its status becomes this one.
    pub(super) fn covered_by(&self, status: Status, now: Timestamp) -> Option<BeforeBan> {
        match (status, self.status_set(now)) {
            (Status::Banned, Status::Banned) => self.before_ban.clone(),
            (Status::Banned, was) => BeforeBan::of(was, self.lock.clone()),
            _ => None,
        }
    }

    /// Lifts a ban: the account is what it was before.
    pub fn lift_ban(&mut self, now: Timestamp) -> Result<()> {
        let before = self.before_ban.take();
        let ends = before.as_ref().and_then(|before| before.lock.as_ref()?.until);
        match before.filter(|before| before.status.after_lock(ends, now) != Status::Active) {
            Some(before) => {
                self.status = before.status;
                self.lock = before.lock;
                Ok(())
            }
            None => self.set_status(Status::Active, now),
        }
    }

    /// Ends a lock that a ban covers.
    pub fn unlock_before_ban(&mut self) {
        self.before_ban = self.before_ban.take().filter(|before| before.status != Status::Locked);
    }
}
