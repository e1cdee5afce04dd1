//! Sessions in the table. One is the row of its login in the history as well, so that a login writes one item: while it
//! lives, and until the retention of the row is over. What ends it takes out all that made it a session, and leaves the
//! row in its place.

use jiff::Timestamp;

use super::dynamo::{Query, Table};
use super::present::{self, Along};
use super::table::{Changes, Cond, Item, Key, Lost, Op, Refusal, Write, from_item, number, to_item};
use super::{history, keys, last_use};
use crate::domain::history::LoginEntry;
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
    Ok((found.user, open_in(found.credential)?))
}

/// An attribute of sessions that no row has, and one of rows that no session has.
const LIVES: &str = "expiresAt";
const IS_ROW: &str = "kind";

/// The session in an item; none where it has ended.
pub fn open_in(item: Option<Item>) -> Result<Option<Session>> {
    item.filter(|item| !item.contains_key(IS_ROW))
        .map(from_item)
        .transpose()
}

/// The row of the login history in an item: a row, or a session that is one for as long as rows are kept.
pub fn login_in(item: Item, now: Timestamp) -> Result<Option<LoginEntry>> {
    if item.contains_key(IS_ROW) {
        return history::kept_in(item, now);
    }
    let session: Session = from_item(item)?;
    let is_kept = session.recorded_until.is_some_and(|end| now < end);
    Ok(is_kept.then(|| session.login()))
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

/// Ends every session of an account but the one in this place, and takes out of the rows of their logins where they were
/// from.
pub async fn erase_all(table: &Table, t: &TenantId, user: UserId, but: Option<&Key>) -> Result<()> {
    let query = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::SESSION.to_owned()),
        ..Query::default()
    };
    let found = table.query(&query).await?.items.into_iter();
    let others = found.filter(|item| Key::of(item).as_ref() != but);
    let erased: Vec<Write> = others
        .filter_map(|item| erased_item(item).transpose())
        .collect::<Result<_>>()?;
    table.batch_write(&erased).await
}

/// What becomes of it; nothing where it is so already.
fn erased_item(item: Item) -> Result<Option<Write>> {
    if !item.contains_key(IS_ROW) {
        return erased(&from_item(item)?).map(Some);
    }
    let mut bare = item.clone();
    history::empty(&mut bare, &history::ORIGIN);
    Ok((bare != item).then(|| Write::put(bare)))
}

/// Ends a session, whether it is there or not, and leaves of its row where it was from.
pub fn erased(session: &Session) -> Result<Write> {
    let mut write = ended(session)?;
    if let Op::Put(row) = &mut write.op {
        history::empty(row, &history::ORIGIN);
    }
    Ok(write)
}

/// Ends a session, provided that it lives; else this is why nothing was done.
pub fn end(session: &Session, gone: impl Into<Refusal>) -> Result<Write> {
    Ok(ended(session)?.when(Cond::Exists(LIVES), gone))
}

/// The row that is left of a session; where it has none, nothing is.
fn ended(session: &Session) -> Result<Write> {
    let key = place(session);
    let Some(kept_until) = session.recorded_until else {
        return Ok(Write::delete(key));
    };
    let login = session.login();
    let mut row = to_item(&key, &login)?;
    row.insert("ttl".to_owned(), number(kept_until.as_second()));
    history::index_login(&mut row, &login);
    Ok(Write::put(row))
}

pub async fn get(table: &Table, t: &TenantId, user: UserId, id: SessionId) -> Result<Option<Session>> {
    open_in(table.get(&keys::session(t, user, id)).await?)
}

/// How many pages of sessions and what is left of them are read, to find those that did not end.
const PAGES: usize = 5;

/// An account's sessions that neither were ended nor have expired, newest first; and whether there are more.
pub async fn newest(
    table: &Table,
    t: &TenantId,
    user: UserId,
    now: Timestamp,
    limit: usize,
) -> Result<(Vec<Session>, bool)> {
    let mut query = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::SESSION.to_owned()),
        newest_first: true,
        limit: Some(limit),
        ..Query::default()
    };
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = table.query(&query).await?;
        query.after = page.items.last().and_then(Key::of).map(|last| last.sk);
        for item in page.items {
            found.extend(open_in(Some(item))?.filter(|session| now < session.expires_at));
        }
        if !page.more || found.len() >= limit {
            let more = page.more || found.len() > limit;
            found.truncate(limit);
            return Ok((found, more));
        }
    }
    Ok((found, true))
}

/// Writes down that a session is used. Its version stays: whoever changes it at this moment goes on.
pub async fn used(table: &Table, session: &Session, now: Timestamp) -> Result<()> {
    last_use::write(table, &place(session), Cond::Exists(LIVES), now).await
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
    let mut item = to_item(&place(session), session)?;
    let mut end = session.expires_at;
    if let Some(kept_until) = session.recorded_until {
        end = end.max(kept_until);
        history::index_login(&mut item, &session.login());
    }
    item.insert("ttl".to_owned(), number(end.as_second()));
    Ok(item)
}

fn place(session: &Session) -> Key {
    keys::session(&session.tenant, session.user, session.id)
}

fn as_read(session: &Session) -> Cond {
    Cond::All(vec![Cond::Exists(LIVES), Cond::Eq("version", number(session.version))])
}
