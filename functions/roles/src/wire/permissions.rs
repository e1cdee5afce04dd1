//! Bodies of `/api/permissions`.

use serde::{Deserialize, Serialize};
use strum::VariantNames;
use usher::domain::permission::{self, Permission, Scope};
use usher::domain::text::PermissionName;
use usher::error::{Error, Result};
use usher::http::call::Checks;
use usher::http::openapi::words;
use utoipa::openapi::Object;
use utoipa::{IntoParams, ToSchema};

/// An entry of the permission catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub struct PermissionView {
    #[schema(example = "invoices.read")]
    name: String,
    /// What it lets its holder do.
    #[schema(example = "Read invoices")]
    description: Option<String>,
    /// Who gives it its meaning: Usher itself, or an application.
    #[schema(schema_with = scopes)]
    scope: &'static str,
    /// Whether only those may give it who hold it themselves, or `admin.permissions`.
    restricted: bool,
}

fn scopes() -> Object {
    words(Scope::VARIANTS.iter().copied())
}

impl PermissionView {
    pub fn of(entry: Permission) -> Self {
        Self {
            scope: entry.scope().into(),
            name: entry.name,
            description: entry.description,
            restricted: entry.restricted,
        }
    }
}

/// The query of `GET /api/permissions`.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PermissionsQuery {
    /// Only those of this scope.
    #[param(schema_with = scopes)]
    scope: Option<String>,
}

impl PermissionsQuery {
    pub fn scope(&self) -> Result<Option<Scope>> {
        let Some(text) = self.scope.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let scope = text.to_ascii_lowercase().parse();
        scope.map(Some).map_err(|_| {
            let known = Scope::VARIANTS.join(" or ");
            Error::invalid("?scope", format!("a scope is {known}"))
        })
    }
}

/// The body of `POST /api/permissions`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "invoices.read", "description": "Read invoices" }))]
pub struct NewPermission {
    /// Lower-case letters, digits, `.`, `:`, `_` and `-`, 64 at most; `admin`, alone or before a `.` or `:`, is the
    /// system's.
    name: String,
    /// What it lets its holder do: up to 200 characters.
    description: Option<String>,
    /// Whether only those may give it who hold it themselves, or `admin.permissions`. For good.
    #[serde(default)]
    restricted: bool,
}

impl NewPermission {
    pub fn parse(self) -> Result<Permission> {
        let mut checks = Checks::new();
        checks.parse("/name", &self.name, PermissionName::parse);
        checks.optional("/description", self.description.as_deref(), permission::description);
        checks.done()?;
        Ok(Permission {
            name: self.name,
            description: self.description,
            restricted: self.restricted,
        })
    }
}
