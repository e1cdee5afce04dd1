//! Pages of a search by number.

use std::collections::BTreeSet;

use super::found::{Extent, STEPS, extent, matching, walk};
use super::walk::Walked;
use super::{COUNTED, DOMAIN_ENTRIES, DOMAINS, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::store::domains;
use crate::store::search::{self, Entry};
use crate::store::user_lists::listed;

/// How many accounts are found to be put into an order, where few of the newest match.
const MOST_FOUND: usize = 10_000;
/// How many entries of accounts a step reads for that, and how many steps there are.
const ENTRIES: usize = 2_500;
const READS: usize = 6;
/// At how many domains accounts are looked for.
const MOST_DOMAINS: usize = 1_000;
/// How many steps along the list there are where many of the newest match: a hundred thousand accounts.
const FURTHER_STEPS: usize = 20;

/// The ids of a page by number, newest first, and how many there are. Where more match than can be found at once
/// ([`all`]), pages follow the order of the entries; beyond a thousand, matches are counted only as far as this page needs.
/// A page that is further down than matches are looked for is [`Error::Invalid`]: it is not known to be empty.
pub(super) async fn page(cx: &Context, q: &str, skipped: usize, limit: usize) -> Result<(Vec<UserId>, Total)> {
    let some = |ids: &[UserId]| ids.iter().skip(skipped).take(limit).copied().collect();
    let least = match extent(cx, q).await? {
        Extent::Whole(ids) => return Ok((some(&ids), Total::exactly(many(ids.len())))),
        Extent::More(least) => least,
    };
    let first = walk(cx, q, None).until(COUNTED, &STEPS[..1]).await?;
    let (ids, is_whole) = if first.last.is_some() && first.ids.len() <= limit {
        all(cx, q).await?
    } else {
        let wanted = skipped.saturating_add(limit).saturating_add(1).max(COUNTED + 1);
        let missing = wanted.saturating_sub(first.ids.len());
        let rest = match first.last {
            None => Walked::default(),
            last => walk(cx, q, last).until(missing, &[STEPS[1]; FURTHER_STEPS]).await?,
        };
        let is_whole = rest.last.is_none();
        (first.ids.into_iter().chain(rest.ids).collect::<Vec<_>>(), is_whole)
    };
    if !is_whole && ids.len() <= skipped {
        let reason = format!("this search is paged through up to its {}th match", ids.len());
        return Err(Error::invalid("?page", reason));
    }
    let total = Total {
        count: many(ids.len().max(least)),
        is_at_least: !is_whole,
    };
    Ok((some(&ids), total))
}

/// All that match, newest first, and true; or where these are more than [`MOST_FOUND`] (or at more than [`MOST_DOMAINS`]
/// domains), the first in the order of the entries, and false.
async fn all(cx: &Context, q: &str) -> Result<(Vec<UserId>, bool)> {
    let mut found = Distinct::default();
    let mut is_whole = own(cx, q, &mut found).await?;
    if is_whole {
        let first = domains::find(&cx.app.table, &cx.tenant, q, None, DOMAIN_ENTRIES).await?;
        let (domains, are_all) = matching(cx, q, MOST_DOMAINS, first).await?;
        is_whole = at(cx, &domains, &mut found).await? && are_all;
    }
    if is_whole {
        found.ids.sort_unstable_by(|one, other| other.cmp(one));
    }
    Ok((found.ids, is_whole))
}

/// Accounts in the order in which they were found.
#[derive(Default)]
struct Distinct {
    ids: Vec<UserId>,
    seen: BTreeSet<UserId>,
}

impl Distinct {
    fn extend(&mut self, ids: impl IntoIterator<Item = UserId>) {
        self.ids.extend(ids.into_iter().filter(|id| self.seen.insert(*id)));
    }

    fn are_too_many(&self) -> bool {
        self.ids.len() > MOST_FOUND
    }
}

/// Adds those that match before the domain of their address; whether these are all.
async fn own(cx: &Context, q: &str, found: &mut Distinct) -> Result<bool> {
    let mut after = None;
    for _ in 0..READS {
        let (entries, more) = search::own(listed(cx), q, after, ENTRIES).await?;
        after = entries.last().map(Entry::sort_key);
        found.extend(entries.into_iter().map(|entry| entry.user));
        if !more || found.are_too_many() {
            return Ok(!more && !found.are_too_many());
        }
    }
    Ok(false)
}

/// Adds those at these domains; whether these are all.
async fn at(cx: &Context, domains: &[String], found: &mut Distinct) -> Result<bool> {
    for some in domains.chunks(DOMAINS) {
        let first = some
            .iter()
            .map(|domain| domains::accounts(listed(cx), domain, None, ENTRIES));
        let first = futures::future::try_join_all(first).await?;
        for (domain, (mut ids, mut more)) in some.iter().zip(first) {
            loop {
                let last = ids.last().copied();
                found.extend(ids);
                if found.are_too_many() {
                    return Ok(false);
                }
                if !more {
                    break;
                }
                (ids, more) = domains::accounts(listed(cx), domain, last, ENTRIES).await?;
            }
        }
    }
    Ok(true)
}
