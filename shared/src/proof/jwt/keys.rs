//! Signing keys and what is published of them: JSON Web Keys (RFC 7517, 7518 section 6, 8037).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{DecodingKeyKind, EncodingKey};
use pkcs8::PrivateKeyInfoRef;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;

use crate::error::{Error, Result};

/// How a token is signed. Each name is the `alg` of RFC 7518 section 3.1 and RFC 8037 section 3.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519: the default, small and quick.
    #[default]
    EdDsa,
    Es256,
    /// RSA with PKCS#1 v1.5, 3072 bits (a strength of 128): what a stock API Gateway JWT authorizer asks for.
    Rs256,
}

/// There is no such algorithm, or it is not one that we sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown signing algorithm: use EdDSA, ES256 or RS256")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

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

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDSA,
            Algorithm::Es256 => Self::ES256,
            Algorithm::Rs256 => Self::RS256,
        }
    }
}

#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    kid: String,
    jwk: Value,
    pkcs8: SecretSlice<u8>,
}

impl SigningKey {
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let pkcs8 = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| SecretSlice::from(der.as_ref().to_vec())),
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1())
                .map(|der| SecretSlice::from(der.as_ref().to_vec())),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072)
                .and_then(|pair| pair.as_der())
                .map(|der| SecretSlice::from(der.as_ref().to_vec())),
        };
        let pkcs8 = pkcs8.map_err(|_| Error::fault("a signing key cannot be generated"))?;
        Self::from_pkcs8(algorithm, pkcs8.expose_secret())
    }

    /// The key that [`pkcs8`](Self::pkcs8) wrote.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self> {
        let rejected = || Error::fault(format!("a signing key is not one for {algorithm}"));
        let key = encoding_key(algorithm, pkcs8).ok_or_else(rejected)?;
        let mut jwk = Jwk::from_encoding_key(&key, algorithm.into()).map_err(|_| rejected())?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(Error::fault)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(kid.clone());
        Ok(Self {
            algorithm,
            jwk: serde_json::to_value(&jwk).map_err(Error::fault)?,
            kid,
            pkcs8: pkcs8.to_vec().into(),
        })
    }

    /// Its name: the JWK thumbprint (RFC 7638), so that a key has one name and a name one key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn public_jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// The private half, to be sealed and stored.
    pub const fn pkcs8(&self) -> &SecretSlice<u8> {
        &self.pkcs8
    }
}

/// PKCS#8 in, and for RSA the PKCS#1 (RFC 8017 appendix A.1.2) in it.
fn encoding_key(algorithm: Algorithm, pkcs8: &[u8]) -> Option<EncodingKey> {
    Some(match algorithm {
        Algorithm::EdDsa => EncodingKey::from_ed_der(pkcs8),
        Algorithm::Es256 => EncodingKey::from_ec_der(pkcs8),
        Algorithm::Rs256 => {
            let info = PrivateKeyInfoRef::try_from(pkcs8).ok()?;
            EncodingKey::from_rsa_der(info.private_key.as_bytes())
        }
    })
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

/// Whether a JWK describes a key at all: a point on the curve; an RSA modulus of 2048 to 4096 bits with the usual
/// exponent. The library takes any numbers.
pub(super) fn is_sound(algorithm: Algorithm, jwk: &AlgorithmParameters, key: &DecodingKeyKind) -> bool {
    match (algorithm, jwk, key) {
        (Algorithm::EdDsa, AlgorithmParameters::OctetKeyPair(jwk), DecodingKeyKind::SecretOrDer(x)) => {
            jwk.curve == EllipticCurve::Ed25519 && x.len() == 32 && ParsedPublicKey::new(&ED25519, x).is_ok()
        }
        (Algorithm::Es256, AlgorithmParameters::EllipticCurve(jwk), DecodingKeyKind::SecretOrDer(point)) => {
            jwk.curve == EllipticCurve::P256 && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_ok()
        }
        (Algorithm::Rs256, AlgorithmParameters::RSA(jwk), DecodingKeyKind::RsaModulusExponent { n, e }) => {
            let is_whole = (256..=512).contains(&n.len()) && n.first().is_some_and(|high| high & 0x80 != 0);
            let key = RsaPublicKeyComponents { n, e };
            is_whole && jwk.e == "AQAB" && key.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).is_ok()
        }
        _ => false,
    }
}
