//! Limits of mails (rule 16): when the latest ones to an address went, and those that an account caused.
//!
//! A mail is counted before it is sent, and once: the mail's own item notes it in the same transaction. So the limit holds
//! in parallel, and whoever sends a mail again after a failure needs no second place.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::dynamo::Table;
use super::mails::{self, Claimed};
use super::table::{Cond, Item, Key, Lost, Write, from_item, number, text, to_item};
use super::{keys, unit};
use crate::domain::mail::{BY_ACCOUNT, Limit, TO_ADDRESS};
use crate::error::Result;
use crate::id::MailId;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Latest {
    sent: Vec<i64>,
    /// The mail that was counted last: no other write leaves the item as it was read.
    last: MailId,
}

/// Counts a mail to the address of this SHA-256, and makes these writes; whether it may be sent. Where it may not,
/// nothing is written.
pub async fn count(table: &Table, claimed: &Claimed, sha256: &str, with: &[Write], now: Timestamp) -> Result<bool> {
    let mut limits = vec![(keys::mailed_to(sha256), TO_ADDRESS)];
    limits.extend(claimed.mail.caused_by.map(|user| (keys::mailed_by(user), BY_ACCOUNT)));
    let limits = &limits;
    unit::decided(table, || async move {
        let places: Vec<Key> = limits.iter().map(|(place, _)| place.clone()).collect();
        let found = table.batch_get(&places).await?;
        let mut writes = vec![mails::counted(claimed, now)];
        for (place, limit) in limits {
            let known = found.iter().find(|item| Key::of(item).as_ref() == Some(place));
            match counted(place, limit, known, claimed.mail.id, now)? {
                Some(write) => writes.push(write),
                None => return Ok(None),
            }
        }
        writes.extend_from_slice(with);
        Ok(Some(writes))
    })
    .await
}

fn counted(place: &Key, limit: &Limit, known: Option<&Item>, mail: MailId, now: Timestamp) -> Result<Option<Write>> {
    let known: Option<Latest> = known.cloned().map(from_item).transpose()?;
    let sent = known.as_ref().map_or(&[][..], |latest| &latest.sent);
    let Some(sent) = limit.with_another(sent, now) else {
        return Ok(None);
    };
    let mut item = to_item(place, &Latest { sent, last: mail })?;
    let over = now + limit.within + SignedDuration::from_mins(1);
    item.insert("ttl".to_owned(), number(over.as_second()));
    let as_read = known.map_or(Cond::absent(), |latest| Cond::Eq("last", text(latest.last.to_string())));
    Ok(Some(Write::put(item).when(as_read, Lost::Changed)))
}
