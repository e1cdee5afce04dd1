//! A grant that is asked for.

use serde::Deserialize;
use usher::actions::grants;
use usher::domain::text::Department;
use usher::domain::time;
use usher::error::Result;
use usher::http::call::Checks;
use usher::jiff::Timestamp;
use utoipa::ToSchema;

/// The body of `POST /api/users/{user}/roles`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "role": "member", "department": "sales", "effectiveTo": "2027-01-01T00:00:00Z" }))]
pub struct GrantRole {
    /// The role's name or id.
    role: String,
    /// The department whose requests it applies to; all where absent.
    department: Option<String>,
    /// The first moment of its effect; now where absent.
    #[serde(default, deserialize_with = "time::beginning")]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
    /// The first moment after it; without end where absent.
    #[serde(default, deserialize_with = "time::end")]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_to: Option<Timestamp>,
}

impl GrantRole {
    /// The grant; it is at this place in the body.
    pub fn parse(self, place: &str) -> Result<grants::NewGrant> {
        let mut checks = Checks::new();
        let department = checks.optional(
            &format!("{place}/department"),
            self.department.as_deref(),
            Department::parse,
        );
        checks.done()?;
        Ok(grants::NewGrant {
            role: self.role,
            department,
            effective_from: self.effective_from,
            effective_to: self.effective_to,
        })
    }
}
