//! The walk through one tenant's chains.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Chains, Fault, Finding, Head, Known, Position, Row};

/// Everything that is not as it was written, in no order.
pub fn walk(known: &Known, now: Timestamp) -> Vec<Finding> {
    let mut findings = unlinked(known);
    let mut chains = Chains::new();
    for row in &known.rows {
        if let Some(position) = &row.position {
            let chain = chains.entry(&position.chain).or_default();
            chain.entry(position.seq).or_default().push(row);
        }
    }
    for head in known
        .before
        .iter()
        .chain(known.signed.iter().flat_map(|anchor| &anchor.heads))
    {
        chains.entry(&head.chain).or_default();
    }
    for (chain, rows) in chains {
        let mut walk = Walk {
            chain,
            now: now.as_second(),
            known,
            signed: signed_of(known, chain),
            findings: Vec::new(),
        };
        walk.back(&rows);
        findings.append(&mut walk.findings);
    }
    findings
}

/// Rows without a place in a chain, from a time when there were chains.
fn unlinked(known: &Known) -> Vec<Finding> {
    let until = known.signed.first().and_then(|first| first.unlinked_until);
    let is_old = |row: &Row| row.is_at_home && until.is_some_and(|until| row.at.as_millisecond() <= until);
    let rows = known.rows.iter().filter(|row| row.position.is_none() && !is_old(row));
    rows.map(|row| Finding::of(Fault::Unlinked, row)).collect()
}

struct Walk<'a> {
    chain: &'a str,
    now: i64,
    known: &'a Known,
    /// The hashes that were signed of its rows.
    signed: BTreeMap<u64, &'a str>,
    findings: Vec<Finding>,
}

fn signed_of<'a>(known: &'a Known, chain: &str) -> BTreeMap<u64, &'a str> {
    let heads = known.signed.iter().rev().flat_map(|anchor| &anchor.heads);
    let own = heads.filter(|head| head.chain == chain);
    own.map(|head| (head.seq, head.hash.as_str())).collect()
}

/// What the row behind it, or a head, states of a row.
#[derive(Clone, Copy)]
struct Stated<'a> {
    hash: &'a str,
    expires: i64,
}

impl<'a> Walk<'a> {
    fn back(&mut self, rows: &BTreeMap<u64, Vec<&'a Row>>) {
        let end = self.end();
        self.beyond(rows, end.map_or(0, |head| head.seq));
        let mut stated = end.map(|head| Stated {
            hash: &head.hash,
            expires: head.expires,
        });
        let mut seq = end.map_or(0, |head| head.seq);
        let mut behind = None;
        while seq > 0 {
            let Some(found) = rows.get(&seq) else {
                let next = rows.range(..seq).next_back().map_or(0, |(seq, _)| *seq);
                self.gone(seq, stated, behind);
                (seq, stated) = (next, None);
                continue;
            };
            let row = self.chosen(seq, found, stated);
            let position = row.position.as_ref().filter(|_| row.is_sound);
            stated = position.map(|position| Stated {
                hash: &position.prev,
                expires: position.prev_expires,
            });
            behind = Some(row);
            seq -= 1;
        }
    }

    /// Where the chain ended when its rows began to be read: at its head, unless more was signed.
    fn end(&mut self) -> Option<&'a Head> {
        let of_chain = |heads: &'a [Head]| heads.iter().find(|head| head.chain == self.chain);
        let head = of_chain(&self.known.before);
        let signed = self
            .known
            .signed
            .iter()
            .rev()
            .find_map(|anchor| of_chain(&anchor.heads));
        let begun_since = of_chain(&self.known.after).is_some();
        if head.is_none() && !begun_since {
            self.findings.push(Finding {
                fault: Fault::Headless,
                place: format!("chain {}", self.chain),
                at: None,
                hash: None,
            });
        }
        [head, signed].into_iter().flatten().max_by_key(|head| head.seq)
    }

    /// Rows behind the end: written while the rows were read, or never by us.
    fn beyond(&mut self, rows: &BTreeMap<u64, Vec<&'a Row>>, end: u64) {
        let after = self.known.after.iter().find(|head| head.chain == self.chain);
        let until = after.map_or(end, |head| head.seq.max(end));
        let before = rows.range(..1);
        for (seq, found) in before.chain(rows.range(end + 1..)) {
            for row in found {
                match (row.is_sound, (1..=until).contains(seq)) {
                    (true, true) => {}
                    (true, false) => self.findings.push(Finding::of(Fault::Inserted, row)),
                    (false, _) => self.findings.push(spoilt(row)),
                }
            }
        }
    }

    /// The row of this place, of those that claim it. The others were put there.
    fn chosen(&mut self, seq: u64, found: &[&'a Row], stated: Option<Stated<'a>>) -> &'a Row {
        let signed = self.signed.get(&seq).copied();
        let wanted = stated.map(|stated| stated.hash).or(signed);
        let fits = |row: &&&Row| hash(row) == wanted && row.is_sound;
        let stands = |row: &&&Row| row.is_sound || row.is_at_home;
        let exact = found.iter().find(fits);
        let named = found.iter().find(|row| wanted.is_some() && hash(row) == wanted);
        let any = found
            .iter()
            .find(|row| row.is_sound)
            .or_else(|| found.iter().find(stands));
        let chosen = *exact.or(named).or(any).unwrap_or(&found[0]);
        let own = hash(&chosen);
        if !chosen.is_sound {
            self.findings.push(spoilt(chosen));
        } else if signed.is_some_and(|signed| own != Some(signed)) {
            self.findings.push(Finding::of(Fault::Rewritten, chosen));
        } else if stated.is_some() && own != wanted {
            self.findings.push(spoilt(chosen));
        }
        let others = found.iter().filter(|row| !std::ptr::eq(**row, chosen));
        let fault = |row: &Row| {
            if row.is_sound || row.is_at_home {
                Fault::Inserted
            } else {
                Fault::Elsewhere
            }
        };
        self.findings.extend(others.map(|row| Finding::of(fault(row), row)));
        chosen
    }

    /// That nothing is at this place. Nothing is amiss where its time is over, and so that of all before it.
    fn gone(&mut self, seq: u64, stated: Option<Stated<'_>>, behind: Option<&Row>) {
        if stated.is_some_and(|stated| stated.expires <= self.now) {
            return;
        }
        self.findings.push(Finding {
            fault: Fault::Removed,
            place: format!("chain {}, row {seq}", self.chain),
            at: behind.map(|row| row.at),
            hash: stated.map(|stated| stated.hash.to_owned()),
        });
    }
}

fn hash<'a>(row: &&'a Row) -> Option<&'a str> {
    row.position.as_ref().map(|Position { hash, .. }| hash.as_str())
}

/// A row that is not what its hash, or the row behind it, states.
pub fn spoilt(row: &Row) -> Finding {
    let fault = if row.is_at_home {
        Fault::Changed
    } else {
        Fault::Elsewhere
    };
    Finding::of(fault, row)
}
