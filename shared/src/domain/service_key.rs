//! Keys of service accounts: what a service account signs in with, in place of a password. Kept under their SHA-256.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::tenant::TenantId;
use super::text::Label;
use crate::id::{ServiceKeyId, UserId};
use crate::proof::opaque::Digest;

/// How many keys an account can have at once: a rotation needs two.
pub const MAX_KEYS: u8 = 10;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceKey {
    pub id: ServiceKeyId,
    pub tenant: TenantId,
    /// The service account that it acts as.
    pub user: UserId,
    /// Its place among the keys of its account, below [`MAX_KEYS`]. Its text names it, so that it is found by its place.
    pub slot: u8,
    /// What it is for, in its maker's words.
    pub name: Label,
    /// The SHA-256 of its text.
    pub digest: Digest,
    /// The first characters of its text, to recognise it by.
    pub hint: String,
    /// The first moment after its life; without end where absent.
    #[serde(default, with = "millisecond::optional")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used; written at most once a minute.
    #[serde(default, with = "millisecond::optional")]
    pub last_used_at: Option<Timestamp>,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Option<UserId>,
}

impl ServiceKey {
    /// Whether it opens anything at this moment.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}
