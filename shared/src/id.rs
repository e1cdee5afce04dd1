//! Identifiers: UUIDv7 (RFC 9562), a type each, so that a role's id is never taken for a user's.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ambient;
use crate::domain::tenant_size::HISTORY_PARTITIONS;
use crate::error::Result;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, sorting by `now`.
            pub fn new(now: Timestamp) -> Result<Self> {
                ambient::uuid_v7(now).map(Self)
            }

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The first id of a moment.
            pub fn first_at(at: Timestamp) -> Self {
                let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
                Self(Uuid::from_u128(millis << 80))
            }

            pub fn made_at(self) -> Timestamp {
                let millis = i64::try_from(self.0.as_u128() >> 80).unwrap_or(0);
                Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Only 36 characters with hyphens, in any letter case (rule 13).
            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                let uuid = Uuid::try_parse(text)?;
                let is_canonical = uuid.to_string().eq_ignore_ascii_case(text);
                if is_canonical { Ok(Self(uuid)) } else { Uuid::try_parse("").map(Self) }
            }
        }
    )+};
}

ids! {
    UserId,
    RoleId,
    /// A role given to an account: the `userRoleId` of the directory contract.
    GrantId,
    /// A session: what a login opens and a logout ends.
    SessionId,
    EntryId,
    ApiKeyId,
    ServiceKeyId,
    MailId,
}

/// The bits of a number behind the time of an id (`rand_a` of RFC 9562, 5.7).
const NUMBERS: u64 = 0xfff;

impl EntryId {
    /// A new id, whose row stands in one of so many partitions of its month.
    pub fn spread(now: Timestamp, partitions: u16) -> Result<Self> {
        let id = Self::new(now)?;
        let shard = id.partition();
        let bits = id.0.as_u128() - u128::from(shard) + u128::from(shard % partitions);
        Ok(Self(Uuid::from_u128(bits)))
    }

    /// The same with this number (of 12 bits) behind its time: what one request writes is in that order.
    #[must_use]
    pub fn numbered(self, number: u16) -> Self {
        Self::with(self.0.as_u64_pair().0 >> 16, number, self)
    }

    /// An id behind another one: itself, or with the next number behind the other's time.
    #[must_use]
    pub fn behind(self, other: Self) -> Self {
        if self > other {
            return self;
        }
        let (high, _) = other.0.as_u64_pair();
        match u16::try_from(high & NUMBERS).unwrap_or_default() {
            last if u64::from(last) == NUMBERS => Self::with((high >> 16) + 1, 0, self),
            number => Self::with(high >> 16, number + 1, self),
        }
    }

    /// An id of this time, in milliseconds, and number; all else is another's.
    fn with(time: u64, number: u16, other: Self) -> Self {
        const VERSION: u64 = 0x7000;
        let high = time << 16 | VERSION | u64::from(number) & NUMBERS;
        Self(Uuid::from_u64_pair(high, other.0.as_u64_pair().1))
    }

    /// The partition of its month that its row stands in: whoever has the id finds the row, whatever the tenant's size was
    /// when it was written.
    pub fn partition(self) -> u16 {
        u16::from(self.0.as_bytes()[15]) % HISTORY_PARTITIONS
    }
}

impl SessionId {
    /// A new id. A session is the row of its login, and stands where that does.
    pub fn spread(now: Timestamp, partitions: u16) -> Result<Self> {
        EntryId::spread(now, partitions).map(|id| Self(id.0))
    }
}

/// An account's number, for contracts whose clients know accounts by one: 1 to 2^53 - 1, so that every JSON parser reads
/// it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserNumber(u64);

impl UserNumber {
    const BITS: u64 = (1 << 53) - 1;

    /// The number that an account begins with: the last bits of its id, which are random. That nobody else has it, a claim
    /// shows.
    pub fn of(id: UserId) -> Self {
        let (_, low) = id.0.as_u64_pair();
        Self::from_bits(low)
    }

    /// Another one, where that was taken.
    pub fn random() -> Result<Self> {
        ambient::random().map(|bytes| Self::from_bits(u64::from_be_bytes(bytes)))
    }

    fn from_bits(bits: u64) -> Self {
        Self((bits & Self::BITS).max(1))
    }

    pub const fn is_in_range(self) -> bool {
        self.0 >= 1 && self.0 <= Self::BITS
    }

    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for UserNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_positive_and_read_exactly_by_every_json_parser() {
        for (low, number) in [
            (0, 1),
            (1, 1),
            (u64::MAX, 9_007_199_254_740_991),
            (1 << 53, 1),
            ((1 << 53) + 7, 7),
        ] {
            assert_eq!(
                UserNumber::of(UserId::from_uuid(Uuid::from_u64_pair(1, low))).get(),
                number
            );
        }
    }
}
