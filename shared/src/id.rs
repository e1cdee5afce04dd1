//! Identifiers: UUIDv7 (RFC 9562), a type each, so that a role's id is never taken for a user's.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ambient;
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
    MailId,
}
