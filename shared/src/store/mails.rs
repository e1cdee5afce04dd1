//! Mails to send, in the table.

use jiff::SignedDuration;

use super::dynamo::{Index, Query, Table};
use super::keys;
use super::table::{Item, Key, Write, number, string, text, to_item};
use crate::domain::mail::Mail;
use crate::domain::tenant::TenantId;
use crate::error::Result;
use crate::id::UserId;

/// How long a mail's item stays, sent or not.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The state of a mail that is still to be sent.
pub const PENDING: &str = "pending";

/// Asks for a mail, in the transaction of what causes it.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn put(mail: &Mail) -> Result<Write> {
    let mut item = to_item(&keys::mail(mail.id), mail)?;
    item.insert("state".to_owned(), text(PENDING));
    item.insert("attempts".to_owned(), number(0));
    item.insert("GSI1PK".to_owned(), text(keys::mails_index(PENDING)));
    item.insert("GSI1SK".to_owned(), text(keys::due(mail.created_at, mail.id)));
    item.insert("ttl".to_owned(), number((mail.created_at + KEPT).as_second()));
    Ok(Write::put(item))
}

/// How many mails that are still to be sent are looked at for one account's.
const LOOKED_AT: usize = 1_000;

/// Removes the mails to an account that are still to be sent, as far as they are among the next to be.
///
/// # Errors
/// As [`Table::get`].
pub async fn remove_pending(table: &Table, t: &TenantId, user: UserId) -> Result<()> {
    let query = Query {
        index: Some(Index::One),
        pk: keys::mails_index(PENDING),
        limit: Some(LOOKED_AT),
        ..Query::default()
    };
    let places: Vec<Key> = table.query(&query).await?.items.iter().filter_map(Key::of).collect();
    let (tenant, user) = (t.to_string(), user.to_string());
    let is_own = |item: &&Item| string(item, "tenant") == Some(&tenant) && string(item, "user") == Some(&user);
    let found = table.batch_get(&places).await?;
    let own = found.iter().filter(is_own).filter_map(Key::of);
    table.batch_write(&own.map(Write::delete).collect::<Vec<_>>()).await
}
