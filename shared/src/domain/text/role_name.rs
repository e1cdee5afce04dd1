//! Names of roles.

use serde::{Deserialize, Serialize};

use super::{canonical_text, case_mapped_words, folded, former_form, is_length, looks_like_uuid, may_have_former};

/// In characters, as given and canonical alike.
const MAX: usize = 64;

/// A role's name: 1 to 64 characters, letters and digits of any script, and `_`, `-`, `.`, `:` and single spaces
/// between them.
///
/// The canonical form is that of a username: each word as UsernameCaseMapped enforces it, folded. So `SYS_ADMIN` and `sys_admin` are one role. It starts with a letter or digit: no name is a path's `..`, a
/// spreadsheet's `=formula` or an option. It is not a UUID, because a path takes a role's id or its name.
///
/// Equality and hash are those of the canonical form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName {
    as_given: String,
    canonical: String,
}

canonical_text!(RoleName);
former_form!(RoleName);

impl RoleName {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_length(text, MAX) {
            return Err(format!("a role name has 1 to {MAX} characters"));
        }
        let lower_case = Self::lower_case(text)?;
        if !is_length(&lower_case, MAX) {
            return Err(format!("a role name has 1 to {MAX} characters, written in lower case"));
        }
        let canonical = folded(&lower_case);
        check(&canonical)?;
        if looks_like_uuid(&canonical) {
            return Err("a role name must not look like an id".to_owned());
        }
        Ok(Self {
            as_given: text.to_owned(),
            canonical,
        })
    }

    fn lower_case(text: &str) -> Result<String, String> {
        case_mapped_words(text).map_err(|why| format!("the role name {why}"))
    }
}

fn check(canonical: &str) -> Result<(), String> {
    // Of the canonical form: fullwidth punctuation has become ASCII by now, and an NFD letter is one letter.
    if let Some(c) = canonical
        .chars()
        .find(|&c| c.is_ascii() && !c.is_ascii_alphanumeric() && !is_inner(c))
    {
        return Err(format!("a role name must not have the character {c}"));
    }
    // The end may be a vowel sign, which is no letter by itself; the start may not.
    if !canonical.starts_with(char::is_alphanumeric) || canonical.ends_with(is_inner) {
        return Err("a role name starts and ends with a letter or a digit".to_owned());
    }
    Ok(())
}

/// What may stand between letters and digits.
fn is_inner(c: char) -> bool {
    matches!(c, '_' | '-' | '.' | ':' | ' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> String {
        RoleName::parse(text)
            .unwrap_or_else(|why| panic!("{text:?}: {why}"))
            .canonical()
            .to_owned()
    }

    fn refused(text: &str) -> String {
        RoleName::parse(text).expect_err(text)
    }

    #[test]
    fn letter_case_width_and_composition_make_no_difference() {
        assert_eq!(RoleName::parse("Admin").unwrap(), RoleName::parse("admin").unwrap());
        assert_eq!(key("\u{ff21}dmin"), "admin");
        assert_eq!(key("Mod\u{e9}ratrice"), key("mode\u{301}ratrice"));
        assert_eq!(RoleName::parse("SYS_ADMIN").unwrap().as_given(), "SYS_ADMIN");
        let (capitals, small) = (
            "\u{39d}\u{399}\u{39a}\u{39f}\u{3a3}",
            "\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}",
        );
        assert_eq!(key(capitals), key(small));
    }

    #[test]
    fn words_and_the_usual_joints_are_taken() {
        assert_eq!(
            key("Store Manager: North-East v1.2_b"),
            "store manager: north-east v1.2_b"
        );
        key("\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}");
        key("\u{5de}\u{5e0}\u{5d4}\u{5dc}");
    }

    #[test]
    fn joints_stand_inside_only() {
        for text in [
            "_a", "a_", "-a", "a.", ".a", "..", ":a", "a:", " a", "a ", " ", "a  b", "a - ", "\u{301}a",
        ] {
            refused(text);
        }
    }

    #[test]
    fn i10_html_formulas_controls_and_the_invisible_are_refused() {
        for text in [
            "<b>a</b>",
            "=cmd",
            "a=b",
            "+a",
            "@a",
            "a@b",
            "a/b",
            "a\nb",
            "a\tb",
            "a\u{0}b",
            "a\u{200b}b",
            "a\u{202e}b",
            "a\u{a0}b",
            "a\u{ff0f}b",
            "a%2fb",
        ] {
            refused(text);
        }
    }

    #[test]
    fn a_name_that_could_be_an_id_is_refused() {
        assert!(refused("019f0000-0000-7000-8000-000000000000").contains("id"));
        assert!(refused("019F0000000070008000000000000000").contains("id"));
    }

    #[test]
    fn it_has_1_to_64_characters_in_both_forms() {
        refused("");
        key(&"a".repeat(64));
        refused(&"a".repeat(65));
        assert!(refused(&"\u{130}".repeat(33)).contains("lower case"));
    }

    #[test]
    fn both_forms_survive_being_written_and_read() {
        let read: RoleName = serde_json::from_str("\"SYS_ADMIN\"").unwrap();
        assert_eq!((read.as_given(), read.canonical()), ("SYS_ADMIN", "sys_admin"));
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"SYS_ADMIN\"");
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_a_fixed_point(
            text in "[a-zA-Z0-9 ._:\u{130}\u{df}\u{300}-\u{345}\u{370}-\u{3ff}\u{1f00}-\u{1fff}\u{ff01}-\u{ff5e}-]{1,12}|\\PC{1,6}",
        ) {
            if let Ok(name) = RoleName::parse(&text) {
                let again = RoleName::parse(name.canonical()).expect("its own canonical form is a role name");
                prop_assert_eq!(again.canonical(), name.canonical());
            }
        }
    }
}
