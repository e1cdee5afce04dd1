//! Whoever does whatever, in whatever order: nobody comes to hold what nobody who acted could give (rule 9).
//!
//! A coalition of delegated administrators gives roles, edits them, and takes accounts over, wherever the policy lets it.
//! The oracle knows nothing of the policy: at each moment and in each department, all that the coalition controls, and
//! all whom it gave anything, holds no system permission and no rank but those that the coalition held there at its
//! beginning, or the account itself did.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::*;
use crate::domain::permission::{ADMIN_KEYS, ADMIN_USERS};
use crate::domain::role::SYSTEM_ROLES;
use crate::domain::text::RoleName;
use crate::id::GrantId;

const STEPS: usize = 100_000;
/// Steps of one history: then another one begins, with other accounts.
const HISTORY: usize = 200;
const PERMISSIONS: [&str; 4] = [ADMIN_USERS, ADMIN_ROLES, ADMIN_KEYS, "press.write"];
const DEPARTMENTS: [&str; 2] = ["press", "sport"];
const END: i64 = 50;

/// What is held at one moment in one department: the system's permissions, and the rank as one of them.
type Held = BTreeSet<String>;

struct History {
    rng: TestRng,
    now: i64,
    roles: Vec<Role>,
    accounts: Vec<Vec<Grant>>,
    /// The accounts that act: at first the delegated ones, later those that they made or took over.
    coalition: BTreeSet<usize>,
    /// What the coalition held at its beginning, by moment and department; and each account of its own.
    begun: BTreeMap<(i64, usize), Held>,
    own: Vec<BTreeMap<(i64, usize), Held>>,
    done: BTreeMap<&'static str, usize>,
}

fn moment(at: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + at).unwrap()
}

fn department(n: usize) -> Option<Department> {
    DEPARTMENTS.get(n).map(|name| Department::parse(name).unwrap())
}

impl History {
    fn begin(rng: TestRng) -> Self {
        let main = TenantId::main();
        let mut roles: Vec<Role> = SYSTEM_ROLES
            .iter()
            .map(|role| role.in_tenant(&main, moment(0)).unwrap())
            .collect();
        for n in 0..4_u8 {
            let system = roles[3].clone();
            roles.push(Role {
                id: format!("00000000-0000-7000-8000-0000000000{n:02}").parse().unwrap(),
                name: RoleName::parse(&format!("custom {n}")).unwrap(),
                permissions: BTreeSet::new(),
                system: false,
                ..system
            });
        }
        let mut history = Self {
            rng,
            now: 0,
            roles,
            accounts: Vec::new(),
            coalition: BTreeSet::new(),
            begun: BTreeMap::new(),
            own: Vec::new(),
            done: BTreeMap::new(),
        };
        for n in SYSTEM_ROLES.len()..history.roles.len() {
            for permission in PERMISSIONS {
                if history.happens(40) {
                    history.roles[n].permissions.insert(permission.to_owned());
                }
            }
        }
        for n in 0..6 {
            let grants = (0..history.pick(3)).map(|_| history.grant()).collect();
            history.accounts.push(grants);
            if n < 3 {
                history.coalition.insert(n);
            }
        }
        history.remember();
        history
    }

    fn pick(&mut self, of: usize) -> usize {
        usize::try_from(self.rng.next_u64() % u64::try_from(of).unwrap()).unwrap()
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.pick(100) < percent
    }

    fn date(&mut self, percent: usize) -> Option<Timestamp> {
        let at = i64::try_from(self.pick(51)).unwrap();
        self.happens(percent).then(|| moment(at))
    }

    fn grant(&mut self) -> Grant {
        let role = self.pick(self.roles.len());
        let (from, to) = (self.date(30), self.date(40));
        let id = self.rng.next_u64();
        let n = self.pick(6);
        Grant {
            id: GrantId::from_uuid(uuid::Uuid::from_u128(u128::from(id))),
            role: self.roles[role].id,
            department: department(n),
            effective_from: from,
            effective_to: to,
            granted_at: moment(self.now),
            granted_by: None,
            seat: 0,
            round: 0,
            partition: 0,
            administers: self.roles[role].administers(),
        }
    }

    /// What an account holds, at a moment and in a department (the last of them is none).
    fn holds(&self, account: usize, at: i64, place: usize) -> Held {
        let place = department(place);
        let rights = effective(&self.accounts[account], &self.roles, moment(at), place.as_ref());
        let system = rights.permissions.into_iter().filter(|name| is_system(name));
        let ranks = [Rank::Member, Rank::Admin, Rank::Owner]
            .into_iter()
            .filter(|rank| *rank <= rights.rank);
        system.chain(ranks.map(|rank| rank.to_string())).collect()
    }

    fn points() -> impl Iterator<Item = (i64, usize)> {
        (0..=END + 1).flat_map(|at| (0..=DEPARTMENTS.len()).map(move |place| (at, place)))
    }

    fn remember(&mut self) {
        for n in 0..self.accounts.len() {
            let held: BTreeMap<_, _> = Self::points()
                .map(|(at, place)| ((at, place), self.holds(n, at, place)))
                .collect();
            if self.coalition.contains(&n) {
                for (point, held) in &held {
                    self.begun.entry(*point).or_default().extend(held.iter().cloned());
                }
            }
            self.own.push(held);
        }
    }

    /// Nobody holds what neither the coalition nor the account itself held, there and then.
    fn check(&self) {
        for n in 0..self.accounts.len() {
            for (at, place) in Self::points().filter(|(at, _)| *at >= self.now) {
                let mut allowed = self.begun[&(at, place)].clone();
                if let Some(own) = self.own.get(n).filter(|_| !self.coalition.contains(&n)) {
                    allowed.extend(own[&(at, place)].iter().cloned());
                }
                let held = self.holds(n, at, place);
                let more: Vec<_> = held.difference(&allowed).collect();
                assert!(
                    more.is_empty(),
                    "account {n} holds {more:?} at {at} in {place}: {:?}",
                    self.accounts[n]
                );
            }
        }
    }

    /// One deed of one of the coalition, where the policy lets it, and the route's guard.
    fn step(&mut self) -> bool {
        let who = self.pick(self.coalition.len());
        let who = self.coalition.iter().copied().nth(who).unwrap();
        let grants = self.accounts[who].clone();
        let now = moment(self.now);
        let rights = effective(&grants, &self.roles, now, None);
        let known = self.roles.clone();
        let actor = Actor {
            rights: &rights,
            held: Some((&grants, &known)),
        };
        let target = self.pick(self.accounts.len());
        let users = rights.permissions.contains(ADMIN_USERS);
        let may_touch_it = target == who || may_touch(&rights, &self.accounts[target], &known, now).is_ok();
        let deed = match self.pick(6) {
            0 | 1 if users && may_touch_it => self.give(&actor, target),
            2 if users && may_touch_it && !self.accounts[target].is_empty() => {
                let n = self.pick(self.accounts[target].len());
                self.accounts[target].remove(n);
                "take"
            }
            3 if rights.permissions.contains(ADMIN_ROLES) => self.edit(&actor),
            4 if users && may_take_over(&actor, &self.accounts[target], &known, now).is_ok() => {
                self.coalition.insert(target);
                "take over"
            }
            5 => {
                self.now += i64::from(self.happens(30) && self.now < END);
                "wait"
            }
            _ => "",
        };
        *self.done.entry(deed).or_default() += 1;
        !matches!(deed, "" | "wait" | "take")
    }

    fn give(&mut self, actor: &Actor<'_>, target: usize) -> &'static str {
        let grant = self.grant();
        let role = self.roles.iter().find(|role| role.id == grant.role).unwrap();
        let now = moment(self.now);
        if !grant.stands(now) || may_grant(actor, role, &Span::of(&grant, now)).is_err() {
            return "";
        }
        // A new account, or one that is there.
        if self.happens(20) && self.accounts.len() < 12 {
            self.coalition.insert(self.accounts.len());
            self.accounts.push(vec![grant]);
        } else {
            self.accounts[target].push(grant);
        }
        "give"
    }

    fn edit(&mut self, actor: &Actor<'_>) -> &'static str {
        let n = SYSTEM_ROLES.len() + self.pick(self.roles.len() - SYSTEM_ROLES.len());
        let permission = PERMISSIONS[self.pick(PERMISSIONS.len())].to_owned();
        let mut after = self.roles[n].clone();
        if !after.permissions.remove(&permission) {
            after.permissions.insert(permission);
        }
        let (role, now) = (&self.roles[n], moment(self.now));
        let mut holders = self
            .accounts
            .iter()
            .filter(|grants| grants.iter().any(|grant| grant.role == role.id));
        let touches = holders.all(|grants| may_touch(actor.rights, grants, &self.roles, now).is_ok());
        if role.system || !touches || may_edit(actor, role, &after, now).is_err() {
            return "";
        }
        self.roles[n] = after;
        "edit"
    }
}

#[test]
fn d01_in_100_000_steps_nobody_comes_to_hold_what_nobody_who_acted_could_give() {
    let mut done: BTreeMap<&'static str, usize> = BTreeMap::new();
    for history in 0..STEPS / HISTORY {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&history.to_le_bytes());
        let mut history = History::begin(TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        for _ in 0..HISTORY {
            if history.step() {
                history.check();
            }
        }
        for (deed, times) in history.done {
            *done.entry(deed).or_default() += times;
        }
    }
    for deed in ["give", "take", "edit", "take over"] {
        assert!(done[deed] > 500, "too few to show anything: {done:?}");
    }
}
