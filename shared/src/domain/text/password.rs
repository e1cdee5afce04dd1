//! Passwords as they are typed, before anything is hashed.

use icu_normalizer::ComposingNormalizerBorrowed;
use secrecy::{ExposeSecret, SecretString};

use super::folded;
use crate::error::Error;

/// The commonest passwords, in lower case, a line each (see `password/LICENSE`).
const COMMON: &str = include_str!("password/common.txt");

/// A password in plain text: wiped when it is dropped, and `[REDACTED]` to every debugger and log.
///
/// It is kept exactly as sent (rule 4; NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2.8): not trimmed, not normalised, not cut,
/// in its own letter case. There are no rules of composition. It has no equality: passwords are compared by verifying
/// a hash, never with `==`.
#[derive(Debug, Clone)]
pub struct Password {
    text: SecretString,
    /// Where it was given, as a JSON Pointer.
    place: &'static str,
}

impl Password {
    /// Reads a password that is to be set, whose length in characters (Unicode scalar values) is `min` to `max`.
    /// A longer one is refused, never cut: two that differ only behind the cut would be one. So is one of the commonest.
    pub fn parse(text: String, min: usize, max: usize) -> Result<Self, String> {
        // Wrapped first, so that a refused one is wiped too.
        let password = Self::presented(text);
        let length = password.expose().chars().count();
        if length < min {
            return Err(format!("the password must have at least {min} characters"));
        }
        if length > max {
            return Err(format!("the password must have at most {max} characters"));
        }
        if password.is_common() {
            return Err("the password is one of the most common ones: choose another".to_owned());
        }
        Ok(password)
    }

    /// Takes a password that is offered as proof, at a login, as it is. The limits hold where one is set, not here
    /// (rule 4); what bounds the length here is the limit on the body.
    pub fn presented(text: String) -> Self {
        Self {
            text: SecretString::from(text),
            place: "/password",
        }
    }

    pub fn secret(&self) -> SecretString {
        self.text.clone()
    }

    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The same, given at this place of a body.
    #[must_use]
    pub fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }

    /// Why it may not be set.
    pub fn refused(&self, detail: &str) -> Error {
        Error::invalid(self.place, detail)
    }

    fn is_common(&self) -> bool {
        COMMON.lines().any(|known| known.eq_ignore_ascii_case(self.expose()))
    }

    /// Whether it is this name, in any letter case and width.
    pub fn is(&self, name: &str) -> bool {
        let (own, name) = (plain(self.expose()), plain(name));
        own.expose_secret() == name.expose_secret()
    }
}

/// What names and addresses have in common that are read as one: compatibility characters (fullwidth ones among them) as
/// those that they stand for, the ideographic full stop as the one that it is in a domain, and no letter case.
fn plain(text: &str) -> SecretString {
    let mapped = ComposingNormalizerBorrowed::new_nfkc().normalize_iter(text.chars());
    let mapped: String = mapped.map(|c| if c == '\u{3002}' { '.' } else { c }).collect();
    let mapped = SecretString::from(mapped);
    SecretString::from(folded(mapped.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Result<Password, String> {
        Password::parse(text.to_owned(), 10, 128)
    }

    #[test]
    fn i09_length_is_counted_in_characters_and_held_at_both_ends() {
        for (length, is_taken) in [
            (0, false),
            (9, false),
            (10, true),
            (64, true),
            (72, true),
            (73, true),
            (128, true),
            (129, false),
            (1025, false),
        ] {
            assert_eq!(set(&"b".repeat(length)).is_ok(), is_taken, "{length} letters");
            assert_eq!(
                set(&"\u{1f511}".repeat(length)).is_ok(),
                is_taken,
                "{length} emoji of four bytes"
            );
        }
        assert!(set("123456789").unwrap_err().contains("10"));
        assert!(set(&"b".repeat(129)).unwrap_err().contains("128"));
    }

    #[test]
    fn i09_a_longer_one_is_refused_and_never_cut() {
        let (x, y) = ("a".repeat(72) + "x", "a".repeat(72) + "y");
        assert_eq!(
            (set(&x).unwrap().expose(), set(&y).unwrap().expose()),
            (x.as_str(), y.as_str())
        );
    }

    #[test]
    fn i09_it_is_kept_exactly_as_sent() {
        for text in [
            "  ten spaces  ",
            "with\u{0}a nul byte",
            "\u{fc}berzeugend",
            "u\u{308}berzeugend",
            "MiXeD CaSe!",
            "\u{feff}invisible\u{200b}",
        ] {
            assert_eq!(set(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn i09_nothing_is_asked_of_its_composition() {
        assert!(set("bbbbbbbbbb").is_ok());
    }

    #[test]
    fn none_of_the_commonest_is_taken_in_any_letter_case() {
        for common in ["password123", "PassWord123", "1234567890", "QWERTYUIOP"] {
            assert!(set(common).unwrap_err().contains("most common"), "{common}");
        }
        for other in ["password-123-of-mine", " password123", "correct horse"] {
            assert!(set(other).is_ok(), "{other}");
        }
        // What is too short or too long is that in the first place.
        assert!(set("password").unwrap_err().contains("at least 10"));
    }

    #[test]
    fn the_list_of_the_commonest_can_be_compared_with_and_is_long_enough() {
        let all: Vec<&str> = COMMON.lines().collect();
        assert!(all.len() >= 10_000 && all.is_sorted_by(|one, next| one < next));
        let letters = |known: &&str| known.is_ascii() && !known.bytes().any(|byte| byte.is_ascii_uppercase());
        assert!(all.iter().all(letters));
        // Those that people tried to sign in with most often, last year and every year.
        for known in [
            "123456", "password", "qwerty", "iloveyou", "dragon", "letmein", "monkey",
        ] {
            assert!(all.contains(&known), "{known}");
        }
    }

    #[test]
    fn i09_one_that_is_presented_has_no_limits() {
        assert_eq!(Password::presented(String::new()).expose(), "");
        assert_eq!(Password::presented("a".repeat(5000)).expose().len(), 5000);
    }

    #[test]
    fn it_is_a_name_in_any_letter_case_composed_or_not() {
        let password = Password::presented("Zo\u{eb} \u{39d}\u{399}\u{39a}\u{39f}\u{3a3}".to_owned());
        assert!(password.is("zoe\u{308} \u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}"));
        assert!(!password.is("zoe \u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}"));
    }

    #[test]
    fn it_is_never_shown() {
        let shown = format!("{:?}", Password::presented("hunter2".to_owned()));
        assert!(shown.contains("REDACTED") && !shown.contains("hunter2"), "{shown}");
    }
}
