//! The guard of a route: the column that every row of a route table has, with no default.

use super::policy::Rights;
use crate::domain::role::Rank;
use crate::error::{Error, Forbidden, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Anyone: no token is looked at.
    Anyone,
    /// Whoever is signed in, for their own things.
    SignedIn,
    /// Whoever is signed in, even where nothing else is open before the password is changed (rule 14).
    SignedInToChangePassword,
    /// Whoever holds the permission now.
    Needs(&'static str),
    /// Whoever is not signed in: a caller with a valid token must log out first.
    Guest,
    /// Whoever stands on this rank now, or above it.
    OnRank(Rank),
    /// The same, even where nothing else is open before the password is changed (rule 14).
    OnRankToChangePassword(Rank),
}

/// Whoever holds this permission of the catalogue.
pub const fn needs(permission: &'static str) -> Guard {
    Guard::Needs(permission)
}

impl Guard {
    pub fn is_guarded(self) -> bool {
        !matches!(self, Self::Anyone | Self::Guest)
    }

    /// Lets a signed-in caller through, or reports what is missing.
    pub fn admit(self, rights: &Rights, must_change_password: bool) -> Result<()> {
        let open = matches!(self, Self::SignedInToChangePassword | Self::OnRankToChangePassword(_));
        if must_change_password && self.is_guarded() && !open {
            return Err(Forbidden::MustChangePassword.into());
        }
        match self {
            Self::Needs(permission) if !rights.permissions.contains(permission) => {
                Err(Error::Forbidden(Forbidden::MissingPermission(permission)))
            }
            Self::OnRank(rank) | Self::OnRankToChangePassword(rank) if rights.rank < rank => {
                Err(Error::Forbidden(Forbidden::BelowRank(rank)))
            }
            Self::Guest | Self::OnRank(_) | Self::OnRankToChangePassword(_) => Ok(()),
            Self::Anyone | Self::SignedIn | Self::SignedInToChangePassword | Self::Needs(_) => Ok(()),
        }
    }
}
