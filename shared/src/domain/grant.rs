//! A grant: one role given to one account, perhaps for one department, perhaps between two dates.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::text::Department;
use crate::id::{GrantId, RoleId, UserId};

/// How many grants one account can have: as many as its deletion can undo in one transaction.
pub const MAX_GRANTS: usize = 20;

/// A role given to an account.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its id: the `userRoleId` of the directory contract.
    pub id: GrantId,
    /// The role.
    pub role: RoleId,
    /// The department whose requests it applies to; all where absent.
    pub department: Option<Department>,
    /// The first moment of its effect; from the start where absent.
    #[serde(default, with = "millisecond::optional")]
    pub effective_from: Option<Timestamp>,
    /// The first moment after its effect; without end where absent.
    #[serde(default, with = "millisecond::optional")]
    pub effective_to: Option<Timestamp>,
    /// When it was given.
    #[serde(with = "millisecond::required")]
    pub granted_at: Timestamp,
    /// Who gave it; set-up where absent.
    pub granted_by: Option<UserId>,
    /// Which counter of the role its account's seat is on.
    pub seat: u8,
    /// Whether the role lets its holder manage users; a change of the role's permissions changes it too.
    pub administers: bool,
}

impl Grant {
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
