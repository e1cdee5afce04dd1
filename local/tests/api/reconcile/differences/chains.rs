//! The chains of the rights history: each row has a place in one, behind the row whose hash it carries.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::text;

/// Every row is linked, the rows of a chain are one behind the other, and its head is the last one. (That each hash is of
/// its row, `crate::audit` shows.)
pub fn check(tenant: &str, items: &[Map<String, Value>], found: &mut Vec<String>) {
    let mut chains: BTreeMap<&str, BTreeMap<u64, &Map<String, Value>>> = BTreeMap::new();
    let mut heads = BTreeMap::new();
    let (rights, of_heads) = (format!("T#{tenant}#RIGHTS#"), format!("T#{tenant}#CHAINS#"));
    for item in items {
        if text(item, "PK").starts_with(&of_heads) {
            let chain = text(item, "SK").trim_start_matches("HEAD#");
            heads.insert(chain, (item["seq"].to_string(), text(item, "hash")));
        }
        if !text(item, "PK").starts_with(&rights) {
            continue;
        }
        let Some(link) = item.get("link").and_then(Value::as_object) else {
            found.push(format!("row {} is in no chain", text(item, "SK")));
            continue;
        };
        let seq: u64 = link["seq"].to_string().trim_matches('"').parse().unwrap();
        if chains
            .entry(text(link, "chain"))
            .or_default()
            .insert(seq, link)
            .is_some()
        {
            found.push(format!("two rows are the {seq}th of chain {}", text(link, "chain")));
        }
    }
    for (chain, rows) in &chains {
        let mut before = "";
        for (n, (seq, link)) in (1..).zip(rows) {
            if (*seq, text(link, "prev")) != (n, before) {
                found.push(format!("row {seq} of chain {chain} does not follow the one before it"));
            }
            before = text(link, "hash");
        }
        let last = (rows.len().to_string(), before);
        if heads
            .get(chain)
            .map(|(seq, hash)| (seq.trim_matches('"').to_owned(), *hash))
            != Some(last)
        {
            found.push(format!("the head of chain {chain} is not its last row"));
        }
    }
    for chain in heads.keys().filter(|chain| !chains.contains_key(**chain)) {
        found.push(format!("chain {chain} has a head and no row"));
    }
}
