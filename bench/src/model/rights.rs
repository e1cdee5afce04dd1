//! Rules 8 and 9: what an account may do, to whom, and what it may give. Stated over sets of permissions and moments, where
//! Usher's own code walks grants in order.

use super::state::{Account, Grant, Roles};

/// A permission is a bit of a set.
pub type Permissions = u16;

pub const USERS: Permissions = 1;
pub const ROLES: Permissions = 2;
pub const KEYS: Permissions = 4;
pub const ACCESS: Permissions = 8;
pub const CATALOGUE: Permissions = 16;
pub const TENANTS: Permissions = 32;
/// From here on they are applications'.
pub const FIRST_APPLICATION: u32 = 6;
pub const OF_SYSTEM: Permissions = (1 << FIRST_APPLICATION) - 1;

const SYSTEM_NAMES: [&str; 6] = [
    "admin.users",
    "admin.roles",
    "admin.keys",
    "admin.access",
    "admin.permissions",
    "admin.tenants",
];

pub fn permission_name(bit: u32) -> &'static str {
    let number = bit as usize;
    let system = SYSTEM_NAMES.get(number);
    let own = || super::step::APPLICATIONS.get(number - SYSTEM_NAMES.len());
    system.or_else(own).copied().unwrap_or("no.such.permission")
}

pub fn permission_names(set: Permissions) -> Vec<&'static str> {
    bits(set).map(permission_name).collect()
}

pub fn bits(set: Permissions) -> impl Iterator<Item = u32> {
    (0..Permissions::BITS).filter(move |bit| set & (1 << bit) != 0)
}

/// A moment, in seconds.
pub type Moment = i64;

/// What somebody may do at one moment, in requests about no department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights {
    /// 0 for `user` up to 3 for `owner`.
    pub rank: u8,
    pub permissions: Permissions,
}

impl Rights {
    pub fn has(self, permission: Permissions) -> bool {
        self.permissions & permission == permission
    }
}

/// Whoever does something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Its account; none of the principal's.
    pub account: Option<u32>,
    pub rights: Rights,
    /// What it holds over time; the principal holds what it holds for good.
    pub grants: Option<Vec<Grant>>,
}

/// For what department, and from when until when, something is given.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub department: Option<u8>,
    pub from: Moment,
    pub to: Option<Moment>,
}

impl Span {
    pub fn for_good(now: Moment) -> Self {
        Self {
            department: None,
            from: now,
            to: None,
        }
    }

    pub fn of(grant: &Grant, now: Moment) -> Self {
        Self {
            department: grant.department,
            from: grant.from.map_or(now, |from| from.max(now)),
            to: grant.to,
        }
    }
}

impl Grant {
    /// Whether it counts at this moment, for whatever it is given.
    pub fn is_in_force(&self, at: Moment) -> bool {
        self.from.is_none_or(|from| from <= at) && self.stands(at)
    }

    /// Whether its end is still to come.
    pub fn stands(&self, at: Moment) -> bool {
        self.to.is_none_or(|to| at < to)
    }

    pub fn concerns(&self, department: Option<u8>) -> bool {
        self.department.is_none() || self.department == department
    }
}

impl Account {
    /// The grants that count now in requests about this department, or about none.
    pub fn applying(&self, now: Moment, department: Option<u8>) -> impl Iterator<Item = &Grant> {
        let counts = move |grant: &&Grant| grant.is_in_force(now) && grant.concerns(department);
        self.grants.iter().filter(counts)
    }

    pub fn rights(&self, roles: &Roles, now: Moment, department: Option<u8>) -> Rights {
        let mut rights = Rights::default();
        for role in self
            .applying(now, department)
            .filter_map(|grant| roles.get(&grant.role))
        {
            rights.rank = rights.rank.max(role.rank.unwrap_or(0));
            rights.permissions |= role.permissions;
        }
        rights
    }

    /// All that it holds now or comes to hold, in any department.
    pub fn prospects(&self, roles: &Roles, now: Moment) -> Rights {
        let mut rights = Rights::default();
        let standing = self.grants.iter().filter(|grant| grant.stands(now));
        for role in standing.filter_map(|grant| roles.get(&grant.role)) {
            rights.rank = rights.rank.max(role.rank.unwrap_or(0));
            rights.permissions |= role.permissions & OF_SYSTEM;
        }
        rights
    }
}

impl Actor {
    /// Whether at every moment of the span a grant like this is in force: it is enough to look at its first moment, and at
    /// each at which a grant ends.
    fn holds_through(&self, span: Span, is_like: impl Fn(&Grant) -> bool) -> bool {
        let Some(grants) = &self.grants else { return true };
        let alike: Vec<&Grant> = grants
            .iter()
            .filter(|grant| grant.concerns(span.department) && is_like(grant))
            .collect();
        let within = |at: &Moment| *at > span.from && span.to.is_none_or(|to| *at < to);
        let ends = alike.iter().filter_map(|grant| grant.to).filter(within);
        let mut moments = std::iter::once(span.from).chain(ends);
        moments.all(|at| alike.iter().any(|grant| grant.is_in_force(at)))
    }

    /// Rule 9: the rank of what it gives is not above its own, for as long.
    fn reaches(&self, roles: &Roles, rank: u8, span: Span) -> bool {
        let high_enough = |grant: &Grant| {
            let role = roles.get(&grant.role);
            role.is_some_and(|role| role.rank.is_some_and(|own| own >= rank))
        };
        rank == 0 || rank <= self.rights.rank && self.holds_through(span, high_enough)
    }

    /// Rules 9 and 17: it holds each of these for as long, or it is an application's and it manages roles for as long.
    fn holds(&self, roles: &Roles, permissions: Permissions, span: Span) -> bool {
        bits(permissions).all(|bit| {
            let passes = |held: Permissions| held & (1 << bit) != 0 || bit >= FIRST_APPLICATION && held & ROLES != 0;
            match self.grants {
                None => passes(self.rights.permissions),
                Some(_) => self.holds_through(span, |grant| {
                    roles.get(&grant.role).is_some_and(|role| passes(role.permissions))
                }),
            }
        })
    }

    pub fn may_give(&self, roles: &Roles, role: u32, span: Span) -> bool {
        roles.get(&role).is_some_and(|role| {
            self.reaches(roles, role.rank.unwrap_or(0), span) && self.holds(roles, role.permissions, span)
        })
    }

    /// Whether it may make a role hold this for good.
    pub fn may_let_hold(&self, roles: &Roles, permissions: Permissions, now: Moment) -> bool {
        self.holds(roles, permissions, Span::for_good(now))
    }

    /// Whether it may change this account; in the account contract, only one on a strictly lower rank.
    pub fn may_touch(&self, roles: &Roles, key: u32, account: &Account, now: Moment, strictly: bool) -> bool {
        if self.account == Some(key) {
            return true;
        }
        let held = account.prospects(roles, now);
        let is_below = held.rank < self.rights.rank || !strictly && held.rank == self.rights.rank;
        is_below && held.permissions & !self.rights.permissions == 0
    }

    /// Whether it may set this account's password or address: it holds all that the account does, for as long.
    pub fn may_take_over(&self, roles: &Roles, key: u32, account: &Account, now: Moment, strictly: bool) -> bool {
        if self.account == Some(key) {
            return true;
        }
        let mut standing = account.grants.iter().filter(|grant| grant.stands(now));
        self.may_touch(roles, key, account, now, strictly)
            && standing.all(|grant| {
                let span = Span::of(grant, now);
                roles.get(&grant.role).is_none_or(|role| {
                    self.reaches(roles, role.rank.unwrap_or(0), span)
                        && self.holds(roles, role.permissions & OF_SYSTEM, span)
                })
            })
    }

    /// Whether it may edit or delete a role: of the system as an owner alone, and with nothing in it that it lacks.
    pub fn may_touch_role(&self, role: &super::state::Role) -> bool {
        let lacks = role.permissions & !self.rights.permissions;
        let lacks = if self.rights.has(ROLES) {
            lacks & OF_SYSTEM
        } else {
            lacks
        };
        (!role.is_system || self.rights.rank == 3) && lacks == 0
    }
}
