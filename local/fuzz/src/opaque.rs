//! Opaque secrets: a text is one of a kind, and one alone; each has one text, and no changed character goes unseen.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher::id::UserId;
use usher::jiff::Timestamp;
use usher::proof::device::DeviceToken;
use usher::proof::opaque::{Digest, Kind, Opaque, RefreshToken, ServiceToken};
use usher::proof::seal::MacKey;
use usher::secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{seed, with_another_character};

const KINDS: [Kind; 4] = [Kind::Refresh, Kind::OneTime, Kind::ApiKey, Kind::ServiceKey];
/// Bytes of a refresh token, and of a service account's.
const REFRESH: usize = 88;
const SERVICE: usize = 49;
const PLAIN: usize = 32;

static KEY: LazyLock<MacKey> = LazyLock::new(|| MacKey::from_bytes([7; 32]));

/// The input is read as a text, and as what a text is made of.
pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        read(text);
        device(text);
    }
    for kind in KINDS {
        let text = framed(kind, data);
        let is_one = read(&text);
        let expected = match kind {
            Kind::Refresh => data.len() == REFRESH || data.len() == PLAIN,
            Kind::ServiceKey => data.len() == SERVICE || data.len() == PLAIN,
            Kind::OneTime | Kind::ApiKey => data.len() == PLAIN,
        };
        assert_eq!(is_one, expected, "{text:?}");
        let changed = with_another_character(&text, seed(data));
        assert!(!read(&changed), "{changed:?} is taken for {text:?}");
    }
}

/// Whether this is the text of a secret. Where it is one, it is written so again.
fn read(text: &str) -> bool {
    let mut is_one = false;
    for kind in KINDS {
        if let Some(secret) = Opaque::parse(kind, text) {
            assert!(text.starts_with(kind.prefix()), "{text:?} is no {kind:?}");
            assert_eq!((secret.kind(), secret.text().expose_secret()), (kind, text));
            assert_eq!(secret.digest(), Digest::of(text.as_bytes()));
            is_one = true;
        }
    }
    if let Some(token) = RefreshToken::parse(text) {
        assert_eq!(token.text().expose_secret(), text);
        assert_eq!(token.digest(), Digest::of(text.as_bytes()));
        let next = token.next(token.depth().wrapping_add(1), token.attempt()).unwrap();
        assert_eq!(next.family_digest(), token.family_digest());
        assert_ne!(next.digest(), token.digest());
        assert!(!is_one && text.starts_with(Kind::Refresh.prefix()));
        is_one = true;
    }
    if let Some(token) = ServiceToken::parse(text) {
        assert_eq!(
            (token.text().expose_secret(), token.digest()),
            (text, Digest::of(text.as_bytes()))
        );
        assert!(!is_one && ServiceToken::is_meant_by(text));
        is_one = true;
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    is_one
}

/// No text is a device's token that we did not make; one that we made is read in its tenant alone.
fn device(text: &str) {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    assert_eq!(DeviceToken::read(text, &KEY, "main", now), None);
    let user = UserId::from_uuid(Uuid::from_u128(7));
    let token = DeviceToken::new(user, 3, None, now).unwrap();
    let own = token.text(&KEY, text);
    let own = own.expose_secret();
    assert_eq!(DeviceToken::read(own, &KEY, text, now), Some(token));
    assert_eq!(DeviceToken::read(own, &KEY, &format!("{text} "), now), None);
    let changed = with_another_character(own, seed(text.as_bytes()));
    assert_eq!(DeviceToken::read(&changed, &KEY, text, now), None, "{changed:?}");
}

/// The text of these bytes, as the code's own documentation has it.
fn framed(kind: Kind, body: &[u8]) -> String {
    let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(body));
    let sum = crc32fast::hash(text.as_bytes());
    format!("{text}_{sum:08x}")
}
