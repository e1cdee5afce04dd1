//! Names of permissions.

use serde::{Deserialize, Serialize};

use super::{is_length, plain_text};

/// In characters, all of them ASCII.
const MAX: usize = 64;

/// A permission's name, such as `invoices.read` or `user:read`: lower-case ASCII letters, digits, `.`, `:`, `_` and `-`,
/// the first a letter or a digit; 64 characters at most (rule 17).
///
/// There is one spelling of each, so it is compared as it is. It fits a scope-token of RFC 6749 §3.3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PermissionName {
    text: String,
}

plain_text!(PermissionName);

impl PermissionName {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_length(text, MAX) {
            return Err(format!("a permission has 1 to {MAX} characters"));
        }
        let is_allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b':' | b'_' | b'-');
        if !text.bytes().all(is_allowed) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(
                "a permission is lower-case letters, digits, `.`, `:`, `_` and `-`, and starts with a letter or digit"
                    .to_owned(),
            );
        }
        Ok(Self { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_s_names_are_permissions() {
        for text in [
            "admin.users",
            "a",
            "a1",
            "1a",
            "reports.2026_q1.read-only",
            "user:read",
            "a.-",
            "a..b",
        ] {
            assert_eq!(PermissionName::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            ".",
            ".a",
            "_a",
            "-a",
            ":a",
            "Admin",
            "admin.Users",
            "a b",
            "a*",
            "\u{e4}",
            "a\n",
            "a/b",
        ] {
            assert!(PermissionName::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn it_has_64_characters_at_most() {
        assert!(PermissionName::parse(&"a".repeat(64)).is_ok());
        assert!(PermissionName::parse(&"a".repeat(65)).is_err());
    }
}
