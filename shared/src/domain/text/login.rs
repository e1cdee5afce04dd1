//! What is typed into a login's name field.

use super::{Email, Username};

/// In characters. More is no e-mail address and no username, and no key of the table need be longer.
const MAX_NEITHER: usize = 256;

/// Whom a login is for. Reading one never fails: an invalid name must be counted, locked and refused exactly like a
/// valid one that is not registered (rules 5 and 6), or the answer would distinguish them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Login {
    Email(Email),
    Username(Username),
    /// It is neither, so it is not registered: its first 256 characters, in ASCII lower case. It may be anything, a password
    /// in the wrong field among it: hash it before it is kept.
    Neither(String),
}

impl Login {
    /// Reads what was typed, as it was typed: nothing is trimmed.
    pub fn parse(text: &str) -> Self {
        let known = if text.contains('@') {
            Email::parse(text).map(Self::Email)
        } else {
            Username::parse(text).map(Self::Username)
        };
        known.unwrap_or_else(|_| Self::Neither(folded(text)))
    }

    /// The key under which attempts are counted. No two of the three kinds share one: an address has an `@`, a
    /// username has none, and neither of the two would have parsed as the third.
    pub fn canonical(&self) -> &str {
        match self {
            Self::Email(email) => email.canonical(),
            Self::Username(name) => name.canonical(),
            Self::Neither(text) => text,
        }
    }
}

/// ASCII alone is folded. Unicode's lower case would turn a Kelvin sign, which no username may have, into a `k`, and
/// guesses at an unknown name would lock a registered one.
fn folded(text: &str) -> String {
    text.chars().take(MAX_NEITHER).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_at_sign_makes_it_an_address_and_its_absence_a_username() {
        assert!(
            matches!(Login::parse("Jane@Example.org"), Login::Email(email) if email.canonical() == "jane@example.org")
        );
        assert!(matches!(Login::parse("Jane"), Login::Username(name) if name.canonical() == "jane"));
    }

    #[test]
    fn what_nobody_can_be_called_is_still_a_name_to_count() {
        for (typed, kept) in [
            ("", ""),
            ("Jane  Doe", "jane  doe"),
            ("@", "@"),
            (" Jane", " jane"),
            ("a@B@c", "a@b@c"),
        ] {
            assert_eq!(Login::parse(typed), Login::Neither(kept.to_owned()));
        }
    }

    #[test]
    fn a_text_of_a_megabyte_is_kept_as_256_characters() {
        let Login::Neither(kept) = Login::parse(&"Ä".repeat(1 << 20)) else {
            panic!("it is no valid name")
        };
        assert_eq!(kept.chars().count(), 256);
    }

    #[test]
    fn i08_a_kelvin_sign_does_not_lock_the_user_k() {
        assert_eq!(Login::parse("\u{212a}"), Login::Neither("\u{212a}".to_owned()));
        assert_ne!(Login::parse("\u{212a}").canonical(), Login::parse("K").canonical());
    }

    proptest! {
        #[test]
        fn an_unregistered_name_never_shares_a_key_with_one_somebody_can_have(
            typed in "[a-cKXY@.\u{212a}\u{212b}\u{130}\u{ff20}\u{200b} 0-9-]{0,40}|\\PC{0,300}",
        ) {
            let login = Login::parse(&typed);
            let again = Login::parse(login.canonical());
            prop_assert_eq!(std::mem::discriminant(&login), std::mem::discriminant(&again));
            prop_assert_eq!(login.canonical(), again.canonical());
        }
    }
}
