//! Usernames.

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::Error as Refusal;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use serde::{Deserialize, Serialize};

use super::{canonical_text, case_mapped_words, folded, former_form, is_length, looks_like_uuid, may_have_former};

/// In characters, as given and canonical alike.
const MAX: usize = 64;

/// A username: 1 to 64 characters, one or more words parted by single spaces, each of them a userpart of PRECIS
/// UsernameCaseMapped (RFC 8265 §3.3, §3.5).
///
/// The canonical form is what that profile enforces, folded: fullwidth and halfwidth mapped to their ordinary forms, NFC,
/// under the Bidi rule, and without any difference of letter case (`ΝΙΚΟΣ` and `νικος`). Letters and digits of any script
/// and printable ASCII are taken; other white space, controls, what cannot be seen and compatibility characters (the Kelvin
/// sign among them) are refused. Homographs stay distinct names: scripts are not compared.
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
former_form!(Username);

impl Username {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_length(text, MAX) {
            return Err(format!("a username has 1 to {MAX} characters"));
        }
        // Lower case can be longer: İ becomes two characters. (So can the folded form, which bounds nothing: a name that
        // was taken before there was one is read as well.)
        let lower_case = Self::lower_case(text)?;
        if !is_length(&lower_case, MAX) {
            return Err(format!("a username has 1 to {MAX} characters, written in lower case"));
        }
        let canonical = folded(&lower_case);
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

    fn lower_case(text: &str) -> Result<String, String> {
        case_mapped_words(text).map_err(|why| format!("the username {why}"))
    }
}

/// The text as UsernameCaseMapped enforces it, or how it breaks that profile, to follow the name of the thing.
pub(super) fn case_mapped(text: &str) -> Result<String, String> {
    // All of printable ASCII is taken, and only its letter case is mapped (RFC 8264 §9.11, RFC 8265 §3.3). Names are read
    // with every request: the tables of the profile are for those that need them.
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_ascii_lowercase());
    }
    let once = UsernameCaseMapped::enforce(text).map_err(|refusal| phrase(&refusal, text))?;
    // The profile is not idempotent: a Sinhala vowel sign and the virama behind it become one character, and a joiner
    // that the virama allowed stands there without it. Such a key could not be read back.
    if UsernameCaseMapped::enforce(once.as_ref()).is_ok_and(|twice| twice == once) {
        Ok(once.into_owned())
    } else {
        Err("has no one lower-case form".to_owned())
    }
}

fn phrase(refusal: &Refusal, text: &str) -> String {
    match refusal {
        Refusal::BadCodepoint(place) => {
            // The profile refuses a character as it is mapped: U+3000 as the space that it stands for.
            let stands_for_it = |c: &char| {
                let alone = UsernameCaseMapped::enforce(c.to_string());
                alone.is_err_and(|why| matches!(why, Refusal::BadCodepoint(at) if at.cp == place.cp))
            };
            let sent = text.chars().find(stands_for_it).map_or(place.cp, u32::from);
            format!("must not have the character U+{sent:04X}")
        }
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
    fn printable_ascii_is_what_the_profile_makes_of_it() {
        let all: String = ('!'..='~').collect();
        let each = all.chars().map(String::from);
        for text in each.chain([all.clone(), all.repeat(2)]) {
            assert_eq!(
                UsernameCaseMapped::enforce(text.as_str()).unwrap(),
                case_mapped(&text).unwrap()
            );
        }
        assert_eq!(UsernameCaseMapped::enforce("").is_err(), case_mapped("").is_err());
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
    fn names_of_several_words_are_taken() {
        assert_eq!(key("Beyhan O\u{11f}ur"), "beyhan o\u{11f}ur");
        assert_eq!(key("BEYHAN O\u{11e}UR"), "beyhan o\u{11f}ur");
        assert_ne!(key("ab c"), key("a bc"));
        // Each word by itself is under the Bidi rule.
        key("\u{5d0}\u{5d1} ab");
    }

    #[test]
    fn a_final_sigma_is_a_sigma() {
        let (capitals, small) = (
            "\u{39d}\u{399}\u{39a}\u{39f}\u{3a3}",
            "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}",
        );
        assert_eq!(key(capitals), key(small));
        assert_eq!(key(capitals), key("\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c3}"));
        assert_eq!(key("GRO\u{1e9e}"), key("gro\u{df}"));
    }

    #[test]
    fn the_first_form_of_a_name_is_known_where_it_was_another() {
        let former = |text: &str| Username::parse(text).unwrap().former();
        let final_sigma = "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}";
        assert_eq!(former("\u{39d}\u{399}\u{39a}\u{39f}\u{3a3}"), None);
        assert_eq!(former(final_sigma).as_deref(), Some(final_sigma));
        assert_eq!(former("\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c3}"), None);
        assert_eq!(former("Jane"), None);
        assert_eq!(former("Zo\u{eb}"), None);
    }

    #[test]
    fn a_name_that_was_taken_in_the_first_form_is_read_in_the_second() {
        // Folded it is twice as long.
        let longest = "\u{1fb3}".repeat(64);
        assert_eq!(key(&longest).chars().count(), 128);
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
    fn a_character_is_refused_as_it_was_sent_and_not_as_it_is_mapped() {
        for (text, named) in [
            ("a\u{3000}b", "U+3000"),
            ("ab\u{a0}", "U+00A0"),
            ("a\u{2003}b", "U+2003"),
            ("a\u{200b}b", "U+200B"),
        ] {
            assert_eq!(
                refused(text),
                format!("the username must not have the character {named}")
            );
        }
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
    fn i10_other_spaces_controls_and_the_invisible_are_refused() {
        for text in [
            "",
            " ",
            " a",
            "a ",
            "a  b",
            "a\u{a0}b",
            "a\u{2003}b",
            "a\u{3000}b",
            "a\tb",
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
        assert!(serde_json::from_str::<Username>("\"a  b\"").is_err());
    }

    #[test]
    fn no_two_names_differ_by_the_case_of_a_letter_of_any_script() {
        // A sharp s in capitals is two letters, and the capital of a dotless i is that of i: both are other names.
        for c in ('!'..=char::MAX).filter(|c| !"\u{df}\u{131}".contains(*c)) {
            let spellings: [String; 3] = [c.to_string(), c.to_uppercase().collect(), c.to_lowercase().collect()];
            if spellings[0] == spellings[1] && spellings[0] == spellings[2] {
                continue;
            }
            for around in ["x?", "?", "a? b"] {
                let names = spellings.iter().map(|letter| around.replace('?', letter));
                let keys = names.filter_map(|name| Username::parse(&name).ok());
                let keys: std::collections::BTreeSet<String> = keys.map(|name| name.canonical).collect();
                assert!(keys.len() <= 1, "{c:?} in {around}: {keys:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn letter_case_makes_no_difference_anywhere(
            text in "[\u{300}-\u{345}\u{370}-\u{3ff}\u{400}-\u{4ff}\u{531}-\u{587}\u{10a0}-\u{10ff}\u{13a0}-\u{13ff}\u{1c90}-\u{1cbf}\u{1e00}-\u{1e9d}\u{1f00}-\u{1fff}\u{ab70}-\u{abbf} ]{1,12}",
        ) {
            if let Ok(name) = Username::parse(&text) {
                for other in [text.to_uppercase(), text.to_lowercase()] {
                    if let Ok(other) = Username::parse(&other) {
                        prop_assert_eq!(other.canonical(), name.canonical());
                    }
                }
            }
        }

        #[test]
        fn the_canonical_form_is_a_fixed_point(
            text in "[a-zA-Z0-9 ._\u{13a0}-\u{13a5}\u{130}\u{131}\u{df}\u{1e9e}\u{300}-\u{345}\u{370}-\u{3ff}\u{1f00}-\u{1fff}\u{ff01}-\u{ff5e}\u{ac00}-\u{ac20}]{1,12}|\\PC{1,6}",
        ) {
            if let Ok(name) = Username::parse(&text) {
                let again = Username::parse(name.canonical()).expect("its own canonical form is a username");
                prop_assert_eq!(again.canonical(), name.canonical());
            }
        }
    }
}
