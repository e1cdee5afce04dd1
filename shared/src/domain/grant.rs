//! A grant: one role given to one account, perhaps for one department, perhaps between two dates.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::role::{Role, USER};
use super::text::Department;
use crate::error::{Conflict, Result};
use crate::id::{GrantId, RoleId, UserId};

/// How many grants one account can have: as many as its deletion can undo in one transaction.
pub const MAX_GRANTS: usize = 20;

/// A role given to an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its id: the `userRoleId` of the directory contract.
    pub id: GrantId,
    /// The role.
    pub role: RoleId,
    /// The department whose requests it applies to; all where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub department: Option<Department>,
    /// The first moment of its effect; from the start where absent.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "millisecond::optional")]
    pub effective_from: Option<Timestamp>,
    /// The first moment after its effect; without end where absent.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "millisecond::optional")]
    pub effective_to: Option<Timestamp>,
    /// When it was given.
    #[serde(with = "millisecond::required")]
    pub granted_at: Timestamp,
    /// Who gave it; set-up where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub granted_by: Option<UserId>,
    /// Which counter of the role its account's seat is on.
    pub seat: u8,
    /// Whether the role lets its holder manage users; a change of the role's permissions changes it too.
    pub administers: bool,
}

impl Grant {
    /// A role given by somebody for good, in every department.
    ///
    /// # Errors
    /// Where the machine gives no randomness.
    pub fn of(role: &Role, by: Option<UserId>, now: Timestamp) -> Result<Self> {
        Self::new(role.id, role.counters, role.administers(), by, now)
    }

    /// The role that everybody has.
    ///
    /// # Errors
    /// As [`Grant::of`].
    pub fn of_everybody(by: Option<UserId>, now: Timestamp) -> Result<Self> {
        Self::new(USER.id, USER.counters, false, by, now)
    }

    fn new(role: RoleId, counters: u8, administers: bool, by: Option<UserId>, now: Timestamp) -> Result<Self> {
        let id = GrantId::new(now)?;
        Ok(Self {
            id,
            role,
            department: None,
            effective_from: None,
            effective_to: None,
            granted_at: now,
            granted_by: by,
            // A counter by chance, so that nobody queues at one.
            seat: id.uuid().as_bytes()[15] % counters.max(1),
            administers,
        })
    }

    /// Whether it can be taken from somebody.
    ///
    /// # Errors
    /// [`Conflict::SystemRole`].
    pub fn is_takeable(&self) -> Result<()> {
        match self.role == USER.id {
            true => Err(Conflict::SystemRole("every account is at least `user`").into()),
            false => Ok(()),
        }
    }

    /// Whether it gives its role at this moment to a request about this department (`None`: about no department).
    pub fn applies(&self, now: Timestamp, department: Option<&Department>) -> bool {
        let begun = self.effective_from.is_none_or(|from| from <= now);
        let concerns = self.department.as_ref().is_none_or(|own| Some(own) == department);
        begun && self.stands(now) && concerns
    }

    /// Whether it gives its role now or will later, in whatever department.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.effective_to.is_none_or(|to| now < to)
    }

    /// Whether it keeps somebody in charge for good: no department, no end, and begun when it was given.
    pub fn keeps_in_charge(&self) -> bool {
        self.administers
            && self.department.is_none()
            && self.effective_to.is_none()
            && self.effective_from.is_none_or(|from| from <= self.granted_at)
    }

    /// Whether another grant would give the same role, for the same department and dates.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.role == other.role
            && self.department == other.department
            && self.effective_from == other.effective_from
            && self.effective_to == other.effective_to
    }
}
