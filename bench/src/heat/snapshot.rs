//! What a change must not make hotter, as lines of text: each kind of key, what one request of each kind costs it, and over
//! how many such keys that spreads. Without what chance decides.

use std::collections::BTreeMap;

use super::kinds::What;
use super::ledger::{Ledger, Load, Members};
use super::spread::Spread;

/// A line for each kind of key and of request.
pub fn lines(ledger: &Ledger) -> Vec<String> {
    let mut lines = Vec::new();
    for (group, requests) in &ledger.groups {
        for ((request, _), members) in requests {
            let is_item = group.what == What::Item;
            let cost = per_request(members, ledger.played(*request), is_item);
            let spread = spread(members, ledger.played(*request));
            let (what, keys, request) = (group.what, &group.keys, request.name());
            lines.push(format!("{what} {keys}: {request}: {cost}, {spread}"));
        }
    }
    lines
}

fn per_request(members: &Members, played: f64, is_item: bool) -> String {
    let all = members.values().fold(Load::default(), |sum, hits| sum.and(hits.load));
    let one = all.times(played.max(1.0).recip());
    let parts = [
        (one.read, "RCU"),
        (one.written, "WCU"),
        (if is_item { one.transactions } else { 0.0 }, "in transactions"),
    ];
    let parts = parts.into_iter().filter(|(amount, _)| *amount > 0.0);
    parts
        .map(|(amount, unit)| format!("{amount:.1} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// How few requests come to one key on average where the snapshot does not decide whether it is of one account, or one of very many.
const FEW: f64 = 4.0;

/// Keys that chance picks are not all seen: what is shown is the next power of two.
fn spread(members: &Members, played: f64) -> String {
    if members.keys().map(|_| FEW).sum::<f64>() > played && members.len() > 1 {
        return "over many keys".to_owned();
    }
    match Spread::of(members) {
        Spread::PerAccount => "over many keys".to_owned(),
        Spread::Even(1) => "ONE KEY".to_owned(),
        Spread::Even(members) => format!("evenly over {}", members.next_power_of_two()),
        Spread::Uneven(members, share) => {
            format!(
                "unevenly over {}, the hottest {:.0} %",
                members.next_power_of_two(),
                share * 100.0
            )
        }
    }
}

/// What is hotter than a file of such lines states: keys that it does not have, more units for a request, fewer members.
/// Chance moves each of these a little.
pub fn hotter(stated: &str, now: &[String]) -> Vec<String> {
    let stated: BTreeMap<Key<'_>, Line<'_>> = stated.lines().filter_map(Line::of).collect();
    let is_hotter = |line: &&String| {
        Line::of(line).is_none_or(|(key, line)| {
            line.is_warm() && stated.get(&key).is_none_or(|stated| line.is_hotter_than(stated))
        })
    };
    now.iter().filter(is_hotter).cloned().collect()
}

/// A kind of key and of request, and in which units it is charged: reads and writes can have a line each.
type Key<'a> = (&'a str, Vec<&'a str>);

/// A line, without its kind of key and of request.
struct Line<'a> {
    amounts: BTreeMap<&'a str, f64>,
    /// How few members it spreads over, where that is a number.
    members: Option<f64>,
    /// The share of the hottest, in percent.
    share: f64,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Option<(Key<'a>, Self)> {
        let (key, rest) = line.rsplit_once(": ")?;
        let (cost, spread) = rest.split_once(", ")?;
        let words: Vec<&str> = cost.split(' ').collect();
        let amounts: BTreeMap<&str, f64> = words
            .windows(2)
            .filter_map(|pair| Some((pair[1], pair[0].parse().ok()?)))
            .collect();
        let number = |text: &str| text.split([' ', ',']).find_map(|word| word.parse::<f64>().ok());
        let (over, share) = spread.split_once("the hottest").unwrap_or((spread, ""));
        let members = if over == "ONE KEY" { Some(1.0) } else { number(over) };
        let share = number(share).unwrap_or(0.0);
        Some((
            (key, amounts.keys().copied().collect()),
            Self {
                amounts,
                members,
                share,
            },
        ))
    }

    /// Whether it is more than what one request in four pays: what is less, chance has in one play and not in another.
    fn is_warm(&self) -> bool {
        self.amounts.values().any(|amount| *amount > 0.25)
    }

    fn is_hotter_than(&self, stated: &Self) -> bool {
        let more = |(unit, amount): (&&str, &f64)| {
            let stated = stated.amounts.get(*unit).copied().unwrap_or(0.0);
            *amount > stated * 1.15 + 0.25
        };
        let fewer = match (self.members, stated.members) {
            (Some(members), Some(stated)) => members < stated / 2.0,
            (Some(members), None) => members < 2.0,
            (None, _) => false,
        };
        self.amounts.iter().any(more) || fewer || self.share > stated.share * 2.0 + 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_more_units_and_fewer_members_are_hotter_and_chance_is_not() {
        let stated = "partition T#A: login: 2.0 WCU 1.0 in transactions, evenly over 64\npartition T#B: login: 1.0 RCU, over many keys\npartition T#C: login: 4.0 WCU, unevenly over 16, the hottest 10 %";
        let is_hotter = |line: &str| hotter(stated, &[line.to_owned()]).len() == 1;
        for same in [
            "partition T#A: login: 2.2 WCU 1.0 in transactions, evenly over 32",
            "partition T#B: login: 1.0 RCU, evenly over 64",
            "partition T#C: login: 3.9 WCU, unevenly over 16, the hottest 12 %",
        ] {
            assert!(!is_hotter(same), "{same}");
        }
        for hot in [
            "partition T#D: login: 0.5 WCU, over many keys",
            "partition T#B: login: 0.5 WCU, over many keys",
            "partition T#A: login: 4.0 WCU 1.0 in transactions, evenly over 64",
            "partition T#A: login: 2.0 WCU 1.0 in transactions, ONE KEY",
            "partition T#B: login: 1.0 RCU, ONE KEY",
            "partition T#C: login: 4.0 WCU, unevenly over 16, the hottest 40 %",
        ] {
            assert!(is_hotter(hot), "{hot}");
        }
    }
}
