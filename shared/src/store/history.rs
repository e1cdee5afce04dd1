//! Both histories in the table: rows that are put and never changed, and expire by themselves.

use jiff::SignedDuration;

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Item, Key, Write, from_item, number, text, to_item};
use crate::domain::history::{LoginEntry, RightsEntry};
use crate::domain::tenant::TenantId;
use crate::error::Result;
use crate::id::{EntryId, UserId};

/// A row of the login history.
///
/// # Errors
/// Where it cannot be put into an item: a defect.
pub fn login(entry: &LoginEntry, kept: SignedDuration) -> Result<Write> {
    let key = keys::login(&entry.tenant, entry.user, entry.id);
    let mut item = row(&key, entry, entry.at, kept)?;
    index(&mut item, 1, keys::logins_index(&entry.tenant, entry.at), entry.id);
    Ok(Write::put(item))
}

/// A row under a name that nobody has: the same write as an account's, found by no listing.
///
/// # Errors
/// As [`login`].
pub fn login_of_nobody(guess: &Key, entry: &LoginEntry, kept: SignedDuration) -> Result<Write> {
    let key = keys::guess_login(guess, entry.id);
    Ok(Write::put(row(&key, entry, entry.at, kept)?))
}

/// A row of the rights history.
///
/// # Errors
/// As [`login`].
pub fn rights(entry: &RightsEntry, kept: SignedDuration) -> Result<Write> {
    let key = keys::rights(&entry.tenant, entry.at, entry.id);
    let mut item = row(&key, entry, entry.at, kept)?;
    let target = keys::target_index(&entry.tenant, &entry.target.id());
    index(&mut item, 1, target, entry.id);
    if let Some(actor) = entry.actor {
        index(&mut item, 2, keys::actor_index(&entry.tenant, actor), entry.id);
    }
    Ok(Write::put(item))
}

/// An account's logins, newest first, before this one; and whether there are more.
///
/// # Errors
/// As [`Table::get`].
pub async fn logins_of(
    table: &Table,
    t: &TenantId,
    user: UserId,
    after: Option<EntryId>,
    limit: usize,
) -> Result<(Vec<LoginEntry>, bool)> {
    let query = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::LOGIN.to_owned()),
        after: after.map(|id| keys::login(t, user, id).sk),
        newest_first: true,
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let entries = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
    Ok((entries, page.more))
}

fn row(key: &Key, entry: &impl serde::Serialize, at: jiff::Timestamp, kept: SignedDuration) -> Result<Item> {
    let mut item = to_item(key, entry)?;
    item.insert("ttl".to_owned(), number((at + kept).as_second()));
    Ok(item)
}

fn index(item: &mut Item, n: u8, pk: String, id: EntryId) {
    item.insert(format!("GSI{n}PK"), text(pk));
    item.insert(format!("GSI{n}SK"), text(id.to_string()));
}
