//! What somebody may do.

use serde::{Deserialize, Serialize};
use usher::actions::access::{HeldRole, Permissions};
use usher::domain::text::Department;
use usher::domain::time;
use usher::error::Result;
use usher::http::call::Checks;
use usher::jiff::Timestamp;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
pub struct DepartmentQuery {
    /// The department that requests are about; none where absent.
    #[param(example = "sales")]
    department: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct MomentQuery {
    /// The department that requests are about; none where absent.
    #[param(example = "sales")]
    department: Option<String>,
    /// The moment that is asked about; now where absent.
    #[serde(default, deserialize_with = "time::moment")]
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

impl DepartmentQuery {
    pub fn parse(&self) -> Result<Option<Department>> {
        parsed(self.department.as_deref())
    }
}

impl MomentQuery {
    pub fn parse(&self) -> Result<(Option<Department>, Option<Timestamp>)> {
        Ok((parsed(self.department.as_deref())?, self.at))
    }
}

fn parsed(department: Option<&str>) -> Result<Option<Department>> {
    let mut checks = Checks::new();
    let text = department.filter(|text| !text.is_empty());
    let department = checks.optional("?department", text, Department::parse);
    checks.done()?;
    Ok(department)
}

/// What an account may do in requests about a department.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permissions)]
pub struct PermissionsView {
    /// The department that was asked about; none where null.
    #[schema(example = "sales")]
    department: Option<String>,
    permissions: Vec<HeldPermissionView>,
    /// The roles that give them.
    roles: Vec<HeldRoleView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldPermission)]
pub struct HeldPermissionView {
    #[schema(example = "invoices.read")]
    name: String,
    /// The first moment at which it will not be held, where nobody changes anything; none where null.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldRole)]
pub struct HeldRoleView {
    #[schema(example = "editor")]
    name: String,
    /// The department that it is given for; all where null.
    department: Option<String>,
    /// The first moment at which it will not count; none where null.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl PermissionsView {
    pub fn of(department: Option<&Department>, held: Permissions) -> Self {
        let name = |department: &Department| department.as_given().to_owned();
        let permissions = held.permissions.into_iter();
        let role = |role: HeldRole| HeldRoleView {
            name: role.name,
            department: role.department.as_ref().map(name),
            until: role.until,
        };
        Self {
            department: department.map(name),
            permissions: permissions
                .map(|(name, until)| HeldPermissionView { name, until })
                .collect(),
            roles: held.roles.into_iter().map(role).collect(),
        }
    }
}
