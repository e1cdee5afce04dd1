//! Who is calling, as they are now: the account, what its token belongs to, its roles, and what else the request will ask
//! for, in one strongly consistent round trip.

use super::dynamo::Table;
use super::keys;
use super::table::{Item, Key, from_item};
use crate::domain::api_key::ApiKey;
use crate::domain::role::Role;
use crate::domain::tenant::TenantId;
use crate::domain::user::User;
use crate::error::Result;
use crate::id::{RoleId, UserId};

/// What is read beside an account.
#[derive(Debug, Default, Clone, Copy)]
pub struct Along<'a> {
    pub roles: &'a [RoleId],
    /// Which copy of them.
    pub copy: u8,
    /// The SHA-256 of an API key.
    pub api_key: Option<&'a str>,
    /// Accounts that the request is about.
    pub others: &'a [UserId],
}

#[derive(Debug, Default)]
pub struct Present {
    /// The account, deleted or not.
    pub user: Option<User>,
    /// The session, or the key of a service account.
    pub credential: Option<Item>,
    pub roles: Vec<Role>,
    pub api_key: Option<ApiKey>,
    /// Deleted or not.
    pub others: Vec<User>,
}

pub async fn present(table: &Table, t: &TenantId, user: UserId, credential: Key, along: Along<'_>) -> Result<Present> {
    let own = keys::user(t, user);
    let api_key = along.api_key.map(|sha256| keys::api_key(t, sha256));
    let others: Vec<Key> = along.others.iter().map(|id| keys::user(t, *id)).collect();
    let mut places = vec![own.clone(), credential.clone()];
    places.extend(along.roles.iter().map(|role| keys::role_copy(t, *role, along.copy)));
    places.extend(api_key.iter().chain(&others).cloned());
    places.sort();
    places.dedup();
    let mut present = Present::default();
    for item in table.batch_get(&places).await? {
        match Key::of(&item) {
            Some(key) if key == own => present.user = Some(from_item(item)?),
            Some(key) if key == credential => present.credential = Some(item),
            Some(key) if Some(&key) == api_key.as_ref() => present.api_key = Some(from_item(item)?),
            Some(key) if others.contains(&key) => present.others.push(from_item(item)?),
            _ => present.roles.push(from_item(item)?),
        }
    }
    Ok(present)
}
