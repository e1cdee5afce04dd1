//! Decisions against an oracle of twenty lines that was written from the rules and not from the code, at every boundary of
//! a case and a millisecond to either side of it.

use proptest::prelude::*;

use super::*;
use crate::access::cases::{
    Case, DEPARTMENTS, GIVES, Given, PERMISSIONS, ROLES, case, date, department, moment, role_id,
};
use crate::access::policy;

/// The departments, as whoever asks may spell them.
const SPELLED: [&str; DEPARTMENTS.len()] = ["PRESS", "ＳＰＯＲＴ", "Press ２"];

/// An account: what it was given, and its state.
#[derive(Debug, Clone)]
struct Account {
    case: Case,
    status: Status,
    lock_ends: Option<i64>,
}

/// A question: the permission by its place, and the department.
type Asked = (usize, Option<usize>);

// The oracle.
impl Account {
    /// Rule 1: only an active account, and a lock ends at its end.
    fn is_active(&self, now: i64) -> bool {
        let is_over = self.lock_ends.is_some_and(|end| now >= end);
        self.status == Status::Active || self.status == Status::Locked && is_over
    }

    /// Rules 9, 15, 17, 18: from its beginning to before its end, about its department or about all, what its role holds,
    /// and of the system's permissions no more than a role of the system came with.
    fn gives(&self, given: &Given, (permission, about): Asked, now: i64) -> bool {
        let lasts = given.from.is_none_or(|from| from <= now) && given.to.is_none_or(|to| now < to);
        let concerns = given.department.is_none() || given.department == about;
        let holds = self.case.holds[given.role] & GIVES[given.role] & (1 << permission) != 0;
        lasts && concerns && holds && self.case.exists[given.role]
    }

    fn may(&self, asked: Asked, now: i64) -> bool {
        self.is_active(now) && self.case.given.iter().any(|given| self.gives(given, asked, now))
    }

    /// The first later moment at which something is otherwise.
    fn changes<T: PartialEq>(&self, now: i64, is: impl Fn(i64) -> T) -> Option<Timestamp> {
        let later = self.moments().into_iter().filter(|at| *at > now);
        later.into_iter().find(|at| is(*at) != is(now)).map(moment)
    }

    fn moments(&self) -> BTreeSet<i64> {
        let ends = self.lock_ends.into_iter().flat_map(|at| [at - 1, at, at + 1]);
        ends.chain(self.case.moments()).collect()
    }
}

fn account() -> impl Strategy<Value = Account> {
    let status = prop_oneof![
        4 => Just(Status::Active),
        3 => Just(Status::Locked),
        1 => proptest::sample::select(vec![Status::Inactive, Status::Banned, Status::Deleted]),
    ];
    (case(), status, date()).prop_map(|(case, status, lock_ends)| Account {
        case,
        status,
        lock_ends,
    })
}

/// An account as the code knows it.
struct Known {
    status: Status,
    lock_ends: Option<Timestamp>,
    grants: Vec<Grant>,
    roles: Vec<Role>,
}

impl Known {
    fn of(account: &Account) -> Self {
        Self {
            status: account.status,
            lock_ends: account.lock_ends.map(moment),
            grants: account.case.grants(),
            roles: account.case.roles(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            status: self.status,
            lock_ends: self.lock_ends,
            grants: &self.grants,
            roles: &self.roles,
        }
    }
}

fn question(permission: usize, about: Option<&Department>) -> Question<'_> {
    Question {
        permission: PERMISSIONS[permission],
        department: about,
    }
}

fn questions() -> impl Iterator<Item = Asked> {
    let departments = (0..DEPARTMENTS.len()).map(Some).chain([None]);
    departments.flat_map(|about| (0..PERMISSIONS.len()).map(move |permission| (permission, about)))
}

fn spelled(about: Option<usize>) -> Option<Department> {
    about.map(|n| Department::parse(SPELLED[n]).unwrap())
}

/// The grants of these reasons, by their places.
fn places<'a>(account: &Account, reasons: impl Iterator<Item = &'a Reason<'a>>) -> BTreeSet<usize> {
    let grants = account.case.grants();
    let place = |reason: &Reason<'_>| grants.iter().position(|grant| grant.id == reason.grant.id).unwrap();
    reasons.map(place).collect()
}

/// The account with one of its grants alone, after what that one lacks was mended.
fn mended(account: &Account, place: usize, missing: Missing, (permission, about): Asked, now: i64) -> Account {
    let mut after = account.clone();
    after.case.given = vec![account.case.given[place]];
    let given = &mut after.case.given[0];
    match missing {
        Missing::NotYet => given.from = Some(now),
        Missing::Ended => given.to = None,
        Missing::Department => given.department = about,
        Missing::Status => after.status = Status::Active,
        // A role of the system comes to hold nothing of the system's: then it takes another role.
        Missing::Permission => {
            given.role = ROLES - 1;
            after.case.exists[given.role] = true;
            after.case.holds[given.role] |= 1 << permission;
        }
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn z08_check_explanation_and_permissions_are_the_oracles(account in account()) {
        let known = Known::of(&account);
        for now in account.moments() {
            for asked in questions() {
                let about = spelled(asked.1);
                let question = question(asked.0, about.as_ref());
                let expected = Verdict {
                    allowed: account.may(asked, now),
                    until: account.changes(now, |at| account.may(asked, at)),
                };
                let subject = known.subject();
                prop_assert_eq!(subject.check(question, moment(now)), expected, "{:?} at {}", asked, now);
                let explained = subject.explain(question, moment(now)).verdict;
                prop_assert_eq!(explained, expected, "explained: {:?} at {}", asked, now);
                let held = subject.permissions(moment(now), about.as_ref());
                let listed = expected.allowed.then_some(expected.until);
                prop_assert_eq!(held.get(question.permission).copied(), listed, "listed: {:?} at {}", asked, now);
            }
        }
    }

    #[test]
    fn the_reasons_are_the_grants_that_allow_it_and_each_alone_gives_the_same_verdict(account in account()) {
        let known = Known::of(&account);
        for now in account.moments() {
            for asked in questions() {
                let about = spelled(asked.1);
                let question = question(asked.0, about.as_ref());
                let explained = known.subject().explain(question, moment(now));
                let giving = (0..account.case.given.len()).filter(|n| account.gives(&account.case.given[*n], asked, now));
                let expected = giving.filter(|_| account.is_active(now)).collect::<BTreeSet<_>>();
                prop_assert_eq!(places(&account, explained.because.iter()), expected, "{:?} at {}", asked, now);
                let alone = |reasons: &[Reason<'_>]| {
                    let grants: Vec<Grant> = reasons.iter().map(|reason| reason.grant.clone()).collect();
                    let roles: Vec<Role> = reasons.iter().map(|reason| reason.role.clone()).collect();
                    let subject = Subject { grants: &grants, roles: &roles, ..known.subject() };
                    subject.check(question, moment(now)).allowed
                };
                prop_assert_eq!(alone(&explained.because), explained.verdict.allowed, "{:?} at {}", asked, now);
                for one in &explained.because {
                    prop_assert!(alone(&[*one]), "{:?} alone, {:?} at {}", one.grant, asked, now);
                }
            }
        }
    }

    #[test]
    fn what_a_refusal_names_as_missing_is_what_it_takes(account in account()) {
        let known = Known::of(&account);
        for now in account.moments() {
            for asked in questions() {
                let about = spelled(asked.1);
                let subject = known.subject();
                let explained = subject.explain(question(asked.0, about.as_ref()), moment(now));
                let has_any = account.case.given.iter().any(|given| account.case.exists[given.role]);
                let is_refused = has_any && !explained.verdict.allowed;
                prop_assert_eq!(!explained.nearly.is_empty(), is_refused, "{:?} at {}", asked, now);
                let ways: Vec<bool> = explained.nearly.iter().map(|(reason, missing)| {
                    let place = places(&account, [reason].into_iter()).into_iter().next().unwrap();
                    mended(&account, place, *missing, asked, now).may(asked, now)
                }).collect();
                // The nearest lack as much as one another; where one thing is enough, there is none that needs two.
                let is_single = ways.contains(&true);
                prop_assert!(ways.iter().all(|way| *way == is_single), "{:?}: {:?} at {}", explained.nearly, asked, now);
                prop_assert_eq!(is_single, is_refused && takes_one(&account, asked, now), "{:?} at {}", asked, now);
            }
        }
    }

    #[test]
    fn the_roles_that_count_are_the_oracles_and_each_is_listed_once(account in account()) {
        let known = Known::of(&account);
        for now in account.moments() {
            for about in (0..DEPARTMENTS.len()).map(Some).chain([None]) {
                let counts = |role: usize, own: Option<usize>, at: i64| {
                    let alike = account.case.given.iter().filter(|given| (given.role, given.department) == (role, own));
                    let lasts = |given: &Given| {
                        given.from.is_none_or(|from| from <= at) && given.to.is_none_or(|to| at < to)
                    };
                    account.is_active(at) && alike.into_iter().any(lasts)
                };
                let given = account.case.given.iter().map(|given| (given.role, given.department));
                let standing = given.filter(|(role, own)| {
                    account.case.exists[*role] && (own.is_none() || *own == about) && counts(*role, *own, now)
                });
                let expected: BTreeSet<_> = standing
                    .map(|(role, own)| (role_id(role), own.map(department), account.changes(now, |at| counts(role, own, at))))
                    .collect();
                let (subject, asked) = (known.subject(), spelled(about));
                let held = subject.held_roles(moment(now), asked.as_ref());
                prop_assert_eq!(held.len(), expected.len(), "about {:?} at {}", about, now);
                let held = held.into_iter().map(|(reason, until)| {
                    (reason.role.id, reason.grant.department.clone(), until)
                });
                prop_assert_eq!(held.collect::<BTreeSet<_>>(), expected, "about {:?} at {}", about, now);
            }
        }
    }

    #[test]
    fn the_rights_that_open_a_route_are_the_permissions_that_are_listed(account in account()) {
        let known = Known::of(&Account { status: Status::Active, ..account.clone() });
        for now in account.moments() {
            for about in (0..DEPARTMENTS.len()).map(Some).chain([None]) {
                let asked = spelled(about);
                let rights = policy::effective(&known.grants, &known.roles, moment(now), asked.as_ref());
                let listed = known.subject().permissions(moment(now), asked.as_ref());
                let listed: BTreeSet<String> = listed.into_keys().map(str::to_owned).collect();
                prop_assert_eq!(rights.permissions, listed, "about {:?} at {}", about, now);
            }
        }
    }
}

/// Whether a grant lacks one thing alone.
fn takes_one(account: &Account, asked: Asked, now: i64) -> bool {
    let all = [
        Missing::NotYet,
        Missing::Ended,
        Missing::Department,
        Missing::Status,
        Missing::Permission,
    ];
    let there = (0..account.case.given.len()).filter(|n| account.case.exists[account.case.given[*n].role]);
    let mut ways = there.flat_map(|n| all.map(|missing| mended(account, n, missing, asked, now)));
    ways.any(|after| after.may(asked, now))
}
