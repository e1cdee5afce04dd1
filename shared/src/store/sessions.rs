//! Sessions in the table.

use jiff::Timestamp;

use super::dynamo::{Query, Table};
use super::present::{self, Along};
use super::table::{Changes, Cond, Item, Key, Lost, Refusal, Write, from_item, number, to_item};
use super::{keys, last_use};
use crate::domain::session::Session;
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};

/// A session with its account, deleted or not, where they are there.
pub async fn with_account(
    table: &Table,
    t: &TenantId,
    user: UserId,
    id: SessionId,
) -> Result<(Option<User>, Option<Session>)> {
    let found = present::present(table, t, user, keys::session(t, user, id), Along::default()).await?;
    Ok((found.user, found.credential.map(from_item).transpose()?))
}

/// Opens a session. It expires by itself.
pub fn open(session: &Session) -> Result<Write> {
    Ok(Write::put(item(session)?).when(Cond::absent(), Error::fault("a new session has the id of another")))
}

/// Changes a session, provided that it is as it was read; else [`Lost::Changed`].
pub fn change(before: &Session, after: &Session) -> Result<Write> {
    let key = keys::session(&before.tenant, before.user, before.id);
    let after = Session {
        version: before.version + 1,
        ..after.clone()
    };
    let changes = Changes::between(&item(before)?, &item(&after)?);
    Ok(Write::update(key, changes).when(as_read(before), Lost::Changed))
}

/// Removes every session of an account but the one in this place.
pub async fn remove_all(table: &Table, t: &TenantId, user: UserId, but: Option<&Key>) -> Result<()> {
    let query = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::SESSION.to_owned()),
        ..Query::default()
    };
    let found = table.query(&query).await?.items;
    let places = found.iter().filter_map(Key::of).filter(|key| Some(key) != but);
    table.batch_write(&places.map(Write::delete).collect::<Vec<_>>()).await
}

/// Ends a session, provided that it is there; else this is why nothing was done.
pub fn end(session: &Session, gone: impl Into<Refusal>) -> Write {
    Write::delete(keys::session(&session.tenant, session.user, session.id)).when(Cond::exists(), gone)
}

pub async fn get(table: &Table, t: &TenantId, user: UserId, id: SessionId) -> Result<Option<Session>> {
    table.get(&keys::session(t, user, id)).await?.map(from_item).transpose()
}

/// An account's sessions, newest first, whether they are open or not; and whether there are more.
pub async fn newest(table: &Table, t: &TenantId, user: UserId, limit: usize) -> Result<(Vec<Session>, bool)> {
    let query = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::SESSION.to_owned()),
        newest_first: true,
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let found = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
    Ok((found, page.more))
}

/// Writes down that a session is used. Its version stays: whoever changes it at this moment goes on.
pub async fn used(table: &Table, session: &Session, now: Timestamp) -> Result<()> {
    let key = keys::session(&session.tenant, session.user, session.id);
    last_use::write(table, &key, Cond::exists(), now).await
}

/// What writes down that the newest pair was used, and the session as it is since.
pub fn confirm(session: &Session, now: Timestamp) -> Result<(Session, (Key, Changes, Cond))> {
    let mut used = session.clone();
    used.version += 1;
    used.last_used_at = Some(now);
    if let Some(family) = &mut used.refresh {
        family.confirmed = true;
    }
    let key = keys::session(&session.tenant, session.user, session.id);
    let changes = Changes::between(&item(session)?, &item(&used)?);
    Ok((used, (key, changes, as_read(session))))
}

fn item(session: &Session) -> Result<Item> {
    let mut item = to_item(&keys::session(&session.tenant, session.user, session.id), session)?;
    item.insert("ttl".to_owned(), number(session.expires_at.as_second()));
    Ok(item)
}

fn as_read(session: &Session) -> Cond {
    Cond::All(vec![Cond::exists(), Cond::Eq("version", number(session.version))])
}
