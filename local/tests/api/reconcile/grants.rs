//! What accounts' grants say of their roles.

use super::{Table, administers, list, text};

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
