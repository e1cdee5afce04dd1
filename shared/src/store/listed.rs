//! What the lists of accounts know of each: its id, the texts that it is found by and, in the lists by status, its roles.
//! It is all in the sort key of the index, so a second filter drops accounts without reading them.

use jiff::Timestamp;

use super::search::searchable;
use super::table::{Item, string};
use crate::domain::role::USER;
use crate::domain::user::User;
use crate::id::{RoleId, UserId};

/// How long a sort key can be (a limit of DynamoDB's), in bytes.
const LONGEST: usize = 1_024;

/// An account as a list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: UserId,
    /// Its roles, a few digits of each, with the end of its lock behind them; and its texts, each on a line.
    rest: String,
    /// Not all of it had room.
    is_cut: bool,
}

impl Listed {
    /// The sort key of an account's entry in the list of all.
    pub fn in_all(user: &User) -> String {
        key(user, "")
    }

    /// The sort key of its entry in the list of its status.
    pub fn by_status(user: &User) -> String {
        let mut roles: Vec<String> = user
            .grants
            .iter()
            .map(|grant| grant.role)
            .filter(|role| *role != USER.id)
            .map(digits)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        let mut first = roles.join(",");
        if let Some(end) = user.listed_lock_ends() {
            first.push_str(&format!(";{}", end.as_millisecond()));
        }
        key(user, &first)
    }

    pub fn of(item: &Item) -> Option<Self> {
        let id = string(item, "PK")?.rsplit('#').next()?.parse().ok()?;
        let sort_key = ["GSI1SK", "GSI2SK"]
            .into_iter()
            .find_map(|name| string(item, name).filter(|key| key.contains(' ')));
        let rest = sort_key
            .and_then(|key| key.split_once(' '))
            .map_or("", |(_, rest)| rest);
        Some(Self {
            id,
            rest: rest.to_owned(),
            is_cut: sort_key.is_none_or(|key| key.len() + 4 > LONGEST),
        })
    }

    /// Whether the account may have this in a text; only the account itself decides.
    pub fn may_match(&self, folded_q: &str) -> bool {
        self.is_cut || self.rest.lines().skip(1).any(|text| text.contains(folded_q))
    }

    /// Whether it may have this role; the same.
    pub fn may_have(&self, role: RoleId) -> bool {
        let (roles, _) = self.roles_and_end();
        role == USER.id || roles.split(',').any(|one| one == digits(role))
    }

    /// Whether its lock has ended: nothing is written then, so it is listed as locked still.
    pub fn has_unlocked(&self, now: Timestamp) -> bool {
        let (_, end) = self.roles_and_end();
        end.parse().is_ok_and(|end: i64| end <= now.as_millisecond())
    }

    fn roles_and_end(&self) -> (&str, &str) {
        let first = self.rest.lines().next().unwrap_or_default();
        first.split_once(';').unwrap_or((first, ""))
    }
}

fn key(user: &User, first: &str) -> String {
    let mut key = format!("{} {first}", user.id);
    for text in searchable(user) {
        key.push('\n');
        key.push_str(&text);
    }
    let mut end = key.len().min(LONGEST);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.truncate(end);
    key
}

/// A role by the last eight digits of its id, which are random: enough to drop nearly all others.
fn digits(role: RoleId) -> String {
    let id = role.to_string();
    id[id.len() - 8..].to_owned()
}
