//! The two histories (rule 7): who signed in, and who changed whose rights. A row is written in the same transaction
//! as what it records, and never changed.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::tenant::TenantId;
use crate::id::{EntryId, RoleId, SessionId, UserId};

/// What a row of the login history records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LoginKind {
    /// A login.
    Login,
    /// A login that failed.
    LoginFailed,
    /// A logout.
    Logout,
    /// A token was renewed.
    Refresh,
    /// Failed logins locked the account.
    Lockout,
}

/// A row of the login history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginEntry {
    /// Its id; sorts by time.
    pub id: EntryId,
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose login.
    pub user: UserId,
    /// What happened.
    pub kind: LoginKind,
    /// When.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// Through which contract.
    pub surface: String,
    /// From which address.
    pub ip: String,
    /// With which client, as it calls itself.
    pub user_agent: String,
    /// In which session, where there is one.
    pub session: Option<SessionId>,
}

/// What a row of the rights history records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RightsKind {
    /// An account was made.
    UserCreated,
    /// An account was deleted.
    UserDeleted,
    /// An account's status changed.
    StatusChanged,
    /// A role was given.
    RoleGranted,
    /// A role was taken.
    RoleRevoked,
    /// A role was made.
    RoleCreated,
    /// A role's permissions or limit changed.
    RoleChanged,
    /// A role was deleted.
    RoleDeleted,
    /// An account was erased: of it nothing is left but its id in the histories.
    UserErased,
    /// The tenant's settings changed.
    SettingsChanged,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// A tenant was made.
    TenantCreated,
}

/// Whom a change of rights was done to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// An account.
    User(UserId),
    /// A role.
    Role(RoleId),
    /// An API key.
    ApiKey(crate::id::ApiKeyId),
    /// A tenant, or its settings.
    Tenant(TenantId),
}

impl Target {
    /// Its id.
    pub fn id(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Role(id) => id.to_string(),
            Self::ApiKey(id) => id.to_string(),
            Self::Tenant(id) => id.to_string(),
        }
    }
}

/// A row of the rights history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsEntry {
    /// Its id; sorts by time.
    pub id: EntryId,
    /// Whose tenant.
    pub tenant: TenantId,
    /// What happened.
    pub kind: RightsKind,
    /// When.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// Who did it; set-up where absent.
    pub actor: Option<UserId>,
    /// To whom.
    pub target: Target,
    /// How it was before.
    #[serde(default)]
    pub before: Value,
    /// How it is since.
    #[serde(default)]
    pub after: Value,
}

impl RightsEntry {
    /// The roles that it is about: given to an account or taken from it, or changed themselves.
    pub fn roles(&self) -> Vec<RoleId> {
        let of_grant = |grant: &Value| grant["role"].as_str()?.parse().ok();
        let given = self.after["grants"].as_array().into_iter().flatten();
        let granted = [&self.before, &self.after]
            .into_iter()
            .chain(given)
            .filter_map(of_grant);
        let itself = match self.target {
            Target::Role(id) => Some(id),
            Target::User(_) | Target::ApiKey(_) | Target::Tenant(_) => None,
        };
        granted.chain(itself).collect()
    }
}
