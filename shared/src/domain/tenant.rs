//! The tenant: whom an account, role, grant or row of history belongs to.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::text::Label;
use crate::id::UserId;

/// A tenant's id: 1 to 32 of `a-z`, `0-9` and `-`, which stands at neither end, so that it is safe in a key, a host name
/// and a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// The tenant of a deployment that maps none.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
        let fits = fits && !text.starts_with('-') && !text.ends_with('-');
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| "a tenant's id is 1 to 32 of a-z, 0-9 and -, which stands at neither end".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tenant. Everything of it bears its id; this is what is known of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    pub id: TenantId,
    pub name: Option<Label>,
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// Who made it, an account of `main`; set-up where absent.
    pub created_by: Option<UserId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z05_an_id_is_safe_in_a_key_a_host_name_and_a_claim() {
        for text in ["main", "a", "0", "acme-2", &"a".repeat(32)] {
            assert_eq!(TenantId::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "ORG1",
            "a.b",
            "a_b",
            "a b",
            "a#b",
            "a/b",
            "ä",
            "a\n",
            "*",
            "-a",
            "a-",
            &"a".repeat(33),
        ] {
            assert!(TenantId::parse(text).is_err(), "{text:?}");
        }
    }
}
