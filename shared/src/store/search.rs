//! Search: a case-insensitive substring of an e-mail address or username.
//!
//! A substring is the beginning of a suffix. So each account has an entry for every suffix that begins in the local part
//! of its address or in its username; and each domain, however many accounts have addresses at it, one for each of its
//! own suffixes ([`super::domains`]). A question reads as many entries as its page takes.
//!
//! Both sides are folded alike (`domain::text`), so that neither letter case nor composition makes a difference.

use std::collections::BTreeSet;

use super::dynamo::Query;
use super::keys;
use super::table::{Item, Key, string};
use super::user_lists::UserLists;
use crate::domain::tenant_size::TenantSize;
use crate::domain::text::{FORM, folded};
use crate::domain::user::User;
use crate::error::Result;
use crate::id::UserId;

/// No address or name has more bytes than this.
const LONGEST: usize = 512;

/// The entries of an account, those of its domain not among them.
pub fn entries(user: &User) -> BTreeSet<Key> {
    let texts = match user.form {
        FORM => searchable(user),
        _ => first_searchable(user),
    };
    let suffixes = texts.iter().flat_map(|text| own_suffixes(text));
    suffixes
        .filter_map(|suffix| keys::find(&user.tenant, shard(user), suffix, user.id))
        .collect()
}

/// In which of its tenant's partitions an account is found.
pub fn shard(user: &User) -> u16 {
    keys::shard(user.id, user.search_shards)
}

/// In which partition of those at the same domain its address is.
pub fn domain_shard(user: &User) -> u16 {
    shard(user) % TenantSize::Large.domain_lists()
}

/// The suffixes of a text that begin before its domain, or all of them where it has none.
fn own_suffixes(text: &str) -> impl Iterator<Item = &str> {
    let end = text.rfind('@').unwrap_or(text.len());
    text[..end].char_indices().map(|(at, _)| &text[at..])
}

/// Whether an account matches. Entries can outlive what they were made of for a moment, so the account decides.
pub fn matches(user: &User, q: &str) -> bool {
    let q = folded(q);
    searchable(user).iter().any(|text| text.contains(&q))
}

/// Which of its entries an account is answered at: the first of those that begin with this, in their order.
pub fn first_place(user: &User, folded_q: &str) -> Option<String> {
    let texts = searchable(user);
    let suffixes = texts.iter().flat_map(|text| own_suffixes(text));
    suffixes
        .filter(|suffix| suffix.starts_with(folded_q))
        .min()
        .map(str::to_owned)
}

/// An entry of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub suffix: String,
    pub user: UserId,
}

impl Entry {
    pub fn sort_key(&self) -> String {
        format!("{} {}", self.suffix, self.user)
    }
}

/// What can be looked for: a text that is not empty, and not longer than any name. A sort key has 1,024 bytes at most, and
/// DynamoDB refuses to look for a longer one.
pub(super) fn first_of(folded_q: &str) -> Option<char> {
    folded_q.chars().next().filter(|_| folded_q.len() <= LONGEST)
}

/// The entries that begin with this, after the one of this sort key, in their order: at most so many, and where there are
/// several partitions some fewer, as each is read to another place. And whether there are more.
pub async fn own(
    listed: UserLists<'_>,
    folded_q: &str,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<Entry>, bool)> {
    let Some(first) = first_of(folded_q) else {
        return Ok((Vec::new(), false));
    };
    let partitions = listed.size.search();
    let query = |shard| Query {
        pk: keys::find_partition(listed.tenant, shard, first),
        prefix: Some(folded_q.to_owned()),
        after: after.clone(),
        limit: Some(limit.div_ceil(usize::from(partitions))),
        ..Query::default()
    };
    let queries: Vec<Query> = (0..partitions).map(query).collect();
    let page = listed.table.query_together(&queries).await?;
    let entries = page.items.iter().filter_map(|item| entry(item, folded_q));
    Ok((entries.collect(), page.more))
}

/// The accounts with entries that begin with this in one partition, of so many entries; and whether there are more.
pub async fn of_partition(
    listed: UserLists<'_>,
    part: u16,
    folded_q: &str,
    entries: usize,
) -> Result<(BTreeSet<UserId>, bool)> {
    let Some(first) = first_of(folded_q) else {
        return Ok(Default::default());
    };
    let query = Query {
        pk: keys::find_partition(listed.tenant, part, first),
        prefix: Some(folded_q.to_owned()),
        limit: Some(entries),
        ..Query::default()
    };
    let page = listed.table.query(&query).await?;
    let found = page.items.iter().filter_map(|item| entry(item, folded_q));
    Ok((found.map(|entry| entry.user).collect(), page.more))
}

fn entry(item: &Item, folded_q: &str) -> Option<Entry> {
    let (suffix, user) = string(item, "SK")?.rsplit_once(' ')?;
    let user = user.parse().ok()?;
    // What was looked for is in the name, and not partly in the id behind it.
    suffix.starts_with(folded_q).then(|| Entry {
        suffix: suffix.to_owned(),
        user,
    })
}

/// The texts that an account is found by.
pub fn searchable(user: &User) -> BTreeSet<String> {
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
