//! From what was played to what the hottest keys take a second at the goal's rates.

use std::collections::BTreeMap;

use super::kinds::Group;
use super::ledger::{Ledger, Load};
use super::rates::Request;
use super::spread::Spread;

/// What one key takes a second.
const WRITES: f64 = 1_000.0;
const READS: f64 = 3_000.0;

/// A kind of key, and what its hottest members take. Which one takes the most reads need not take the most writes.
#[derive(Debug)]
pub struct Row<'a> {
    pub group: &'a Group,
    pub members: usize,
    pub writes: Peak,
    pub reads: Peak,
    /// How often a second another process locks it for a moment, where a transaction is among those that do.
    pub locks: Peak,
}

/// What the member takes a second that takes the most, and what each kind of request adds to that, the most first.
#[derive(Debug, Default)]
pub struct Peak {
    pub amount: f64,
    pub by: Vec<(Request, f64)>,
}

impl Row<'_> {
    pub fn share(&self) -> f64 {
        self.share_of_writes().max(self.share_of_reads())
    }

    pub fn share_of_writes(&self) -> f64 {
        self.writes.amount / WRITES
    }

    pub fn share_of_reads(&self) -> f64 {
        self.reads.amount / READS
    }
}

/// How often it is locked, where a transaction is among what locks it.
fn locks(load: Load) -> f64 {
    if load.transactions > 0.0 {
        load.transactions + load.writes
    } else {
        0.0
    }
}

/// What each member of a group takes of one request of each kind.
type Loads<'a> = BTreeMap<&'a str, BTreeMap<Request, Load>>;

fn loads<'a>(ledger: &'a Ledger, group: &'a Group) -> Loads<'a> {
    let mut loads = Loads::new();
    for ((request, _), members) in &ledger.groups[group] {
        for (key, load) in Spread::of(members).loads(members, ledger.played(*request)) {
            let sum = loads.entry(key).or_default().entry(*request).or_default();
            *sum = sum.and(load);
        }
    }
    loads
}

/// A second, at the goal's rates.
fn a_second(of_requests: &BTreeMap<Request, Load>) -> Load {
    let each = of_requests.iter().map(|(request, load)| load.times(request.rate()));
    each.fold(Load::default(), Load::and)
}

/// Kinds of keys that more than one account comes to, the hottest first.
pub fn rows(ledger: &Ledger) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = ledger.groups.keys().filter_map(|group| row(ledger, group)).collect();
    rows.sort_by(|a, b| b.share().total_cmp(&a.share()));
    rows
}

fn row<'a>(ledger: &'a Ledger, group: &'a Group) -> Option<Row<'a>> {
    let loads = loads(ledger, group);
    let heat = |load: Load| (load.written / WRITES).max(load.read / READS);
    let hottest = loads
        .values()
        .map(|member| heat(a_second(member)))
        .max_by(f64::total_cmp)?;
    // Of those that one request in a round came to by chance there may be any number.
    let is_hot = |member: &&BTreeMap<Request, Load>| heat(a_second(member)) >= hottest / 100.0;
    Some(Row {
        group,
        members: loads.values().filter(is_hot).count(),
        writes: peak(&loads, |load| load.written, |load| load.written),
        reads: peak(&loads, |load| load.read, |load| load.read),
        locks: peak(&loads, locks, |load| load.transactions + load.writes).times(ledger.of_others(group)),
    })
}

impl Peak {
    fn times(self, factor: f64) -> Self {
        Self {
            amount: self.amount * factor,
            by: self
                .by
                .into_iter()
                .map(|(request, part)| (request, part * factor))
                .collect(),
        }
    }
}

/// The member of which this is the most, and the parts of its requests.
fn peak(loads: &Loads<'_>, of: fn(Load) -> f64, part: fn(Load) -> f64) -> Peak {
    let amount = |member: &BTreeMap<Request, Load>| of(a_second(member));
    let Some(most) = loads.values().max_by(|a, b| amount(a).total_cmp(&amount(b))) else {
        return Peak::default();
    };
    let parts = most
        .iter()
        .map(|(request, load)| (*request, part(*load) * request.rate()));
    let mut by: Vec<(Request, f64)> = parts.collect();
    by.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    Peak {
        amount: amount(most),
        by,
    }
}

/// The probability that one request of a kind meets another process's transaction at some item, where each locks what it
/// writes for so many seconds: those come by chance (Poisson), at the rate at which others lock the item.
pub fn conflict(ledger: &Ledger, request: Request, seconds: f64) -> f64 {
    let items = ledger
        .groups
        .keys()
        .filter(|group| group.what == super::kinds::What::Item);
    let met = |group| met(&loads(ledger, group), request) * ledger.of_others(group);
    let expected: f64 = items.map(met).sum();
    1.0 - (-expected * seconds).exp()
}

/// How many a second lock what a request of this kind locks in one kind of items.
fn met(loads: &Loads<'_>, request: Request) -> f64 {
    let each = loads.values().filter_map(|member| {
        let own = member.get(&request)?;
        Some((own.transactions + own.writes) * locks(a_second(member)))
    });
    each.sum()
}

/// The probability that a request which locks this item meets another one there.
pub fn meets(locks: f64, seconds: f64) -> f64 {
    1.0 - (-locks * seconds).exp()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::billing::{Charge, Hold, Key, Place};

    fn charge(pk: &str) -> Charge {
        let key = Key::of(&json!({ "PK": { "S": pk }, "SK": { "S": "X" } })).unwrap();
        Charge {
            place: Place::Item(key),
            read: 0.0,
            written: 2.0,
            hold: Hold::Transaction,
        }
    }

    /// Grants, each of which writes to one key that all write to, one of four, and one of its own.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        for n in 0..400 {
            if n == 200 {
                ledger.second_round();
            }
            let keys = ["ONE".to_owned(), format!("SHARD#{}", n % 4), format!("OWN#{n:012}")];
            ledger.note(Request::Grant, n, &keys.map(|key| charge(&key)));
        }
        ledger
    }

    #[test]
    fn one_key_takes_the_whole_rate_and_a_shard_its_part() {
        let ledger = ledger();
        let rows = rows(&ledger);
        let found: Vec<(&str, usize, f64)> = rows
            .iter()
            .map(|row| (row.group.keys.as_str(), row.members, row.share_of_writes()))
            .collect();
        // 500 grants a second at two units each.
        assert_eq!(found, [("ONE / X", 1, 1.0), ("SHARD#<n> / X", 4, 0.25)]);
    }

    #[test]
    fn requests_conflict_where_they_lock_one_item() {
        let ledger = ledger();
        // One key locked 500 times a second, and one of four locked 125 times.
        let expected = 1.0 - (-(500.0 + 125.0) * 0.02_f64).exp();
        assert!((conflict(&ledger, Request::Grant, 0.02) - expected).abs() < 1e-9);
        assert!(conflict(&ledger, Request::Login, 0.02).abs() < 1e-9);
    }

    #[test]
    fn what_a_process_keeps_to_itself_conflicts_with_nobody() {
        let conflict_of = |process: fn(u32) -> u32| {
            let mut ledger = Ledger::default();
            for n in 0..400_u32 {
                if n == 200 {
                    ledger.second_round();
                }
                let process = usize::try_from(process(n)).unwrap();
                ledger.note(Request::Grant, process, &[charge(&format!("HEAD#{}", n % 4))]);
            }
            conflict(&ledger, Request::Grant, 0.02)
        };
        assert!(conflict_of(|n| n % 4).abs() < 1e-9);
        // Every second one is of another process.
        let half = 1.0 - (-125.0_f64 * 0.02 * 5_000.0 / 9_900.0).exp();
        assert!((conflict_of(|n| n % 8) - half).abs() < 1e-9);
    }
}
