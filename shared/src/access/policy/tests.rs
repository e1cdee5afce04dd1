//! Effective rights against a small oracle that was written from the contract and not from the code: it counts in plain
//! milliseconds, keeps permissions as bits, and asks at every boundary that a case has, and a millisecond beside it.

use proptest::prelude::*;

use super::*;
use crate::access::cases::{
    Case, DEPARTMENTS, GIVES, Given, PERMISSIONS, ROLES, case, department, given, moment, role, role_id,
};
use crate::domain::permission::ADMIN_KEYS;
use crate::domain::tenant_settings::{EmailOnSignup, EmailVerification};

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

/// Grants of a role of the ladder's rank `admin`, from and to these moments, in these departments.
fn held(spans: &[(Option<i64>, Option<i64>, Option<usize>)]) -> (Vec<Grant>, Vec<Role>) {
    let given = spans.iter().map(|(from, to, department)| Given {
        role: 1,
        department: *department,
        from: *from,
        to: *to,
    });
    let case = Case {
        given: given.collect(),
        exists: [true; ROLES],
        holds: [0b1111; ROLES],
    };
    (case.grants(), case.roles())
}

#[test]
fn what_is_given_is_held_without_a_gap_to_the_millisecond() {
    let span = |to: Option<i64>, department_of: Option<usize>| Span {
        department: department_of.map(department),
        from: moment(0),
        to: to.map(moment),
    };
    for (spans, to, asked, is_held) in [
        (&[(None, None, None)][..], None, None, true),
        (&[(None, Some(9), None)], None, None, false),
        (&[(None, Some(9), None)], Some(9), None, true),
        (&[(None, Some(9), None)], Some(10), None, false),
        (&[(Some(0), Some(9), None)], Some(9), None, true),
        (&[(Some(1), Some(9), None)], Some(9), None, false),
        // One takes up where the other ends, in whatever order they were given.
        (&[(Some(5), None, None), (None, Some(5), None)], None, None, true),
        (&[(Some(6), None, None), (None, Some(5), None)], None, None, false),
        // The one that lasts longer counts, whichever begins first.
        (&[(None, Some(9), None), (Some(-1), Some(3), None)], Some(9), None, true),
        (&[(None, Some(9), Some(0))], Some(9), Some(0), true),
        (&[(None, Some(9), Some(0))], Some(9), Some(1), false),
        (&[(None, Some(9), Some(0))], Some(9), None, false),
        (&[], Some(9), None, false),
    ] {
        let (grants, roles) = held(spans);
        let rights = Rights::of(roles.iter());
        let actor = Actor {
            rights: &rights,
            held: Some((&grants, &roles)),
        };
        let span = span(to, asked);
        let named = format!("{spans:?} to {to:?} in {asked:?}");
        assert_eq!(
            actor.holds_through(&span, |role| role.id == role_id(1)),
            is_held,
            "{named}"
        );
        assert_eq!(actor.reaches_rank(&roles[1], &span).is_ok(), is_held, "{named}");
        assert!(!actor.holds_through(&span, |role| role.id == role_id(2)), "{named}");
        // The rank that everybody has is nobody's to lack.
        assert!(actor.reaches_rank(&roles[3], &span).is_ok(), "{named}");
    }
}

#[test]
fn who_may_touch_everybody_is_an_owner_with_all_that_owners_hold() {
    let owner = role(0, 0b11);
    let rights = |rank, holds: u8| Rights {
        rank,
        ..Rights::of([role(8, holds)].iter())
    };
    for (rank, holds, may) in [
        (Rank::Owner, 0b11, true),
        (Rank::Owner, 0b111, true),
        (Rank::Owner, 0b01, false),
        (Rank::Admin, 0b11, false),
        (Rank::User, 0b1111, false),
    ] {
        assert_eq!(
            may_touch_everybody(&rights(rank, holds), &owner),
            may,
            "{rank:?} with {holds:b}"
        );
    }
}

#[test]
fn a_key_is_made_for_no_longer_than_keys_can_be_made() {
    let (mut grants, _) = held(&[(None, Some(9), None), (None, None, None)]);
    (grants[0].role, grants[1].role) = (role_id(7), role_id(8));
    let keys = Role {
        permissions: BTreeSet::from([ADMIN_KEYS.to_owned()]),
        ..role(7, 0)
    };
    let roles = [keys, role(8, 0b1111)];
    let rights = Rights::of(roles.iter());
    let actor = Actor {
        rights: &rights,
        held: Some((&grants, &roles)),
    };
    for (until, may) in [(Some(9), true), (Some(10), false), (None, false)] {
        let made = may_make(&actor, ADMIN_KEYS, moment(0), until.map(moment));
        assert_eq!(made.is_ok(), may, "{until:?}: {made:?}");
    }
    let principal = Actor { held: None, ..actor };
    assert!(may_make(&principal, ADMIN_KEYS, moment(0), None).is_ok());
}

#[test]
fn what_concerns_registration_is_set_without_the_rank_admin_and_nothing_else() {
    let before = Chosen::default();
    let registration = [
        Chosen {
            registration_open: Some(false),
            ..before.clone()
        },
        Chosen {
            email_on_signup: Some(EmailOnSignup::Required),
            ..before.clone()
        },
        Chosen {
            email_verification: Some(EmailVerification::Required),
            ..before.clone()
        },
    ];
    let other = Chosen {
        lockout_limit: Some(3),
        ..before.clone()
    };
    for rank in [Rank::User, Rank::Member, Rank::Admin, Rank::Owner] {
        let rights = Rights {
            rank,
            ..Rights::default()
        };
        for after in &registration {
            assert!(may_set(&rights, &before, after).is_ok(), "{rank:?}: {after:?}");
        }
        assert_eq!(
            may_set(&rights, &before, &other).is_ok(),
            rank >= Rank::Admin,
            "{rank:?}"
        );
    }
}

#[test]
fn the_stack_is_managed_from_its_main_tenant_alone() {
    assert!(may_manage_stack(&TenantId::main(), ADMIN_ROLES).is_ok());
    assert!(may_manage_stack(&TenantId::parse("acme").unwrap(), ADMIN_ROLES).is_err());
}
