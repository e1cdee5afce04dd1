//! The tenant: whom an account, role, grant or row of history belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A tenant's id: 1 to 32 of `a-z`, `0-9` and `-`, so that it is safe in a key, a host name and a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// The tenant of a deployment that maps none.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The id in this text.
    ///
    /// # Errors
    /// A public sentence where it has another shape.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| "a tenant is 1 to 32 of a-z, 0-9 and -".to_owned())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
