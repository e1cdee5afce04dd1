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
use super::table::{Refusal, Write, number, string};
use super::user_lists::{Of, listed};
use super::users::Change;
use crate::context::Context;
use crate::domain::user::{Status, User};
use crate::error::Result;
use crate::id::UserId;

/// For how long the log is kept: a map that was not brought up to date for so long is none.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A map that was begun so long ago is made anew: whatever made it wrong does not last.
const RENEWED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far apart things are.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// How many accounts lie between two marks.
    pub distance: usize,
    /// How many marks there are about, at the most; with more accounts they are farther apart.
    pub marks: usize,
    /// Up to how many accounts from the newest are walked over without a map.
    pub near: usize,
    /// Up to how many, where the map would have to be extended by more.
    pub far: usize,
    /// How many accounts a map is extended by until it is kept.
    pub leg: usize,
    /// How many rows of the log stay before they are taken off for good.
    pub few: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            distance: 1_000,
            marks: 2_000,
            near: 2_000,
            far: 10_000,
            leg: 50_000,
            few: 500,
        }
    }
}

/// The pages of a tenant's accounts.
#[derive(Debug, Clone, Copy)]
pub struct Pages<'a> {
    pub list: Of<'a>,
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

    /// The ids behind the first `skipped` of `total`, newest first, `limit` of them.
    pub async fn at(&self, total: usize, skipped: usize, limit: usize) -> Result<Vec<UserId>> {
        if skipped <= self.scale.near {
            return self.walk(None, skipped, limit).await;
        }
        // From the oldest: newer accounts do not move it.
        let place = total.saturating_sub(skipped);
        match self.mark_at(place, skipped).await? {
            Some((mark, counted)) => self.walk(Some(behind(mark)), counted - place, limit).await,
            None => self.walk(None, skipped, limit).await,
        }
    }

    /// The mark from which to walk, of a map that is extended where that is worth it. There is none for accounts that were
    /// made a moment ago.
    async fn mark_at(&self, place: usize, skipped: usize) -> Result<Option<(UserId, usize)>> {
        let mut map = self.kept().await?;
        let since = map.since;
        let mut left = self.left(&mut map).await?;
        if map.since > since && map.end().is_some() {
            self.keep(&mut map).await;
        }
        loop {
            let missing = place.saturating_sub(map.len(&left));
            if missing == 0 || (missing > skipped && skipped <= self.scale.far) {
                return Ok(map.mark_at(place, &left));
            }
            let leg = self.scale.leg.min(missing + self.scale.distance);
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
        self.finish(map).await
    }

    /// Makes the map anew: accounts came into the list whose ids are old.
    pub async fn remake(&self) -> Result<()> {
        let map = self.kept().await?;
        self.finish(Map::new(self.now, Some(&map))).await
    }

    async fn finish(&self, mut map: Map) -> Result<()> {
        self.left(&mut map).await?;
        while self.extend(&mut map, self.scale.leg).await?.is_some() {}
        if map.end().is_some() {
            self.keep(&mut map).await;
        }
        Ok(())
    }

    /// Goes on from an id, over so many.
    async fn walk(&self, mut after: Option<UserId>, mut skipped: usize, limit: usize) -> Result<Vec<UserId>> {
        let mut ids = Vec::new();
        loop {
            let wanted = skipped + limit - ids.len();
            let (some, more) = self.list.next(after, wanted).await?;
            after = some.last().copied();
            let passed = skipped.min(some.len());
            skipped -= passed;
            ids.extend(some.into_iter().skip(passed));
            if !more || ids.len() >= limit {
                ids.truncate(limit);
                return Ok(ids);
            }
        }
    }

    /// Extends a map by about so many accounts; what left the list since its moment, or nothing where there are no more.
    async fn extend(&self, map: &mut Map, wanted: usize) -> Result<Option<Left>> {
        let (mut ids, end) = (BTreeSet::new(), map.end());
        let (mut after, mut more) = (end, true);
        while more && ids.len() < wanted {
            let some;
            (some, more) = self.list.next_newer(after, wanted - ids.len()).await?;
            after = some.last().copied().or(after);
            // Older ones than these may still come.
            let settled = some.iter().take_while(|id| id.made_at() < self.now - SETTLED);
            let before = ids.len();
            ids.extend(settled);
            more &= ids.len() - before == some.len();
        }
        let Some(last) = ids.last().copied() else {
            return Ok(None);
        };
        // Read after the list: an account that the list does not show any more is in the log. Whether it does or not, the
        // map counts the account and the log takes it off.
        let left = self.log(map.since).await?;
        let inside = |id: &&UserId| **id <= last && end.is_none_or(|end| **id > end);
        ids.extend(left.keys().filter(inside));
        map.extend(&ids, self.scale.distance, self.scale.marks);
        Ok(Some(left))
    }

    /// What left the list since the map's moment. Where it is much, the map's moment is a later one from now on.
    async fn left(&self, map: &mut Map) -> Result<Left> {
        let (mut left, settled) = (self.log(map.since).await?, self.now - SETTLED);
        if left.len() > self.scale.few && map.settle(&left, settled) {
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
        let map = item.as_ref().and_then(Map::read);
        Ok(match map {
            Some(map) if map.since > self.now - KEPT => map,
            other => Map::new(self.now, other.as_ref()),
        })
    }

    /// Keeps a map for others, where nobody was quicker. It does no harm where it is not kept.
    async fn keep(&self, map: &mut Map) {
        let (changes, when) = map.written();
        let key = keys::list_map(self.list.tenant);
        if let Err(Refusal::Answer(error)) = self.list.table.update_if(&key, &changes, &when).await {
            tracing::warn!(?error, "the map of the list of accounts is not kept");
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
