//! Listings by cursor.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Context;
use crate::error::Result;
use crate::proof::seal::MacKey;
use crate::store::cursor;

/// How many bytes of texts a page has before it is cut short: Lambda answers 6 MB at most, and a thousand accounts whose
/// fields are as long as can be, or a hundred changes of roles with all permissions, have more.
pub(super) const LONGEST_PAGE: usize = 3 * 1024 * 1024;

#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the listing goes on, if it does.
    pub next_cursor: Option<String>,
    /// How many there are in all, where they are counted.
    pub total: Option<Total>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    pub count: u64,
    /// There may be more: not all were looked at.
    pub is_at_least: bool,
}

impl Total {
    pub fn exactly(count: u64) -> Self {
        Self {
            count,
            is_at_least: false,
        }
    }
}

/// A listing: what was asked, by whom. Its cursors are good for no other.
pub(super) struct Listing<'a> {
    cx: &'a Context,
    key: &'a MacKey,
    question: String,
}

impl<'a> Listing<'a> {
    /// The caller's listing of this.
    pub async fn of(cx: &'a Context, asked: &str) -> Result<Self> {
        Ok(Self {
            cx,
            key: cx.app.cursor_key().await?,
            question: format!("{asked}|{}|{}", cx.tenant, cx.caller()?.id),
        })
    }

    /// The place behind which this cursor goes on.
    pub fn after<P: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<P>> {
        let open = |text| cursor::open(self.key, &self.question, text, self.cx.now);
        cursor.map(open).transpose()
    }

    /// A page, behind whose `last` place the listing goes on.
    pub fn page<T>(&self, items: Vec<T>, last: Option<impl Serialize>) -> Result<Page<T>> {
        let seal = |place| cursor::seal(self.key, &self.question, &place, self.cx.now);
        Ok(Page {
            items,
            next_cursor: last.map(seal).transpose()?,
            total: None,
        })
    }
}
