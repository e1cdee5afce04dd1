//! Signing keys, cached for ten seconds.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;
use tokio::sync::{OnceCell, RwLock};

use super::Context;
use crate::app::App;
use crate::error::{Error, Result};
use crate::proof::jwt::{Algorithm, KeySet, Signer, SigningKey};
use crate::store::signing_keys::{self, StoredKey};

/// How stale public keys may be.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// The keys as they were last read, and when.
#[derive(Debug, Default)]
pub struct Keyring(RwLock<Option<(Timestamp, Arc<Keys>)>>);

#[derive(Debug)]
pub struct Keys {
    pub public: KeySet,
    stored: Vec<StoredKey>,
    /// One for each of `stored`, unsealed when it first signs.
    signers: Vec<OnceCell<Signer>>,
}

impl Keyring {
    pub async fn keys(&self, app: &App, now: Timestamp) -> Result<Arc<Keys>> {
        let fresh = |held: &Option<(Timestamp, Arc<Keys>)>| {
            let (read_at, keys) = held.as_ref()?;
            (now.duration_since(*read_at) < FRESH).then(|| keys.clone())
        };
        if let Some(keys) = fresh(&*self.0.read().await) {
            return Ok(keys);
        }
        let mut held = self.0.write().await;
        if let Some(keys) = fresh(&held) {
            return Ok(keys);
        }
        let stored = signing_keys::all(&app.table).await?;
        let keys = match held.take() {
            // Nothing new: what was unsealed stays so, and so does what was proven.
            Some((_, old)) if old.stored == stored => old,
            _ => Arc::new(Keys::new(stored)),
        };
        *held = Some((now, keys.clone()));
        Ok(keys)
    }
}

impl Keys {
    fn new(stored: Vec<StoredKey>) -> Self {
        let public = KeySet::from_jwks(stored.iter().map(|key| key.jwk.clone()).collect());
        Self {
            public,
            signers: stored.iter().map(|_| OnceCell::new()).collect(),
            stored,
        }
    }

    /// The public keys as a JWK Set's members (RFC 7517), each in the same order of its members at every reading: the
    /// store gives them in none.
    pub fn jwks(&self) -> Vec<Value> {
        let mut jwks: Vec<Value> = self.stored.iter().map(|key| key.jwk.clone()).collect();
        jwks.iter_mut().for_each(Value::sort_all_objects);
        jwks
    }

    pub fn algorithms(&self) -> Vec<String> {
        let mut names: Vec<String> = self.stored.iter().map(|key| key.algorithm.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What signs now: the newest key that has been published for long enough.
    pub async fn signer(&self, app: &App, now: Timestamp) -> Result<&Signer> {
        let all = self.stored.iter().zip(&self.signers);
        let signing = all.filter(|(key, _)| key.signs_from <= now);
        let newest = signing.max_by_key(|(key, _)| (key.signs_from, &key.kid));
        let (key, signer) = newest.ok_or_else(|| Error::unavailable("there is no signing key: set-up has not run"))?;
        signer
            .get_or_try_init(|| async {
                let pkcs8 = unseal(app, key).await?;
                let algorithm: Algorithm = key.algorithm.parse().map_err(|_| Error::fault("a key's algorithm"))?;
                Signer::new(&SigningKey::from_pkcs8(algorithm, pkcs8.expose_secret())?)
            })
            .await
    }
}

pub(super) async fn unseal(app: &App, key: &StoredKey) -> Result<SecretSlice<u8>> {
    let master = app.master_key().await?;
    master.open(&key.sealed, key.kid.as_bytes()).map_err(|_| {
        Error::unavailable(format!(
            "the signing key {} cannot be unsealed: the master key is another one; see docs/operations.md, The master key",
            key.kid
        ))
    })
}

impl Context {
    pub async fn keys(&self) -> Result<Arc<Keys>> {
        self.app.keyring.keys(&self.app, self.now).await
    }
}
