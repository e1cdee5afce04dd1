//! The text of a service account's key.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Digest, Kind, frame, unframe};
use crate::ambient;
use crate::error::Result;
use crate::id::UserId;

/// What a service account sends as its bearer token: 256 random bits, then the account and the key's place among the
/// account's keys, so that both are found in one round trip.
pub struct ServiceToken {
    user: UserId,
    slot: u8,
    text: SecretString,
}

impl ServiceToken {
    const LEN: usize = 32 + 16 + 1;
    /// How many characters behind the prefix are kept to recognise a key by.
    const HINT: usize = 4;

    pub fn mint(user: UserId, slot: u8) -> Result<Self> {
        let secret = Zeroizing::new(ambient::random::<32>()?);
        let mut body = Zeroizing::new(Vec::with_capacity(Self::LEN));
        body.extend_from_slice(secret.as_slice());
        body.extend_from_slice(user.uuid().as_bytes());
        body.push(slot);
        let text = frame(Kind::ServiceKey, &body);
        Ok(Self { user, slot, text })
    }

    /// Whether this text is to be taken for one, well-formed or not.
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(Kind::ServiceKey.prefix())
    }

    /// The token that this text is, if it has the form of one. Whose it is is only a claim until its digest is found.
    pub fn parse(text: &str) -> Option<Self> {
        let body = unframe(Kind::ServiceKey, text)?;
        let (_, rest) = body.split_first_chunk::<32>()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let &[slot] = rest else { return None };
        Some(Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            slot,
            text: text.into(),
        })
    }

    pub const fn user(&self) -> UserId {
        self.user
    }

    pub const fn slot(&self) -> u8 {
        self.slot
    }

    /// The text that is given out.
    pub const fn text(&self) -> &SecretString {
        &self.text
    }

    /// What is stored in its place. It covers the whole text, so that no part can be exchanged.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.expose_secret().as_bytes())
    }

    /// What is kept of the text to recognise it by.
    pub fn hint(&self) -> String {
        let shown = Kind::ServiceKey.prefix().len() + Self::HINT;
        self.text.expose_secret().chars().take(shown).collect()
    }
}

impl fmt::Debug for ServiceToken {
    /// Where it belongs, and not the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceToken")
            .field("user", &self.user)
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Opaque, RefreshToken};
    use super::*;
    use crate::id::SessionId;

    fn user() -> UserId {
        UserId::from_uuid(Uuid::from_u128(7))
    }

    fn plain(token: &ServiceToken) -> String {
        token.text().expose_secret().to_owned()
    }

    #[test]
    fn a_token_names_its_account_and_place_and_no_two_are_alike() {
        let (one, other) = (
            ServiceToken::mint(user(), 3).unwrap(),
            ServiceToken::mint(user(), 3).unwrap(),
        );
        let read = ServiceToken::parse(&plain(&one)).unwrap();
        assert_eq!((read.user(), read.slot()), (user(), 3));
        assert_eq!(read.digest(), one.digest());
        assert_ne!(one.digest(), other.digest());
        assert_ne!(one.hint(), other.hint(), "by chance, once in 16 million runs");
        assert!(plain(&one).starts_with(&one.hint()) && one.hint().len() == 13);
        let shown = format!("{one:?}");
        assert!(!shown.contains(&plain(&one)[..20]), "{shown}");
        assert!(shown.contains(&format!("{:?}", user())), "{shown}");
        // As long as the room that is made for it: a buffer that grows leaves a copy behind.
        let body = unframe(Kind::ServiceKey, &plain(&one)).unwrap();
        assert_eq!(body.len(), ServiceToken::LEN);
    }

    #[test]
    fn what_was_cut_changed_or_is_of_another_kind_is_none() {
        let text = plain(&ServiceToken::mint(user(), 0).unwrap());
        for n in 0..text.len() {
            assert!(ServiceToken::parse(&text[..n]).is_none());
            let other = if text.as_bytes()[n] == b'x' { "y" } else { "x" };
            assert!(ServiceToken::parse(&format!("{}{other}{}", &text[..n], &text[n + 1..])).is_none());
        }
        let others = [
            plain_of(&Opaque::mint(Kind::ApiKey).unwrap()),
            plain_of(&Opaque::mint(Kind::ServiceKey).unwrap()),
            plain_of(&Opaque::mint(Kind::OneTime).unwrap()),
            RefreshToken::first(user(), SessionId::from_uuid(Uuid::from_u128(1)))
                .unwrap()
                .text()
                .expose_secret()
                .to_owned(),
        ];
        for other in &others {
            assert!(ServiceToken::parse(other).is_none(), "{other}");
        }
        assert!(RefreshToken::parse(&text).is_none());
        for kind in [Kind::ApiKey, Kind::OneTime, Kind::Refresh] {
            assert!(Opaque::parse(kind, &text).is_none());
        }
    }

    #[test]
    fn a_text_is_meant_to_be_one_by_its_prefix_alone() {
        let text = plain(&ServiceToken::mint(user(), 0).unwrap());
        assert!(ServiceToken::is_meant_by(&text) && ServiceToken::is_meant_by(&text[..12]));
        for other in ["", "eyJ", &text[1..], &plain_of(&Opaque::mint(Kind::ApiKey).unwrap())] {
            assert!(!ServiceToken::is_meant_by(other), "{other}");
        }
    }

    fn plain_of(opaque: &Opaque) -> String {
        opaque.text().expose_secret().to_owned()
    }
}
