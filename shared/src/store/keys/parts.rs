//! What keys are made of.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::ROLE_COPIES;
use crate::id::UserId;

/// The copy that an id picks; not by its last byte, which has the partition of a session's row.
pub fn copy_for(id: Uuid) -> u8 {
    id.as_bytes()[14] % ROLE_COPIES
}

/// The shard, or counter, of an account: its random bits spread evenly.
pub fn shard(id: UserId, of: u16) -> u16 {
    let [.., high, low] = *id.uuid().as_bytes();
    u16::from_be_bytes([high, low]) % of
}

/// A moment as sort keys have it, up to the last one that there is.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond().max(0))
}

pub(super) fn month(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()
}
