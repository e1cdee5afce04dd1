//! Bodies of `/api/access/preview`.

use std::collections::BTreeSet;

use directory::GrantRole;
use serde::{Deserialize, Serialize};
use usher::actions::preview::{Change, Difference, Preview};
use usher::error::{Error, Result};
use usher::http::call::Checks;
use usher::id::GrantId;
use utoipa::ToSchema;

use super::account;

/// The body of `POST /api/access/preview`: `role` with `permissions`, or `user` with `grant` or `revoke`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "role": "member", "permissions": [] }))]
pub struct PreviewBody {
    /// A role, by name or id, whose permissions would change.
    role: Option<String>,
    /// All that it would hold.
    #[schema(value_type = Option<Vec<String>>)]
    permissions: Option<BTreeSet<String>>,
    /// An account, by id, address or username, whose grants would change.
    user: Option<String>,
    /// The grant that it would be given.
    grant: Option<GrantRole>,
    /// The id of the grant that would be taken from it (`userRoleId`).
    revoke: Option<String>,
}

impl PreviewBody {
    pub fn parse(self) -> Result<Change> {
        match (self.role, self.permissions, self.user, self.grant, self.revoke) {
            (Some(role), Some(permissions), None, None, None) => Ok(Change::Role { role, permissions }),
            (None, None, Some(user), Some(grant), None) => Ok(Change::Give {
                user: named(&user)?,
                grant: grant.parse("/grant")?,
            }),
            (None, None, Some(user), None, Some(grant)) => Ok(Change::Take {
                user: named(&user)?,
                grant: grant_id(&grant)?,
            }),
            _ => Err(Error::invalid(
                "",
                "send `role` and `permissions`, or `user` and `grant`, or `user` and `revoke`",
            )),
        }
    }
}

fn named(user: &str) -> Result<usher::domain::user::UserRef> {
    let mut found = Checks::new();
    let user = found.parse("/user", user, account);
    found.done()?;
    user.ok_or_else(|| Error::fault("an account was neither taken nor refused"))
}

fn grant_id(text: &str) -> Result<GrantId> {
    text.parse()
        .map_err(|_| Error::invalid("/revoke", "this is not the id of a grant"))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub struct PreviewView {
    gains: Vec<DifferenceView>,
    loses: Vec<DifferenceView>,
    /// Whether more accounts than these may be affected: 1,000 are named at most.
    truncated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Difference)]
pub struct DifferenceView {
    /// The account's id.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    user: String,
    /// The department whose requests it is about; where null, those about none, and about all that are not named beside it.
    department: Option<String>,
    /// None where nothing is gained, or lost, in this department, and something elsewhere.
    #[schema(example = json!(["invoices.read"]))]
    permissions: BTreeSet<String>,
}

impl PreviewView {
    pub fn of(preview: Preview) -> Self {
        Self {
            gains: preview.gains.into_iter().map(DifferenceView::of).collect(),
            loses: preview.loses.into_iter().map(DifferenceView::of).collect(),
            truncated: preview.truncated,
        }
    }
}

impl DifferenceView {
    fn of(difference: Difference) -> Self {
        Self {
            user: difference.user.to_string(),
            department: difference.department.map(|department| department.as_given().to_owned()),
            permissions: difference.permissions,
        }
    }
}
