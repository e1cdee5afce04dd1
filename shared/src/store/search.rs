//! Search: a case-insensitive substring of an e-mail address or username.
//!
//! Every suffix of them is an entry, so a substring is the beginning of an entry, and a question costs what it finds,
//! not how many accounts there are. Entries are written in the account's own transaction.
//!
//! Both sides are folded alike (`domain::text`), so that neither letter case nor composition makes a difference.

use std::collections::BTreeSet;

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Item, Key, string};
use crate::domain::tenant::TenantId;
use crate::domain::text::{FORM, folded};
use crate::domain::user::User;
use crate::error::Result;
use crate::id::UserId;

/// No more entries than this are looked at for one question; there are that many only where nearly everybody matches.
pub const MOST: usize = 10_000;

/// No address or name has more bytes than this.
const LONGEST: usize = 512;

pub fn entries(user: &User) -> BTreeSet<Key> {
    let texts = match user.form {
        FORM => searchable(user),
        _ => first_searchable(user),
    };
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
        prefix: Some(q.clone()),
        limit: Some(MOST),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let found: BTreeSet<UserId> = page.items.iter().filter_map(|item| id_in(item, &q)).collect();
    Ok(Found {
        ids: found.into_iter().rev().collect(),
        is_cut: page.more,
    })
}

/// Whose entry it is, where what was looked for is in a name and not partly in the id behind it.
fn id_in(entry: &Item, q: &str) -> Option<UserId> {
    let (suffix, id) = string(entry, "SK")?.rsplit_once(' ')?;
    suffix.starts_with(q).then(|| id.parse().ok()).flatten()
}

fn searchable(user: &User) -> BTreeSet<String> {
    let email = user.email.as_ref();
    let email = email.map(|email| [folded(email.as_given()), email.canonical().to_owned()]);
    let name = user.username.as_ref();
    let name = name.map(|name| [folded(name.as_given()), name.canonical().to_owned()]);
    email.into_iter().chain(name).flatten().collect()
}

/// What the entries were made of in the first form of names.
fn first_searchable(user: &User) -> BTreeSet<String> {
    let form = |as_given: &str, canonical: &str, former: Option<String>| {
        [as_given.to_lowercase(), former.unwrap_or_else(|| canonical.to_owned())]
    };
    let email = user.email.as_ref();
    let email = email.map(|email| form(email.as_given(), email.canonical(), email.former()));
    let name = user.username.as_ref();
    let name = name.map(|name| form(name.as_given(), name.canonical(), name.former()));
    email.into_iter().chain(name).flatten().collect()
}
