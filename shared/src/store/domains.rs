//! The domains of addresses, as search knows them: each once, however many accounts have addresses at it. Which accounts
//! those are, the claims of their addresses say, by an index.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::dynamo::{Index, Page, Query, Table};
use super::table::{Key, Write, string};
use super::user_lists::UserLists;
use super::{keys, search};
use crate::domain::tenant::TenantId;
use crate::domain::text::{Email, folded};
use crate::domain::user::User;
use crate::error::Result;
use crate::id::UserId;

/// How many domains a process remembers to have seen in the table.
const REMEMBERED: usize = 10_000;

/// The domains that this process knows to be in the table: what is there stays.
#[derive(Debug, Clone, Default)]
pub struct KnownDomains(Arc<Mutex<HashSet<Key>>>);

impl KnownDomains {
    fn has(&self, key: &Key) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    fn add(&self, key: Key) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key);
    }
}

/// The domain of an address, as it is named in the table.
pub fn of(email: &Email) -> &str {
    email.canonical().rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The texts by which the domain of an address is found, each with its `@`: as it is kept and as it was given.
fn texts(email: &Email) -> BTreeSet<String> {
    let given = folded(email.as_given());
    let given = given.rfind('@').map(|at| given[at..].to_owned());
    given.into_iter().chain([format!("@{}", of(email))]).collect()
}

/// Writes the entries of an address's domain where they are missing. Called once an account has the address, and not before:
/// so a request that is refused leaves none.
pub async fn enter(table: &Table, t: &TenantId, email: &Email) -> Result<()> {
    for (whole, rest) in entries(t, email) {
        if table.domains().has(&whole) {
            continue;
        }
        if table.get(&whole).await?.is_none() {
            let rest: Vec<Write> = rest.into_iter().map(|key| Write::put(key.attributes())).collect();
            table.batch_write(&rest).await?;
            // The last one: where it is, all are.
            table.batch_write(&[Write::put(whole.attributes())]).await?;
        }
        table.domains().add(whole);
    }
    Ok(())
}

/// The same as writes, of what this process does not know to be there: for whoever has the table to itself, and writes them
/// with the account.
pub fn unknown(table: &Table, t: &TenantId, email: &Email) -> Vec<Write> {
    let unknown = entries(t, email)
        .into_iter()
        .filter(|(whole, _)| !table.domains().has(whole));
    let keys = unknown.flat_map(|(whole, rest)| rest.into_iter().chain([whole]));
    keys.map(|key| Write::put(key.attributes())).collect()
}

/// They are written.
pub fn known(table: &Table, t: &TenantId, email: &Email) {
    for (whole, _) in entries(t, email) {
        table.domains().add(whole);
    }
}

/// The entries of a domain by each of its texts: that of the whole, and those of its further suffixes.
fn entries(t: &TenantId, email: &Email) -> Vec<(Key, Vec<Key>)> {
    let domain = of(email);
    let of_text = |text: String| {
        let whole = keys::find_domain(t, &text, domain)?;
        let rest = text.char_indices().skip(1).map(|(at, _)| &text[at..]);
        let rest = rest.filter_map(|suffix| keys::find_domain(t, suffix, domain));
        Some((whole, rest.collect()))
    };
    texts(email).into_iter().filter_map(of_text).collect()
}

/// The entry of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainEntry {
    pub suffix: String,
    pub domain: String,
}

impl DomainEntry {
    /// By its sort key.
    pub fn of(sort_key: &str) -> Option<Self> {
        // A domain has no space.
        let (suffix, domain) = sort_key.rsplit_once(' ')?;
        Some(Self {
            suffix: suffix.to_owned(),
            domain: domain.to_owned(),
        })
    }

    pub fn sort_key(&self) -> String {
        format!("{} {}", self.suffix, self.domain)
    }

    /// Whether accounts at the domain can be answered here: by the form of it that all of them have, they all were at an
    /// entry before.
    fn is_first(&self, folded_q: &str) -> bool {
        let text = format!("@{}", self.domain);
        let suffixes = text.char_indices().map(|(at, _)| &text[at..]);
        let first = suffixes.filter(|suffix| suffix.starts_with(folded_q)).min();
        first.is_none_or(|first| first >= self.suffix.as_str())
    }
}

/// At which of its domain's entries an account is answered: the first of those that begin with this, in their order. The
/// domain has others where somebody gave it in another form.
pub fn first_place(user: &User, folded_q: &str) -> Option<DomainEntry> {
    let email = user.email.as_ref()?;
    let texts = texts(email);
    let suffixes = texts
        .iter()
        .flat_map(|text| text.char_indices().map(|(at, _)| &text[at..]));
    let suffix = suffixes.filter(|suffix| suffix.starts_with(folded_q)).min()?;
    Some(DomainEntry {
        suffix: suffix.to_owned(),
        domain: of(email).to_owned(),
    })
}

/// The entries of domains with this in them, after the one of this sort key; and behind which sort key there are more. A
/// domain that was given in several forms can be among them several times.
pub async fn find(
    table: &Table,
    t: &TenantId,
    folded_q: &str,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<DomainEntry>, Option<String>)> {
    let Some(first) = search::first_of(folded_q) else {
        return Ok((Vec::new(), None));
    };
    let query = Query {
        pk: keys::find_domain_partition(t, first),
        prefix: Some(folded_q.to_owned()),
        after,
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let entries = page.items.iter().filter_map(|item| {
        let entry = DomainEntry::of(string(item, "SK")?)?;
        (entry.suffix.starts_with(folded_q) && entry.is_first(folded_q)).then_some(entry)
    });
    let last = page.items.last().filter(|_| page.more);
    let last = last.and_then(|item| string(item, "SK")).map(str::to_owned);
    Ok((entries.collect(), last))
}

/// The accounts with addresses at a domain, newest first, after this one: at most so many; and whether there are more.
pub async fn accounts(
    listed: UserLists<'_>,
    domain: &str,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<UserId>, bool)> {
    let partitions = listed.size.domain_lists();
    // Ids spread evenly by chance: among a thousand, no partition comes to an eighth more than its part.
    let each = limit / usize::from(partitions) + limit / 8 + 8;
    let parts = (0..partitions).map(|part| at_domain(listed, part, domain, after, each.min(limit)));
    let page = listed.table.query_together(&parts.collect::<Vec<_>>()).await?;
    let mut ids = ids_in(&page);
    let more = page.more || ids.len() > limit;
    ids.truncate(limit);
    Ok((ids, more))
}

/// The same of one partition.
pub async fn of_partition(listed: UserLists<'_>, part: u16, domain: &str, limit: usize) -> Result<(Vec<UserId>, bool)> {
    let page = listed
        .table
        .query(&at_domain(listed, part, domain, None, limit))
        .await?;
    Ok((ids_in(&page), page.more))
}

fn at_domain(listed: UserLists<'_>, part: u16, domain: &str, after: Option<UserId>, limit: usize) -> Query {
    Query {
        index: Some(Index::One),
        pk: keys::domain_index(listed.tenant, part, domain),
        after: after.map(|id| id.to_string()),
        newest_first: true,
        limit: Some(limit),
        ..Query::default()
    }
}

fn ids_in(page: &Page) -> Vec<UserId> {
    let ids = page.items.iter();
    ids.filter_map(|item| string(item, "GSI1SK")?.parse().ok()).collect()
}
