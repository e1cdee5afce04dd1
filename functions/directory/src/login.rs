//! The login history.

use serde::Serialize;
use usher::domain::history::{LoginEntry, LoginKind};
use usher::domain::time;
use usher::http::openapi::surfaces;
use usher::jiff::Timestamp;
use utoipa::ToSchema;

/// A row of the login history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoginHistoryEntry)]
pub struct LoginView {
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    at: Timestamp,
    /// What it was.
    #[schema(inline)]
    kind: LoginKind,
    /// Through which contract.
    #[schema(schema_with = surfaces)]
    surface: String,
    /// From which address.
    #[schema(example = "192.0.2.7")]
    ip: String,
    /// With which client, as it calls itself.
    #[schema(example = "curl/8.5.0")]
    user_agent: String,
}

impl LoginView {
    pub fn of(entry: LoginEntry) -> Self {
        Self {
            at: entry.at,
            kind: entry.kind,
            surface: entry.surface,
            ip: entry.ip,
            user_agent: entry.user_agent,
        }
    }
}
