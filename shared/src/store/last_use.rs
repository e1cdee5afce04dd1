//! When something was last used: an attribute of its own, written at most once a minute, so that what is used by every
//! request is no hot item.

use jiff::{SignedDuration, Timestamp};

use super::dynamo::Table;
use super::table::{Changes, Cond, Key, number};
use crate::error::Result;

/// How often a use is written down at most.
pub const WRITTEN_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Whether a use is to be written down, since this is the last one that was.
pub fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= WRITTEN_EVERY)
}

/// Writes down that this was used, provided that it is there still, and that nobody did so within the last minute. Of many
/// that find it due at once, one writes.
pub async fn write(table: &Table, key: &Key, is_there: Cond, now: Timestamp) -> Result<()> {
    let changes = Changes::new().set("lastUsedAt", number(now.as_millisecond()));
    let within = number((now - WRITTEN_EVERY).as_millisecond() + 1);
    let long_ago = Cond::Any(vec![Cond::Absent("lastUsedAt"), Cond::Lt("lastUsedAt", within)]);
    let when = Cond::All(vec![is_there, long_ago]);
    table.update(key, &changes, &when).await.map(drop)
}
