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

/// How many entries are read at once to find all that match.
const ENTRIES: usize = 2_000;
/// How often: an account has an entry for each place where it matches.
const READS: usize = 3;
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
    let domains = domains::find(table, t, q, None, DOMAIN_ENTRIES);
    let ((mut ids, is_whole), domains) = futures::future::try_join(own(cx, q), domains).await?;
    if !is_whole {
        return Ok(Extent::More(ids.len()));
    }
    let (domains, are_all) = matching(cx, q, MOST_DOMAINS, domains).await?;
    if !are_all {
        return Ok(Extent::More(ids.len()));
    }
    let accounts = |domain: &String| {
        let domain = domain.clone();
        async move { domains::accounts(listed(cx), &domain, None, COUNTED + 1).await }
    };
    for some in domains.chunks(DOMAINS) {
        for (some, more) in futures::future::try_join_all(some.iter().map(accounts)).await? {
            ids.extend(some);
            if more || ids.len() > COUNTED {
                return Ok(Extent::More(ids.len()));
            }
        }
    }
    Ok(Extent::Whole(ids.into_iter().rev().collect()))
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

/// The accounts that match before the domain of their address, and whether these are all.
async fn own(cx: &Context, q: &str) -> Result<(BTreeSet<UserId>, bool)> {
    let (mut ids, mut after) = (BTreeSet::new(), None);
    for _ in 0..READS {
        let (entries, more) = search::own(listed(cx), q, after, ENTRIES).await?;
        after = entries.last().map(Entry::sort_key);
        ids.extend(entries.into_iter().map(|entry| entry.user));
        if !more || ids.len() > COUNTED {
            return Ok((ids, !more));
        }
    }
    Ok((ids, false))
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
