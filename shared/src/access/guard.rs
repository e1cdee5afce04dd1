//! The guard of a route: the column that every row of a route table has, with no default.

use super::policy::Rights;
use crate::error::{Error, Forbidden, Result};

/// Who may use a route.
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
}

/// Whoever holds this permission of the catalogue.
pub const fn needs(permission: &'static str) -> Guard {
    Guard::Needs(permission)
}

impl Guard {
    /// Whether a token is asked for.
    pub fn is_guarded(self) -> bool {
        self != Self::Anyone
    }

    /// Lets a signed-in caller through, or says what is missing.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn admit(self, rights: &Rights, must_change_password: bool) -> Result<()> {
        if must_change_password && !matches!(self, Self::Anyone | Self::SignedInToChangePassword) {
            return Err(Forbidden::MustChangePassword.into());
        }
        match self {
            Self::Needs(permission) if !rights.permissions.contains(permission) => {
                Err(Error::Forbidden(Forbidden::MissingPermission(permission)))
            }
            Self::Anyone | Self::SignedIn | Self::SignedInToChangePassword | Self::Needs(_) => Ok(()),
        }
    }
}
