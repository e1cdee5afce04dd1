//! The account.

use serde::{Deserialize, Serialize};

/// The state of an account (rule 1). Only an active account gets a token or passes an authorised route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// May sign in.
    Active,
    /// Switched off by an administrator.
    Inactive,
    /// Locked by an administrator, or by failed logins until a time.
    Locked,
    /// Banned.
    Banned,
    /// Deleted: kept, never restored, never answers.
    Deleted,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Locked => "locked",
            Self::Banned => "banned",
            Self::Deleted => "deleted",
        })
    }
}
