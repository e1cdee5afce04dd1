//! Device tokens: that somebody logged in to an account from here before. One opens nothing: it only has attempts to log in
//! counted apart from those of strangers. So nothing of it is kept in the table; it is authenticated by a tag.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

use super::seal::{MacKey, TAG_LEN};
use crate::ambient;
use crate::error::Result;
use crate::id::UserId;

/// For how long a device is known after its last login.
pub const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

const PREFIX: &str = "usher_dev_";
const CONTEXT: &str = "usher/device/";
/// Account, device, epoch and end.
const PLAIN_LEN: usize = 16 + 16 + 4 + 8;

/// What a token states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceToken {
    pub user: UserId,
    /// The same for all tokens that one device was given, one after another.
    pub device: Uuid,
    /// That of the account: another password, or the end of all sessions, ends the token.
    pub epoch: u32,
    /// In seconds since 1970.
    pub ends: i64,
}

impl DeviceToken {
    /// A token for a device that logged in to the account now; where it was known, it stays the one that it was.
    pub fn new(user: UserId, epoch: u32, known: Option<Uuid>, now: Timestamp) -> Result<Self> {
        Ok(Self {
            user,
            device: known.map_or_else(|| ambient::uuid_v7(now), Ok)?,
            epoch,
            ends: (now + LIFE).as_second(),
        })
    }

    /// Its text, for an account of this tenant.
    pub fn text(&self, key: &MacKey, tenant: &str) -> SecretString {
        let mut bytes = Vec::with_capacity(PLAIN_LEN + TAG_LEN);
        bytes.extend(self.user.uuid().as_bytes());
        bytes.extend(self.device.as_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.ends.to_be_bytes());
        bytes.extend(key.tag(context(tenant).as_bytes(), &bytes));
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
    }

    /// What a text states that was made for this tenant, and has not ended.
    pub fn read(text: &str, key: &MacKey, tenant: &str, now: Timestamp) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (plain, tag) = bytes.split_last_chunk::<TAG_LEN>()?;
        let plain: &[u8; PLAIN_LEN] = plain.try_into().ok()?;
        if !key.check(context(tenant).as_bytes(), plain, tag) {
            return None;
        }
        let (user, rest) = plain.split_first_chunk::<16>()?;
        let (device, rest) = rest.split_first_chunk::<16>()?;
        let (epoch, ends) = rest.split_first_chunk::<4>()?;
        let read = Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            device: Uuid::from_bytes(*device),
            epoch: u32::from_be_bytes(*epoch),
            ends: i64::from_be_bytes(ends.try_into().ok()?),
        };
        Some(read).filter(|read| now.as_second() < read.ends)
    }
}

fn context(tenant: &str) -> String {
    format!("{CONTEXT}{tenant}")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_token_is_read_in_its_tenant_until_it_ends_and_no_other_text_is_one() {
        let (key, other) = (MacKey::from_bytes([1; 32]), MacKey::from_bytes([2; 32]));
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let token = DeviceToken::new(user, 3, None, at(0)).unwrap();
        let text = token.text(&key, "main");
        let text = text.expose_secret();
        assert_eq!(DeviceToken::read(text, &key, "main", at(0)), Some(token.clone()));
        let last = 90 * 86_400 - 1;
        assert_eq!(DeviceToken::read(text, &key, "main", at(last)), Some(token.clone()));
        assert_eq!(DeviceToken::read(text, &key, "main", at(last + 1)), None, "it ended");
        assert_eq!(DeviceToken::read(text, &key, "acme", at(0)), None, "another tenant");
        assert_eq!(DeviceToken::read(text, &other, "main", at(0)), None, "another key");
        for position in PREFIX.len()..text.len() - 1 {
            let mut changed: Vec<u8> = text.bytes().collect();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(DeviceToken::read(&changed, &key, "main", at(0)), None, "{position}");
        }
        for text in ["", PREFIX, &text[1..], &text[..text.len() - 2], &format!("{text}AA")] {
            assert_eq!(DeviceToken::read(text, &key, "main", at(0)), None, "{text}");
        }
        let next = DeviceToken::new(user, 3, Some(token.device), at(60)).unwrap();
        assert_eq!((next.device, next.ends - token.ends), (token.device, 60));
    }
}
