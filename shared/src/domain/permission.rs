//! The permission catalogue: global, with no department or tenant in it (rule 17, `docs/contracts/directory.md`).

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::text::Description;

/// Manage accounts, and the tenant's settings.
pub const ADMIN_USERS: &str = "admin.users";
pub const ADMIN_ROLES: &str = "admin.roles";
pub const ADMIN_KEYS: &str = "admin.keys";
/// Ask what another account may do.
pub const ADMIN_ACCESS: &str = "admin.access";
/// Add to the catalogue and take from it, where that is done from `main`; give what it marks as restricted.
pub const ADMIN_PERMISSIONS: &str = "admin.permissions";
/// Manage tenants. Held by owners of `main`.
pub const ADMIN_TENANTS: &str = "admin.tenants";

/// How many permissions applications can have in the catalogue.
pub const MAX_CATALOGUE: usize = 5_000;
/// How long its description can be, in characters: the whole catalogue fits into one answer.
pub const MAX_DESCRIPTION: usize = 200;
/// How many permissions one role can hold.
pub const MAX_OF_ROLE: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// Its name, such as `admin.users`.
    pub name: String,
    pub description: Option<String>,
    /// Whether only those may give it who hold it themselves, or `admin.permissions`.
    #[serde(default)]
    pub restricted: bool,
}

/// What a permission lets its holder do, in words.
pub fn description(text: &str) -> Result<Description, String> {
    match text.chars().count() > MAX_DESCRIPTION {
        true => Err(format!(
            "a permission's description has {MAX_DESCRIPTION} characters at most"
        )),
        false => Description::parse(text),
    }
}

/// Who gives a permission its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    System,
    Application,
}

impl Permission {
    pub fn scope(&self) -> Scope {
        match is_system(&self.name) {
            true => Scope::System,
            false => Scope::Application,
        }
    }
}

/// The entries that Usher itself gives a meaning to.
pub fn built_in() -> Vec<Permission> {
    [
        (
            ADMIN_USERS,
            "Create, change and delete accounts, give and take roles, and change the tenant's settings",
        ),
        (ADMIN_ROLES, "Create, change and delete roles"),
        (ADMIN_KEYS, "Create and revoke API keys and keys of service accounts"),
        (
            ADMIN_ACCESS,
            "Ask what another account may do, and introspect its tokens",
        ),
        (
            ADMIN_PERMISSIONS,
            "Add permissions of applications to the catalogue and remove them",
        ),
        (ADMIN_TENANTS, "Create tenants and list them"),
    ]
    .map(|(name, description)| Permission {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        restricted: false,
    })
    .to_vec()
}

/// Whether a name is kept for the system's: its first segment is `admin`, whatever parts it from the next (rule 17).
pub fn is_reserved(name: &str) -> bool {
    name.split(['.', ':']).next() == Some("admin")
}

/// Whether it is one of the system's, which Usher itself gives a meaning to (rule 17).
pub fn is_system(name: &str) -> bool {
    name.starts_with("admin.")
}
