//! A grant: one role given to one account, perhaps for one department, perhaps between two dates.

use std::collections::{BTreeMap, BTreeSet};

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::role::{FEW_COUNTERS, Rank, Role, SystemRole, USER, many_counters};
use super::tenant_size::TenantSize;
use super::text::Department;
use super::user::User;
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{GrantId, RoleId, UserId};

/// How many grants one account can have: as many as its deletion can undo in one transaction. Those that ended are none.
pub const MAX_GRANTS: usize = 20;

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its id: the `userRoleId` of the directory contract.
    pub id: GrantId,
    pub role: RoleId,
    /// The department whose requests it applies to; all where absent.
    pub department: Option<Department>,
    /// The first moment of its effect; from the start where absent.
    #[serde(default, with = "millisecond::optional")]
    pub effective_from: Option<Timestamp>,
    /// The first moment after its effect; without end where absent.
    #[serde(default, with = "millisecond::optional")]
    pub effective_to: Option<Timestamp>,
    #[serde(with = "millisecond::required")]
    pub granted_at: Timestamp,
    /// Who gave it; set-up where absent.
    pub granted_by: Option<UserId>,
    /// Which counter of the role its account's seat is on.
    pub seat: u16,
    /// In which round of the role it was given ([`Role::round`]); mostly the first, which takes no room.
    #[serde(default = "first_round", skip_serializing_if = "is_first_round")]
    pub round: u32,
    /// In which partition of the role's members it is: the first, of what was given in a small tenant.
    #[serde(default, skip_serializing_if = "is_first_partition")]
    pub partition: u16,
    /// Whether the role lets its holder manage users; a change of the role's permissions changes it too.
    pub administers: bool,
}

fn first_round() -> u32 {
    1
}

fn is_first_partition(partition: &u16) -> bool {
    *partition == 0
}

fn is_first_round(round: &u32) -> bool {
    // On few counters the round is never asked for.
    *round <= first_round()
}

impl Grant {
    /// A role given by somebody for good, in every department.
    pub fn of(role: &Role, by: Option<UserId>, now: Timestamp) -> Result<Self> {
        Self::new(role.id, (role.counters, role.round), role.administers(), by, now)
    }

    /// The role that everybody has, in a tenant of this size.
    pub fn of_everybody(size: TenantSize, by: Option<UserId>, now: Timestamp) -> Result<Self> {
        // As it is unless it had a limit; where it had, the seat is given elsewhere when it is taken.
        let spread = match size {
            TenantSize::Small => (FEW_COUNTERS, 0),
            TenantSize::Large => (many_counters(USER.id), 1),
        };
        Self::new(USER.id, spread, false, by, now)
    }

    fn new(
        role: RoleId,
        (counters, round): (u16, u32),
        administers: bool,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<Self> {
        let id = GrantId::new(now)?;
        Ok(Self {
            id,
            role,
            department: None,
            effective_from: None,
            effective_to: None,
            granted_at: now,
            granted_by: by,
            seat: any_counter(
                counters,
                u16::from_be_bytes([id.uuid().as_bytes()[14], id.uuid().as_bytes()[15]]),
            ),
            round,
            partition: 0,
            administers,
        })
    }

    /// Puts its account's seat on this counter, in this round.
    pub fn sit(&mut self, (counter, round): (u16, u32)) {
        (self.seat, self.round) = (counter, round);
    }

    /// Whether it can be taken from somebody.
    pub fn is_takeable(&self) -> Result<()> {
        let whole = self.department.is_none() && self.effective_from.is_none() && self.effective_to.is_none();
        match self.role == USER.id && whole {
            true => Err(Conflict::SystemRole("every account is at least `user`").into()),
            false => Ok(()),
        }
    }

    /// Whether it gives its role at this moment to a request about this department (`None`: about no department).
    pub fn applies(&self, now: Timestamp, department: Option<&Department>) -> bool {
        self.is_effective(now) && self.concerns(department)
    }

    /// Whether it gives its role at this moment to requests about its department.
    pub fn is_effective(&self, now: Timestamp) -> bool {
        self.has_begun(now) && self.stands(now)
    }

    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.effective_from.is_none_or(|from| from <= now)
    }

    /// Whether it is about requests about this department: one without a department is about all.
    pub fn concerns(&self, department: Option<&Department>) -> bool {
        self.department.as_ref().is_none_or(|own| Some(own) == department)
    }

    /// Whether it gives its role now or will later, in whatever department.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.effective_to.is_none_or(|to| now < to)
    }

    /// Until when it is listed among the past ones, where those are kept for so long; nothing where it does not end.
    pub fn kept_until(&self, retention: SignedDuration) -> Option<Timestamp> {
        self.effective_to
            .map(|end| end.checked_add(retention).unwrap_or(Timestamp::MAX))
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

/// What these grants give until then.
pub fn until(grants: &[Grant], until: Option<Timestamp>) -> Vec<Grant> {
    let Some(until) = until else { return grants.to_vec() };
    let begun = grants
        .iter()
        .filter(|grant| grant.effective_from.is_none_or(|from| from < until));
    begun
        .map(|grant| Grant {
            effective_to: Some(grant.effective_to.map_or(until, |to| to.min(until))),
            ..grant.clone()
        })
        .collect()
}

/// A random counter, so that none is contended: of few, any; of many, one beside those few.
pub fn any_counter(counters: u16, chance: u16) -> u16 {
    match counters.checked_sub(FEW_COUNTERS) {
        None | Some(0) => chance % counters.max(1),
        Some(beside) => FEW_COUNTERS + chance % beside,
    }
}

/// A grant that ended, as it is kept beside its account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastGrant {
    pub grant: Grant,
    /// What the role was called: it may be gone by now.
    pub role_name: String,
}

/// An account's seat of a role: one, however many grants it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    pub counter: u16,
    pub round: u32,
    /// In which partition of the role's members its end is.
    pub partition: u16,
    /// Whether the role lets its holders manage users, as far as the grants have it.
    pub administers: bool,
    /// When the last of its grants ends; nothing where one of them does not.
    pub ends: Option<Timestamp>,
}

impl User {
    /// The seats that its grants have, those that ended too for as long as they are on the account.
    pub fn seats(&self) -> BTreeMap<RoleId, Seat> {
        let mut seats: BTreeMap<RoleId, Seat> = BTreeMap::new();
        for grant in &self.grants {
            let own = Seat {
                counter: grant.seat,
                round: grant.round,
                partition: grant.partition,
                administers: grant.administers,
                ends: grant.effective_to,
            };
            let seat = seats.entry(grant.role).or_insert(own);
            seat.ends = seat.ends.zip(own.ends).map(|(one, other)| one.max(other));
        }
        seats
    }

    /// The roles that apply at this moment, in requests about no department.
    pub fn applying(&self, now: Timestamp) -> BTreeSet<RoleId> {
        let applying = self.grants.iter().filter(|grant| grant.applies(now, None));
        applying.map(|grant| grant.role).collect()
    }

    /// Whether it has this role now or will later, in whatever department.
    pub fn has_role(&self, role: RoleId, now: Timestamp) -> bool {
        self.grants.iter().any(|grant| grant.role == role && grant.stands(now))
    }

    /// The highest rank of the roles that apply at this moment, in requests about no department.
    pub fn rank(&self, now: Timestamp) -> Rank {
        let applying = self.applying(now).into_iter();
        applying
            .filter_map(|id| SystemRole::by_id(id)?.rank)
            .max()
            .unwrap_or_default()
    }

    /// Gives a role. The account's seat is on the counter where it has one already.
    pub fn give(&mut self, mut grant: Grant) -> Result<()> {
        if let Some(own) = self.grants.iter().find(|own| own.role == grant.role) {
            grant.sit((own.seat, own.round));
        }
        self.grants.push(grant);
        self.has_room()
    }

    pub fn has_room(&self) -> Result<()> {
        match self.grants.len() > MAX_GRANTS {
            true => Err(Conflict::TooManyGrants(MAX_GRANTS).into()),
            false => Ok(()),
        }
    }

    pub fn take(&mut self, id: GrantId) -> Result<()> {
        let place = self.grants.iter().position(|grant| grant.id == id);
        let place = place.ok_or(Error::NotFound(Noun::Grant))?;
        self.grants.remove(place).is_takeable()
    }

    pub fn take_role(&mut self, role: RoleId) {
        self.grants.retain(|grant| grant.role != role);
    }
}
