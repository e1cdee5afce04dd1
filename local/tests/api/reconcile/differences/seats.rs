//! Copies of roles, and the counters of their seats.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Table, text};

/// Which counters can have shares: the first ones of a role.
const FEW: u16 = 4;

/// A limit is shared by the first counters, beside what is still taken on the others: together they are never more than it,
/// and as much where nobody left one of the others. Without a limit there are no shares.
pub fn shares(table: &Table, found: &mut Vec<String>) {
    for (role, counters) in &table.shares {
        let Some(item) = table.roles.get(role) else {
            found.push(format!("seats of {role}, which is no role"));
            continue;
        };
        let limit = item.get("maxCount").and_then(Value::as_i64);
        let has_share = |(counter, share, _): &&(u16, Option<i64>, i64)| *counter < FEW && share.is_some();
        let shares = counters.iter().filter(has_share).count();
        let shared: i64 = counters.iter().filter_map(|(_, share, _)| *share).sum();
        let others = counters.iter().filter(|(counter, ..)| *counter >= FEW);
        let others: Vec<i64> = others.map(|(.., taken)| *taken).collect();
        let beside: i64 = others.iter().sum();
        let over = counters
            .iter()
            .any(|(_, share, taken)| share.is_some_and(|share| *taken > share));
        let right = match limit {
            None => shared == 0 && shares == 0,
            Some(limit) if others.is_empty() => shares == usize::from(FEW) && shared == limit,
            Some(limit) => shares == usize::from(FEW) && shared + beside <= limit,
        };
        if !right || over {
            found.push(format!(
                "role {}: limit {limit:?}, counters {counters:?}",
                text(item, "name")
            ));
        }
    }
}

/// Every role has its copies, and each of them is the role.
pub fn copies(table: &Table, found: &mut Vec<String>) {
    const COPIES: usize = 10;
    let roles: BTreeSet<&str> = table.roles.keys().chain(table.copies.keys()).copied().collect();
    for role in roles {
        let Some(item) = table.roles.get(role) else {
            found.push(format!("copies of {role}, which is no role"));
            continue;
        };
        let copies = table.copies.get(role).map_or(&[][..], Vec::as_slice);
        let bare = |item: &serde_json::Map<String, Value>| {
            let mut item = item.clone();
            item.retain(|name, _| !["PK", "SK"].contains(&name.as_str()));
            item
        };
        let equal = copies.iter().filter(|copy| bare(copy) == bare(item)).count();
        if (copies.len(), equal) != (COPIES, COPIES) {
            found.push(format!(
                "role {}: {equal} copies of {} are it",
                text(item, "name"),
                copies.len()
            ));
        }
    }
}
