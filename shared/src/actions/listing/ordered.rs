//! A search in the order of its entries.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;

use super::{Asked, Collector, DOMAIN_ENTRIES, DOMAINS, Found, Place};
use crate::actions::Context;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::store::domains::{self, DomainEntry};
use crate::store::user_lists::listed;
use crate::store::{search, shown};

/// A search in the order of its entries: those of accounts, then those of domains with the accounts at each, newest first.
/// An account is answered at the first place where it matches.
pub(super) struct Ordered<'a> {
    cx: &'a Context,
    q: &'a str,
    page: Collector<'a>,
}

/// How many entries a step of it reads, and how many steps a page has: what is left is on the next one.
const ENTRIES_OF_A_STEP: usize = 100;
const STEPS_OF_A_PAGE: usize = 4;

impl<'a> Ordered<'a> {
    pub(super) fn new(cx: &'a Context, asked: &'a Asked, q: &'a str, limit: usize) -> Self {
        Self {
            cx,
            q,
            page: Collector::new(cx, asked, limit),
        }
    }

    pub(super) async fn page(mut self, mut place: Place) -> Result<Found> {
        for _ in 0..STEPS_OF_A_PAGE {
            let next = match &place {
                Place::Entry(after) => Some(self.entries(after).await?),
                Place::Domain(after) => self.domains(after.as_deref()).await?,
                Place::AtDomain(entry, after) => self.rest_of_domain(entry, *after).await?,
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
        Ok(last.map_or(Place::Domain(None), |entry| Place::Entry(entry.sort_key())))
    }

    /// The accounts at the domains after this entry, some domains at a time, until the page is full.
    async fn domains(&mut self, after: Option<&str>) -> Result<Option<Place>> {
        let (table, t) = (&self.cx.app.table, &self.cx.tenant);
        let (entries, more) = domains::find(table, t, self.q, after.map(str::to_owned), DOMAIN_ENTRIES).await?;
        // One alone, as it may have accounts enough.
        let (one, further) = entries.split_at(entries.len().min(1));
        for some in one.chunks(1).chain(further.chunks(DOMAINS)) {
            if let Some(place) = self.some_domains(some).await? {
                return Ok(Some(place));
            }
            if let (true, Some(last)) = (self.page.is_full(), some.last()) {
                return Ok(Some(Place::Domain(Some(last.sort_key()))));
            }
        }
        Ok(more.map(|last| Place::Domain(Some(last))))
    }

    /// The accounts at these domains; the place in one of them where the page is full, or where more are left of it than
    /// were read.
    async fn some_domains(&mut self, entries: &[DomainEntry]) -> Result<Option<Place>> {
        let room = self.page.room().min(ENTRIES_OF_A_STEP);
        let domains: BTreeSet<&str> = entries.iter().map(|entry| entry.domain.as_str()).collect();
        let cx = self.cx;
        let accounts = domains.iter().map(|domain| async move {
            let found = domains::accounts(listed(cx), domain, None, room).await?;
            Ok::<_, Error>((*domain, found))
        });
        let accounts: BTreeMap<&str, _> = try_join_all(accounts).await?.into_iter().collect();
        let (mut found, mut distinct) = (Vec::new(), BTreeSet::new());
        let mut is_cut = false;
        for entry in entries {
            let Some((ids, more)) = accounts.get(entry.domain.as_str()) else {
                continue;
            };
            // A domain can be among them by two entries.
            let has_room = |id: &&UserId| distinct.contains(*id) || distinct.len() < room && distinct.insert(**id);
            let taken: Vec<_> = ids.iter().take_while(has_room).map(|id| (entry, *id)).collect();
            is_cut = *more || taken.len() < ids.len();
            found.extend(taken);
            if is_cut {
                break;
            }
        }
        let seen = self.look_at(&found).await?;
        let last = found.get(seen.wrapping_sub(1)).filter(|_| is_cut || seen < found.len());
        Ok(last.map(|(entry, id)| Place::AtDomain(entry.sort_key(), *id)))
    }

    /// The accounts of one domain after this one, and then the domains behind it.
    async fn rest_of_domain(&mut self, sort_key: &str, after: UserId) -> Result<Option<Place>> {
        let Some(entry) = DomainEntry::of(sort_key) else {
            return Ok(None);
        };
        let (ids, more) = domains::accounts(listed(self.cx), &entry.domain, Some(after), ENTRIES_OF_A_STEP).await?;
        let found: Vec<(&DomainEntry, UserId)> = ids.iter().map(|id| (&entry, *id)).collect();
        let seen = self.look_at(&found).await?;
        let last = found.get(seen.wrapping_sub(1)).filter(|_| more || seen < found.len());
        Ok(Some(last.map_or_else(
            || Place::Domain(Some(sort_key.to_owned())),
            |(_, id)| Place::AtDomain(sort_key.to_owned(), *id),
        )))
    }

    /// Offers these accounts to the page until it is full; how many of them it looked at.
    async fn look_at(&mut self, found: &[(&DomainEntry, UserId)]) -> Result<usize> {
        // Each once, however many of its domain's entries are among them.
        let ids: BTreeSet<UserId> = found.iter().map(|(_, id)| *id).collect();
        let ids: Vec<UserId> = ids.into_iter().collect();
        let read = shown::get_all(&self.cx.app.table, &self.cx.tenant, &ids).await?;
        for (n, (entry, id)) in found.iter().enumerate() {
            if self.page.is_full() {
                return Ok(n);
            }
            let user = read.iter().find(|user| user.id == *id);
            let is_here = |user: &&User| {
                search::first_place(user, self.q).is_none()
                    && domains::first_place(user, self.q).as_ref() == Some(*entry)
            };
            if let Some(user) = user.filter(is_here) {
                self.page.offer(user.clone());
            }
        }
        Ok(found.len())
    }
}
