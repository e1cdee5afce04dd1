//! Bodies of `/api/rights-history`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher::actions::histories::{self, RightsFilter};
use usher::actions::{Context, roles, users};
use usher::domain::history::{RightsEntry, RightsKind};
use usher::domain::time;
use usher::error::{Error, Result};
use usher::http::call::given;
use usher::jiff::Timestamp;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
pub struct RightsQuery {
    /// Only what was done to this: an account's id, address or username, or what an item has as its `target`.
    target: Option<String>,
    /// Only what this account did: its id, address or username.
    actor: Option<String>,
    /// Only what is about this role: its id, also when it was deleted, or its name.
    role: Option<String>,
    /// How many: 1 to 100, 25 where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl RightsQuery {
    pub async fn filter(&self, cx: &Context) -> Result<RightsFilter> {
        let mut filter = RightsFilter::default();
        if let Some(text) = given(self.target.as_deref()) {
            let found = histories::targets(cx, text).await?;
            let unknown = || {
                Error::invalid(
                    "?target",
                    "there is no such account, and no row of anything of this name",
                )
            };
            filter.target = Some(found.ok_or_else(unknown)?);
        }
        if let Some(text) = given(self.actor.as_deref()) {
            let found = users::id_of(cx, text).await?;
            let unknown = || Error::invalid("?actor", "there is no such account");
            filter.actor = Some(found.ok_or_else(unknown)?);
        }
        if let Some(text) = given(self.role.as_deref()) {
            let found = roles::id_of(cx, text).await?;
            let unknown = || {
                Error::invalid(
                    "?role",
                    "there is no role of this name; one that was deleted has its id alone",
                )
            };
            filter.role = Some(found.ok_or_else(unknown)?);
        }
        Ok(filter)
    }
}

/// A row of the rights history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RightsHistoryEntry)]
pub struct RightsView {
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    at: Timestamp,
    /// The id of the account that did it; null for set-up and for whoever was not signed in.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    actor: Option<String>,
    /// From which address; null once the actor's account was erased.
    #[schema(example = "203.0.113.7")]
    ip: Option<String>,
    /// The id of the account, role, API key or tenant that it was done to, or the name of the permission.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")]
    target: String,
    #[schema(inline)]
    kind: RightsKind,
    /// What was changed, as it was; null where there is nothing to show. Never a secret.
    #[schema(value_type = Option<Object>, example = json!({ "email": "jane@example.org", "emailVerified": true }))]
    before: Value,
    /// The same, as it is since.
    #[schema(value_type = Option<Object>, example = json!({ "email": "jane@example.com", "emailVerified": false }))]
    after: Value,
}

impl RightsView {
    pub fn of(row: RightsEntry) -> Self {
        Self {
            at: row.at,
            actor: row.actor.map(|id| id.to_string()),
            ip: Some(row.ip).filter(|ip| !ip.is_empty()),
            target: row.target.id(),
            kind: row.kind,
            before: row.before,
            after: row.after,
        }
    }
}
