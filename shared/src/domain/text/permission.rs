//! Names of permissions.

use serde::{Deserialize, Serialize};

use super::{is_length, plain_text};

/// In characters, all of them ASCII.
const MAX: usize = 64;

/// A permission's name, such as `admin.users`: tokens of lower-case ASCII letters, digits, `_` and `-`, with single
/// dots between them, the first starting with a letter; 64 characters at most.
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
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.split('.').all(is_token) {
            return Err("a permission is lower-case words with dots between them, such as admin.users".to_owned());
        }
        Ok(Self { text: text.to_owned() })
    }
}

fn is_token(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_s_names_are_permissions() {
        for text in ["admin.users", "a", "a1", "reports.2026_q1.read-only", "a.1", "a.-"] {
            assert_eq!(PermissionName::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "1a",
            "_a",
            "-a",
            "Admin",
            "admin.Users",
            "a b",
            "a*",
            "a.*",
            "\u{e4}",
            "a\n",
            "a:b",
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
