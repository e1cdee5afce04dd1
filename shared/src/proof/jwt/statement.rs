//! What the stack signs beside access tokens: statements of another `typ`, so that neither is ever taken for the other
//! (RFC 8725 section 3.11).

use jsonwebtoken::Validation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{KeySet, Refusal, Signer, object};
use crate::error::{Error, Result};

/// What a statement says that nobody verified, for comparisons that harm nothing where it is not so.
pub fn unverified<T: DeserializeOwned>(statement: &str) -> Option<T> {
    let payload = object(statement.split('.').nth(1)?).ok()?;
    serde_json::from_value(Value::Object(payload)).ok()
}

impl Signer {
    /// Signs this as a statement of this type.
    pub fn state(&self, typ: &str, content: &impl Serialize) -> Result<String> {
        self.compact(typ, &serde_json::to_vec(content).map_err(Error::fault)?)
    }
}

impl KeySet {
    /// What a statement of this type states, and which key signed it.
    pub fn stated<T: DeserializeOwned>(&self, statement: &str, typ: &str) -> Result<(String, T), Refusal> {
        let header = object(statement.split('.').next().unwrap_or_default())?;
        let text = |name: &str| header.get(name).and_then(Value::as_str).ok_or(Refusal::Header);
        let (alg, kid) = (text("alg")?, text("kid")?);
        if text("typ")? != typ {
            return Err(Refusal::Type);
        }
        let key = self.0.iter().find(|key| key.kid == kid).ok_or(Refusal::UnknownKey)?;
        if header.len() != 3 || alg != key.algorithm.name() {
            return Err(Refusal::Algorithm);
        }
        // It has no end: it states what was so when it was signed.
        let mut validation = Validation::new(key.algorithm.into());
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let stated = jsonwebtoken::decode(statement, &key.key, &validation);
        let stated = stated.map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
            _ => Refusal::Malformed,
        })?;
        Ok((kid.to_owned(), stated.claims))
    }
}
