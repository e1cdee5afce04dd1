//! The numbers of accounts, which the registration contract shows.

use serde_json::{Map, Value};

use super::{Table, text};

/// Every account has a number and its claim, for good: a claim outlives the account. No two accounts share one.
pub fn check(table: &Table, found: &mut Vec<String>) {
    let of_id = |id: &str| {
        let digits = id.replace('-', "");
        (u64::from_str_radix(&digits[16..], 16).unwrap() % (1 << 53)).to_string()
    };
    let number = |user: &Map<String, Value>| {
        let other = user.get("number").map(ToString::to_string);
        other.unwrap_or_else(|| of_id(text(user, "id")))
    };
    for (id, user) in &table.users {
        if table.numbers.get(number(user).as_str()) != Some(id) {
            found.push(format!("account {id} has no claim of its number {}", number(user)));
        }
    }
    for (claimed, id) in &table.numbers {
        if table.users.get(id).is_some_and(|user| number(user) != **claimed) {
            found.push(format!(
                "account {id} does not have the number {claimed}, which it claims"
            ));
        }
    }
}
