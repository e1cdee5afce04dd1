//! Reading the histories.

use super::Context;
use crate::domain::history::LoginEntry;
use crate::error::Result;
use crate::id::{EntryId, UserId};
use crate::store::{cursor, history};

/// A page of an account's logins.
#[derive(Debug)]
pub struct Logins {
    /// The rows, newest first.
    pub items: Vec<LoginEntry>,
    /// Where the listing goes on, if it does.
    pub next_cursor: Option<String>,
}

/// A page of an account's logins, newest first.
///
/// # Errors
/// [`crate::Error::Invalid`] for a cursor that is none; [`crate::Error::Unavailable`].
pub async fn logins(cx: &Context, user: UserId, limit: usize, cursor: Option<&str>) -> Result<Logins> {
    let context = format!("logins|{}|{user}|{}", cx.tenant, cx.caller()?.id);
    let key = cx.app.cursor_key().await?;
    let after: Option<EntryId> = cursor
        .map(|text| cursor::open(key, &context, text, cx.now))
        .transpose()?;
    let (items, more) = history::logins_of(&cx.app.table, &cx.tenant, user, after, limit).await?;
    let last = items.last().map(|entry| entry.id).filter(|_| more);
    Ok(Logins {
        next_cursor: last.map(|id| cursor::seal(key, &context, &id, cx.now)).transpose()?,
        items,
    })
}
