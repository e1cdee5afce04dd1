//! The permission catalogue: global, with no department or tenant in it (`docs/contracts/directory.md`).

use serde::{Deserialize, Serialize};

/// Manage accounts, and the tenant's settings.
pub const ADMIN_USERS: &str = "admin.users";
pub const ADMIN_ROLES: &str = "admin.roles";
pub const ADMIN_KEYS: &str = "admin.keys";
/// Manage tenants. Held by owners of `main`.
pub const ADMIN_TENANTS: &str = "admin.tenants";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// Its name, such as `admin.users`.
    pub name: String,
    pub description: String,
    /// `tenant` where it is about one tenant's things, `global` where it is about tenants themselves, `app` where an
    /// application of the deployment gave it its meaning.
    pub scope: String,
}

/// The entries that Usher itself gives a meaning to.
pub fn built_in() -> Vec<Permission> {
    [
        (
            ADMIN_USERS,
            "Create, change and delete accounts, give and take roles, and change the tenant's settings",
            "tenant",
        ),
        (ADMIN_ROLES, "Create, change and delete roles", "tenant"),
        (ADMIN_KEYS, "Create and revoke API keys", "tenant"),
        (ADMIN_TENANTS, "Create tenants and list them", "global"),
    ]
    .map(|(name, description, scope)| Permission {
        name: name.to_owned(),
        description: description.to_owned(),
        scope: scope.to_owned(),
    })
    .to_vec()
}

/// Whether it is one of the system's, which Usher itself gives a meaning to (rule 17).
pub fn is_system(name: &str) -> bool {
    name.starts_with("admin.")
}
