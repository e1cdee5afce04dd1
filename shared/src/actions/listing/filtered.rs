//! More than one filter: a page takes [`REQUESTS`] at most, however many accounts there are.
//!
//! It begins with what the fewest accounts may have: the members of a role, then what a search finds. Where these are few,
//! all of them are read. Else it goes along the list of the status, whose sort keys hold roles and texts, or where that
//! takes too many requests or leads less far, along the members of the role. What is not read for one page is left to the
//! next one.

use std::collections::BTreeSet;
use std::ops::Range;

use futures::future::{try_join, try_join_all};

use super::source::listed_as;
use super::walk::{self, Walk, Walked};
use super::{Asked, COUNTED, Collector, DOMAIN_ENTRIES, Found, Place, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::domain::role::SystemRole;
use crate::domain::user::Status;
use crate::error::Result;
use crate::id::{RoleId, UserId};
use crate::store::domains;
use crate::store::listed::Listed;
use crate::store::user_lists::{Merged, UserLists, listed};
use crate::store::{roles, search, shown};

/// How many requests a page takes, the one that let the caller pass among them.
const REQUESTS: usize = 10;
/// How many accounts one request reads.
const AT_ONCE: usize = 100;
/// How many accounts are simply read, at the most.
const FEW: usize = 600;

/// How many entries a step along lists reads: at first, where the page before was full; else. They have some 170 bytes.
const STEPS: (usize, usize) = (1_000, 5_000);
/// The same where a step reads so many partitions that there is one for a page.
const WIDE_STEPS: (usize, usize) = (5_000, 10_000);

/// How many entries of a search are read at most, over all partitions: an account has one for each place where it matches.
const ENTRIES: usize = 1_500;

pub(super) async fn page(cx: &Context, asked: &Asked, place: Option<Place>, limit: usize) -> Result<Found> {
    // A role by its name takes two; the names of the system's are known.
    let spent = match &asked.role {
        None => 1,
        Some(role) if SystemRole::by_id(role.id).is_some() => 2,
        Some(_) => 3,
    };
    let page = Page {
        cx,
        asked,
        limit,
        left: REQUESTS - spent,
    };
    match place {
        Some(Place::Along(id)) => page.along_statuses(Some(id), true).await,
        Some(Place::Sparse(id)) => page.along_statuses(Some(id), false).await,
        Some(Place::Member(id)) => page.along_members(Some(id)).await,
        other => page.smallest(other.and_then(|place| place.account())).await,
    }
}

struct Page<'a> {
    cx: &'a Context,
    asked: &'a Asked,
    limit: usize,
    /// How many requests it may still take.
    left: usize,
}

impl<'a> Page<'a> {
    async fn smallest(mut self, after: Option<UserId>) -> Result<Found> {
        let mut newest = Vec::new();
        if let Some(role) = self.role() {
            let more;
            (newest, more) = self.members(role, None).await?;
            if !more && newest.len() <= self.readable() {
                return self.of_few(&newest, after).await;
            }
        }
        if let Some(q) = self
            .asked
            .q
            .as_ref()
            .filter(|_| self.asked.status != Some(Status::Deleted))
            && let Some(ids) = self.found(q).await?
        {
            let newest_first: Vec<UserId> = ids.into_iter().rev().collect();
            return self.of_few(&newest_first, after).await;
        }
        if self.role().is_none() {
            return self.along_statuses(after, false).await;
        }
        if after.is_some() {
            return self.along_members(after).await;
        }
        if !self.is_walk_cheap() {
            return self.of_members(newest, true, true).await;
        }
        let walked = self.walk_statuses(None, STEPS).await?;
        let farthest = newest.get(self.readable() - 1).or(newest.last());
        match walked.last {
            // Fewer than a page, and the members that can be read lead further down.
            Some(last) if walked.ids.len() < self.limit && farthest.is_some_and(|id| *id < last) => {
                self.of_members(newest, true, true).await
            }
            _ => self.of_walked(walked, true).await,
        }
    }

    /// The role whose members they are. Deleted accounts are members of none.
    fn role(&self) -> Option<RoleId> {
        let is_deleted = self.asked.status == Some(Status::Deleted);
        self.asked.role.as_ref().map(|role| role.id).filter(|_| !is_deleted)
    }

    /// How many accounts can be read.
    fn readable(&self) -> usize {
        FEW.min(self.left.max(1) * AT_ONCE)
    }

    async fn members(&mut self, role: RoleId, after: Option<UserId>) -> Result<(Vec<UserId>, bool)> {
        let lists = listed(self.cx);
        self.left = self.left.saturating_sub(lists.size.members().into());
        roles::members(lists, role, after, FEW).await
    }

    /// A page of these accounts, all of which are read to count them.
    async fn of_few(self, ids: &[UserId], after: Option<UserId>) -> Result<Found> {
        let mut read = shown::get_all(&self.cx.app.table, &self.cx.tenant, ids).await?;
        read.retain(|user| self.asked.passes(self.cx, user));
        let total = Total::exactly(many(read.len()));
        let rest = read
            .into_iter()
            .filter(|user| after.is_none_or(|after| user.id < after));
        let mut rest = rest.peekable();
        let mut page = Collector::new(self.cx, self.asked, self.limit);
        while let Some(user) = rest.next_if(|_| !page.is_full()) {
            page.offer(user);
        }
        let next = rest
            .peek()
            .and_then(|_| page.items.last())
            .map(|user| Place::After(user.id));
        Ok(page.found(next, Some(total)))
    }

    async fn along_members(mut self, after: Option<UserId>) -> Result<Found> {
        let Some(role) = self.role() else {
            return self.along_statuses(after, false).await;
        };
        let (ids, more) = self.members(role, after).await?;
        self.of_members(ids, more, after.is_none()).await
    }

    /// A page of these members, the first of which are looked at.
    async fn of_members(self, mut ids: Vec<UserId>, mut more: bool, is_first: bool) -> Result<Found> {
        more |= ids.len() > self.readable();
        ids.truncate(self.readable());
        let walked = Walked {
            last: ids.last().copied().filter(|_| more),
            ids,
        };
        let size = (self.limit, self.left.max(1));
        let place = |id, _| Place::Member(id);
        let mut found = walk::page(self.cx, self.asked, walked, size, place, None).await?;
        found.total = is_first.then(|| Total {
            count: many(found.items.len()),
            is_at_least: found.next.is_some(),
        });
        Ok(found)
    }

    /// A page along the list of the status.
    async fn along_statuses(mut self, after: Option<UserId>, was_full: bool) -> Result<Found> {
        let (near, far) = if self.is_walk_cheap() { STEPS } else { WIDE_STEPS };
        let first = if was_full {
            STEPS.0
        } else if after.is_none() {
            near
        } else {
            far
        };
        let walked = self.walk_statuses(after, (first, far)).await?;
        self.of_walked(walked, after.is_none()).await
    }

    async fn of_walked(self, walked: Walked, is_first: bool) -> Result<Found> {
        let total = is_first.then(|| walked.total());
        let place = |id, is_full| if is_full { Place::Along(id) } else { Place::Sparse(id) };
        walk::page(
            self.cx,
            self.asked,
            walked,
            (self.limit, self.left.max(1)),
            place,
            total,
        )
        .await
    }

    fn statuses(&self, after: Option<UserId>) -> Merged<'a> {
        let statuses = self.asked.status.map_or_else(Vec::new, listed_as);
        let lists: Vec<Option<Status>> = statuses.into_iter().map(Some).collect();
        listed(self.cx).along(&lists, after, true)
    }

    /// Whether there can be several steps along the list of the status.
    fn is_walk_cheap(&self) -> bool {
        (1..=2).contains(&self.statuses(None).requests())
    }

    /// Goes along the list of the status: one step at least, and further ones as long as requests are left to read accounts
    /// with.
    async fn walk_statuses(&mut self, after: Option<UserId>, (first, further): (usize, usize)) -> Result<Walked> {
        let asked = self.asked;
        let may_pass = |one: &Listed| {
            asked.role.as_ref().is_none_or(|role| one.may_have(role.id))
                && asked.q.as_ref().is_none_or(|q| one.may_match(q))
        };
        let wanted = if after.is_none() { COUNTED + 1 } else { self.limit };
        let mut walk = Walk::new(self.statuses(after), after, may_pass);
        let mut step = first;
        loop {
            self.left = self.left.saturating_sub(walk.lists.requests());
            walk.step(step).await?;
            step = further;
            let is_affordable = walk.lists.requests() + 2 <= self.left;
            if walk.lists.is_over() || walk.found() >= wanted || !is_affordable {
                return Ok(walk.walked());
            }
        }
    }

    /// All that a search finds, where these are few enough to be read. It looks into one partition first: where many are
    /// in that, the others are not read, and requests are left to go along a list.
    async fn found(&mut self, q: &str) -> Result<Option<BTreeSet<UserId>>> {
        let (lists, size) = (listed(self.cx), listed(self.cx).size);
        let domains = domains::find(lists.table, lists.tenant, q, None, DOMAIN_ENTRIES);
        let most = ENTRIES / usize::from(size.search());
        let own = search::of_partition(lists, 0, q, most);
        let ((mut ids, many), (entries, more_domains)) = try_join(own, domains).await?;
        let domains: BTreeSet<String> = entries.into_iter().map(|entry| entry.domain).collect();
        self.left = self.left.saturating_sub(2);
        // What a page takes along the members of a role, or along a list.
        let other = match self.role() {
            Some(_) if !self.is_walk_cheap() => 1,
            _ => self.statuses(None).requests() + 1,
        };
        let rest = usize::from(size.search() - 1) + domains.len() * usize::from(size.domain_lists() - 1);
        let is_many = many || more_domains.is_some() || ids.len() * usize::from(size.search()) > FEW;
        if is_many || domains.len() + rest >= self.left || self.left < domains.len() + other {
            return Ok(None);
        }
        self.left -= domains.len();
        let mut is_whole = add(&mut ids, at_domains(lists, &domains, 0..1).await?);
        if !is_whole || ids.len() > self.readable() {
            return Ok(None);
        }
        self.left -= rest;
        let own = (1..size.search()).map(|part| search::of_partition(lists, part, q, most));
        let others = at_domains(lists, &domains, 1..size.domain_lists());
        let (own, others) = try_join(try_join_all(own), others).await?;
        is_whole &= add(&mut ids, own) && add(&mut ids, others);
        Ok(Some(ids).filter(|ids| is_whole && ids.len() <= self.readable()))
    }
}

/// The accounts at each of these domains, in these partitions.
async fn at_domains(
    lists: UserLists<'_>,
    domains: &BTreeSet<String>,
    parts: Range<u16>,
) -> Result<Vec<(Vec<UserId>, bool)>> {
    let most = FEW / usize::from(lists.size.domain_lists());
    let of = |domain| parts.clone().map(move |part| (domain, part));
    let places = domains.iter().flat_map(of);
    let found = places.map(|(domain, part): (&String, u16)| domains::of_partition(lists, part, domain, most));
    try_join_all(found).await
}

/// Adds what was found; whether it is all that there is.
fn add<T: IntoIterator<Item = UserId>>(ids: &mut BTreeSet<UserId>, found: Vec<(T, bool)>) -> bool {
    let is_whole = found.iter().all(|(_, more)| !more);
    ids.extend(found.into_iter().flat_map(|(some, _)| some));
    is_whole
}
