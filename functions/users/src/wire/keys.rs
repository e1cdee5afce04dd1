//! Bodies of `/api/users/{user}/keys*`: keys of service accounts.
//!
//! On purpose:
//! - The text of a key is in the answer that makes it and nowhere else; `hint` is how it begins.
//! - A key whose time is over is listed until it is swept away, revoked, or its place is needed.

use serde::{Deserialize, Serialize};
use usher::domain::service_key::ServiceKey;
use usher::domain::text::Label;
use usher::domain::time;
use usher::error::{Error, Result};
use usher::jiff::Timestamp;
use usher::secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;

/// A service account's key, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceKey)]
pub struct KeyView {
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    id: String,
    #[schema(example = "Deployed in March")]
    name: String,
    /// How its text begins.
    #[schema(example = "usher_sk_Zk3v")]
    hint: String,
    /// The first moment after its life; without end where null.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-11-22T08:00:00.000Z")]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; never where null.
    #[serde(serialize_with = "time::option::serialize")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    last_used_at: Option<Timestamp>,
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:00:00.000Z")]
    created_at: Timestamp,
    /// The account that made it.
    #[schema(example = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    created_by: Option<String>,
}

impl KeyView {
    pub fn of(key: &ServiceKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            hint: key.hint.clone(),
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            created_at: key.created_at,
            created_by: key.created_by.map(|id| id.to_string()),
        }
    }
}

/// The body of `POST /api/users/{user}/keys`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewServiceKey, example = json!({ "name": "Deployed in March", "expiresAt": "2027-11-22T08:00:00Z" }))]
pub struct NewKey {
    /// What it is for: 1 to 100 characters.
    name: String,
    /// The first moment after its life; without end where absent.
    #[serde(default, deserialize_with = "time::end")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl NewKey {
    pub fn parse(self) -> Result<(Label, Option<Timestamp>)> {
        let name = Label::parse(&self.name).map_err(|detail| Error::invalid("/name", detail))?;
        Ok((name, self.expires_at))
    }
}

/// A new key of a service account, with its text: it is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeServiceKey)]
pub struct MadeKey {
    /// The text, to be sent as a bearer token.
    #[schema(example = "usher_sk_Zk3v…")]
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

impl MadeKey {
    pub fn of(key: &ServiceKey, text: SecretString) -> Self {
        Self {
            key: text.expose_secret().to_owned(),
            view: KeyView::of(key),
        }
    }
}
