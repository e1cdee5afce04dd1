//! What accounts' grants say of their roles.

use serde_json::Value;

use super::{Table, administers, list, text};

/// In which partition of its role's members a grant is.
pub fn partition(grant: &Value) -> i64 {
    grant.get("partition").and_then(Value::as_i64).unwrap_or(0)
}

/// Every grant is of a role that exists, and knows whether that role administers.
pub fn check(table: &Table, found: &mut Vec<String>) {
    for user in &table.live {
        for grant in list(user, "grants") {
            let role = grant["role"].as_str().unwrap();
            if !table.roles.contains_key(role) {
                found.push(format!(
                    "account {} has the role {role}, which is none",
                    text(user, "id")
                ));
            } else if grant["administers"] != administers(table, grant) {
                found.push(format!(
                    "account {}: grant of {role} is wrong about its role",
                    text(user, "id")
                ));
            }
        }
    }
}
