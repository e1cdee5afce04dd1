//! Effective rights against a small oracle that was written from the contract and not from the code: it counts in plain
//! milliseconds, keeps permissions as bits, and asks at every boundary that a case has, and a millisecond beside it.

use proptest::prelude::*;

use super::*;
use crate::access::cases::{Case, DEPARTMENTS, GIVES, PERMISSIONS, ROLES, case, department, given, moment, role_id};

/// What the oracle answers: the rank's number, the roles by place, and the permissions' bits.
type Answer = (usize, BTreeSet<usize>, u8);

/// The ranks of [`SYSTEM_ROLES`]: owner, admin, member, user, and two that stand beside the ladder.
const RANKS: [usize; ROLES] = [3, 2, 1, 0, 0, 0, 0, 0, 0];

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
