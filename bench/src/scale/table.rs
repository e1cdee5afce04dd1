//! What was measured, as tables.

use usher::domain::tenant_size::LARGE_FROM;

use super::{Cost, Row, Scale, Why};

const TWENTIETH: f64 = 0.05;
/// What bytes may differ by: names are longer among more accounts, and profiles differ.
const BYTES: f64 = 0.2;
/// And where a bound holds the units: a large tenant's counters come into being one by one.
const BYTES_BELOW_A_BOUND: f64 = 0.5;

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    Equal,
    /// It grows, and why.
    Because(&'static str),
    Grows,
}

impl Scale {
    pub fn verdict(&self, row: &Row) -> Verdict {
        let is_large = |size: usize| u64::try_from(size).is_ok_and(|size| size >= LARGE_FROM);
        let costs = self.sizes.iter().zip(&row.costs);
        let in_large: Vec<Cost> = costs
            .filter(|(size, _)| is_large(**size))
            .map(|(_, cost)| *cost)
            .collect();
        match row.case.why {
            _ if are_alike(&row.costs, BYTES) => Verdict::Equal,
            Some(Why::Grows(why)) => Verdict::Because(why),
            Some(Why::Bounded(why)) if are_alike(&in_large, BYTES_BELOW_A_BOUND) => Verdict::Because(why),
            _ => Verdict::Grows,
        }
    }

    /// The cases that grow for no reason that stands beside them.
    pub fn findings(&self) -> Vec<String> {
        let grows = self.rows.iter().filter(|row| self.verdict(row) == Verdict::Grows);
        grows
            .map(|row| format!("{}: {}", row.case.name, cells(row).join("; ")))
            .collect()
    }

    /// Both tables: what differs, and what does not.
    pub fn report(&self) -> String {
        let (equal, other): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| self.verdict(row) == Verdict::Equal);
        let sizes: Vec<String> = self.sizes.iter().map(|size| spaced(*size)).collect();
        let all = self.rows.len();
        let mut text = format!(
            "{} of {all} cases cost the same among {} accounts. Of the others requests, RCU, WCU, KB from DynamoDB and KB to \
             it:\n\n| case | {} | why |\n| --- | {}--- |\n",
            equal.len(),
            sizes.join(", "),
            sizes.join(" | "),
            "--- | ".repeat(sizes.len()),
        );
        for row in other {
            let why = match self.verdict(row) {
                Verdict::Because(why) => why,
                _ => "**no reason**",
            };
            text.push_str(&format!("| {} | {} | {why} |\n", row.case.name, cells(row).join(" | ")));
        }
        text.push_str("\nThe same at each size; bytes of the largest:\n\n");
        text.push_str(
            "| case | requests | RCU | WCU | KB from DynamoDB | KB to it |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for row in equal {
            let cells = row
                .costs
                .last()
                .map(|cost| cell(cost).replace(" · ", " | "))
                .unwrap_or_default();
            text.push_str(&format!("| {} | {cells} |\n", row.case.name));
        }
        text
    }
}

fn cells(row: &Row) -> Vec<String> {
    row.costs.iter().map(cell).collect()
}

fn cell(cost: &Cost) -> String {
    let Cost {
        requests,
        read,
        written,
        received,
        sent,
    } = cost;
    format!(
        "{requests} · {read} · {written} · {} · {}",
        kilobytes(*received),
        kilobytes(*sent)
    )
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{}", bytes / 1_000, bytes % 1_000 / 100)
}

/// `1,000,000`.
pub fn spaced(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// Whether these are the same, within a twentieth of the least, and bytes within this part of it.
fn are_alike(costs: &[Cost], bytes: f64) -> bool {
    let within = |part: f64, of: fn(&Cost) -> f64| {
        let least = costs.iter().map(of).fold(f64::INFINITY, f64::min);
        costs.iter().all(|cost| of(cost) - least <= least * part + f64::EPSILON)
    };
    #[expect(clippy::cast_precision_loss, reason = "an answer of DynamoDB has a megabyte at most")]
    let bytes = within(bytes, |cost| cost.received as f64) && within(bytes, |cost| cost.sent as f64);
    bytes
        && within(TWENTIETH, |cost| f64::from(cost.requests))
        && within(TWENTIETH, |cost| cost.read)
        && within(TWENTIETH, |cost| cost.written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::Case;

    fn scale(why: Option<Why>, read: [f64; 3]) -> Scale {
        let cost = |read| Cost {
            requests: 1,
            read,
            written: 0.0,
            received: 100,
            sent: 100,
        };
        let case = Case {
            route: "GET /a".to_owned(),
            name: "`GET /a`".to_owned(),
            why,
        };
        let costs = read.map(cost).to_vec();
        Scale {
            sizes: vec![1_000, 20_000, 1_000_000],
            rows: vec![Row { case, costs }],
        }
    }

    #[test]
    fn what_grows_by_more_than_a_twentieth_needs_a_reason_and_a_bound_is_none_among_large_tenants() {
        let verdict = |why, read| {
            let scale = scale(why, read);
            scale.verdict(&scale.rows[0])
        };
        let bounded = Some(Why::Bounded("large"));
        assert_eq!(verdict(None, [20.0, 21.0, 20.5]), Verdict::Equal);
        assert_eq!(verdict(None, [20.0, 20.0, 21.5]), Verdict::Grows);
        assert_eq!(verdict(bounded, [20.0, 40.0, 40.0]), Verdict::Because("large"));
        assert_eq!(verdict(bounded, [20.0, 40.0, 50.0]), Verdict::Grows);
        assert_eq!(verdict(Some(Why::Grows("so")), [1.0, 2.0, 3.0]), Verdict::Because("so"));
    }

    #[test]
    fn what_grows_is_named_with_its_costs() {
        let findings = scale(None, [1.0, 2.0, 3.0]).findings();
        assert_eq!(
            findings,
            ["`GET /a`: 1 · 1 · 0 · 0.1 · 0.1; 1 · 2 · 0 · 0.1 · 0.1; 1 · 3 · 0 · 0.1 · 0.1"]
        );
        assert_eq!(spaced(1_000_000), "1,000,000");
    }
}
