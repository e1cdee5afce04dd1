//! What accounts were given, at random, in this module's tests: what an oracle knows of it (plain milliseconds, roles by
//! their place, permissions as bits), and the same as the code knows it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::domain::grant::Grant;
use crate::domain::role::{Role, SYSTEM_ROLES};
use crate::domain::tenant::TenantId;
use crate::domain::text::{Department, FORM, RoleName};
use crate::id::{GrantId, RoleId};

pub const PERMISSIONS: [&str; 4] = ["admin.users", "admin.roles", "press.read", "press.write"];
pub const DEPARTMENTS: [&str; 3] = ["press", "sport", "press 2"];
/// The system's roles, by their place in [`SYSTEM_ROLES`], and three that somebody created.
pub const ROLES: usize = 9;

/// A grant, as the oracle knows it.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    pub role: usize,
    pub department: Option<usize>,
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// A case: what an account was given, which roles there still are, and what each holds.
#[derive(Debug, Clone)]
pub struct Case {
    pub given: Vec<Given>,
    pub exists: [bool; ROLES],
    pub holds: [u8; ROLES],
}

/// What each of them can give: a role of the system gives `admin.users` and `admin.roles` where it came with them.
pub const GIVES: [u8; ROLES] = [0b1111, 0b1111, 0b1100, 0b1100, 0b1111, 0b1100, 0b1111, 0b1111, 0b1111];

impl Case {
    /// Every moment at which something may change, and a millisecond to either side of it.
    pub fn moments(&self) -> BTreeSet<i64> {
        let dates = self.given.iter().flat_map(|given| [given.from, given.to]).flatten();
        let all = dates.chain([0]);
        all.flat_map(|at| [at - 1, at, at + 1]).collect()
    }

    pub fn grants(&self) -> Vec<Grant> {
        let grant = |(n, given): (usize, &Given)| Grant {
            id: GrantId::from_uuid(Uuid::from_u128(n as u128)),
            role: role_id(given.role),
            department: given.department.map(department),
            effective_from: given.from.map(moment),
            effective_to: given.to.map(moment),
            granted_at: moment(0),
            granted_by: None,
            seat: 0,
            round: 0,
            partition: 0,
            administers: false,
        };
        self.given.iter().enumerate().map(grant).collect()
    }

    pub fn roles(&self) -> Vec<Role> {
        let there = (0..ROLES).filter(|place| self.exists[*place]);
        there.map(|place| role(place, self.holds[place])).collect()
    }
}

pub fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
}

pub fn department(n: usize) -> Department {
    Department::parse(DEPARTMENTS[n]).unwrap()
}

pub fn role_id(place: usize) -> RoleId {
    let custom = || RoleId::from_uuid(Uuid::from_u128(0x7000_8000 + place as u128));
    SYSTEM_ROLES.get(place).map_or_else(custom, |system| system.id)
}

pub fn role(place: usize, holds: u8) -> Role {
    let held = PERMISSIONS
        .iter()
        .enumerate()
        .filter(|(bit, _)| holds & (1 << bit) != 0);
    Role {
        id: role_id(place),
        tenant: TenantId::main(),
        name: RoleName::parse(&format!("role {place}")).unwrap(),
        description: None,
        permissions: held.map(|(_, name)| (*name).to_owned()).collect(),
        restricted: BTreeSet::new(),
        max_count: None,
        system: place < SYSTEM_ROLES.len(),
        counters: 1,
        round: 0,
        form: FORM,
        trail: None,
        version: 1,
        created_at: moment(0),
        modified_at: moment(0),
    }
}

/// Few moments, so that dates often meet, also the wrong way round; some far away.
pub fn date() -> impl Strategy<Value = Option<i64>> {
    let moments = prop_oneof![6 => -4_i64..5, 1 => Just(-86_400_000), 1 => Just(86_400_000)];
    proptest::option::of(moments)
}

pub fn given() -> impl Strategy<Value = Given> {
    let department = proptest::option::of(0..DEPARTMENTS.len());
    (0..ROLES, department, date(), date()).prop_map(|(role, department, from, to)| Given {
        role,
        department,
        from,
        to,
    })
}

pub fn case() -> impl Strategy<Value = Case> {
    let exists = proptest::array::uniform9(proptest::bool::weighted(0.8));
    let holds = proptest::array::uniform9(0_u8..16);
    (proptest::collection::vec(given(), 0..7), exists, holds).prop_map(|(given, exists, holds)| Case {
        given,
        exists,
        holds,
    })
}
