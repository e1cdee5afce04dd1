//! The domains of addresses: each is found by every part of it, and lists whoever has an address there.

use serde_json::{Map, Value};
use usher::domain::text::Email;

use super::{Table, text};

/// Entries of domains without addresses are left, and find nothing.
pub fn check(table: &Table, found: &mut Vec<String>) {
    for user in &table.live {
        let Some(email) = user.get("email").and_then(Value::as_str) else {
            continue;
        };
        let email = Email::parse(email).unwrap();
        let domain = email.canonical().rsplit_once('@').unwrap().1;
        let at = format!("@{domain}");
        for (start, first) in at.char_indices() {
            let entry = format!("T#{}#FIND#@{first}|{} {domain}", table.tenant, &at[start..]);
            if !table.domains.contains(&entry) {
                found.push(format!("search entry of a domain is missing: {entry}"));
            }
        }
        let listed = format!(
            "T#{}#DOMAIN#{}#{domain} {}",
            table.tenant,
            shard(user) % 2,
            text(user, "id")
        );
        if table.at_domains.get(email.canonical()) != Some(&listed) {
            found.push(format!("{} is not listed at its domain", email.canonical()));
        }
    }
}

/// Where the claim of an address lists its account.
pub fn listed(claim: &Map<String, Value>) -> String {
    format!("{} {}", text(claim, "GSI1PK"), text(claim, "GSI1SK"))
}

/// In which partition of search an account is found: by the last byte of its id.
pub fn shard(user: &Map<String, Value>) -> u64 {
    let last = u64::from_str_radix(&text(user, "id")[34..], 16).unwrap();
    last % user.get("searchShards").and_then(Value::as_u64).unwrap_or(1)
}
