//! Access tokens: JWTs (RFC 7519) in the profile of RFC 9068, verified as RFC 8725 asks.
//!
//! The library verifies signatures. All else is checked here, each time: that a header has nothing but what ours have,
//! that no member is named twice (RFC 8725 section 2.4), the claims, and the times by the `now` of the request. A token
//! that verifies still authorises nothing by itself; the account's present state does.

mod ascii;
mod keys;
mod proven;
mod signer;
mod statement;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::keys::{Algorithm, SigningKey, UnknownAlgorithm};
use self::proven::Proven;
pub use self::signer::Signer;
pub use self::statement::unverified;
use crate::error::{Error, Result};
use crate::id::{RoleId, SessionId, UserId};
use crate::json::Object;

/// The `typ` of our tokens (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";
/// How long after its `exp` a token still holds, in seconds. Not at all: issuer and verifier are one system.
pub const EXPIRY_LEEWAY: i64 = 0;
/// How far ahead of our clock a token's `iat` and `nbf` may be, in seconds: what two machines' clocks may differ by.
pub const SKEW_LEEWAY: i64 = 5;
/// The longest token that is looked at. API Gateway takes 10 KiB of headers in all.
const MAX_TOKEN: usize = 8 * 1024;
/// The longest `kid` that is looked up. Ours have 43 letters.
const MAX_KID: usize = 64;
/// Claims that are not for [`AccessClaims::extra`] to set.
const RESERVED: [&str; 13] = [
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid", "tid", "roles", "role_ids", "gen", "att",
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub sub: UserId,
    pub aud: String,
    /// When it ends, in seconds since 1970: it no longer holds at this second.
    pub exp: i64,
    pub iat: i64,
    pub jti: Uuid,
    pub sid: SessionId,
    pub tid: String,
    /// The names of the account's roles when it was issued; for the client to read, never for us to believe.
    pub roles: Vec<String>,
    /// The same roles by id: what to fetch in order to authorise a request.
    pub role_ids: Vec<RoleId>,
    /// How many rotations of the refresh token lay before it ([`RefreshToken::depth`](super::opaque::RefreshToken)).
    #[serde(rename = "gen")]
    pub generation: u32,
    /// Which attempt of that rotation it came from.
    #[serde(rename = "att")]
    pub attempt: u32,
    /// What a contract wants its clients to read besides.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl AccessClaims {
    pub fn expires_at(&self) -> Result<Timestamp> {
        Timestamp::from_second(self.exp).map_err(|_| Error::InvalidToken)
    }
}

/// Why a token is refused, for tests to tell apart. A caller gets [`Error::InvalidToken`] and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    TooLong,
    /// It is not three parts of canonical base64url with JSON objects that name each member once.
    Malformed,
    /// Its header has a member that ours never have (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`, …), or lacks one.
    Header,
    Type,
    /// It names a key that is not in the set. Its `kid` is well-formed: it may be a key that was published just now.
    UnknownKey,
    Algorithm,
    Signature,
    /// A claim is missing or has another type than ours.
    Claims,
    Issuer,
    Audience,
    Expired,
    NotYet,
}

impl From<Refusal> for Error {
    fn from(_: Refusal) -> Self {
        Self::InvalidToken
    }
}

/// Checks that a token is one of ours, for us, and valid now.
#[derive(Debug, Clone)]
pub struct Verifier {
    issuer: String,
    audience: String,
}

impl Verifier {
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
        }
    }

    /// The claims of a token that is valid at `now`.
    ///
    /// The algorithm is the key's, never the header's; `aud` is one string, exactly ours (we issue no arrays, and
    /// RFC 8725 section 3.9 is simplest kept so). No key is fetched.
    pub fn verify(&self, token: &str, keys: &KeySet, now: Timestamp) -> std::result::Result<AccessClaims, Refusal> {
        let (header, payload) = parts(token)?;
        let key = keys.for_header(&object(header)?)?;
        key.prove(token)?;
        let claims = object(payload)?;
        let is = |name: &str, own: &str| claims.get(name).and_then(Value::as_str) == Some(own);
        if !is("iss", &self.issuer) {
            return Err(Refusal::Issuer);
        }
        if !is("aud", &self.audience) {
            return Err(Refusal::Audience);
        }
        check_times(&claims, now)?;
        serde_json::from_value(Value::Object(claims)).map_err(|_| Refusal::Claims)
    }
}

/// The header and the payload of a token in the JWS compact serialisation (RFC 7515 section 7.1), as they are encoded.
fn parts(token: &str) -> std::result::Result<(&str, &str), Refusal> {
    if token.len() > MAX_TOKEN {
        return Err(Refusal::TooLong);
    }
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    match parts[..] {
        [header, payload, signature] if !signature.is_empty() => Ok((header, payload)),
        _ => Err(Refusal::Malformed),
    }
}

fn object(part: &str) -> std::result::Result<Map<String, Value>, Refusal> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)?;
    let Object(members) = serde_json::from_slice(&json).map_err(|_| Refusal::Malformed)?;
    Ok(members)
}

/// RFC 7519 sections 4.1.4 to 4.1.6: it ends at `exp`, and begins at `nbf` and not before it was issued.
fn check_times(claims: &Map<String, Value>, now: Timestamp) -> std::result::Result<(), Refusal> {
    let now = i128::from(now.as_millisecond());
    let millis = |claim: &Value, leeway: i64| {
        // An integer literally, and none before 1970: `as_u64` is `None` for a float.
        let seconds = claim.as_u64().ok_or(Refusal::Claims)?;
        Ok::<_, Refusal>((i128::from(seconds) + i128::from(leeway)) * 1000)
    };
    let end = millis(claims.get("exp").ok_or(Refusal::Claims)?, EXPIRY_LEEWAY)?;
    let issued = millis(claims.get("iat").ok_or(Refusal::Claims)?, -SKEW_LEEWAY)?;
    let start = match claims.get("nbf") {
        Some(nbf) => issued.max(millis(nbf, -SKEW_LEEWAY)?),
        None => issued,
    };
    if now >= end {
        return Err(Refusal::Expired);
    }
    if now < start {
        return Err(Refusal::NotYet);
    }
    Ok(())
}

#[derive(Debug, Clone)]
struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
    /// What it was found to have signed. It goes with the key: of one that is published no more, nothing is remembered.
    proven: Arc<Proven>,
}

impl PublicKey {
    /// Whether it signed this token.
    fn prove(&self, token: &str) -> std::result::Result<(), Refusal> {
        self.proven.or_prove(token, || self.has_signed(token))
    }

    fn has_signed(&self, token: &str) -> std::result::Result<(), Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, self.algorithm.into()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Signature),
            Err(_) => Err(Refusal::Malformed),
        }
    }

    /// The key that a JWK (RFC 7517) describes. `None` where it is not one of ours: no `kid` or `alg`, another use, a
    /// private half, or numbers that are no key.
    fn from_jwk(jwk: &Value) -> Option<Self> {
        if jwk.get("d").is_some() {
            return None;
        }
        let jwk = Jwk::deserialize(jwk).ok()?;
        let algorithm = jwk.common.key_algorithm?.to_string().parse().ok()?;
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let sound = jwk.common.public_key_use == Some(PublicKeyUse::Signature)
            && keys::is_sound(algorithm, &jwk.algorithm, key.kind());
        let kid = jwk.common.key_id.filter(|kid| sound && is_kid(kid))?;
        Some(Self {
            kid,
            algorithm,
            key,
            proven: Arc::default(),
        })
    }
}

/// The keys that are valid now: the next, the current and the previous ones.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// The keys of these JWKs. What is no usable key is left out, and so are different keys of one name: a token must
    /// not get to choose among them.
    pub fn from_jwks(jwks: Vec<Value>) -> Self {
        let mut distinct: Vec<Value> = Vec::new();
        for jwk in jwks {
            if !distinct.contains(&jwk) {
                distinct.push(jwk);
            }
        }
        let namesakes = |kid: &str| distinct.iter().filter(|jwk| jwk["kid"] == kid).count();
        let keys = distinct.iter().filter_map(PublicKey::from_jwk);
        Self(keys.filter(|key| namesakes(&key.kid) == 1).collect())
    }

    /// The key for a token with this header. The header has `alg`, `kid` and `typ`, and nothing else: no key, no
    /// place to fetch one from, nothing that asks to be understood.
    fn for_header(&self, header: &Map<String, Value>) -> std::result::Result<&PublicKey, Refusal> {
        let text = |name: &str| header.get(name).and_then(Value::as_str).ok_or(Refusal::Header);
        let (alg, kid, typ) = (text("alg")?, text("kid")?, text("typ")?);
        if header.len() != 3 || !is_kid(kid) {
            return Err(Refusal::Header);
        }
        // A media type, so without regard to case, and its `application/` may be left out (RFC 7515 section 4.1.9).
        if !typ.eq_ignore_ascii_case(TYPE) && !typ.eq_ignore_ascii_case("application/at+jwt") {
            return Err(Refusal::Type);
        }
        let key = self.0.iter().find(|key| key.kid == kid).ok_or(Refusal::UnknownKey)?;
        if alg != key.algorithm.name() {
            return Err(Refusal::Algorithm);
        }
        Ok(key)
    }
}

/// Whether this can be the name of a key: letters of base64url, and not many.
fn is_kid(kid: &str) -> bool {
    let letters = kid
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    letters && (1..=MAX_KID).contains(&kid.len())
}

#[cfg(test)]
mod tests;
