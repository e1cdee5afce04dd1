//! Verifies Usher's access tokens by its published keys. Needs the crates jsonwebtoken, reqwest (`json`), serde (`derive`)
//! and tokio (`sync`).

use std::error::Error;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::sync::Mutex;

/// How long keys are used before they are fetched again, and how soon a token that names another key has them fetched.
const KEPT: Duration = Duration::from_mins(10);
const REST: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub tid: String,
    pub sid: String,
    pub roles: Vec<String>,
}

pub struct Verifier {
    jwks: String,
    tenant: String,
    validation: Validation,
    keys: Mutex<(JwkSet, Option<Instant>)>,
}

impl Verifier {
    pub fn new(issuer: &str, algorithm: Algorithm, audience: &str, tenant: &str) -> Self {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.leeway = 0;
        Self {
            jwks: format!("{issuer}/.well-known/jwks.json"),
            tenant: tenant.to_owned(),
            validation,
            keys: Mutex::new((JwkSet { keys: Vec::new() }, None)),
        }
    }

    pub async fn verify(&self, token: &str) -> Result<Claims, Box<dyn Error + Send + Sync>> {
        let header = decode_header(token)?;
        if header.typ.as_deref() != Some("at+jwt") {
            return Err("not an access token".into());
        }
        let key = self.key(&header.kid.ok_or("it names no key")?).await?;
        let claims: Claims = decode(token, &key, &self.validation)?.claims;
        if claims.tid != self.tenant {
            return Err("of another tenant".into());
        }
        Ok(claims)
    }

    async fn key(&self, kid: &str) -> Result<DecodingKey, Box<dyn Error + Send + Sync>> {
        let mut keys = self.keys.lock().await;
        let (set, fetched) = &mut *keys;
        let longest = if set.find(kid).is_some() { KEPT } else { REST };
        if fetched.is_none_or(|at| at.elapsed() > longest) {
            *fetched = Some(Instant::now());
            *set = reqwest::get(&self.jwks).await?.error_for_status()?.json().await?;
        }
        let jwk = set.find(kid).ok_or("it names a key that is not published")?;
        Ok(DecodingKey::from_jwk(jwk)?)
    }
}
