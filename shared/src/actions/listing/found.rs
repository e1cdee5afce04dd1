//! What a search finds: all of it, newest first, where it is a thousand accounts at most; else newest first along the
//! list of all accounts, where many match; else in the order of the entries.

use std::collections::BTreeSet;

use super::walk::{self, Walk, Walked};
use super::{Asked, COUNTED, Collector, Found, Place, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::error::Result;
use crate::id::UserId;
use crate::store::domains::{self, DomainEntry};
use crate::store::listed::Listed;
use crate::store::search::{self, Entry};
use crate::store::shown;
use crate::store::user_lists::listed;

/// How many entries are read at once to find all that match.
const ENTRIES: usize = 2_000;
/// How often: an account has an entry for each place where it matches.
const READS: usize = 3;
/// At how many domains the accounts are asked for at once.
const DOMAINS: usize = 5;
/// How many entries of domains are read to find all that match: a domain has one for each place where it does.
const DOMAIN_ENTRIES: usize = 40;

/// How many entries of the list a step reads: some 170 bytes each, and a request reads 1 MB.
const STEPS: [usize; 3] = [1_000, 5_000, 5_000];
/// How many requests read accounts for a page along the list.
const LOOKS: usize = 3;

/// How much a search finds.
enum Extent {
    /// All of it, newest first.
    Whole(Vec<UserId>),
    /// More than is read for one page: so many, or more.
    More(usize),
}

async fn extent(cx: &Context, q: &str) -> Result<Extent> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    let domains = domains::find(table, t, q, None, DOMAIN_ENTRIES);
    let (own, (domains, rest)) = futures::future::try_join(own(cx, q), domains).await?;
    let (mut ids, is_whole) = own;
    if !is_whole || rest.is_some() {
        return Ok(Extent::More(ids.len()));
    }
    let accounts = |at: &DomainEntry| {
        let domain = at.domain.clone();
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
    Ok(match ids.len() {
        some if some > COUNTED => Extent::More(some),
        _ => Extent::Whole(ids.into_iter().rev().collect()),
    })
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
    let total = match walked.last {
        None => walked.total(),
        Some(_) => at_least(least.max(walked.ids.len())),
    };
    if walked.last.is_some() && walked.ids.len() < wanted {
        let found = Ordered::new(cx, asked, q, limit)
            .page(Place::Entry(String::new()))
            .await?;
        return Ok(Found {
            total: Some(total),
            ..found
        });
    }
    walk::page(cx, asked, walked, (limit, LOOKS), |id, _| Place::Along(id), Some(total)).await
}

/// A further page along the list of all accounts.
async fn along(cx: &Context, asked: &Asked, q: &str, after: UserId, limit: usize) -> Result<Found> {
    let walked = walk(cx, q, Some(after)).until(limit + 1, &STEPS).await?;
    walk::page(cx, asked, walked, (limit, LOOKS), |id, _| Place::Along(id), None).await
}

/// Goes along the list of all accounts.
fn walk<'a>(cx: &'a Context, q: &'a str, after: Option<UserId>) -> Walk<'a, impl Fn(&Listed) -> bool + 'a> {
    Walk::new(listed(cx).along(&[None], after, true), after, |one| one.may_match(q))
}

fn at_least(count: usize) -> Total {
    Total {
        count: many(count.min(COUNTED)),
        is_at_least: true,
    }
}

/// The ids of a page by number, and how many there are: newest first, or where too few of the newest match, in the order of
/// the entries, whatever the page's number is. Beyond a thousand, matches are counted only as far as this page needs.
pub(super) async fn numbered(
    cx: &Context,
    asked: &Asked,
    q: &str,
    skipped: usize,
    limit: usize,
) -> Result<(Vec<UserId>, Total)> {
    let some = |ids: &[UserId]| ids.iter().skip(skipped).take(limit).copied().collect();
    let least = match extent(cx, q).await? {
        Extent::Whole(ids) => return Ok((some(&ids), Total::exactly(many(ids.len())))),
        Extent::More(least) => least,
    };
    let wanted = skipped.saturating_add(limit).saturating_add(1).max(COUNTED + 1);
    let first = walk(cx, q, None).until(wanted, &STEPS[..1]).await?;
    let (ids, is_whole) = if first.last.is_some() && first.ids.len() <= limit {
        in_order(cx, asked, q, wanted).await?
    } else {
        let steps = [STEPS[1]; FURTHER_STEPS];
        let missing = wanted.saturating_sub(first.ids.len());
        let rest = match first.last {
            None => Walked::default(),
            last => walk(cx, q, last).until(missing, &steps).await?,
        };
        let is_whole = rest.last.is_none();
        (first.ids.into_iter().chain(rest.ids).collect::<Vec<_>>(), is_whole)
    };
    let total = Total {
        count: many(ids.len().max(least)),
        is_at_least: !is_whole,
    };
    Ok((some(&ids), total))
}

/// How many steps along the list a page by number takes at most: a hundred thousand accounts.
const FURTHER_STEPS: usize = 20;
/// How many pages it takes in the order of the entries.
const PAGES_IN_ORDER: usize = 20;

/// The first ids in the order of the entries, so many of them; and whether these are all.
async fn in_order(cx: &Context, asked: &Asked, q: &str, wanted: usize) -> Result<(Vec<UserId>, bool)> {
    let (mut ids, mut place) = (Vec::new(), Place::Entry(String::new()));
    for _ in 0..PAGES_IN_ORDER {
        let found = Ordered::new(cx, asked, q, wanted.saturating_sub(ids.len()))
            .page(place)
            .await?;
        ids.extend(found.items.iter().map(|user| user.id));
        match found.next {
            Some(next) if ids.len() < wanted => place = next,
            next => return Ok((ids, next.is_none())),
        }
    }
    Ok((ids, false))
}

/// A search in the order of its entries: those of accounts, then those of domains with the accounts at each, newest first.
/// An account is answered at the first place where it matches.
struct Ordered<'a> {
    cx: &'a Context,
    q: &'a str,
    page: Collector<'a>,
}

/// How many entries a step of it reads, and how many steps a page has: what is left is on the next one.
const ENTRIES_OF_A_STEP: usize = 100;
const STEPS_OF_A_PAGE: usize = 4;

impl<'a> Ordered<'a> {
    fn new(cx: &'a Context, asked: &'a Asked, q: &'a str, limit: usize) -> Self {
        Self {
            cx,
            q,
            page: Collector::new(cx, asked, limit),
        }
    }

    async fn page(mut self, mut place: Place) -> Result<Found> {
        for _ in 0..STEPS_OF_A_PAGE {
            let next = match &place {
                Place::Entry(after) => Some(self.entries(after).await?),
                Place::Domain(after, account) => self.domain(after.as_ref(), *account).await?,
                Place::After(_) | Place::Along(_) | Place::Sparse(_) | Place::Member(_) => None,
            };
            match next {
                Some(next) => place = next,
                None => return Ok(self.page.found(None, None)),
            }
            if self.page.is_full() {
                break;
            }
        }
        Ok(self.page.found(Some(place), None))
    }

    async fn entries(&mut self, after: &str) -> Result<Place> {
        let (table, t) = (&self.cx.app.table, &self.cx.tenant);
        let after = Some(after).filter(|after| !after.is_empty()).map(str::to_owned);
        let (entries, more) = search::own(listed(self.cx), self.q, after, ENTRIES_OF_A_STEP).await?;
        let ids: BTreeSet<UserId> = entries.iter().map(|entry| entry.user).collect();
        let read = shown::get_all(table, t, &ids.into_iter().collect::<Vec<_>>()).await?;
        for entry in &entries {
            let user = read.iter().find(|user| user.id == entry.user);
            let here = user.filter(|user| search::first_place(user, self.q).as_ref() == Some(&entry.suffix));
            if let Some(user) = here {
                self.page.offer(user.clone());
            }
            if self.page.is_full() {
                return Ok(Place::Entry(entry.sort_key()));
            }
        }
        let last = entries.last().filter(|_| more);
        Ok(last.map_or(Place::Domain(None, None), |entry| Place::Entry(entry.sort_key())))
    }

    /// The accounts at the domain after this one, or the rest of them.
    async fn domain(&mut self, after: Option<&String>, account: Option<UserId>) -> Result<Option<Place>> {
        let (table, t) = (&self.cx.app.table, &self.cx.tenant);
        let (found, more) = domains::find(table, t, self.q, after.cloned(), DOMAIN_ENTRIES).await?;
        let Some(entry) = found.first() else {
            return Ok(more.map(|last| Place::Domain(Some(last), None)));
        };
        let (ids, rest) = domains::accounts(listed(self.cx), &entry.domain, account, ENTRIES_OF_A_STEP).await?;
        for user in shown::get_all(table, t, &ids).await? {
            let id = user.id;
            if search::first_place(&user, self.q).is_none() {
                self.page.offer(user);
            }
            if self.page.is_full() {
                return Ok(Some(Place::Domain(after.cloned(), Some(id))));
            }
        }
        Ok(match (rest, ids.last()) {
            (true, Some(last)) => Some(Place::Domain(after.cloned(), Some(*last))),
            _ if found.len() > 1 || more.is_some() => Some(Place::Domain(Some(entry.sort_key()), None)),
            _ => None,
        })
    }
}
