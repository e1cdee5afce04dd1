//! Kinds of keys: a key with ids, hashes and names replaced. Learned from how keys look, so that a key which this does not
//! know is a kind as any other.

use crate::billing::Place;

/// What a place is one of many of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    pub what: What,
    /// Its keys, with what differs from member to member replaced.
    pub keys: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Partition,
    Item,
    Index(&'static str),
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Partition => f.write_str("partition"),
            Self::Item => f.write_str("item"),
            Self::Index(index) => write!(f, "{index} partition"),
        }
    }
}

impl Group {
    pub fn of(place: &Place) -> Self {
        let (what, keys) = match place {
            Place::Partition(pk) => (What::Partition, kind(pk)),
            Place::Item(key) => (What::Item, format!("{} / {}", kind(&key.pk), kind(&key.sk))),
            Place::Index(index, pk) => (What::Index(index), kind(pk)),
        };
        Self { what, keys }
    }
}

/// Which member of its group a place is.
pub fn member(place: &Place) -> String {
    match place {
        Place::Partition(pk) | Place::Index(_, pk) => pk.clone(),
        Place::Item(key) => format!("{} / {}", key.pk, key.sk),
    }
}

/// A key with what differs replaced. `T#main` is `T`: all is of one tenant.
fn kind(key: &str) -> String {
    let of_tenant = key.strip_prefix("T#").and_then(|rest| rest.split_once('#'));
    let (before, rest) = of_tenant.map_or(("", key), |(_, rest)| ("T#", rest));
    let parts: Vec<String> = rest.split('#').map(part).collect();
    format!("{before}{}", parts.join("#"))
}

fn part(part: &str) -> String {
    if let Some((_, last)) = part.rsplit_once(' ').filter(|(_, last)| is_id(last)) {
        return format!("<text> {}", self::part(last));
    }
    let is = |wanted: fn(&char) -> bool| part.chars().all(|c| wanted(&c));
    let hex = is(char::is_ascii_hexdigit);
    let kind = match part.len() {
        _ if is(char::is_ascii_uppercase) => part,
        _ if is_id(part) => "<id>",
        64 if hex => "<hash>",
        _ if part.contains("_by_") => part,
        7 if is_month(part) => "<month>",
        1..=3 if is(char::is_ascii_digit) => "<n>",
        2 if hex => "<n>",
        _ if is(char::is_ascii_digit) => "<number>",
        _ => "<text>",
    };
    kind.to_owned()
}

/// A UUID, by its form.
fn is_id(part: &str) -> bool {
    let lengths: Vec<usize> = part.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn is_month(part: &str) -> bool {
    part.chars()
        .enumerate()
        .all(|(n, c)| if n == 4 { c == '-' } else { c.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_member_to_member_is_replaced_and_the_words_of_keys_stay() {
        let id = "019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f";
        for (key, expected) in [
            (format!("T#main#USER#{id}"), "T#USER#<id>"),
            ("T#main#RIGHTS#2026-11".to_owned(), "T#RIGHTS#<month>"),
            ("T#main#STATUS#active#3".to_owned(), "T#STATUS#<text>#<n>"),
            ("HEALTH#0f".to_owned(), "HEALTH#<n>"),
            (format!("ane@example.org {id}"), "<text> <id>"),
            ("T#main#ROLES".to_owned(), "T#ROLES"),
            (
                "T#main#LIMIT#login_by_tenant#7".to_owned(),
                "T#LIMIT#login_by_tenant#<n>",
            ),
            (format!("TOKEN#{}", "0a".repeat(32)), "TOKEN#<hash>"),
            ("ADMINISTRATORS".to_owned(), "ADMINISTRATORS"),
        ] {
            assert_eq!(kind(&key), expected);
        }
    }
}
