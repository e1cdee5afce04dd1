//! One form for the letters that differ by case alone.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// The text by Unicode's full case folding, composed (NFC): what two texts have in common that differ by letter case
/// alone, in any script. Lower-casing is not enough: it keeps `ς` apart from `σ`, both of which are `Σ` in capitals.
///
/// A sharp s stays one letter, which the standard's folding makes `ss` of: `groß` and `gross` are two names, as they are
/// two domains (IDNA 2008). `ẞ` and `ß` are one.
pub(crate) fn folded(text: &str) -> String {
    let mapper = CaseMapper::new();
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{df}' | '\u{1e9e}' => folded.push('\u{df}'),
            c if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            c => folded.push_str(&mapper.fold_string(c.encode_utf8(&mut [0; 4]))),
        }
    }
    match folded.is_ascii() {
        true => folded,
        false => ComposingNormalizerBorrowed::new_nfc().normalize(&folded).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_of_one_letter_are_one() {
        for (one, other) in [
            ("\u{39f}\u{394}\u{3a5}\u{3a3}", "\u{3bf}\u{3b4}\u{3c5}\u{3c2}"),
            ("\u{1e9e}", "\u{df}"),
            ("\u{130}", "i\u{307}"),
            ("\u{13a0}", "\u{ab70}"),
            ("\u{1c90}", "\u{10d0}"),
            ("\u{1c5}", "\u{1c6}"),
            ("\u{3b2}", "\u{3d0}"),
            ("\u{1fb3}", "\u{391}\u{399}"),
            ("Zoe\u{308}", "zo\u{eb}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one:?} {other:?}");
        }
        assert_ne!(folded("\u{df}"), folded("ss"));
        assert_ne!(folded("\u{131}"), folded("i"));
    }

    #[test]
    fn every_letter_is_one_in_capitals_and_small() {
        // Beside the sharp s, whose capitals are two letters, a dotless i, whose capital is that of i.
        for c in ('\0'..=char::MAX).filter(|c| !"\u{df}\u{1e9e}\u{131}".contains(*c)) {
            let (upper, lower): (String, String) = (c.to_uppercase().collect(), c.to_lowercase().collect());
            assert_eq!(folded(&upper), folded(&c.to_string()), "{c:?}");
            assert_eq!(folded(&lower), folded(&c.to_string()), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_stays_as_it_is(text in "\\PC{0,12}|[\u{300}-\u{3ff}\u{1f00}-\u{1fff}]{1,8}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }
    }
}
