//! Keys of service accounts: made, listed and revoked. How one is known again stands in `authenticate.rs`.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::changes::{actor, held_by_caller, may_change, seen_into};
use super::revisions::{Expected, expect};
use super::{Context, authenticate};
use crate::access::policy;
use crate::domain::grant;
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::ADMIN_KEYS;
use crate::domain::service_key::{MAX_KEYS, ServiceKey};
use crate::domain::text::Label;
use crate::domain::time;
use crate::domain::user::{User, UserKind, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::ServiceKeyId;
use crate::proof::opaque::ServiceToken;
use crate::store::table::Write;
use crate::store::unit::{self, Unit, atomically};
use crate::store::{record, service_keys};

/// The keys of an account, the newest first; of a person there are none.
pub async fn list(cx: &Context, user: &UserRef) -> Result<Vec<ServiceKey>> {
    let user = seen_into(cx, user).await?;
    service_keys::of(&cx.app.table, &cx.tenant, user.id).await
}

/// Makes a key for a service account; answers it and its text, which cannot be read again. Whoever has the text acts as
/// the account, so it is given by whoever could take the account over, for no longer than they hold what it holds.
pub async fn create(
    cx: &Context,
    user: &UserRef,
    expected: &Expected,
    name: &Label,
    expires_at: Option<Timestamp>,
) -> Result<(ServiceKey, SecretString)> {
    if expires_at.is_some_and(|end| end <= cx.now) {
        return Err(Error::invalid("/expiresAt", "this is not after now"));
    }
    atomically(cx, |unit| async move {
        let user = unit.user(user).await?;
        may_hold_key(cx, &unit, &user, expires_at).await?;
        expect(cx, &unit, &user, expected).await?;
        if user.kind != UserKind::Service {
            return Err(Conflict::NotServiceAccount.into());
        }
        // What was decided rests on what the account has.
        unit.keep_user(&user);
        let present = service_keys::of(&cx.app.table, &cx.tenant, user.id).await?;
        let (slot, ended) = place(&present, cx.now)?;
        let token = ServiceToken::mint(user.id, slot)?;
        let key = ServiceKey {
            id: ServiceKeyId::new(cx.now)?,
            tenant: cx.tenant.clone(),
            user: user.id,
            slot,
            name: name.clone(),
            digest: token.digest(),
            hint: token.hint(),
            expires_at,
            last_used_at: None,
            created_at: cx.now,
            created_by: cx.actor(),
        };
        let row = row(cx, RightsKind::ServiceKeyCreated, &key, Value::Null, summary(&key))?;
        unit.write([service_keys::put(&key, ended)?, row]);
        Ok((key, token.text().clone()))
    })
    .await
}

/// Whether the caller may act as this account until then (rule 9): it may make keys for so long, and take the account's
/// place; and what came with a key itself makes none that outlives it.
async fn may_hold_key(cx: &Context, unit: &Unit<'_>, user: &User, until: Option<Timestamp>) -> Result<()> {
    may_change(cx, unit, user).await?;
    let held = held_by_caller(cx).await?;
    let actor = actor(cx, &held)?;
    policy::may_make(&actor, ADMIN_KEYS, cx.now, until)?;
    if cx.caller()?.id == user.id {
        return Ok(());
    }
    let grants = grant::until(&user.grants, until);
    policy::may_take_over(&actor, &grants, &unit.roles_of(user).await?, cx.now)
}

/// Where there is room for another key, and which one ended there.
fn place(present: &[ServiceKey], now: Timestamp) -> Result<(u8, Option<&ServiceKey>)> {
    let of_slot = |slot: u8| present.iter().find(|key| key.slot == slot);
    let free = (0..MAX_KEYS).find(|slot| of_slot(*slot).is_none_or(|key| !key.is_valid(now)));
    let slot = free.ok_or(Conflict::TooManyKeys(MAX_KEYS))?;
    Ok((slot, of_slot(slot)))
}

/// Revokes a key: from the next request on it opens nothing.
pub async fn revoke(cx: &Context, user: &UserRef, expected: &Expected, id: ServiceKeyId) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.user(user).await?;
        may_change(cx, &unit, &user).await?;
        expect(cx, &unit, &user, expected).await?;
        if !expected.is_anything() {
            unit.keep_user(&user);
        }
        let present = service_keys::of(&cx.app.table, &cx.tenant, user.id).await?;
        let key = present.iter().find(|key| key.id == id);
        unit.write(revoked(cx, key.ok_or(Error::NotFound(Noun::ServiceKey))?)?);
        Ok(())
    })
    .await
}

/// Revokes the key that this is the text of, on behalf of its account. What is none ends nothing.
pub(super) async fn revoke_text(cx: &Context, text: &str) -> Result<()> {
    let (caller, key) = match authenticate::identify_key(cx, text).await {
        Err(Error::InvalidToken) => return Ok(()),
        found => found?,
    };
    let own = Context {
        caller: Some(Arc::new(caller)),
        ..cx.clone()
    };
    match unit::write(&own, &revoked(&own, &key)?).await {
        Err(Error::NotFound(Noun::ServiceKey)) => Ok(()),
        outcome => outcome,
    }
}

fn revoked(cx: &Context, key: &ServiceKey) -> Result<[Write; 2]> {
    let row = row(cx, RightsKind::ServiceKeyRevoked, key, summary(key), Value::Null)?;
    Ok([service_keys::remove(key), row])
}

fn row(cx: &Context, kind: RightsKind, key: &ServiceKey, before: Value, after: Value) -> Result<Write> {
    record::rights(cx, kind, Target::User(key.user), before, after)
}

fn summary(key: &ServiceKey) -> Value {
    json!({
        "key": key.id,
        "name": key.name.as_str(),
        "hint": key.hint,
        "expiresAt": key.expires_at.map(time::text),
    })
}
