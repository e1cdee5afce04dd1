//! Pages of the list of accounts by their number, however far down: found from a mark of the list's map
//! ([`super::list_map`]), with at most as many keys walked over as lie between two marks.
//!
//! The map is beside the list. No creation writes it or waits for it; who takes an account out of the list leaves a row of
//! a log in the same transaction. Set-up makes and renews it, each day; a request that finds it too short extends it. It
//! says where to begin, and nothing else: what a page shows was read from the list. Where a map is wrong (accounts with
//! old ids came into the list: only imports do that, and drop the map; or an index was behind for longer than
//! [`list_map::SETTLED`]), pages are that many accounts off their place until it is made anew, and still in one order.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::dynamo::Query;
use super::keys;
use super::list_map::{Left, Map, SETTLED};
use super::table::{Item, Refusal, Write, number, string};
use super::user_lists::{UserLists, listed};
use super::users::Change;
use crate::context::Context;
use crate::domain::user::{Status, User};
use crate::error::{Error, Result};
use crate::id::UserId;

/// How often a map is made anew where others are quicker.
const TRIES: usize = 3;

/// For how long the log is kept: a map that was not brought up to date for so long is none.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A map that was begun so long ago is made anew: whatever made it wrong does not last.
const RENEWED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// At how many accounts, marks and rows a page does what.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Accounts between two marks.
    pub mark_every: usize,
    /// Marks of a map, about: with more accounts they are farther apart.
    pub most_marks: usize,
    /// Accounts before a page, up to which they are walked over without a map.
    pub walked_without_map: usize,
    /// The same, where the map would have to be extended by more.
    pub walked_in_place_of_extending: usize,
    /// Accounts that a map is extended by until it is kept.
    pub kept_every: usize,
    /// Rows of the log that stay before they are taken off the map for good.
    pub most_rows: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            mark_every: 1_000,
            most_marks: 2_000,
            walked_without_map: 2_000,
            walked_in_place_of_extending: 10_000,
            kept_every: 50_000,
            most_rows: 500,
        }
    }
}

/// The pages of a tenant's accounts.
#[derive(Debug, Clone, Copy)]
pub struct Pages<'a> {
    pub list: UserLists<'a>,
    pub now: Timestamp,
    pub scale: Scale,
}

impl<'a> Pages<'a> {
    pub fn of(cx: &'a Context) -> Self {
        Self {
            list: listed(cx),
            now: cx.now,
            scale: Scale::default(),
        }
    }

    /// The ids behind the first `skipped`, newest first, `limit` of them; and how many accounts there are.
    pub async fn page(&self, skipped: usize, limit: usize) -> Result<(Vec<UserId>, u64)> {
        let is_near = skipped <= self.scale.walked_without_map;
        let (counts, map) = match is_near {
            true => (self.list.counts().await?, None),
            false => self.list.counts_and_map().await?,
        };
        let listed = counts.iter().filter(|(status, _)| **status != Status::Deleted);
        let total: u64 = listed.map(|(_, count)| count).sum();
        let all = usize::try_from(total).map_err(Error::fault)?;
        let ids = if skipped >= all {
            Vec::new()
        } else if is_near {
            self.walk(None, skipped, limit).await?
        } else {
            // From the oldest: newer accounts do not move it.
            let place = all - skipped;
            match self.mark_at(self.readable(map), place, skipped).await? {
                Some((mark, counted)) => self.walk(Some(behind(mark)), counted - place, limit).await?,
                None => self.walk(None, skipped, limit).await?,
            }
        };
        Ok((ids, total))
    }

    /// The mark from which to walk, of a map that is extended where that is worth it. There is none for accounts that were
    /// made a moment ago.
    async fn mark_at(&self, mut map: Map, place: usize, skipped: usize) -> Result<Option<(UserId, usize)>> {
        let since = map.since;
        let mut left = self.left(&mut map).await?;
        if map.since > since && map.end().is_some() {
            self.keep(&mut map).await;
        }
        loop {
            let missing = place.saturating_sub(map.len(&left));
            if missing == 0 || (missing > skipped && skipped <= self.scale.walked_in_place_of_extending) {
                return Ok(map.mark_at(place, &left));
            }
            let leg = self.scale.kept_every.min(missing + self.scale.mark_every);
            match self.extend(&mut map, leg).await? {
                Some(since) => left = since,
                None => return Ok(None),
            }
            self.keep(&mut map).await;
        }
    }

    /// Brings the map up to date, or makes it anew.
    pub async fn renew(&self) -> Result<()> {
        let mut map = self.kept().await?;
        if map.begun <= self.now - RENEWED {
            map = Map::new(self.now, Some(&map));
        }
        self.finish(map).await.map(drop)
    }

    /// Makes the map anew: accounts came into the list whose ids are old.
    pub async fn remake(&self) -> Result<()> {
        // A page further down may bring the old one up to date in the meantime.
        for _ in 0..TRIES {
            let map = self.kept().await?;
            if self.finish(Map::new(self.now, Some(&map))).await? {
                return Ok(());
            }
        }
        Err(Error::unavailable(
            "others keep bringing the map of the list up to date",
        ))
    }

    /// Whether it is kept.
    async fn finish(&self, mut map: Map) -> Result<bool> {
        self.left(&mut map).await?;
        while self.extend(&mut map, self.scale.kept_every).await?.is_some() {}
        match map.end() {
            Some(_) => Ok(self.keep(&mut map).await),
            None => Ok(true),
        }
    }

    /// Goes on from an id, over so many.
    async fn walk(&self, after: Option<UserId>, mut skipped: usize, limit: usize) -> Result<Vec<UserId>> {
        let mut lists = self.list.along(&[None], after, true);
        // Old accounts can all be in one partition: in that of the time when the tenant was small.
        let parts = if after.is_some() { lists.requests() } else { 1 };
        let mut ids = Vec::new();
        while ids.len() < limit && !lists.is_over() {
            let some = lists.step((skipped + limit - ids.len()) * parts).await?;
            let passed = skipped.min(some.len());
            skipped -= passed;
            ids.extend(some.into_iter().skip(passed).map(|one| one.id));
        }
        ids.truncate(limit);
        Ok(ids)
    }

    /// Extends a map by about so many accounts; what left the list since its moment, or nothing where there are no more.
    async fn extend(&self, map: &mut Map, wanted: usize) -> Result<Option<Left>> {
        let (mut ids, end) = (BTreeSet::new(), map.end());
        let mut lists = self.list.along(&[None], end, false);
        while ids.len() < wanted && !lists.is_over() {
            let some = lists.step(wanted - ids.len()).await?;
            // Older ones than these may still come.
            let is_settled = |id: &UserId| id.made_at() < self.now - SETTLED;
            let settled = some.iter().map(|one| one.id).take_while(is_settled);
            let before = ids.len();
            ids.extend(settled);
            if ids.len() - before < some.len() {
                break;
            }
        }
        let Some(last) = ids.last().copied() else {
            return Ok(None);
        };
        // Read after the list: an account that the list does not show any more is in the log. Whether it does or not, the
        // map counts the account and the log takes it off.
        let left = self.log(map.since).await?;
        let inside = |id: &&UserId| **id <= last && end.is_none_or(|end| **id > end);
        ids.extend(left.keys().filter(inside));
        map.extend(&ids, self.scale.mark_every, self.scale.most_marks);
        Ok(Some(left))
    }

    /// What left the list since the map's moment. Where it is much, the map's moment is a later one from now on.
    async fn left(&self, map: &mut Map) -> Result<Left> {
        let (mut left, settled) = (self.log(map.since).await?, self.now - SETTLED);
        if left.len() > self.scale.most_rows && map.settle(&left, settled) {
            left.retain(|_, at| *at >= settled);
        }
        Ok(left)
    }

    async fn log(&self, since: Timestamp) -> Result<Left> {
        let query = Query {
            pk: keys::left_partition(self.list.tenant),
            prefix: Some(keys::left_before(since)),
            until: Some(keys::left_before(Timestamp::MAX)),
            ..Query::default()
        };
        let rows = self
            .list
            .table
            .query(&query)
            .await?
            .items
            .into_iter()
            .filter_map(|row| {
                let (at, id) = string(&row, "SK")?.split_once('#')?;
                let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
                Some((id.parse().ok()?, at))
            });
        Ok(rows.collect())
    }

    /// The map that is kept, or one without marks.
    async fn kept(&self) -> Result<Map> {
        let item = self.list.table.get(&keys::list_map(self.list.tenant)).await?;
        Ok(self.readable(item))
    }

    /// The map in this item, unless it is too old to be brought up to date.
    fn readable(&self, item: Option<Item>) -> Map {
        match item.as_ref().and_then(Map::read) {
            Some(map) if map.since > self.now - KEPT => map,
            other => Map::new(self.now, other.as_ref()),
        }
    }

    /// Keeps a map for others, where nobody was quicker; whether it did. It does no harm where it is not kept.
    async fn keep(&self, map: &mut Map) -> bool {
        let (changes, when) = map.written();
        let key = keys::list_map(self.list.tenant);
        match self.list.table.update_if(&key, &changes, &when).await {
            Ok(()) => true,
            Err(Refusal::Lost(_)) => false,
            Err(Refusal::Answer(error)) => {
                tracing::warn!(?error, "the map of the list of accounts is not kept");
                false
            }
        }
    }
}

/// The place before which the walk begins, newest first, that begins with this account.
fn behind(id: UserId) -> UserId {
    UserId::from_uuid(Uuid::from_u128(id.uuid().as_u128().saturating_add(1)))
}

/// The row of the log of an account that leaves the list by this change.
pub fn left(change: &Change, now: Timestamp) -> Option<Write> {
    let is_listed = |user: &&User| user.status != Status::Deleted;
    let before = change.before.as_ref().filter(is_listed)?;
    if change.after.as_ref().is_some_and(|after| is_listed(&after)) {
        return None;
    }
    let mut row = keys::left(&before.tenant, now, before.id).attributes();
    row.insert("ttl".to_owned(), number((now + KEPT).as_second()));
    Some(Write::put(row))
}
