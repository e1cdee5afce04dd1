//! Signing keys and what is published of them: JSON Web Keys (RFC 7517, 7518 section 6, 8037).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// How a token is signed. Each name is the `alg` of RFC 7518 section 3.1 and RFC 8037 section 3.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519: the default, small and quick.
    #[default]
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSA with PKCS#1 v1.5, 2048 bits: what a stock API Gateway JWT authorizer asks for.
    #[serde(rename = "RS256")]
    Rs256,
}

/// There is no such algorithm, or it is not one that we sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown signing algorithm: use EdDSA, ES256 or RS256")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

    /// Its name in a header or a key.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Exactly as it is written in a header: the names are case-sensitive.
    fn from_str(text: &str) -> std::result::Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or(UnknownAlgorithm)
    }
}

/// A key that signs tokens.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    kid: String,
    jwk: Value,
    pkcs8: SecretSlice<u8>,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Error::Fault`] where the operating system gives no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let pkcs8 = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| SecretSlice::from(der.as_ref().to_vec())),
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| SecretSlice::from(der.as_ref().to_vec())),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048)
                .and_then(|pair| pair.as_der())
                .map(|der| SecretSlice::from(der.as_ref().to_vec())),
        };
        let pkcs8 = pkcs8.map_err(|_| Error::fault("a signing key cannot be generated"))?;
        Self::from_pkcs8(algorithm, pkcs8.expose_secret())
    }

    /// The key that [`pkcs8`](Self::pkcs8) wrote.
    ///
    /// # Errors
    /// [`Error::Fault`] where the bytes are not an unencrypted PKCS#8 (RFC 5208) private key for the algorithm.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self> {
        let material = Material::of_private(algorithm, pkcs8)
            .ok_or_else(|| Error::fault(format!("a signing key is not one for {algorithm}")))?;
        let kid = material.thumbprint();
        Ok(Self {
            algorithm,
            jwk: material.jwk(&kid),
            kid,
            pkcs8: pkcs8.to_vec().into(),
        })
    }

    /// Its name: the JWK thumbprint (RFC 7638), so that a key has one name and a name one key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What is published of it.
    pub fn public_jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// The private half, to be sealed and stored.
    pub const fn pkcs8(&self) -> &SecretSlice<u8> {
        &self.pkcs8
    }

    /// The private half as the JWT library takes it: PKCS#8, but for RSA the PKCS#1 (RFC 8017 appendix A.1.2) in it.
    pub(super) fn library_der(&self) -> Option<&[u8]> {
        let pkcs8 = self.pkcs8.expose_secret();
        match self.algorithm {
            Algorithm::EdDsa | Algorithm::Es256 => Some(pkcs8),
            Algorithm::Rs256 => pkcs1(pkcs8),
        }
    }
}

impl fmt::Debug for SigningKey {
    /// Its name and kind, and nothing of the private half.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The public half, as numbers that were found to be a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    Ed25519 { x: [u8; 32] },
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Material {
    fn of_private(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Self> {
        let material = match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
                let x = pair.public_key().as_ref().try_into().ok()?;
                Self::Ed25519 { x }
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
                let (_, point) = pair.public_key().as_ref().split_first()?;
                let (x, y) = point.split_first_chunk::<32>()?;
                Self::P256 {
                    x: *x,
                    y: y.try_into().ok()?,
                }
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                Self::Rsa { n, e }
            }
        };
        material.is_sound().then_some(material)
    }

    /// The public half that a JWK describes, if it is a sound one for the algorithm.
    pub(super) fn of_jwk(algorithm: Algorithm, jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let fixed = |name: &str| <[u8; 32]>::try_from(bytes(name)?).ok();
        let material = match (algorithm, text("kty")?, text("crv")) {
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => Self::Ed25519 { x: fixed("x")? },
            (Algorithm::Es256, "EC", Some("P-256")) => Self::P256 {
                x: fixed("x")?,
                y: fixed("y")?,
            },
            (Algorithm::Rs256, "RSA", None) => Self::Rsa {
                n: bytes("n")?,
                e: bytes("e")?,
            },
            _ => return None,
        };
        material.is_sound().then_some(material)
    }

    /// Whether it is a key at all: a point on the curve; an RSA modulus of 2048 to 4096 bits with the usual exponent.
    fn is_sound(&self) -> bool {
        match self {
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x).is_ok(),
            Self::P256 { .. } => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point()).is_ok(),
            Self::Rsa { n, e } => {
                (256..=512).contains(&n.len())
                    && n.first().is_some_and(|high| high & 0x80 != 0)
                    && e == &[1, 0, 1]
                    && RsaPublicKeyComponents { n, e }
                        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                        .is_ok()
            }
        }
    }

    /// The bytes of the point, for a curve: compressed by its own rules for Ed25519 (RFC 8032), uncompressed for P-256
    /// (SEC 1 section 2.3.3).
    pub(super) fn point(&self) -> Vec<u8> {
        match self {
            Self::Ed25519 { x } => x.to_vec(),
            Self::P256 { x, y } => [&[4][..], x, y].concat(),
            Self::Rsa { .. } => Vec::new(),
        }
    }

    /// RFC 7638: the SHA-256 of the required members, in the order of their names.
    pub(super) fn thumbprint(&self) -> String {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match self {
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x)),
            Self::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y)),
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
        };
        b64(digest(&SHA256, members.as_bytes()).as_ref())
    }

    fn jwk(&self, kid: &str) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed25519 { x } => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": b64(x), "alg": "EdDSA", "use": "sig", "kid": kid})
            }
            Self::P256 { x, y } => {
                json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "alg": "ES256", "use": "sig", "kid": kid})
            }
            Self::Rsa { n, e } => {
                json!({"kty": "RSA", "n": b64(n), "e": b64(e), "alg": "RS256", "use": "sig", "kid": kid})
            }
        }
    }
}

/// The PKCS#1 key inside a PKCS#8 one: `SEQUENCE { INTEGER, SEQUENCE algorithm, OCTET STRING key }`.
fn pkcs1(pkcs8: &[u8]) -> Option<&[u8]> {
    let (fields, _) = der(0x30, pkcs8)?;
    let (_version, fields) = der(0x02, fields)?;
    let (_algorithm, fields) = der(0x30, fields)?;
    let (key, _) = der(0x04, fields)?;
    Some(key)
}

/// The content of the DER element with this tag that `input` begins with, and what follows it.
fn der(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([found, first], rest) = input.split_first_chunk::<2>()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => rest
            .split_first_chunk::<1>()
            .map(|([len], rest)| (usize::from(*len), rest))?,
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(len, rest)| (usize::from(u16::from_be_bytes(*len)), rest))?,
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(len))?
}
