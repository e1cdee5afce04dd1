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
    /// How often a second somebody holds it for a moment, where a transaction is among them.
    pub held: Peak,
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

fn held(load: Load) -> f64 {
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
        held: peak(&loads, held, |load| load.transactions + load.writes),
    })
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

/// The probability that one request of a kind meets another one's transaction at some item, where each holds what it
/// writes for so many seconds: those come by chance (Poisson), at the rate at which the item is held.
pub fn conflict(ledger: &Ledger, request: Request, seconds: f64) -> f64 {
    let items = ledger
        .groups
        .keys()
        .filter(|group| group.what == super::kinds::What::Item);
    let expected: f64 = items.map(|group| met(&loads(ledger, group), request)).sum();
    1.0 - (-expected * seconds).exp()
}

/// How many others a second hold what a request of this kind holds in one kind of items.
fn met(loads: &Loads<'_>, request: Request) -> f64 {
    let each = loads.values().filter_map(|member| {
        let own = member.get(&request)?;
        Some((own.transactions + own.writes) * held(a_second(member)))
    });
    each.sum()
}

/// The probability that a request which holds this item meets another one there.
pub fn meets(held: f64, seconds: f64) -> f64 {
    1.0 - (-held * seconds).exp()
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
            ledger.note(Request::Grant, &keys.map(|key| charge(&key)));
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
    fn requests_conflict_where_they_hold_one_item() {
        let ledger = ledger();
        // One key held 500 times a second, and one of four held 125 times.
        let expected = 1.0 - (-(500.0 + 125.0) * 0.02_f64).exp();
        assert!((conflict(&ledger, Request::Grant, 0.02) - expected).abs() < 1e-9);
        assert!(conflict(&ledger, Request::Login, 0.02).abs() < 1e-9);
    }
}
