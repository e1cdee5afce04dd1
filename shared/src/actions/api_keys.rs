//! API keys: what stands for a machine.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Context;
use super::changes::{actor, held_by_caller, may_change};
use super::paging::{Listing, Page};
use crate::access::policy;
use crate::domain::api_key::ApiKey;
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::ADMIN_KEYS;
use crate::domain::text::Label;
use crate::domain::time;
use crate::domain::user::Status;
use crate::error::{Error, Noun, Result};
use crate::id::ApiKeyId;
use crate::proof::opaque::{Digest, Kind, Opaque};
use crate::store::table::Write;
use crate::store::unit::{self, Unit, atomically};
use crate::store::{api_keys, record, users};

pub async fn list(cx: &Context, limit: usize, cursor: Option<&str>) -> Result<Page<ApiKey>> {
    let listing = Listing::of(cx, "api-keys").await?;
    let (items, last) = api_keys::newest(&cx.app.table, &cx.tenant, listing.after(cursor)?, limit).await?;
    listing.page(items, last)
}

/// Creates an API key; returns it and its text, which cannot be read again.
pub async fn create(cx: &Context, name: Label, expires_at: Option<Timestamp>) -> Result<(ApiKey, SecretString)> {
    if expires_at.is_some_and(|end| end <= cx.now) {
        return Err(Error::invalid("/expiresAt", "this is not after now"));
    }
    let held = held_by_caller(cx).await?;
    policy::may_make(&actor(cx, &held)?, ADMIN_KEYS, cx.now, expires_at)?;
    let made = Opaque::mint(Kind::ApiKey)?;
    let key = new(cx, name, made.text().expose_secret(), expires_at)?;
    unit::write(cx, &writes(cx, &key)?).await?;
    Ok((key, made.text().clone()))
}

/// Revokes an API key: from the next request on it opens nothing.
pub async fn revoke(cx: &Context, id: ApiKeyId) -> Result<()> {
    atomically(cx, |unit| async move {
        let found = api_keys::of_id(&cx.app.table, &cx.tenant, id).await?;
        let key = found.ok_or(Error::NotFound(Noun::ApiKey))?;
        may_revoke(cx, &unit, &key).await?;
        let target = Target::ApiKey(key.id);
        let row = record::rights(cx, RightsKind::ApiKeyRevoked, target, summary(&key), Value::Null)?;
        unit.write([api_keys::remove(&key), row]);
        Ok(())
    })
    .await
}

/// Whether the caller may revoke this key: its own, that of an account that it may touch, and that of set-up or of nobody
/// any more as an owner.
async fn may_revoke(cx: &Context, unit: &Unit<'_>, key: &ApiKey) -> Result<()> {
    let maker = match key.created_by {
        Some(id) if id == cx.caller()?.id => return Ok(()),
        Some(id) => users::get(&cx.app.table, &cx.tenant, id).await?,
        None => None,
    };
    // Whoever does not manage keys any more does not answer for this one either.
    let manages = match maker.as_ref().filter(|user| user.status != Status::Deleted) {
        Some(maker) => unit
            .roles_of(maker)
            .await?
            .iter()
            .any(|role| role.gives().any(|name| name == ADMIN_KEYS)),
        None => false,
    };
    match maker.filter(|_| manages) {
        Some(maker) => may_change(cx, unit, &maker).await,
        None => policy::may_revoke_unowned(&cx.caller()?.rights),
    }
}

/// The writes of a new key: itself, and its row in the history.
pub(super) fn writes(cx: &Context, key: &ApiKey) -> Result<[Write; 2]> {
    let target = Target::ApiKey(key.id);
    let row = record::rights(cx, RightsKind::ApiKeyCreated, target, Value::Null, summary(key))?;
    Ok([api_keys::put(key)?, row])
}

fn summary(key: &ApiKey) -> Value {
    json!({ "name": key.name.as_str(), "hint": key.hint, "expiresAt": key.expires_at.map(time::text) })
}

/// What an API key is kept under.
pub fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// A key with this text, not yet written.
pub(super) fn new(cx: &Context, name: Label, text: &str, expires_at: Option<Timestamp>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        name,
        digest: digest(text),
        hint: hint(text),
        expires_at,
        last_used_at: None,
        created_at: cx.now,
        created_by: cx.actor(),
    })
}

/// What is kept of a key's text to recognise it by: four characters behind the common prefix. A text
/// that somebody chose may have little more to it than it must, and gives no more away.
fn hint(text: &str) -> String {
    let prefix = Kind::ApiKey.prefix();
    let shown = if text.starts_with(prefix) { prefix.len() + 4 } else { 4 };
    text.chars().take(shown).collect()
}

/// Lets a request through whose API key is valid, or whose contract asks for none.
pub async fn check_own(cx: &Context) -> Result<()> {
    let Some(text) = &cx.api_key else { return Ok(()) };
    let found = api_keys::get(&cx.app.table, &cx.tenant, &digest(text)).await?;
    check(cx, found).await
}

/// Lets a request through that came with this key, and writes down that the key was used, at most once a minute.
pub(super) async fn check(cx: &Context, found: Option<ApiKey>) -> Result<()> {
    let key = found.filter(|key| key.is_valid(cx.now)).ok_or(Error::InvalidApiKey)?;
    api_keys::used(&cx.app.table, &key, cx.now).await
}
