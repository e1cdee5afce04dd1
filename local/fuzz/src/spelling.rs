//! Other spellings of one text.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// In other letter case, where the two differ in nothing else: of ASCII.
pub fn in_other_case(text: &str) -> [String; 2] {
    [text.to_ascii_uppercase(), text.to_ascii_lowercase()]
}

/// In capitals, and in Unicode's normal forms: each may be refused where the text is not, but is never another name.
pub fn alike(text: &str) -> [String; 3] {
    [
        text.chars().map(capital).collect(),
        ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned(),
        DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned(),
    ]
}

/// The capital of a letter, where this is its only small one and it the letter's only capital.
fn capital(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    let (Some(capital), None) = (upper.next(), upper.next()) else {
        return letter;
    };
    let is_pair = capital.to_lowercase().eq([letter]);
    if is_pair { capital } else { letter }
}
