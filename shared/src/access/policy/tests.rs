//! Effective rights against a small oracle that was written from the contract and not from the code: it counts in plain
//! milliseconds, keeps permissions as bits, and asks at every boundary that a case has, and a millisecond beside it.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::role::SYSTEM_ROLES;
use crate::domain::tenant::TenantId;
use crate::domain::text::{FORM, RoleName};
use crate::id::GrantId;

const PERMISSIONS: [&str; 4] = ["admin.users", "admin.roles", "press.read", "press.write"];
const DEPARTMENTS: [&str; 3] = ["press", "sport", "press 2"];
/// The system's roles, by their place in [`SYSTEM_ROLES`], and three that somebody created.
const ROLES: usize = 9;

/// A grant, as the oracle knows it.
#[derive(Debug, Clone, Copy)]
struct Given {
    role: usize,
    department: Option<usize>,
    from: Option<i64>,
    to: Option<i64>,
}

/// A case: what an account was given, which roles there still are, and what each holds.
#[derive(Debug, Clone)]
struct Case {
    given: Vec<Given>,
    exists: [bool; ROLES],
    holds: [u8; ROLES],
}

/// What the oracle answers: the rank's number, the roles by place, and the permissions' bits.
type Answer = (usize, BTreeSet<usize>, u8);

/// The ranks of [`SYSTEM_ROLES`]: owner, admin, member, user, and two that stand beside the ladder.
const RANKS: [usize; ROLES] = [3, 2, 1, 0, 0, 0, 0, 0, 0];

/// What each of them can give: a role of the system gives `admin.users` and `admin.roles` where it came with them.
const GIVES: [u8; ROLES] = [0b1111, 0b1111, 0b1100, 0b1100, 0b1111, 0b1100, 0b1111, 0b1111, 0b1111];

impl Case {
    fn oracle(&self, now: i64, department: Option<usize>) -> Answer {
        let mut answer = (0, BTreeSet::new(), 0);
        for given in &self.given {
            let dates = given.from.unwrap_or(i64::MIN)..given.to.unwrap_or(i64::MAX);
            let concerns = match (given.department, department) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(asked)) => own == asked,
            };
            if dates.contains(&now) && concerns && self.exists[given.role] {
                answer.0 = answer.0.max(RANKS[given.role]);
                answer.1.insert(given.role);
                answer.2 |= self.holds[given.role] & GIVES[given.role];
            }
        }
        answer
    }

    /// Every moment at which something may change, and a millisecond to either side of it.
    fn moments(&self) -> BTreeSet<i64> {
        let dates = self.given.iter().flat_map(|given| [given.from, given.to]).flatten();
        let all = dates.chain([0]);
        all.flat_map(|at| [at - 1, at, at + 1]).collect()
    }

    fn grants(&self) -> Vec<Grant> {
        let grant = |given: &Given| Grant {
            id: GrantId::from_uuid(Uuid::from_u128(1)),
            role: role_id(given.role),
            department: given.department.map(department),
            effective_from: given.from.map(moment),
            effective_to: given.to.map(moment),
            granted_at: moment(0),
            granted_by: None,
            seat: 0,
            administers: false,
        };
        self.given.iter().map(grant).collect()
    }

    fn roles(&self) -> Vec<Role> {
        let there = (0..ROLES).filter(|place| self.exists[*place]);
        there.map(|place| role(place, self.holds[place])).collect()
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
}

fn department(n: usize) -> Department {
    Department::parse(DEPARTMENTS[n]).unwrap()
}

fn role_id(place: usize) -> RoleId {
    let custom = || RoleId::from_uuid(Uuid::from_u128(0x7000_8000 + place as u128));
    SYSTEM_ROLES.get(place).map_or_else(custom, |system| system.id)
}

fn role(place: usize, holds: u8) -> Role {
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
        form: FORM,
        trail: None,
        version: 1,
        created_at: moment(0),
        modified_at: moment(0),
    }
}

/// The code's answer in the oracle's words.
fn answer(rights: &Rights) -> Answer {
    let place = |id: &RoleId| (0..ROLES).find(|place| role_id(*place) == *id).unwrap();
    let bit = |name: &String| 1 << PERMISSIONS.iter().position(|known| known == name).unwrap();
    let rank = [Rank::User, Rank::Member, Rank::Admin, Rank::Owner];
    (
        rank.iter().position(|rank| *rank == rights.rank).unwrap(),
        rights.roles.iter().map(place).collect(),
        rights.permissions.iter().map(bit).fold(0, |all, one: u8| all | one),
    )
}

/// Few moments, so that dates often meet, also the wrong way round; some far away.
fn date() -> impl Strategy<Value = Option<i64>> {
    let moments = prop_oneof![6 => -4_i64..5, 1 => Just(-86_400_000), 1 => Just(86_400_000)];
    proptest::option::of(moments)
}

fn given() -> impl Strategy<Value = Given> {
    let department = proptest::option::of(0..DEPARTMENTS.len());
    (0..ROLES, department, date(), date()).prop_map(|(role, department, from, to)| Given {
        role,
        department,
        from,
        to,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let exists = proptest::array::uniform9(proptest::bool::weighted(0.8));
    let holds = proptest::array::uniform9(0_u8..16);
    (proptest::collection::vec(given(), 0..7), exists, holds).prop_map(|(given, exists, holds)| Case {
        given,
        exists,
        holds,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn z08_effective_rights_are_the_oracles_at_every_boundary_in_every_department(case in case()) {
        let (grants, roles) = (case.grants(), case.roles());
        let departments = (0..DEPARTMENTS.len()).map(Some).chain([None]);
        for asked in departments {
            for now in case.moments() {
                let about = asked.map(department);
                let rights = effective(&grants, &roles, moment(now), about.as_ref());
                prop_assert_eq!(answer(&rights), case.oracle(now, asked), "at {} about {:?}", now, asked);
            }
        }
    }

    #[test]
    fn z08_one_grant_applies_from_its_first_moment_to_before_its_end(given in given()) {
        let case = Case { given: vec![given], exists: [true; ROLES], holds: [0b100; ROLES] };
        let grant = &case.grants()[0];
        for now in case.moments() {
            for asked in (0..DEPARTMENTS.len()).map(Some).chain([None]) {
                let applies = grant.applies(moment(now), asked.map(department).as_ref());
                prop_assert_eq!(applies, case.oracle(now, asked).2 != 0, "at {} about {:?}", now, asked);
            }
            // What stands can come to apply: at this moment or at a later one, in some department.
            let mut later = case.moments().into_iter().filter(|at| *at >= now);
            let ever = later.any(|at| case.oracle(at, given.department).2 != 0);
            prop_assert!(grant.stands(moment(now)) || !ever, "at {}", now);
        }
    }

    #[test]
    fn what_an_account_is_protected_by_is_never_less_than_what_it_may_do(case in case()) {
        let grants = case.grants();
        let roles = Case { exists: [true; ROLES], ..case.clone() }.roles();
        for now in case.moments() {
            for at in case.moments().into_iter().filter(|at| *at >= now) {
                for asked in (0..DEPARTMENTS.len()).map(Some).chain([None]) {
                    let later = effective(&grants, &roles, moment(at), asked.map(department).as_ref());
                    prop_assert!(protected_rank(&grants, moment(now)) >= later.rank, "at {} for {}", now, at);
                }
            }
        }
    }
}
