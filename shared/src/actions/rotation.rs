//! Signing keys, made, published and taken away (see `domain::rotation`).

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Context, keyring};
use crate::domain::history::{RightsKind, Target};
use crate::domain::rotation::{self, KeyLife};
use crate::domain::tenant::TenantId;
use crate::domain::time;
use crate::error::{Error, Result};
use crate::metrics::Gauge;
use crate::proof::jwt::{Algorithm, SigningKey};
use crate::store::record;
use crate::store::signing_keys::{self, StoredKey};
use crate::store::table::Write;
use crate::store::unit::atomically;

/// Whatever is due: at a stack's first time a key that signs at once; then the next one, and away with those that no
/// token is left of. Answers how many were made. Called twice at once, it makes one of each.
/// Nothing is changed where the master key does not open the keys that sign now and next.
pub async fn rotate(cx: &Context) -> Result<usize> {
    // The first key, and after it the next one.
    let first = publish_due(cx).await?;
    let next = first && publish_due(cx).await?;
    Ok(usize::from(first) + usize::from(next))
}

/// Retires what is over, and publishes the one key that is due; whether one was.
async fn publish_due(cx: &Context) -> Result<bool> {
    let published = atomically(cx, |unit| async move {
        // Before the keys themselves: what is published between the two readings refuses what follows from them.
        let newest = signing_keys::newest(&cx.app.table).await?;
        let stored = signing_keys::all(&cx.app.table).await?;
        let algorithm = cx.app.settings.jwt_algorithm.unwrap_or_default();
        let keys: Vec<KeyLife> = stored.iter().map(life).collect();
        let current = rotation::current(&keys, cx.now);
        opens(cx, &stored, current).await?;
        if let Some(current) = current {
            let days = cx.now.duration_since(current.signs_from).as_hours() / 24;
            let days = u64::try_from(days).unwrap_or(0);
            cx.app.metrics.measure(Gauge::SigningKeyAgeDays, days);
        }
        let due = rotation::due(&keys, &algorithm.to_string(), cx.now);
        for kid in &due.retire {
            tracing::info!(event = "key_retired", kid, "a signing key was retired");
        }
        for key in stored.iter().filter(|key| due.retire.contains(&key.kid)) {
            unit.write(signing_keys::retire(key)?);
        }
        if let Some(current) = current.filter(|_| !due.retire.is_empty()) {
            unit.write([signing_keys::stays(&current.kid)]);
        }
        let Some(signs_from) = due.publish else { return Ok(None) };
        let key = new(cx, algorithm, signs_from).await?;
        unit.write(signing_keys::publish(&key, newest.as_deref())?);
        Ok(Some(key))
    });
    let Some(StoredKey { kid, signs_from, .. }) = published.await? else {
        return Ok(false);
    };
    tracing::info!(event = "key_published", kid, %signs_from, "a signing key was published");
    Ok(true)
}

/// That the master key is the one that these keys were sealed under. A next key sealed under another one would sign in a
/// month, when the right one is long back, and could not be opened then.
async fn opens(cx: &Context, stored: &[StoredKey], current: Option<&KeyLife>) -> Result<()> {
    let signing = current.map_or(cx.now, |key| key.signs_from);
    for key in stored.iter().filter(|key| key.signs_from >= signing) {
        keyring::unseal(&cx.app, key).await?;
    }
    Ok(())
}

/// Publishes a key for the operator, whatever is due: it signs at once, or once everybody who verifies knows it. Answers
/// its id, and from when on it signs.
pub async fn publish(cx: &Context, at_once: bool) -> Result<(String, Timestamp)> {
    atomically(cx, |unit| async move {
        let newest = signing_keys::newest(&cx.app.table).await?;
        let stored = signing_keys::all(&cx.app.table).await?;
        let keys: Vec<KeyLife> = stored.iter().map(life).collect();
        opens(cx, &stored, rotation::current(&keys, cx.now)).await?;
        let signs_from = if at_once { cx.now } else { cx.now + rotation::LEAD };
        let key = new(cx, as_stored(cx, &stored), signs_from).await?;
        unit.write(signing_keys::publish(&key, newest.as_deref())?);
        unit.write([made(cx, &key)?]);
        Ok((key.kid, signs_from))
    })
    .await
}

/// What became of keys that were taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    pub kids: Vec<String>,
    /// The key that signs from now on, where one had to be made.
    pub published: Option<String>,
}

/// Takes this key away at once, or all of them: what they signed is refused as soon as nobody keeps them. Where none is
/// left that signs, another does from now on; only that needs the master key.
pub async fn revoke(cx: &Context, kid: Option<&str>) -> Result<Revoked> {
    atomically(cx, |unit| async move {
        let newest = signing_keys::newest(&cx.app.table).await?;
        let stored = signing_keys::all(&cx.app.table).await?;
        let algorithm = as_stored(cx, &stored);
        let (gone, left): (Vec<StoredKey>, Vec<StoredKey>) =
            stored.into_iter().partition(|key| kid.is_none_or(|kid| key.kid == kid));
        if gone.is_empty() && kid.is_some() {
            return Err(Error::invalid("/kid", "there is no signing key of this id"));
        }
        for key in &gone {
            unit.write([signing_keys::revoke(&key.kid)]);
            let was = json!({ "kid": key.kid });
            unit.write([record::rights(
                cx,
                RightsKind::SigningKeyRevoked,
                stack(),
                was,
                Value::Null,
            )?]);
        }
        let lives: Vec<KeyLife> = left.iter().map(life).collect();
        let mut published = None;
        if let Some(current) = rotation::current(&lives, cx.now) {
            unit.write([signing_keys::stays(&current.kid)]);
        } else {
            let key = new(cx, algorithm, cx.now).await?;
            unit.write(signing_keys::publish(&key, newest.as_deref())?);
            unit.write([made(cx, &key)?]);
            published = Some(key.kid);
        }
        let kids = gone.into_iter().map(|key| key.kid).collect();
        Ok(Revoked { kids, published })
    })
    .await
}

fn made(cx: &Context, key: &StoredKey) -> Result<Write> {
    let is = json!({ "kid": key.kid, "algorithm": key.algorithm, "signsFrom": time::text(key.signs_from) });
    record::rights(cx, RightsKind::SigningKeyMade, stack(), Value::Null, is)
}

/// Keys are the whole stack's, which is recorded in its first tenant.
fn stack() -> Target {
    Target::Tenant(TenantId::main())
}

fn life(key: &StoredKey) -> KeyLife {
    KeyLife {
        kid: key.kid.clone(),
        algorithm: key.algorithm.clone(),
        signs_from: key.signs_from,
    }
}

/// How a key of the operator's signs, who has none of the stack's settings at hand: as the key of set-up's that signs last,
/// which is of the algorithm that the stack is set to.
fn as_stored(cx: &Context, stored: &[StoredKey]) -> Algorithm {
    let last = || stored.iter().max_by_key(|key| key.signs_from)?.algorithm.parse().ok();
    cx.app.settings.jwt_algorithm.or_else(last).unwrap_or_default()
}

async fn new(cx: &Context, algorithm: Algorithm, signs_from: Timestamp) -> Result<StoredKey> {
    let key = SigningKey::generate(algorithm)?;
    let master = cx.app.master_key().await?;
    Ok(StoredKey {
        kid: key.kid().to_owned(),
        algorithm: algorithm.to_string(),
        jwk: key.public_jwk(),
        sealed: master.seal(key.pkcs8().expose_secret(), key.kid().as_bytes())?,
        created_at: cx.now,
        signs_from,
    })
}
