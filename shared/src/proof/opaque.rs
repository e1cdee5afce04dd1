//! Opaque secrets: what we give out once, and know again by its SHA-256.
//!
//! Each is a typed prefix, random bits in base64url (RFC 4648 section 5) and a CRC-32. The prefix lets a secret
//! scanner find it in a repository; the CRC shows offline that a string is not one of ours, so that a
//! typing error costs no look-up. Neither is a protection: the 256 random bits are. A plain SHA-256 is enough to keep
//! such a secret (OWASP ASVS 6.5.2 asks for a slow hash only below 112 bits of entropy).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::ambient;
use crate::error::Result;
use crate::id::{SessionId, UserId};

mod service;

pub use service::ServiceToken;

/// No opaque secret is longer; what is longer is not looked at.
const MAX_LEN: usize = 256;
/// `_` and eight hexadecimal digits.
const CRC_LEN: usize = 9;

/// What an opaque secret is for. One kind never parses as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Keeps a session going. See [`RefreshToken`], which is what sessions use.
    Refresh,
    /// Works once, out of a mail: verification, reset, invitation. The purpose is in the store, not in the text.
    OneTime,
    ApiKey,
    /// Acts as a service account. See [`ServiceToken`].
    ServiceKey,
}

impl Kind {
    /// What the text begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "usher_rt_",
            Self::OneTime => "usher_ot_",
            Self::ApiKey => "usher_ak_",
            Self::ServiceKey => "usher_sk_",
        }
    }
}

/// A secret of 256 random bits.
#[derive(Debug, Clone)]
pub struct Opaque {
    kind: Kind,
    text: SecretString,
    digest: Digest,
}

impl Opaque {
    pub fn mint(kind: Kind) -> Result<Self> {
        let secret = Zeroizing::new(ambient::random::<32>()?);
        Ok(Self::from_text(kind, frame(kind, secret.as_slice())))
    }

    /// The secret that this text is, if it has the form of one of this kind.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let body = unframe(kind, text)?;
        (body.len() == 32).then(|| Self::from_text(kind, text.into()))
    }

    fn from_text(kind: Kind, text: SecretString) -> Self {
        let digest = Digest::of(text.expose_secret().as_bytes());
        Self { kind, text, digest }
    }

    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The text that is given out.
    pub const fn text(&self) -> &SecretString {
        &self.text
    }

    /// What is stored in its place.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// What keeps a session going: used once, and answered with the next.
///
/// The token names the session it belongs to, so the session is found by its key: no item that maps tokens to
/// sessions is written at every rotation, and none is left over. `depth` counts the rotations and `attempt` the
/// successors that were made at one depth (an answer that is lost is asked for again).
///
/// Of the two secrets `family` stays the same for the life of the session and `secret` is new in each token. A session
/// stores the digests of its current and its previous token only; by the family's digest a token of any older
/// generation is still known to be authentic, and so its reuse is theft (RFC 9700 section 4.14.2) and not somebody
/// making up tokens in order to end other people's sessions.
#[derive(Clone)]
pub struct RefreshToken {
    user: UserId,
    session: SessionId,
    depth: u32,
    attempt: u32,
    family: Zeroizing<[u8; 16]>,
    secret: Zeroizing<[u8; 32]>,
}

impl RefreshToken {
    const LEN: usize = 16 + 16 + 4 + 4 + 16 + 32;

    /// The first token of a session: depth and attempt 0, and a new family.
    pub fn first(user: UserId, session: SessionId) -> Result<Self> {
        Ok(Self {
            user,
            session,
            depth: 0,
            attempt: 0,
            family: Zeroizing::new(ambient::random()?),
            secret: Zeroizing::new(ambient::random()?),
        })
    }

    /// A successor of this token: the same session and family, a secret of its own.
    pub fn next(&self, depth: u32, attempt: u32) -> Result<Self> {
        Ok(Self {
            depth,
            attempt,
            secret: Zeroizing::new(ambient::random()?),
            ..self.clone()
        })
    }

    /// The token that this text is, if it has the form of one. Its content is only a claim until
    /// [`digest`](Self::digest) or [`family_digest`](Self::family_digest) is found in the session.
    pub fn parse(text: &str) -> Option<Self> {
        let body = unframe(Kind::Refresh, text)?;
        let (user, rest) = body.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (depth, rest) = rest.split_first_chunk::<4>()?;
        let (attempt, rest) = rest.split_first_chunk::<4>()?;
        let (family, rest) = rest.split_first_chunk::<16>()?;
        Some(Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            depth: u32::from_be_bytes(*depth),
            attempt: u32::from_be_bytes(*attempt),
            family: Zeroizing::new(*family),
            secret: Zeroizing::new(rest.try_into().ok()?),
        })
    }

    /// The text that is given out.
    pub fn text(&self) -> SecretString {
        let mut body = Zeroizing::new(Vec::with_capacity(Self::LEN));
        body.extend_from_slice(self.user.uuid().as_bytes());
        body.extend_from_slice(self.session.uuid().as_bytes());
        body.extend_from_slice(&self.depth.to_be_bytes());
        body.extend_from_slice(&self.attempt.to_be_bytes());
        body.extend_from_slice(self.family.as_slice());
        body.extend_from_slice(self.secret.as_slice());
        frame(Kind::Refresh, &body)
    }

    /// What is stored in place of this token. It covers the whole text, so that no part can be exchanged.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().expose_secret().as_bytes())
    }

    /// What is stored to know all tokens of the session by. It covers the session too: a family is worth nothing in
    /// another one.
    pub fn family_digest(&self) -> Digest {
        let mut input = Zeroizing::new(b"usher refresh token family\0".to_vec());
        input.extend_from_slice(self.user.uuid().as_bytes());
        input.extend_from_slice(self.session.uuid().as_bytes());
        input.extend_from_slice(self.family.as_slice());
        Digest::of(&input)
    }

    pub const fn user(&self) -> UserId {
        self.user
    }

    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// How many rotations lie before it.
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// How many other successors were made at this depth before it.
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }
}

impl fmt::Debug for RefreshToken {
    /// Where it belongs, and neither secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("user", &self.user)
            .field("session", &self.session)
            .field("depth", &self.depth)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// A SHA-256 (FIPS 180-4), which stands in the store for a secret. Written as base64url; compared in constant time.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In hexadecimal, lower case.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Digest {}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 in base64url")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> std::result::Result<Self, NotADigest> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotADigest)?;
        bytes.try_into().map(Self).map_err(|_| NotADigest)
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> std::result::Result<Self, NotADigest> {
        text.parse()
    }
}

/// Digits and letters that are not taken for one another (Crockford's base 32). There are 32, so that five bits of a
/// random byte choose one without a bias.
const READABLE: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A password for somebody to type once: seven groups of four, 140 random bits.
pub fn temporary_password() -> Result<SecretString> {
    let random = Zeroizing::new(ambient::random::<28>()?);
    let mut text = String::with_capacity(34);
    for (i, byte) in random.iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(READABLE[usize::from(byte & 31)]));
    }
    Ok(text.into())
}

/// `prefix`, `body` in base64url, `_`, and the CRC-32 of what stands before the `_`.
fn frame(kind: Kind, body: &[u8]) -> SecretString {
    // With room for all of it, so that growing leaves no copy behind.
    let mut text = String::with_capacity(MAX_LEN);
    text.push_str(kind.prefix());
    URL_SAFE_NO_PAD.encode_string(body, &mut text);
    let crc = crc(&text);
    text.push_str(&crc);
    text.into()
}

/// The body of a text of this kind. There is one text for each body, to the letter.
fn unframe(kind: Kind, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > MAX_LEN {
        return None;
    }
    let (framed, end) = text.split_at_checked(text.len().checked_sub(CRC_LEN)?)?;
    let body = framed.strip_prefix(kind.prefix())?;
    if end != crc(framed) {
        return None;
    }
    // This engine takes neither padding nor trailing bits.
    URL_SAFE_NO_PAD.decode(body).ok().map(Zeroizing::new)
}

fn crc(framed: &str) -> String {
    format!("_{:08x}", crc32fast::hash(framed.as_bytes()))
}

#[cfg(test)]
mod tests;
