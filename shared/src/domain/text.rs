//! Text that people type, parsed at the boundary.
//!
//! Each type can only be had by parsing, so whoever holds one need not check it again. A name that must be unique
//! keeps two forms: the one *as given*, which is shown and to which mail goes, and the *canonical* one, which is the
//! key that decides whether two names are the same (rule 2). Every canonical form is a fixed point: parsing it gives
//! itself. An `Err` is a sentence for the caller, with nothing private in it.
//!
//! What is typed is never repaired: nothing is trimmed, and nothing that cannot be seen is dropped in silence.

use icu_properties::CodePointSetData;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint};
use uuid::Uuid;

/// Which form of canonical names this is. What is kept under names (claims, search entries) says under which one, so
/// that set-up finds what is to be moved. The first was lower case alone; the second folds it ([`folded`]).
pub const FORM: u8 = 2;

mod email;
mod fold;
mod free;
mod login;
mod password;
mod permission;
mod role_name;
mod username;

pub use email::Email;
pub(crate) use fold::folded;
pub use free::{Department, Description, Label, Reason};
pub use login::Login;
pub use password::Password;
pub use permission::PermissionName;
pub use role_name::RoleName;
pub use username::Username;

/// Gives a type that has `parse` and `as_str` the conversions by which serde and others reach it: it is written as
/// the text that was given, and parsed again when it is read, so what the table holds is trusted no more than a body.
macro_rules! parsed_text {
    ($name:ident, $shown:ident) => {
        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.$shown
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.$shown)
            }
        }
    };
}

/// As [`parsed_text`], for a text of one form.
macro_rules! plain_text {
    ($name:ident) => {
        $crate::domain::text::parsed_text!($name, text);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }
    };
}

/// As [`parsed_text`], for a name of two forms. Two of them are equal where their canonical forms are: that is the
/// question that uniqueness asks, and whoever asks about the spelling compares `as_given`.
macro_rules! canonical_text {
    ($name:ident) => {
        $crate::domain::text::parsed_text!($name, as_given);

        impl $name {
            /// The text as it was given: what is shown, and what mail goes to.
            pub fn as_given(&self) -> &str {
                &self.as_given
            }

            /// The key: two that share it are one.
            pub fn canonical(&self) -> &str {
                &self.canonical
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.canonical == other.canonical
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.canonical.hash(state);
            }
        }
    };
}

/// The key that a name had in the first form, for those that are claimed under theirs.
macro_rules! former_form {
    ($name:ident) => {
        impl $name {
            /// The key that it had in the first [`FORM`], where that was another.
            pub fn former(&self) -> Option<String> {
                let lower_case = || Self::lower_case(&self.as_given).ok();
                may_have_former(&self.canonical)
                    .then(lower_case)
                    .flatten()
                    .filter(|former| *former != self.canonical)
            }
        }
    };
}

use {canonical_text, former_form, parsed_text, plain_text};

/// Whether folding can have made a difference: to no text in ASCII, unless it stands for others (IDNA).
fn may_have_former(canonical: &str) -> bool {
    !canonical.is_ascii() || canonical.contains("xn--")
}

/// The words of a name, parted by single spaces (RFC 8265 §3.5), each as [`username::case_mapped`] has it.
fn case_mapped_words(text: &str) -> Result<String, String> {
    let words = text.split(' ').map(|word| match word {
        "" => Err("must not start or end with a space, or have two in a row".to_owned()),
        word => username::case_mapped(word),
    });
    Ok(words.collect::<Result<Vec<_>, _>>()?.join(" "))
}

/// Whether the character cannot be seen: a control, white space of any kind, or one that is seen as nothing (UAX #44:
/// zero-width space and joiners, soft hyphen, direction marks, variation selectors, tags, fillers, the byte order mark).
fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() || c == ' ';
    }
    c.is_control() || c.is_whitespace() || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether the character steers what shows the text in place of being shown: a control (Unicode's Cc), a line or
/// paragraph separator, or one of the direction overrides and isolates of UAX #9 that make a log line or a page read
/// other than it is (CVE-2021-42574). Joiners and direction *marks* are left alone: Persian, Hindi and emoji need them.
pub(super) fn is_steering(c: char) -> bool {
    let is_mark = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}');
    let directs = || CodePointSetData::new::<BidiControl>().contains(c) && !is_mark;
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || directs()
}

/// Whether the text is a UUID in any of the forms that are read as one. Paths take an id or a name, so no name may be
/// able to stand for another thing's id.
fn looks_like_uuid(text: &str) -> bool {
    Uuid::try_parse(text).is_ok()
}

/// A name's length is counted in characters (Unicode scalar values), the unit that a client can count too.
fn is_length(text: &str, max: usize) -> bool {
    // One past the limit is enough to know: a text of a megabyte is not counted to its end.
    (1..=max).contains(&text.chars().take(max + 1).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_ignorable_is_invisible_and_no_letter_is() {
        for c in [
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2060}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
            '\u{a0}',
            '\0',
        ] {
            assert!(is_invisible(c), "{c:?}");
        }
        for c in ['a', '\u{300}', '\u{5d0}', '\u{ff41}', '\u{1f600}'] {
            assert!(!is_invisible(c), "{c:?}");
        }
    }

    #[test]
    fn overrides_and_isolates_steer_and_direction_marks_do_not() {
        let bidi = ('\u{2000}'..='\u{206f}')
            .filter(|c| is_steering(*c))
            .collect::<String>();
        assert_eq!(
            bidi,
            "\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"
        );
        assert!(!is_steering('\u{61c}'));
    }

    #[test]
    fn a_text_s_length_is_counted_in_characters_and_is_never_nought() {
        assert!(!is_length("", 3));
        assert!(is_length("\u{1f511}\u{1f511}\u{1f511}", 3));
        assert!(!is_length("abcd", 3));
    }
}
