//! API keys: what stands for a machine. Kept under its SHA-256.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::tenant::TenantId;
use super::text::Label;
use crate::id::{ApiKeyId, UserId};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub tenant: TenantId,
    /// What it is for, in its maker's words.
    pub name: Label,
    /// The SHA-256 of its text, which is its place in the table.
    pub digest: String,
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
    /// Who made it; set-up where absent.
    pub created_by: Option<UserId>,
}

impl ApiKey {
    /// Whether it opens anything at this moment.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The fewest characters of a key that somebody chose: a shorter one could be guessed.
const SHORTEST_CHOSEN: usize = 24;

/// Whether a text that a stack or a developer chose can be an API key.
/// The error continues a sentence that begins with the name of its source.
pub fn check_chosen(text: &str) -> Result<(), &'static str> {
    if text.len() < SHORTEST_CHOSEN {
        return Err("has less than 24 characters: choose a longer one");
    }
    // Whatever else a header cannot carry as it is, so that no request could ever come with it.
    if text.trim() != text || !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err("has characters that a header cannot carry: choose another of ASCII letters and digits");
    }
    Ok(())
}
