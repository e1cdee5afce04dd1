//! When grants end, as the role's partition has it.

use std::collections::{BTreeMap, BTreeSet};

use super::grants::partition;
use super::{Table, list, text};

/// The end of each account's last grant of a role, where all of them end, and on which counter it must be marked. Those
/// that ended are on the account, and take a seat, until they are cleared away together.
fn last_ends(table: &Table) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for user in &table.live {
        let roles: BTreeSet<&str> = list(user, "grants")
            .iter()
            .map(|grant| grant["role"].as_str().unwrap())
            .collect();
        for role in roles {
            let grants = || list(user, "grants").iter().filter(|grant| grant["role"] == role);
            let ends: Option<Vec<i64>> = grants().map(|grant| grant["effectiveTo"].as_i64()).collect();
            if let Some(end) = ends.and_then(|ends| ends.into_iter().max()) {
                let id = text(user, "id").to_owned();
                let first = grants().next().unwrap();
                let (seat, partition) = (&first["seat"], partition(first));
                found.push((
                    format!("{role} {partition} {end:015}#{id}"),
                    id,
                    format!("{role} {seat}"),
                ));
            }
        }
    }
    found
}

pub fn implied(table: &Table) -> BTreeMap<String, String> {
    last_ends(table).into_iter().map(|(place, id, _)| (place, id)).collect()
}

/// A counter with a seat that ends by itself is marked, or nobody would look for what ended.
pub fn marks(table: &Table, found: &mut Vec<String>) {
    let unmarked = last_ends(table)
        .into_iter()
        .filter(|(_, _, counter)| !table.marked.contains(counter));
    found.extend(unmarked.map(|(place, _, counter)| format!("counter {counter} has no mark for {place}")));
}
