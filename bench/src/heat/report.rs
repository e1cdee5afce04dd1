//! `docs/heat.md`.

use super::hottest::{Peak, Row, conflict, meets, rows};
use super::kinds::What;
use super::ledger::Ledger;
use super::play::Size;
use super::rates::{self, ALL, Request};

/// What takes less of a key than this is not listed.
const LISTED: f64 = 0.01;
/// How long a transaction may be in flight, in seconds.
const FLIGHTS: [f64; 2] = [0.02, 0.04];

/// The whole document.
pub fn report(ledger: &Ledger, size: Size) -> String {
    let rows = rows(ledger);
    [
        head(ledger, size),
        assumed(ledger),
        hottest(&rows),
        conflicts(&rows),
        requests(ledger),
        FOOT.to_owned(),
    ]
    .join("\n")
}

fn head(ledger: &Ledger, size: Size) -> String {
    let all: u32 = ledger.requests.values().sum();
    format!(
        "# Heat\n\n\
         Which keys are hot when one tenant has the traffic of the goal: 1,000 registrations, 5,000 logins, 20,000 authorised \
         requests and 500 grants of one role a second. Generated; do not edit:\n\n\
         ```text\ncargo run --release -p bench -- heat --write docs/heat.md\n```\n\n\
         The command plays {} requests of {} people, in a tenant of the size `large`, on the embedded DynamoDB, through a recorder that charges each unit \
         to its partition, its item, and the index partition of each entry that is added, moved or removed. It knows no \
         key: it learns them from what passes. What follows from it, and where from:\n\n\
         - **Units of one request**: the sum of what was charged, by the number of requests of its kind. Items are sized by \
         DynamoDB's rules; a write in a transaction, and a check, costs twice. The command ends with an error where the sum is not what the \
         embedded DynamoDB counts.\n\
         - **The hottest key of a kind** takes the whole rate where there is one key. Where hits spread as evenly as chance \
         has it (chi-squared, one in a million), each takes its part, by the number of keys that were seen. Where they do \
         not, each takes the share that was seen.\n\
         - **What is of one account, session or mail** is not here. That it is shows in the play: in its second half other \
         people do as much once more, there are then more such keys, and none of them was come to more often. Its heat is \
         what its owner does, at any number of accounts.\n\
         - Limits of rate are on, each person has an address, and the tenant has limits of its own at the rates below.\n\
         - {} administrators give the role, list and search in turns; their own keys take their part of that.\n\
         - {} processes are played in turns, each with what a process keeps for itself. What each reads again every 10 s is \
         charged for {} processes, which is what these rates occupy at the durations below.\n\
         - DynamoDB can part a partition that stays hot by its sort keys, unless these end in a time. Nothing here counts on \
         that.\n",
        figure(f64::from(all)),
        size.people * 2,
        super::play::ADMINISTRATORS,
        size.processes,
        figure(rates::processes()),
    )
}

fn assumed(ledger: &Ledger) -> String {
    let mut text = "## The rates\n\n\
                    | request | what is sent | a second | ms | RCU | WCU |\n| --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for request in ALL {
        let cost = ledger.cost(request);
        text += &format!(
            "| {} | {} | {} | {:.0} | {:.1} | {:.1} |\n",
            request.name(),
            request.route(),
            figure(request.rate()),
            request.lasts(),
            cost.read,
            cost.written,
        );
    }
    text
}

fn hottest(rows: &[Row<'_>]) -> String {
    let mut text = format!(
        "## The hottest keys\n\n\
         One partition takes 1,000 write and 3,000 read units a second, one item as well. Listed is what takes {} of either; \
         `T` stands for `T#<tenant>`.\n\n\
         | kind of key | | keys | WCU a second | of 1,000 | RCU a second | of 3,000 | mostly by |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        percent(LISTED)
    );
    for row in rows.iter().filter(|row| row.share() >= LISTED) {
        text += &format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |\n",
            row.group.keys,
            row.group.what,
            row.members,
            figure(row.writes.amount),
            percent(row.share_of_writes()),
            figure(row.reads.amount),
            percent(row.share_of_reads()),
            mostly(if row.share_of_writes() > row.share_of_reads() {
                &row.writes
            } else {
                &row.reads
            }),
        );
    }
    text
}

/// The kinds of requests that make most of it.
fn mostly(peak: &Peak) -> String {
    let large = peak.by.iter().filter(|(_, amount)| amount * 5.0 >= peak.amount);
    let names: Vec<&str> = large.map(|(request, _)| request.name()).collect();
    names.join(", ")
}

fn conflicts(rows: &[Row<'_>]) -> String {
    let mut text = "## Items that transactions of unrelated requests lock\n\n\
                    How often a second another process writes or checks the hottest item of a kind, and the probability that a \
                    request which comes to it meets such a transaction there, where it is in flight for 20 or 40 ms (requests come \
                    by chance: 1 − e^(−rate × time)). A process carries out one request at a time, so it does not meet itself: what \
                    each keeps to itself, as the head of a chain that it wrote to last, conflicts as often as two processes were \
                    seen at one.\n\n\
                    | item | items | locked by others a second | 20 ms | 40 ms | mostly by |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let mut locked: Vec<&Row<'_>> = rows
        .iter()
        .filter(|row| row.group.what == What::Item && row.locks.amount > 0.0)
        .collect();
    locked.sort_by(|a, b| b.locks.amount.total_cmp(&a.locks.amount));
    for row in locked
        .into_iter()
        .filter(|row| meets(row.locks.amount, FLIGHTS[1]) >= LISTED / 10.0)
    {
        let [short, long] = FLIGHTS.map(|seconds| percent(meets(row.locks.amount, seconds)));
        text += &format!(
            "| `{}` | {} | {} | {short} | {long} | {} |\n",
            row.group.keys,
            row.members,
            figure(row.locks.amount),
            mostly(&row.locks),
        );
    }
    text
}

fn requests(ledger: &Ledger) -> String {
    let mut text = "## Requests that conflict\n\n\
                    The probability that one request meets the transaction of an unrelated one at any of its items: it then \
                    waits a moment and sends its writes once more.\n\n\
                    | request | 20 ms | 40 ms |\n| --- | --- | --- |\n"
        .to_owned();
    for request in ALL.into_iter().filter(|request| writes(ledger, *request)) {
        let [short, long] = FLIGHTS.map(|seconds| percent(conflict(ledger, request, seconds)));
        text += &format!("| {} | {short} | {long} |\n", request.name());
    }
    text
}

fn writes(ledger: &Ledger, request: Request) -> bool {
    ledger.cost(request).written > 0.0
}

const FOOT: &str = "## What this does not show\n\n\
    - Requests are played one after the other, so none loses a race; what a retry costs is not in the units.\n\
    - The address from which many people come, the API key that an application sends with every request, and an account \
    that many processes share are single keys by their nature, and not in the mix.\n\
    - Small form: `cargo test -p bench --test heat` holds what one request of each kind costs each kind of key, and over how \
    many keys that spreads, to `bench/tests/heat.txt`.\n";

fn percent(share: f64) -> String {
    match share * 100.0 {
        share if share >= 10.0 => format!("{share:.0} %"),
        share if share >= 0.05 => format!("{share:.1} %"),
        share if share > 0.0 => "< 0.1 %".to_owned(),
        _ => "0".to_owned(),
    }
}

/// A number as large as it needs to be, with thousands parted.
fn figure(number: f64) -> String {
    match number {
        n if n >= 999.5 => {
            let n = n.round();
            let thousands = (n / 1_000.0).floor();
            format!("{thousands:.0},{:03.0}", n - thousands * 1_000.0)
        }
        n if n >= 10.0 => format!("{n:.0}"),
        n if n >= 0.005 => format!("{n:.2}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => "0".to_owned(),
    }
}
