//! A map of a tenant's list of accounts: marks along it, from the oldest account on, and how many accounts lie between
//! them. [`super::pages`] makes it, and begins at a mark where a page is far from the newest account.
//!
//! A map is as of a moment. Accounts that left the list since then are in a log, and are taken off whatever the map counts;
//! so who deletes an account does not touch the map.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::table::{Changes, Cond, Item, Value, integer, number};
use crate::id::UserId;

/// After this long, every write of a request is done and shows in the indexes: no function runs longer.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(2);

/// The accounts that left the list, and when.
pub type Left = BTreeMap<UserId, Timestamp>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    id: UserId,
    /// How many accounts there are from the mark before it, without that, to this one.
    count: u32,
}

/// How many bytes a mark has: an id and a count.
const MARK: usize = 16 + 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// How often it was written.
    version: i64,
    /// When it was begun.
    pub begun: Timestamp,
    /// It counts the accounts that were in the list at this moment, or came into it later.
    pub since: Timestamp,
    marks: Vec<Mark>,
}

impl Map {
    /// One without marks, to be kept in the place of this one.
    pub fn new(now: Timestamp, instead_of: Option<&Self>) -> Self {
        Self {
            version: instead_of.map_or(0, |map| map.version),
            begun: now,
            since: now - SETTLED,
            marks: Vec::new(),
        }
    }

    /// The last account up to which it counts.
    pub fn end(&self) -> Option<UserId> {
        self.marks.last().map(|mark| mark.id)
    }

    /// How many accounts are in the list now up to each mark.
    fn counted(&self, left: &Left) -> impl Iterator<Item = (UserId, usize)> {
        let mut left = left.keys().peekable();
        let (mut all, mut gone) = (0_usize, 0);
        self.marks.iter().map(move |mark| {
            all += usize::try_from(mark.count).unwrap_or(usize::MAX);
            while left.next_if(|id| **id <= mark.id).is_some() {
                gone += 1;
            }
            (mark.id, all.saturating_sub(gone))
        })
    }

    /// How many accounts it counts.
    pub fn len(&self, left: &Left) -> usize {
        self.counted(left).last().map_or(0, |(_, count)| count)
    }

    /// The first mark that is not before the account at this place, counted from the oldest, and the mark's own place.
    pub fn mark_at(&self, place: usize, left: &Left) -> Option<(UserId, usize)> {
        self.counted(left).find(|(_, count)| *count >= place)
    }

    /// Adds accounts that are all newer than its end.
    pub fn extend(&mut self, ids: &BTreeSet<UserId>, distance: usize, most: usize) {
        let ids: Vec<UserId> = ids.iter().copied().collect();
        let marks = ids.chunks(distance.max(1)).filter_map(|some| {
            Some(Mark {
                id: *some.last()?,
                count: u32::try_from(some.len()).ok()?,
            })
        });
        self.marks.extend(marks);
        self.thin_out(distance, most);
    }

    /// Drops marks that are not needed: so that the smallest distance stays, and where there are many accounts about so
    /// many marks.
    fn thin_out(&mut self, distance: usize, most: usize) {
        let all: usize = self.marks.iter().map(|mark| mark.count as usize).sum();
        let distance = distance.max(all / most.max(1));
        let mut kept: Vec<Mark> = Vec::with_capacity(self.marks.len());
        for mark in self.marks.drain(..) {
            match kept.last_mut() {
                Some(last) if (last.count + mark.count) as usize <= distance => {
                    *last = Mark {
                        id: mark.id,
                        count: last.count + mark.count,
                    };
                }
                _ => kept.push(mark),
            }
        }
        self.marks = kept;
    }

    /// Takes off for good what left the list before this moment; false where that was done.
    pub fn settle(&mut self, left: &Left, until: Timestamp) -> bool {
        if until <= self.since {
            return false;
        }
        for (id, _) in left.iter().filter(|(_, at)| **at < until) {
            let at = self.marks.partition_point(|mark| mark.id < *id);
            if let Some(mark) = self.marks.get_mut(at) {
                mark.count = mark.count.saturating_sub(1);
            }
        }
        self.since = until;
        true
    }

    pub fn read(item: &Item) -> Option<Self> {
        let time = |name| Timestamp::from_millisecond(integer(item, name)?).ok();
        let Some(Value::B(bytes)) = item.get("marks") else {
            return None;
        };
        let marks = bytes.chunks_exact(MARK).filter_map(|bytes| {
            let (id, count) = bytes.split_at_checked(16)?;
            Some(Mark {
                id: UserId::from_uuid(Uuid::from_slice(id).ok()?),
                count: u32::from_be_bytes(count.try_into().ok()?),
            })
        });
        Some(Self {
            version: integer(item, "version")?,
            begun: time("begun")?,
            since: time("since")?,
            marks: marks.collect(),
        })
    }

    /// What writes it, provided that nobody else did since it was read.
    pub fn written(&mut self) -> (Changes, Cond) {
        let when = match self.version {
            0 => Cond::absent(),
            version => Cond::Eq("version", number(version)),
        };
        self.version += 1;
        let bytes = self.marks.iter().flat_map(|mark| {
            let id = mark.id.uuid().into_bytes();
            id.into_iter().chain(mark.count.to_be_bytes())
        });
        let changes = Changes::new()
            .set("version", number(self.version))
            .set("begun", number(self.begun.as_millisecond()))
            .set("since", number(self.since.as_millisecond()))
            .set("marks", Value::B(bytes.collect()));
        (changes, when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A map of the accounts 1 to 100, a mark at every tenth.
    fn map() -> Map {
        let mut map = Map::new(at(1_000), None);
        map.extend(&(1..=100).map(id).collect(), 10, 1_000);
        map
    }

    #[test]
    fn a_place_is_found_from_the_mark_behind_it_without_those_who_left() {
        let (map, mut left) = (map(), Left::new());
        assert_eq!(map.mark_at(1, &left), Some((id(10), 10)));
        assert_eq!(map.mark_at(10, &left), Some((id(10), 10)));
        assert_eq!(map.mark_at(11, &left), Some((id(20), 20)));
        assert_eq!(map.mark_at(101, &left), None);
        left.extend([
            (id(3), at(1_001)),
            (id(10), at(1_002)),
            (id(15), at(1_003)),
            (id(500), at(1_004)),
        ]);
        assert_eq!(map.mark_at(8, &left), Some((id(10), 8)));
        assert_eq!(map.mark_at(9, &left), Some((id(20), 17)));
        assert_eq!((map.len(&left), map.mark_at(98, &left)), (97, None));
    }

    #[test]
    fn what_is_settled_is_taken_off_once() {
        let (mut map, left) = (map(), Left::from([(id(3), at(1_001)), (id(33), at(1_009))]));
        assert!(map.settle(&left, at(1_005)));
        assert!(!map.settle(&left, at(1_005)));
        assert_eq!(map.len(&Left::new()), 99);
        assert_eq!(map.mark_at(10, &Left::new()), Some((id(20), 19)));
    }

    #[test]
    fn it_goes_on_where_it_ended_and_is_read_as_it_was_written() {
        let mut map = map();
        map.extend(&(101..=104).map(id).collect(), 10, 1_000);
        map.extend(&(105..=113).map(id).collect(), 10, 1_000);
        assert_eq!((map.end(), map.len(&Left::new())), (Some(id(113)), 113));
        let (changes, when) = map.written();
        assert_eq!(when, Cond::absent());
        let item: Item = changes.set.into_iter().collect();
        assert_eq!(Map::read(&item).as_ref(), Some(&map));
        assert_eq!(map.written().1, Cond::Eq("version", number(1)));
    }

    #[test]
    fn marks_stay_so_many_however_many_accounts_there_are() {
        let mut map = Map::new(at(1_000), None);
        for leg in 0..100 {
            let ids = leg * 1_000 + 1..=(leg + 1) * 1_000;
            map.extend(&ids.map(id).collect(), 10, 50);
        }
        assert_eq!(map.len(&Left::new()), 100_000);
        assert!((50..=100).contains(&map.marks.len()), "{}", map.marks.len());
        assert!(map.marks.iter().all(|mark| mark.count <= 2_000));
    }
}
