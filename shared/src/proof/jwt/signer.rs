//! What signs. The private key is read and what follows from it derived once, and not for each signature.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::keys::{Algorithm, SigningKey};
use super::{AccessClaims, MAX_TOKEN, RESERVED, TYPE, ascii};
use crate::error::{Error, Result};

pub struct Signer {
    algorithm: Algorithm,
    kid: String,
    pair: Pair,
}

enum Pair {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl Signer {
    pub fn new(key: &SigningKey) -> Result<Self> {
        let pkcs8 = key.pkcs8().expose_secret();
        let pair = match key.algorithm() {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::EdDsa),
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Pair::Es256),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(Pair::Rs256),
        };
        Ok(Self {
            algorithm: key.algorithm(),
            kid: key.kid().to_owned(),
            pair: pair.map_err(|_| Error::fault("a signing key is not PKCS#8"))?,
        })
    }

    /// A token of these claims, whose payload plain base64 and JSON read as well, unless it would be too long for that.
    pub fn sign(&self, claims: &AccessClaims) -> Result<SecretString> {
        if let Some(name) = RESERVED.iter().find(|name| claims.extra.contains_key(**name)) {
            return Err(Error::fault(format!("the claim {name} is not for a contract to set")));
        }
        let mut token = self.compact(TYPE, &ascii::to_vec(claims).map_err(Error::fault)?)?;
        // Escaped, it can be three times as long: names that fit as they are stay so.
        if token.len() > MAX_TOKEN {
            token = self.compact(TYPE, &serde_json::to_vec(claims).map_err(Error::fault)?)?;
        }
        if token.len() > MAX_TOKEN {
            return Err(Error::fault(format!(
                "a token of {} bytes would be refused",
                token.len()
            )));
        }
        Ok(token.into())
    }

    /// This JSON, signed, as the JWS compact serialisation has it (RFC 7515 section 7.1).
    pub(super) fn compact(&self, typ: &str, json: &[u8]) -> Result<String> {
        let header = json!({ "typ": typ, "alg": self.algorithm.name(), "kid": self.kid });
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(json, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>> {
        let refused = |_| Error::fault("a signature was refused");
        let random = SystemRandom::new();
        Ok(match &self.pair {
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Es256(pair) => pair.sign(&random, message).map_err(refused)?.as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.map_err(refused)?;
                signature
            }
        })
    }
}

impl fmt::Debug for Signer {
    /// Which it is, and nothing of the private half.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}
