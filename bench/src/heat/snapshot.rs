//! What a change must not make hotter, as lines of text: each kind of key, what one request of each kind costs it, and over
//! how many such keys that spreads. Without what chance decides.

use super::kinds::What;
use super::ledger::{Ledger, Load, Members};
use super::spread::Spread;

/// A line for each kind of key and of request.
pub fn lines(ledger: &Ledger) -> Vec<String> {
    let mut lines = Vec::new();
    for (group, requests) in &ledger.groups {
        for ((request, _), members) in requests {
            let held = group.what == What::Item;
            let cost = per_request(members, ledger.played(*request), held);
            let spread = spread(members, ledger.played(*request));
            let (what, keys, request) = (group.what, &group.keys, request.name());
            lines.push(format!("{what} {keys}: {request}: {cost}, {spread}"));
        }
    }
    lines
}

fn per_request(members: &Members, played: f64, held: bool) -> String {
    let all = members.values().fold(Load::default(), |sum, hits| sum.and(hits.load));
    let one = all.times(played.max(1.0).recip());
    let parts = [
        (one.read, "RCU"),
        (one.written, "WCU"),
        (if held { one.transactions } else { 0.0 }, "in transactions"),
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
        Spread::Own => "over many keys".to_owned(),
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
