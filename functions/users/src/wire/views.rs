//! What is shown.

use serde::Serialize;
use usher::actions::Context;
use usher::domain::grant::Grant;
use usher::domain::time;
use usher::jiff::Timestamp;
use usher::secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

/// A one-time password, shown once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporaryPassword {
    /// The password; it must be changed at the next login.
    #[schema(example = "h7k2-m9qr-tzx4-c8wp-3v6n-y1dg-5b0s")]
    temporary_password: String,
}

impl TemporaryPassword {
    pub fn of(made: SecretString) -> Self {
        Self {
            temporary_password: made.expose_secret().to_owned(),
        }
    }
}

/// A role given to an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant)]
pub struct GrantView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    user_role_id: String,
    #[schema(example = "member")]
    role: String,
    role_id: String,
    /// The department whose requests it applies to.
    department: Option<String>,
    /// The first moment of its effect.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
    /// The first moment after it.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_to: Option<Timestamp>,
    /// Whether it applies now to requests about its department.
    effective: bool,
    /// When it was given.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime)]
    granted_at: Timestamp,
    /// Who gave it; set-up where null.
    granted_by: Option<String>,
}

impl GrantView {
    pub fn of(cx: &Context, grant: &Grant, role: &str) -> Self {
        Self {
            user_role_id: grant.id.to_string(),
            role: role.to_owned(),
            role_id: grant.role.to_string(),
            department: grant
                .department
                .as_ref()
                .map(|department| department.as_given().to_owned()),
            effective_from: grant.effective_from,
            effective_to: grant.effective_to,
            effective: grant.applies(cx.now, grant.department.as_ref()),
            granted_at: grant.granted_at,
            granted_by: grant.granted_by.map(|id| id.to_string()),
        }
    }
}
