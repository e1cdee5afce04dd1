//! Seals and tags: AES-256-GCM (NIST SP 800-38D) for what must stay secret, HMAC-SHA256 (RFC 2104) for what must only
//! stay as it was, keys derived by HKDF-SHA256 (RFC 5869).
//!
//! Two keys, because they are in different hands: the [`MasterKey`] opens signing keys and belongs to the functions
//! that issue tokens; a [`MacKey`] authenticates cursors, and with what a client alone knows seals what is kept for that
//! client ([`SealingKey`]). Every function that lists, or keeps answers, can have it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use secrecy::SecretSlice;
use zeroize::Zeroizing;

use crate::ambient;
use crate::error::{Error, Result};

/// Bytes of a [`MacKey::tag`].
pub const TAG_LEN: usize = 16;

/// The fewest characters of a key that is written as text. Secrets Manager, which makes the keys of a stack, cannot
/// write bytes, so a key is derived from its text; this many of even the smallest alphabet in use hold 256 bits.
const SHORTEST: usize = 44;

/// A configured key is not one. Its text is for whoever configures, and repeats nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this must be at least {SHORTEST} characters of randomness: make them with `openssl rand -base64 48`")]
pub struct BadKey;

impl From<BadKey> for Error {
    fn from(why: BadKey) -> Self {
        Self::fault(why)
    }
}

/// The key under which private keys lie in the table.
pub struct MasterKey(SealingKey);

/// A key that seals.
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    pub fn from_bytes(key: [u8; 32]) -> Self {
        Self(SealingKey(Zeroizing::new(key)))
    }

    /// The key that is written so: random text; space around it is ignored, since it comes from files and consoles.
    pub fn from_text(text: &str) -> Result<Self> {
        read_key(text, "master").map(|key| Self(SealingKey(key)))
    }

    /// A key for tags that only holders of the master key can compute.
    pub fn mac_key(&self) -> MacKey {
        MacKey::from_bytes(MacKey(self.0.0.clone()).hmac(b"usher/mac-of-master", b""))
    }

    /// Seals as [`SealingKey::seal`] does, a few times a year.
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
        self.0.seal(plaintext, aad)
    }

    /// Opens what [`seal`](Self::seal) made with the same key and the same `aad`.
    pub fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretSlice<u8>> {
        self.0.open(sealed, aad)
    }
}

impl SealingKey {
    /// Seals `plaintext` for the place that `aad` names; it opens nowhere else. The answer is nonce, ciphertext, tag.
    ///
    /// The nonce is random, which is safe for 2^32 seals under one key (SP 800-38D section 8.3).
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
        let nonce = ambient::random::<NONCE_LEN>()?;
        let mut body = plaintext.to_vec();
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut body)
            .map_err(|_| Error::fault("a secret cannot be sealed"))?;
        Ok([&nonce[..], &body, tag.as_ref()].concat())
    }

    /// Opens what [`seal`](Self::seal) made with the same key and the same `aad`.
    pub fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretSlice<u8>> {
        let cannot = || Error::fault("a sealed secret does not open: the key is another, or it was changed");
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(cannot)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut body)
            .map_err(|_| cannot())?;
        Ok(plain.to_vec().into())
    }

    fn cipher(&self) -> Result<LessSafeKey> {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map_err(Error::fault)?;
        Ok(LessSafeKey::new(key))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

/// A key for tags: it authenticates what we wrote, and nothing more.
#[derive(Clone)]
pub struct MacKey(Zeroizing<[u8; 32]>);

impl MacKey {
    pub fn from_bytes(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The key that is written so, as in [`MasterKey::from_text`].
    pub fn from_text(text: &str) -> Result<Self> {
        read_key(text, "mac").map(Self)
    }

    /// The HMAC-SHA256 of `data` in a context: what the data is about, and must not be about anything else.
    pub fn hmac(&self, context: &[u8], data: &[u8]) -> [u8; 32] {
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice()));
        // The length goes first, or the end of the context could be passed off as the start of the data.
        mac.update(&u64::try_from(context.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(context);
        mac.update(data);
        let mut full = [0; 32];
        full.copy_from_slice(mac.sign().as_ref());
        full
    }

    /// The key for what is kept for whoever knows `secret`: without it this key opens nothing.
    pub fn sealing_key(&self, context: &[u8], secret: &[u8]) -> SealingKey {
        SealingKey(Zeroizing::new(self.hmac(context, secret)))
    }

    /// The first half of [`hmac`](Self::hmac): 128 bits, short enough for a cursor (RFC 2104 section 5 allows half).
    pub fn tag(&self, context: &[u8], data: &[u8]) -> [u8; TAG_LEN] {
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&self.hmac(context, data)[..TAG_LEN]);
        tag
    }

    /// Whether [`tag`](Self::tag) gave this tag for this data in this context; in constant time.
    pub fn check(&self, context: &[u8], data: &[u8], tag: &[u8]) -> bool {
        verify_slices_are_equal(&self.tag(context, data), tag).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey([redacted])")
    }
}

/// HKDF (RFC 5869): keys of different purposes have nothing to do with one another, even of the same text.
fn read_key(text: &str, purpose: &str) -> Result<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    if text.len() < SHORTEST {
        return Err(BadKey.into());
    }
    let mut derived = Zeroizing::new([0; 32]);
    let info = [b"usher/".as_slice(), purpose.as_bytes()];
    // The salt is a label: the text is random already, and is no password (RFC 5869 section 3.1).
    let prk = Salt::new(HKDF_SHA256, b"usher").extract(text.as_bytes());
    let okm = prk.expand(&info, HKDF_SHA256).map_err(Error::fault)?;
    okm.fill(derived.as_mut_slice()).map_err(Error::fault)?;
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey::from_bytes([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_again() {
        for plain in [&b""[..], b"a private key", &[7; 5000]] {
            let sealed = master(1).seal(plain, b"KEYS/kid").unwrap();
            assert_eq!(sealed.len(), NONCE_LEN + plain.len() + 16);
            assert_eq!(master(1).open(&sealed, b"KEYS/kid").unwrap().expose_secret(), plain);
        }
    }

    #[test]
    fn a_seal_is_never_the_same_twice_and_hides_what_it_seals() {
        let one = master(1).seal(b"a private key", b"place").unwrap();
        let two = master(1).seal(b"a private key", b"place").unwrap();
        assert_ne!(one[..NONCE_LEN], two[..NONCE_LEN]);
        assert_ne!(one[NONCE_LEN..], two[NONCE_LEN..]);
        assert!(!one.windows(7).any(|window| window == b"private"));
    }

    #[test]
    fn t10_a_key_sealed_by_another_stage_or_for_another_place_does_not_open() {
        let sealed = master(1).seal(b"a private key", b"KEYS/one").unwrap();
        for answer in [
            master(2).open(&sealed, b"KEYS/one"),
            master(1).open(&sealed, b"KEYS/two"),
            master(1).open(&sealed, b""),
            master(1).open(&sealed[1..], b"KEYS/one"),
            master(1).open(&sealed[..NONCE_LEN - 1], b"KEYS/one"),
            master(1).open(&[], b"KEYS/one"),
        ] {
            assert!(matches!(answer, Err(Error::Fault(_))));
        }
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(master(1).open(&changed, b"KEYS/one").is_err(), "byte {i}");
        }
    }

    #[test]
    fn f09_a_key_that_is_not_one_states_what_to_do_and_does_not_repeat_itself() {
        let good = "k".repeat(SHORTEST);
        assert!(MasterKey::from_text(&format!(" {good}\n")).is_ok());
        assert!(MacKey::from_text(&good).is_ok());
        for bad in ["", "hunter2", &good[..SHORTEST - 1]] {
            let Err(Error::Fault(why)) = MasterKey::from_text(bad) else {
                panic!("{bad} was taken")
            };
            assert!(why.0.contains("openssl rand -base64 48"));
            assert!(bad.is_empty() || !why.0.contains(bad));
            assert!(MacKey::from_text(bad).is_err());
        }
    }

    #[test]
    fn what_is_sealed_for_a_client_opens_with_both_its_secret_and_the_stack_s_key() {
        let key =
            |stack: u8, context: &[u8], secret: &[u8]| MacKey::from_bytes([stack; 32]).sealing_key(context, secret);
        let sealed = key(1, b"answers", b"of one").seal(b"an answer", b"place").unwrap();
        let opened = key(1, b"answers", b"of one").open(&sealed, b"place").unwrap();
        assert_eq!(opened.expose_secret(), b"an answer");
        for other in [
            key(2, b"answers", b"of one"),
            key(1, b"others", b"of one"),
            key(1, b"answers", b"of another"),
            SealingKey(Zeroizing::new([1; 32])),
        ] {
            assert!(other.open(&sealed, b"place").is_err());
        }
    }

    #[test]
    fn r08_no_key_is_shown_by_debug() {
        let shown = format!("{:?} {:?}", master(77), MacKey::from_bytes([77; 32]));
        assert_eq!(shown, "MasterKey([redacted]) MacKey([redacted])");
    }

    #[test]
    fn i06_a_tag_holds_for_its_data_context_and_key_only() {
        let key = MacKey::from_bytes([1; 32]);
        let tag = key.tag(b"GET /api/users?tenant=a", b"cursor");
        assert!(key.check(b"GET /api/users?tenant=a", b"cursor", &tag));
        assert!(!key.check(b"GET /api/users?tenant=b", b"cursor", &tag));
        assert!(!key.check(b"GET /api/users?tenant=a", b"cursos", &tag));
        assert!(!MacKey::from_bytes([2; 32]).check(b"GET /api/users?tenant=a", b"cursor", &tag));
        for len in 0..TAG_LEN {
            assert!(!key.check(b"GET /api/users?tenant=a", b"cursor", &tag[..len]));
        }
        assert!(!key.check(
            b"GET /api/users?tenant=a",
            b"cursor",
            &key.hmac(b"GET /api/users?tenant=a", b"cursor")
        ));
    }

    #[test]
    fn i06_the_end_of_a_context_is_not_the_start_of_the_data() {
        let key = MacKey::from_bytes([1; 32]);
        assert_ne!(key.tag(b"users", b"1"), key.tag(b"user", b"s1"));
        assert_ne!(key.tag(b"", b"users1"), key.tag(b"users1", b""));
    }

    #[test]
    fn keys_of_one_text_and_two_purposes_have_nothing_to_do_with_one_another() {
        let text = "k".repeat(SHORTEST);
        let (master, mac) = (read_key(&text, "master").unwrap(), read_key(&text, "mac").unwrap());
        assert_ne!(master, mac);
        assert_eq!(mac, read_key(&text, "mac").unwrap());
        assert_ne!(mac, read_key(&"l".repeat(SHORTEST), "mac").unwrap());
    }
}
