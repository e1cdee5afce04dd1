//! Text that is shown and never decides who somebody is.

use std::cmp::Ordering;

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};

use super::{canonical_text, folded, is_length, is_steering, plain_text};

/// In characters.
const MAX_DEPARTMENT: usize = 64;
/// In characters.
const MAX_DESCRIPTION: usize = 500;
/// In characters.
const MAX_LABEL: usize = 100;

/// A department that a grant is limited to: 1 to 64 characters on one line, compared without regard to letter case, width
/// and composition, as names of roles are.
///
/// White space at either end is refused in place of trimmed, since a grant for `Sales ` would give nothing and look
/// right. Controls and direction overrides are refused (ASVS 16.4.1: what goes to a log stays one line of it).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Department {
    as_given: String,
    canonical: String,
}

canonical_text!(Department);

impl Department {
    pub fn parse(text: &str) -> Result<Self, String> {
        one_line("department", text, MAX_DEPARTMENT)?;
        Ok(Self {
            as_given: text.to_owned(),
            canonical: canonical(text),
        })
    }
}

impl PartialOrd for Department {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Department {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

/// Compatibility forms composed (NFKC) and folded, until nothing changes any more (RFC 8266, 2.3): a few letters fold to
/// what has another composition.
fn canonical(text: &str) -> String {
    let once = |text: &str| folded(&ComposingNormalizerBorrowed::new_nfkc().normalize(text));
    let mut canonical = once(text);
    for _ in 0..3 {
        canonical = once(&canonical);
    }
    canonical
}

/// What people call a thing that has an id of its own, such as an API key: 1 to 100 characters on one line. It need not
/// be unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label {
    text: String,
}

plain_text!(Label);

impl Label {
    pub fn parse(text: &str) -> Result<Self, String> {
        one_line("name", text, MAX_LABEL)?;
        Ok(Self { text: text.to_owned() })
    }
}

fn one_line(what: &str, text: &str, max: usize) -> Result<(), String> {
    if !is_length(text, max) {
        return Err(format!("a {what} has 1 to {max} characters"));
    }
    if text.trim() != text {
        return Err(format!("a {what} must not start or end with a space"));
    }
    if text.contains(is_steering) {
        return Err(format!("a {what} must not have control characters"));
    }
    Ok(())
}

/// What a role is for, in words: up to 500 characters, which may be none. Line breaks and tabs are its only controls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Description {
    text: String,
}

plain_text!(Description);

impl Description {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.is_empty() && !is_length(text, MAX_DESCRIPTION) {
            return Err(format!("a description has {MAX_DESCRIPTION} characters at most"));
        }
        if text.contains(|c| is_steering(c) && c != '\n' && c != '\t') {
            return Err("a description must not have control characters but line breaks (\\n) and tabs".to_owned());
        }
        Ok(Self { text: text.to_owned() })
    }
}

/// Why an account is locked, as its holder reads it: up to 500 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason {
    text: String,
}

plain_text!(Reason);

impl Reason {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_length(text, MAX_DESCRIPTION) {
            return Err(format!("a reason has 1 to {MAX_DESCRIPTION} characters"));
        }
        if text.contains(is_steering) {
            return Err("a reason must not have line breaks or other control characters".to_owned());
        }
        Ok(Self { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_is_compared_exactly() {
        assert_eq!(Department::parse("Sales").unwrap(), Department::parse("sales").unwrap());
        assert_eq!(Department::parse("R&D <EU>").unwrap().as_given(), "R&D <EU>");
    }

    #[test]
    fn a_department_is_not_trimmed_but_refused() {
        for text in [" Sales", "Sales ", "\u{a0}Sales", " ", ""] {
            assert!(Department::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_department_has_64_characters_at_most() {
        assert!(Department::parse(&"\u{e9}".repeat(64)).is_ok());
        assert!(Department::parse(&"a".repeat(65)).is_err());
    }

    #[test]
    fn i10_a_department_is_one_line_that_reads_as_it_is_written() {
        for c in [
            "\n",
            "\r\n",
            "\t",
            "\u{0}",
            "\u{7f}",
            "\u{85}",
            "\u{1b}[2J",
            "\u{2028}",
            "\u{202e}",
            "\u{2066}",
        ] {
            assert!(Department::parse(&format!("a{c}b")).is_err(), "{c:?}");
        }
        assert!(
            Department::parse("\u{645}\u{6cc}\u{200c}\u{62e}").is_ok(),
            "a Persian word with its joiner"
        );
    }

    #[test]
    fn i10_a_label_has_1_to_100_characters_on_one_line() {
        assert_eq!(Label::parse("CI <main> =1").unwrap().as_str(), "CI <main> =1");
        assert!(Label::parse(&"\u{e9}".repeat(100)).is_ok());
        for text in ["", " ", "a ", "a\nb", "a\u{202e}b", &"a".repeat(101)] {
            assert!(Label::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn i10_a_description_has_no_controls_but_line_breaks_and_tabs() {
        assert_eq!(Description::parse("a\n\tb").unwrap().as_str(), "a\n\tb");
        assert_eq!(Description::parse("").unwrap(), Description::default());
        for c in ["\r", "\u{0}", "\u{1b}", "\u{2029}", "\u{202d}"] {
            assert!(Description::parse(&format!("a{c}b")).is_err(), "{c:?}");
        }
    }

    #[test]
    fn i10_a_reason_has_1_to_500_characters_on_one_line() {
        assert!(Reason::parse(&"\u{e9}".repeat(500)).is_ok());
        for text in ["", "a\nb", "a\tb", "a\u{2028}b", "a\u{202e}b", &"a".repeat(501)] {
            assert!(Reason::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_description_has_500_characters_at_most() {
        assert!(Description::parse(&"\u{1f600}".repeat(500)).is_ok());
        assert!(Description::parse(&"a".repeat(501)).is_err());
    }

    #[test]
    fn both_are_written_as_they_are_and_parsed_when_they_are_read() {
        let read: Department = serde_json::from_str("\"Sales\"").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"Sales\"");
        assert!(serde_json::from_str::<Department>("\" Sales\"").is_err());
        assert!(serde_json::from_str::<Description>("\"\\u0007\"").is_err());
    }
}
