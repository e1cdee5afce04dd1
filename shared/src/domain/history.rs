//! The two histories (rule 7): who signed in, and who changed whose rights. A row is written in the same transaction
//! as what it records, and only changed to take an erased account out of it.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::tenant::TenantId;
use crate::id::{EntryId, RoleId, SessionId, UserId};

/// Who works on the table itself and has no account: whoever imports. A UUIDv8, which no account ever gets.
pub const OPERATOR: UserId = UserId::from_uuid(Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_0000));

/// What a row of the login history records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LoginKind {
    Login,
    LoginFailed,
    Logout,
    Refresh,
    /// Failed logins locked the account.
    Lockout,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginEntry {
    /// Its id; sorts by time.
    pub id: EntryId,
    pub tenant: TenantId,
    pub user: UserId,
    pub kind: LoginKind,
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    pub surface: String,
    pub ip: String,
    /// With which client, as it calls itself.
    pub user_agent: String,
    pub session: Option<SessionId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RightsKind {
    UserCreated,
    UserDeleted,
    StatusChanged,
    RoleGranted,
    RoleRevoked,
    RoleCreated,
    /// A role's permissions or limit changed.
    RoleChanged,
    RoleDeleted,
    /// An account was erased: of it nothing is left but its id in the histories.
    UserErased,
    /// Somebody else set an account's password, or had one made.
    PasswordSet,
    /// Somebody else gave an account another address, or took it for verified or not.
    EmailChanged,
    /// Somebody else gave an account another username.
    UsernameChanged,
    /// Somebody else changed an account's personal fields.
    ProfileChanged,
    /// Somebody else cleared an account's failed logins.
    AttemptsCleared,
    /// Somebody else ended a session of an account, or all of them.
    SessionEnded,
    SettingsChanged,
    ApiKeyCreated,
    ApiKeyRevoked,
    /// A service account was given a key.
    ServiceKeyCreated,
    ServiceKeyRevoked,
    TenantCreated,
    PermissionCreated,
    PermissionRemoved,
    /// The operator made a link to choose an account's password by.
    LinkIssued,
    /// The operator had a mail sent that had been given up.
    MailRetried,
    /// The operator gave a mail up for good.
    MailDropped,
    /// The operator had a signing key made.
    SigningKeyMade,
    /// The operator took a signing key away: nothing that it signed is valid any more.
    SigningKeyRevoked,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    User(UserId),
    Role(RoleId),
    ApiKey(crate::id::ApiKeyId),
    Tenant(TenantId),
    /// By its name.
    Permission(String),
}

impl Target {
    pub fn id(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Role(id) => id.to_string(),
            Self::ApiKey(id) => id.to_string(),
            Self::Tenant(id) => id.to_string(),
            Self::Permission(name) => name.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsEntry {
    /// Its id; sorts by time.
    pub id: EntryId,
    pub tenant: TenantId,
    pub kind: RightsKind,
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// Who did it, an account or [`OPERATOR`]; set-up where absent.
    pub actor: Option<UserId>,
    /// From which address; empty once the actor's account was erased.
    #[serde(default)]
    pub ip: String,
    pub target: Target,
    #[serde(default)]
    pub before: Value,
    #[serde(default)]
    pub after: Value,
    /// The row of the change before it of what its target gives or is given ([`super::trail`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<EntryId>,
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
            Target::User(_) | Target::ApiKey(_) | Target::Tenant(_) | Target::Permission(_) => None,
        };
        granted.chain(itself).collect()
    }
}
