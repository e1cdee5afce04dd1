//! What was in force at an earlier moment: what is in force now, without the changes since.
//!
//! An account and a role lead to the row of the latest change of what they give, and each row to the one before it: in the
//! order in which the changes were written, whatever their moments are, and without an index that may be behind.

use std::collections::BTreeSet;

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::grant::Grant;
use super::history::{RightsEntry, RightsKind};
use super::role::Role;
use super::text::{Department, RoleName};
use super::user::{AdminLock, Status, User};
use crate::error::{Error, Result};
use crate::id::{EntryId, GrantId, RoleId};

pub use self::rows::{of_account, of_grant, of_role};

mod rows;
#[cfg(test)]
mod tests;

/// The longest that a change can be on its way: a run of set-up. Its moment is that at which its request began, so of two
/// changes the later written one can have the earlier moment.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(15);

#[skip_serializing_none]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trail {
    /// From when on each change is on it.
    #[serde(with = "millisecond::required")]
    pub from: Timestamp,
    /// The row of the latest change, where there was one.
    pub last: Option<EntryId>,
    /// How long grants that ended are kept beside the account, in seconds: the shortest of all, where there are any.
    pub ended_kept: Option<i64>,
}

impl Trail {
    pub const fn beginning(from: Timestamp) -> Self {
        Self {
            from,
            last: None,
            ended_kept: None,
        }
    }

    /// Notes that a grant that ended is kept for so long.
    pub fn keeps_ended(&mut self, kept: SignedDuration) {
        let kept = self
            .ended_kept
            .map_or(kept.as_secs(), |known| known.min(kept.as_secs()));
        self.ended_kept = Some(kept);
    }

    /// The trail of what was last changed then. What is from before there were trails has one from its last change on.
    pub fn of(known: Option<Self>, modified_at: Timestamp) -> Self {
        known.unwrap_or(Self::beginning(modified_at))
    }

    /// Goes on to this row; answers the one before it.
    pub const fn go_on(&mut self, row: EntryId) -> Option<EntryId> {
        self.last.replace(row)
    }
}

/// Whether this row, or one before it, may be of a change since that moment.
pub fn may_be_since(row: EntryId, at: Timestamp) -> bool {
    row.made_at() + ON_ITS_WAY > at
}

/// The moment whose rows are the first that may be of a change since then.
pub fn first_since(at: Timestamp) -> Timestamp {
    at - ON_ITS_WAY
}

/// Of the rows of a trail, the latest first, those of the changes since a moment: a change counts from its moment on, or
/// from that of one that was written before it, where that is later.
pub fn since(rows: &[RightsEntry], at: Timestamp) -> &[RightsEntry] {
    let first = rows.iter().rposition(|row| row.at > at);
    first.and_then(|first| rows.get(..=first)).unwrap_or_default()
}

#[derive(Deserialize)]
struct StatusThen {
    status: Status,
    reason: Option<String>,
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GrantThen {
    grant: GrantId,
    role: RoleId,
    department: Option<Department>,
    effective_from: Option<Timestamp>,
    effective_to: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RoleThen {
    name: RoleName,
    permissions: BTreeSet<String>,
}

fn read<T: DeserializeOwned>(side: &Value) -> Result<T> {
    T::deserialize(side).map_err(Error::fault)
}

impl User {
    pub fn trail(&self) -> Trail {
        Trail::of(self.trail, self.modified_at)
    }

    /// Whether it is known what its rights were at a moment: all that changed since, and each grant that ended since.
    pub fn is_known_at(&self, at: Timestamp, now: Timestamp) -> Result<()> {
        let trail = self.trail();
        let kept = trail
            .ended_kept
            .map_or(Timestamp::MIN, |kept| now - SignedDuration::from_secs(kept));
        match trail.from <= at && kept <= at {
            true => Ok(()),
            false => Err(Error::NotKept),
        }
    }

    /// The account as it was at a moment, as far as decisions go: without the changes since, the latest first, and with
    /// the grants that ended since.
    pub fn as_of(mut self, at: Timestamp, ended: Vec<Grant>, changes: &[RightsEntry]) -> Result<Self> {
        for grant in ended {
            if self.grants.iter().all(|own| own.id != grant.id) {
                self.grants.push(grant);
            }
        }
        changes.iter().try_for_each(|row| self.undo(row))?;
        // As they were given, and those last that had ended.
        self.grants.sort_by_key(|grant| (!grant.stands(at), grant.id));
        Ok(self)
    }

    fn undo(&mut self, row: &RightsEntry) -> Result<()> {
        match row.kind {
            RightsKind::StatusChanged => {
                let StatusThen { status, reason, until } = read(&row.before)?;
                self.status = status;
                self.lock = (status == Status::Locked).then_some(AdminLock { reason, until });
            }
            // It keeps its grants, and its lock.
            RightsKind::UserDeleted => self.status = read::<StatusThen>(&row.before)?.status,
            RightsKind::RoleGranted => {
                let given: GrantThen = read(&row.after)?;
                self.grants.retain(|grant| grant.id != given.grant);
            }
            RightsKind::RoleRevoked => self.grants.push(read::<GrantThen>(&row.before)?.into()),
            _ => {}
        }
        Ok(())
    }
}

impl From<GrantThen> for Grant {
    fn from(then: GrantThen) -> Self {
        Self {
            id: then.grant,
            role: then.role,
            department: then.department,
            effective_from: then.effective_from,
            effective_to: then.effective_to,
            granted_at: then.grant.made_at(),
            granted_by: None,
            seat: 0,
            round: 0,
            partition: 0,
            administers: false,
        }
    }
}

impl Role {
    pub fn trail(&self) -> Trail {
        Trail::of(self.trail, self.modified_at)
    }

    pub fn is_known_at(&self, at: Timestamp) -> Result<()> {
        if self.trail().from <= at {
            Ok(())
        } else {
            Err(Error::NotKept)
        }
    }

    /// What it was called and what it gave before these changes, the latest first.
    pub fn before(mut self, changes: &[RightsEntry]) -> Result<Self> {
        if let Some(first) = changes.last() {
            let RoleThen { name, permissions } = read(&first.before)?;
            self.name = name;
            self.permissions = permissions;
        }
        Ok(self)
    }
}

/// A role that was deleted, as it was then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoneRole {
    pub role: Role,
    #[serde(with = "millisecond::required")]
    pub deleted_at: Timestamp,
}

impl GoneRole {
    /// The role, where it was there at this moment.
    pub fn at(self, at: Timestamp) -> Option<Role> {
        // It was deleted after its last change, whatever the moments of the two are.
        let deleted = self.role.trail().last.map(EntryId::made_at).max(Some(self.deleted_at));
        (Some(at) < deleted).then_some(self.role)
    }
}
