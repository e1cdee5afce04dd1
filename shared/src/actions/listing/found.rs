//! What a search finds: all of it, newest first, where it is a thousand accounts at most; else newest first along the
//! list of all accounts, where many match; else in the order of the entries ([`super::ordered`]).

use std::collections::BTreeSet;

use super::ordered::Ordered;
use super::walk::{self, Walk, Walked};
use super::{Asked, COUNTED, DOMAIN_ENTRIES, DOMAINS, Found, Place, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::error::Result;
use crate::id::UserId;
use crate::store::domains::{self, DomainEntry};
use crate::store::listed::Listed;
use crate::store::search::{self, Entry};
use crate::store::user_lists::listed;

/// How much is read to find all that match.
pub(super) struct Bounds {
    /// How many entries of accounts a step reads: an account has one for each place where it matches.
    pub entries: usize,
    /// How many such steps there are.
    pub reads: usize,
    /// How many accounts of a domain a step reads.
    pub accounts: usize,
    /// How many accounts are found.
    pub most: usize,
}

const BOUNDS: Bounds = Bounds {
    entries: 2_000,
    reads: 3,
    accounts: COUNTED + 1,
    most: COUNTED,
};
/// How many entries of domains are read at once where the first were not all.
const FURTHER_DOMAIN_ENTRIES: usize = 1_000;
/// At how many domains accounts are looked for to find all that match.
const MOST_DOMAINS: usize = 200;

/// How many entries of the list a step reads: some 170 bytes each, and a request reads 1 MB.
pub(super) const STEPS: [usize; 3] = [1_000, 5_000, 5_000];
/// How many requests read accounts for a page along the list.
const LOOKS: usize = 3;

/// How much a search finds.
pub(super) enum Extent {
    /// All of it, newest first.
    Whole(Vec<UserId>),
    /// More than is read for one page: so many, or more.
    More(usize),
}

pub(super) async fn extent(cx: &Context, q: &str) -> Result<Extent> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    let mut found = Distinct::default();
    let domains = domains::find(table, t, q, None, DOMAIN_ENTRIES);
    let (is_whole, domains) = futures::future::try_join(own(cx, q, &BOUNDS, &mut found), domains).await?;
    if !is_whole {
        return Ok(Extent::More(found.ids.len()));
    }
    let (domains, are_all) = matching(cx, q, MOST_DOMAINS, domains).await?;
    if !are_all || !at(cx, &domains, &BOUNDS, &mut found).await? {
        return Ok(Extent::More(found.ids.len()));
    }
    Ok(Extent::Whole(found.newest_first()))
}

/// Accounts, each once, in the order in which they were found.
#[derive(Default)]
pub(super) struct Distinct {
    pub ids: Vec<UserId>,
    seen: BTreeSet<UserId>,
}

impl Distinct {
    fn extend(&mut self, ids: impl IntoIterator<Item = UserId>) {
        self.ids.extend(ids.into_iter().filter(|id| self.seen.insert(*id)));
    }

    pub fn newest_first(self) -> Vec<UserId> {
        self.seen.into_iter().rev().collect()
    }
}

/// Adds those that match before the domain of their address; whether these are all.
pub(super) async fn own(cx: &Context, q: &str, bounds: &Bounds, found: &mut Distinct) -> Result<bool> {
    let mut after = None;
    for _ in 0..bounds.reads {
        let (entries, more) = search::own(listed(cx), q, after, bounds.entries).await?;
        after = entries.last().map(Entry::sort_key);
        found.extend(entries.into_iter().map(|entry| entry.user));
        let are_few = found.ids.len() <= bounds.most;
        if !more || !are_few {
            return Ok(!more && are_few);
        }
    }
    Ok(false)
}

/// Adds those at these domains; whether these are all.
pub(super) async fn at(cx: &Context, domains: &[String], bounds: &Bounds, found: &mut Distinct) -> Result<bool> {
    for some in domains.chunks(DOMAINS) {
        let accounts = |domain| domains::accounts(listed(cx), domain, None, bounds.accounts);
        let first = futures::future::try_join_all(some.iter().map(|domain| accounts(domain))).await?;
        for (domain, (mut ids, mut more)) in some.iter().zip(first) {
            loop {
                let last = ids.last().copied();
                found.extend(ids);
                if found.ids.len() > bounds.most {
                    return Ok(false);
                }
                if !more {
                    break;
                }
                (ids, more) = domains::accounts(listed(cx), domain, last, bounds.accounts).await?;
            }
        }
    }
    Ok(true)
}

/// The domains that match, each once, from the first entries of them on, at most so many; and whether these are
/// all.
pub(super) async fn matching(
    cx: &Context,
    q: &str,
    most: usize,
    (mut entries, mut more): (Vec<DomainEntry>, Option<String>),
) -> Result<(Vec<String>, bool)> {
    let mut domains = Vec::new();
    let mut seen = BTreeSet::new();
    loop {
        let names = entries.into_iter().map(|entry| entry.domain);
        domains.extend(names.filter(|name| seen.insert(name.clone())));
        if domains.len() > most {
            domains.truncate(most);
            return Ok((domains, false));
        }
        let Some(after) = more else { return Ok((domains, true)) };
        let (table, t) = (&cx.app.table, &cx.tenant);
        (entries, more) = domains::find(table, t, q, Some(after), FURTHER_DOMAIN_ENTRIES).await?;
    }
}

pub(super) async fn page(cx: &Context, asked: &Asked, q: &str, from: Option<Place>, limit: usize) -> Result<Found> {
    let after = match from {
        None => None,
        Some(Place::After(id)) => Some(id),
        Some(Place::Along(id)) => return along(cx, asked, q, id, limit).await,
        Some(in_order) => return Ordered::new(cx, asked, q, limit).page(in_order).await,
    };
    match extent(cx, q).await? {
        Extent::Whole(ids) => of_whole(cx, asked, &ids, after, limit).await,
        extent @ Extent::More(_) => match after {
            // There are more than when it began: they are in the same order along the list.
            Some(after) => along(cx, asked, q, after, limit).await,
            None => newest(cx, asked, q, limit, &extent).await,
        },
    }
}

async fn of_whole(cx: &Context, asked: &Asked, ids: &[UserId], after: Option<UserId>, limit: usize) -> Result<Found> {
    let rest = ids.partition_point(|id| after.is_some_and(|after| *id >= after));
    let walked = Walked {
        ids: ids[rest..].to_vec(),
        last: None,
    };
    let place = |id, _| Place::After(id);
    let found = walk::page(cx, asked, walked, (limit, LOOKS), place, None).await?;
    let total = match (after, &found.next) {
        (None, None) => many(found.items.len()),
        _ => many(ids.len()),
    };
    Ok(Found {
        total: Some(Total::exactly(total)),
        ..found
    })
}

/// The first page along the list of all accounts; in the order of the entries where too few of the newest match.
async fn newest(cx: &Context, asked: &Asked, q: &str, limit: usize, extent: &Extent) -> Result<Found> {
    let least = match extent {
        Extent::Whole(ids) => ids.len(),
        Extent::More(least) => *least,
    };
    let wanted = limit + 1;
    let walked = walk(cx, q, None).until(wanted, &STEPS[..1]).await?;
    if walked.last.is_some() && walked.ids.len() < wanted {
        let found = Ordered::new(cx, asked, q, limit)
            .page(Place::Entry(String::new()))
            .await?;
        let shown = found.items.len();
        let total = match &found.next {
            None => Total::exactly(many(shown)),
            Some(_) => at_least(least.max(walked.ids.len()).max(shown)),
        };
        return Ok(Found {
            total: Some(total),
            ..found
        });
    }
    let total = match walked.last {
        None => walked.total(),
        Some(_) => at_least(least.max(walked.ids.len())),
    };
    walk::page(cx, asked, walked, (limit, LOOKS), |id, _| Place::Along(id), Some(total)).await
}

/// A further page along the list of all accounts.
async fn along(cx: &Context, asked: &Asked, q: &str, after: UserId, limit: usize) -> Result<Found> {
    let walked = walk(cx, q, Some(after)).until(limit + 1, &STEPS).await?;
    walk::page(cx, asked, walked, (limit, LOOKS), |id, _| Place::Along(id), None).await
}

/// Goes along the list of all accounts.
pub(super) fn walk<'a>(cx: &'a Context, q: &'a str, after: Option<UserId>) -> Walk<'a, impl Fn(&Listed) -> bool + 'a> {
    Walk::new(listed(cx).along(&[None], after, true), after, |one| one.may_match(q))
}

fn at_least(count: usize) -> Total {
    Total {
        count: many(count.min(COUNTED)),
        is_at_least: true,
    }
}
