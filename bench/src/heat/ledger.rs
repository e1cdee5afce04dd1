//! What was played: for each key, how often each kind of request came to it and what that cost.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{Group, member};
use super::rates::Request;
use crate::billing::{Charge, Hold, Place};

/// What a key takes: of one request, or a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    pub read: f64,
    pub written: f64,
    /// Writes and checks in a transaction.
    pub transactions: f64,
    /// Writes of their own.
    pub writes: f64,
}

impl Load {
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            read: self.read * factor,
            written: self.written * factor,
            transactions: self.transactions * factor,
            writes: self.writes * factor,
        }
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            written: self.written + other.written,
            transactions: self.transactions + other.transactions,
            writes: self.writes + other.writes,
        }
    }
}

/// Reads and writes spread each for themselves: who reads all copies of a thing may write to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Read,
    Write,
}

/// How requests of one kind came to one key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hits {
    /// How many requests came to it, in each of the two rounds.
    pub rounds: [u32; 2],
    pub load: Load,
}

impl Hits {
    pub fn all(&self) -> u32 {
        self.rounds[0] + self.rounds[1]
    }
}

pub type Members = BTreeMap<String, Hits>;

#[derive(Debug, Default)]
pub struct Ledger {
    round: usize,
    pub requests: BTreeMap<Request, u32>,
    pub groups: BTreeMap<Group, BTreeMap<(Request, Way), Members>>,
    /// Which processes locked the items of each kind, and how often each.
    locked_by: BTreeMap<Group, BTreeMap<String, BTreeMap<usize, u32>>>,
}

impl Ledger {
    /// From now on as many requests of each kind are played as until now, by other accounts: what grows with the requests
    /// grows, and what is of one account does not.
    pub fn second_round(&mut self) {
        self.round = 1;
    }

    pub fn note(&mut self, request: Request, process: usize, charges: &[Charge]) {
        *self.requests.entry(request).or_default() += 1;
        let mut touched = BTreeSet::new();
        for charge in charges {
            self.lock(process, charge);
            let hits = self.hits(request, charge);
            hits.load = hits.load.and(load(charge));
            if touched.insert((&charge.place, way(charge))) {
                let round = self.round;
                self.hits(request, charge).rounds[round] += 1;
            }
        }
    }

    fn hits(&mut self, request: Request, charge: &Charge) -> &mut Hits {
        let group = self.groups.entry(Group::of(&charge.place)).or_default();
        let members = group.entry((request, way(charge))).or_default();
        members.entry(member(&charge.place)).or_default()
    }

    fn lock(&mut self, process: usize, charge: &Charge) {
        if charge.hold == Hold::Read || !matches!(charge.place, Place::Item(_)) {
            return;
        }
        let group = self.locked_by.entry(Group::of(&charge.place)).or_default();
        *group
            .entry(member(&charge.place))
            .or_default()
            .entry(process)
            .or_default() += 1;
    }

    /// Of what locks one item of a kind, the share that another process does: of all pairs of what locked one, those of two
    /// processes. A process carries out one request at a time, and never meets itself.
    pub fn of_others(&self, group: &Group) -> f64 {
        let (mut pairs, mut of_two) = (0.0, 0.0);
        for processes in self.locked_by.get(group).into_iter().flat_map(BTreeMap::values) {
            let all: f64 = processes.values().map(|times| f64::from(*times)).sum();
            let of_one: f64 = processes.values().map(|times| f64::from(*times).powi(2)).sum();
            pairs += all * (all - 1.0);
            of_two += all.powi(2) - of_one;
        }
        if pairs > 0.0 { of_two / pairs } else { 1.0 }
    }

    /// How many requests of a kind were played.
    pub fn played(&self, request: Request) -> f64 {
        f64::from(self.requests.get(&request).copied().unwrap_or_default())
    }

    /// The units that one request of a kind costs, all keys and index entries together.
    pub fn cost(&self, request: Request) -> Load {
        let counted = self
            .groups
            .iter()
            .filter(|(group, _)| group.what != super::kinds::What::Item);
        let of_kind = counted
            .flat_map(|(_, group)| group)
            .filter(|((of, _), _)| *of == request);
        let members = of_kind.flat_map(|(_, members)| members.values());
        let all = members.fold(Load::default(), |sum, hits| sum.and(hits.load));
        all.times(self.played(request).max(1.0).recip())
    }
}

fn way(charge: &Charge) -> Way {
    if charge.read > 0.0 { Way::Read } else { Way::Write }
}

fn load(charge: &Charge) -> Load {
    let is = |hold| f64::from(u8::from(charge.hold == hold));
    Load {
        read: charge.read,
        written: charge.written,
        transactions: is(Hold::Transaction),
        writes: is(Hold::Write),
    }
}
