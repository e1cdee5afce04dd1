//! Usernames.

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::Error as Refusal;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use serde::{Deserialize, Serialize};

use super::{canonical_text, is_length, looks_like_uuid};

/// In characters, as given and canonical alike.
const MAX: usize = 64;

/// A username: PRECIS UsernameCaseMapped (RFC 8265 §3.3), 1 to 64 characters.
///
/// The canonical form is what that profile enforces: fullwidth and halfwidth mapped to their ordinary forms, lower
/// case, NFC, under the Bidi rule. Letters and digits of any script and printable ASCII are taken; spaces, controls,
/// what cannot be seen and compatibility characters (the Kelvin sign among them) are refused. Homographs stay distinct
/// names: scripts are not compared.
///
/// Two rules of our own, held of the canonical form, so that neither is got round by fullwidth characters: no `@`, so
/// that a username is never taken for an e-mail address; and not a UUID, so that it is never taken for an id.
///
/// Equality and hash are those of the canonical form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username {
    as_given: String,
    canonical: String,
}

canonical_text!(Username);

impl Username {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_length(text, MAX) {
            return Err(format!("a username has 1 to {MAX} characters"));
        }
        let canonical = case_mapped(text).map_err(|why| format!("the username {why}"))?;
        // Lower case can be longer: İ becomes two characters. The canonical form must be a username itself.
        if !is_length(&canonical, MAX) {
            return Err(format!("a username has 1 to {MAX} characters, written in lower case"));
        }
        if canonical.contains('@') {
            return Err("a username must not have an @, so that it is not taken for an e-mail address".to_owned());
        }
        if looks_like_uuid(&canonical) {
            return Err("a username must not look like an id".to_owned());
        }
        Ok(Self {
            as_given: text.to_owned(),
            canonical,
        })
    }
}

/// The text as UsernameCaseMapped enforces it, or how it breaks that profile, to follow the name of the thing.
pub(super) fn case_mapped(text: &str) -> Result<String, String> {
    let once = UsernameCaseMapped::enforce(text).map_err(phrase)?;
    // The profile is not idempotent: a Sinhala vowel sign and the virama behind it become one character, and a joiner
    // that the virama allowed stands there without it. Such a key could not be read back.
    if UsernameCaseMapped::enforce(once.as_ref()).is_ok_and(|twice| twice == once) {
        Ok(once.into_owned())
    } else {
        Err("has no one lower-case form".to_owned())
    }
}

fn phrase(refusal: Refusal) -> String {
    match refusal {
        Refusal::BadCodepoint(place) => format!("must not have the character U+{:04X}", place.cp),
        Refusal::Invalid | Refusal::Unexpected(_) => "mixes writing directions in a way that cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> String {
        Username::parse(text)
            .unwrap_or_else(|why| panic!("{text:?}: {why}"))
            .canonical()
            .to_owned()
    }

    fn refused(text: &str) -> String {
        Username::parse(text).expect_err(text)
    }

    #[test]
    fn letter_case_makes_no_difference_and_the_spelling_is_kept() {
        let name = Username::parse("Guybrush").unwrap();
        assert_eq!((name.as_given(), name.canonical()), ("Guybrush", "guybrush"));
        assert_eq!(name, Username::parse("GUYBRUSH").unwrap());
        assert_eq!(name.to_string(), "Guybrush");
    }

    #[test]
    fn nfc_nfd_and_fullwidth_are_one_name() {
        assert_eq!(key("Zo\u{eb}"), key("zoe\u{308}"));
        assert_eq!(key("\u{ff21}\u{ff22}1"), "ab1");
    }

    #[test]
    fn homographs_and_the_dotless_i_are_other_names() {
        assert_ne!(key("\u{43e}tto"), key("otto"));
        assert_ne!(key("m\u{131}ke"), key("mike"));
        assert_ne!(key("gro\u{df}"), key("gross"));
    }

    #[test]
    fn i08_a_kelvin_sign_and_other_compatibility_characters_are_refused() {
        assert_eq!(
            refused("mi\u{212a}e"),
            "the username must not have the character U+212A"
        );
        refused("\u{fb01}sh");
    }

    #[test]
    fn an_at_sign_is_refused_in_every_width() {
        assert!(refused("jane@example.org").contains('@'));
        assert!(refused("jane\u{ff20}example.org").contains('@'));
    }

    #[test]
    fn a_name_that_could_be_an_id_is_refused_in_every_spelling() {
        for text in [
            "019f0000-0000-7000-8000-000000000000",
            "019F0000-0000-7000-8000-00000000000A",
            "019f0000000070008000000000000000",
            "{019f0000-0000-7000-8000-000000000000}",
            "urn:uuid:019f0000-0000-7000-8000-000000000000",
            "\u{ff10}19f0000-0000-7000-8000-000000000000",
        ] {
            assert!(refused(text).contains("id"), "{text}");
        }
        key("019f0000-0000-7000-8000-00000000000");
    }

    #[test]
    fn i10_spaces_controls_and_the_invisible_are_refused() {
        for text in [
            "",
            " ",
            "a b",
            " a",
            "a\n",
            "a\u{0}",
            "a\u{1b}[31m",
            "a\u{200b}",
            "a\u{200d}b",
            "a\u{202e}b",
            "a\u{feff}",
            "a\u{ad}b",
        ] {
            refused(text);
        }
    }

    #[test]
    fn i10_ascii_punctuation_is_taken_as_the_text_it_is() {
        for text in ["<b>", "=cmd|'/c'!A1", "o'brien", "a.b", "-", "../x"] {
            assert_eq!(Username::parse(text).unwrap().as_given(), text);
        }
    }

    #[test]
    fn it_has_64_characters_at_most_in_both_forms() {
        assert_eq!(key(&"\u{e9}".repeat(64)).chars().count(), 64);
        assert!(refused(&"a".repeat(65)).contains("64"));
        // İ is two characters in lower case.
        assert!(refused(&"\u{130}".repeat(33)).contains("lower case"));
    }

    #[test]
    fn a_name_whose_canonical_form_would_be_no_name_is_refused() {
        assert_eq!(
            refused("\u{d9a}\u{dd9}\u{dca}\u{200d}\u{dbb}"),
            "the username has no one lower-case form"
        );
        key("\u{d9a}\u{dca}\u{200d}\u{dbb}");
    }

    #[test]
    fn writing_directions_follow_the_bidi_rule() {
        key("\u{5d0}\u{5d1}1");
        assert!(refused("a\u{5d0}").contains("direction"));
    }

    #[test]
    fn both_forms_survive_being_written_and_read() {
        let read: Username = serde_json::from_str("\"Zo\u{eb}\"").unwrap();
        assert_eq!((read.as_given(), read.canonical()), ("Zo\u{eb}", "zo\u{eb}"));
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"Zo\u{eb}\"");
        assert!(serde_json::from_str::<Username>("\"a b\"").is_err());
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_a_fixed_point(
            text in "[a-zA-Z0-9._\u{130}\u{131}\u{df}\u{1e9e}\u{300}-\u{345}\u{370}-\u{3ff}\u{1f00}-\u{1fff}\u{ff01}-\u{ff5e}\u{ac00}-\u{ac20}]{1,12}|\\PC{1,6}",
        ) {
            if let Ok(name) = Username::parse(&text) {
                let again = Username::parse(name.canonical()).expect("its own canonical form is a username");
                prop_assert_eq!(again.canonical(), name.canonical());
            }
        }
    }
}
