//! Sessions in the table.

use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Changes, Cond, Item, Key, Lost, Write, from_item, number, to_item};
use crate::domain::api_key::ApiKey;
use crate::domain::role::Role;
use crate::domain::session::Session;
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::id::{RoleId, SessionId, UserId};

#[derive(Debug, Default)]
pub struct Present {
    /// The account, deleted or not.
    pub user: Option<User>,
    pub session: Option<Session>,
    pub roles: Vec<Role>,
    /// The API key that was asked for with them.
    pub api_key: Option<ApiKey>,
}

/// Account, session and roles in one strongly consistent round trip.
pub async fn present(table: &Table, t: &TenantId, user: UserId, id: SessionId, roles: &[RoleId]) -> Result<Present> {
    present_with(table, t, user, id, roles, None).await
}

/// The same, and an API key by its SHA-256.
pub async fn present_with(
    table: &Table,
    t: &TenantId,
    user: UserId,
    id: SessionId,
    roles: &[RoleId],
    api_key: Option<&str>,
) -> Result<Present> {
    let api_key = api_key.map(|sha256| keys::api_key(t, sha256));
    let mut places = vec![keys::user(t, user), keys::session(t, user, id)];
    places.extend(roles.iter().map(|role| keys::role(t, *role)));
    places.extend(api_key.clone());
    places.sort();
    places.dedup();
    let mut present = Present::default();
    for item in table.batch_get(&places).await? {
        match Key::of(&item) {
            Some(key) if key == keys::user(t, user) => present.user = Some(from_item(item)?),
            Some(key) if key == keys::session(t, user, id) => present.session = Some(from_item(item)?),
            key if key.is_some() && key == api_key => present.api_key = Some(from_item(item)?),
            _ => present.roles.push(from_item(item)?),
        }
    }
    Ok(present)
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

/// Ends a session, provided that it is there; else [`Error::InvalidToken`].
pub fn end(session: &Session) -> Write {
    Write::delete(keys::session(&session.tenant, session.user, session.id)).when(Cond::exists(), Error::InvalidToken)
}

/// What writes down that the newest pair was used, and the session as it is since.
pub fn confirm(session: &Session) -> Result<(Session, (Key, Changes, Cond))> {
    let mut used = session.clone();
    used.version += 1;
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
