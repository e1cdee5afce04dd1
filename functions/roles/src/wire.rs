//! Bodies of `/api/roles*` and `/api/permissions`; those of `/api/api-keys*` and `/api/tenants` are in files of their own.
//!
//! On purpose:
//! - `memberCount` counts accounts: one with two grants of a role takes one seat of it.
//! - A role that never had a limit shows `maxCount: null`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use usher::actions::roles;
use usher::domain::role::Role;
use usher::domain::text::{Description, RoleName};
use usher::domain::time;
use usher::error::{Error, Result};
use usher::http::call::Checks;
use usher::jiff::Timestamp;
use utoipa::{IntoParams, ToSchema};

pub mod api_keys;
pub mod permissions;
pub mod tenants;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Role)]
pub struct RoleView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "editor")]
    name: String,
    #[schema(example = "May edit articles")]
    description: Option<String>,
    /// Names of the catalogue.
    #[schema(example = json!(["admin.users"]))]
    permissions: BTreeSet<String>,
    /// How many accounts can have it at once.
    #[schema(example = 10)]
    max_count: Option<u32>,
    /// How many accounts have it.
    #[schema(example = 3)]
    member_count: u32,
    /// Whether it came with Usher.
    system: bool,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    modified_at: Timestamp,
}

impl RoleView {
    pub fn of(role: &Role, member_count: u32) -> Self {
        Self {
            id: role.id.to_string(),
            name: role.name.as_given().to_owned(),
            description: role.description.clone(),
            permissions: role.permissions.clone(),
            max_count: role.max_count,
            member_count,
            system: role.system,
            created_at: role.created_at,
            modified_at: role.modified_at,
        }
    }
}

/// The query of `DELETE /api/roles/{role}` and `DELETE /api/permissions/{permission}`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct DeleteQuery {
    /// Whether to take it first from those who have it.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    pub force: bool,
}

/// The body of `POST /api/roles`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "name": "editor", "description": "May edit articles", "maxCount": 10 }))]
pub struct NewRole {
    /// Its name, unique without regard to letter case.
    name: String,
    description: Option<String>,
    /// Names of the catalogue, all of which the caller holds.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    permissions: BTreeSet<String>,
    /// How many accounts can have it at once; no limit where absent.
    max_count: Option<u32>,
}

impl NewRole {
    pub fn parse(self) -> Result<roles::NewRole> {
        let mut checks = Checks::new();
        let name = checks.parse("/name", &self.name, RoleName::parse);
        let description = checks.optional("/description", self.description.as_deref(), Description::parse);
        checks.done()?;
        let name = name.ok_or_else(|| Error::fault("a name was neither taken nor refused"))?;
        Ok(roles::NewRole {
            name,
            description,
            permissions: self.permissions,
            max_count: self.max_count,
        })
    }
}

/// The body of `PATCH /api/roles/{role}`: a merge patch. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "permissions": ["admin.users"], "maxCount": null }))]
pub struct PatchRole {
    /// A new name; a system role keeps its own.
    #[schema(nullable = false)]
    name: Option<String>,
    /// A new description; null takes it away.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// All that it holds from now on; null takes everything away.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<Vec<String>>)]
    permissions: Option<Option<BTreeSet<String>>>,
    /// A new limit, not below the number of members; null takes it away.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<u32>)]
    max_count: Option<Option<u32>>,
}

impl PatchRole {
    pub fn parse(self) -> Result<roles::RolePatch> {
        let mut checks = Checks::new();
        let name = checks.optional("/name", self.name.as_deref(), RoleName::parse);
        let description = self
            .description
            .map(|text| checks.optional("/description", text.as_deref(), Description::parse));
        checks.done()?;
        let permissions = self.permissions.map(Option::unwrap_or_default);
        Ok(roles::RolePatch {
            name,
            description,
            permissions,
            max_count: self.max_count,
        })
    }
}
