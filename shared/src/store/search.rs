//! Search: a case-insensitive substring of an e-mail address or username.
//!
//! Every suffix of them is an entry, so a substring is the beginning of an entry, and a question costs what it finds,
//! not how many accounts there are. Entries are written in the account's own transaction.

use std::collections::BTreeSet;

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Key, string};
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::Result;
use crate::id::UserId;

/// No more entries than this are looked at for one question; there are that many only where nearly everybody matches.
pub const MOST: usize = 10_000;

/// No address or name has more bytes than this.
const LONGEST: usize = 512;

pub fn entries(user: &User) -> BTreeSet<Key> {
    let texts = searchable(user);
    let suffixes = texts
        .iter()
        .flat_map(|text| text.char_indices().map(|(at, _)| &text[at..]));
    suffixes
        .filter_map(|suffix| keys::find(&user.tenant, suffix, user.id))
        .collect()
}

/// Whether an account matches. Entries can outlive what they were made of for a moment, so the account decides.
pub fn matches(user: &User, q: &str) -> bool {
    let q = folded(q);
    searchable(user).iter().any(|text| text.contains(&q))
}

/// What a question finds, newest first.
#[derive(Debug, Default)]
pub struct Found {
    pub ids: Vec<UserId>,
    /// There is more than was looked at.
    pub is_cut: bool,
}

pub async fn find(table: &Table, t: &TenantId, q: &str) -> Result<Found> {
    let q = folded(q);
    // A sort key has 1,024 bytes at most: DynamoDB refuses to look for a longer one, and no name is that long.
    let Some(first) = q.chars().next().filter(|_| q.len() <= LONGEST) else {
        return Ok(Found::default());
    };
    let pk = keys::find_partition(t, first);
    let query = Query {
        pk,
        prefix: Some(q),
        limit: Some(MOST),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let found: BTreeSet<UserId> = page
        .items
        .iter()
        .filter_map(|item| string(item, "SK")?.rsplit(' ').next()?.parse().ok())
        .collect();
    Ok(Found {
        ids: found.into_iter().rev().collect(),
        is_cut: page.more,
    })
}

fn searchable(user: &User) -> BTreeSet<String> {
    let email = user
        .email
        .iter()
        .flat_map(|email| [folded(email.as_given()), email.canonical().to_owned()]);
    let name = user
        .username
        .iter()
        .flat_map(|name| [folded(name.as_given()), name.canonical().to_owned()]);
    email.chain(name).collect()
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}
