//! Sessions.

use serde::{Deserialize, Serialize};
use usher::actions::{Caller, Context};
use usher::domain::session::Session;
use usher::domain::time;
use usher::http::answer::Json;
use usher::http::openapi::surfaces;
use usher::jiff::Timestamp;
use utoipa::{IntoParams, ToSchema};

/// An open session of an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session, example = json!({
    "id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "surface": "directory", "createdAt": "2026-11-22T08:00:00.000Z",
    "lastUsedAt": "2026-11-22T08:12:00.000Z", "ip": "192.0.2.7", "userAgent": "curl/8.5.0", "current": true,
    "expiresAt": "2026-12-22T08:00:00.000Z",
}))]
pub struct SessionView {
    id: String,
    /// Through which contract it was opened.
    #[schema(schema_with = surfaces)]
    surface: String,
    /// When it was opened.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The minute of its last use, or of a use within the minute before that one.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// From which address it was opened; empty where that was not kept yet.
    ip: String,
    /// With which client, as it calls itself; empty where that was not kept yet.
    user_agent: String,
    /// Whether it is the one of this request.
    current: bool,
    /// When it ends.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl SessionView {
    pub fn all(cx: &Context, sessions: Vec<Session>) -> Json<Vec<Self>> {
        Json(sessions.into_iter().map(|session| Self::of(cx, session)).collect())
    }

    fn of(cx: &Context, session: Session) -> Self {
        Self {
            id: session.id.to_string(),
            last_used_at: minute(session.used_at()),
            current: is_current(cx, &session),
            surface: session.surface,
            created_at: session.created_at,
            ip: session.ip,
            user_agent: session.user_agent,
            expires_at: session.expires_at,
        }
    }
}

fn is_current(cx: &Context, session: &Session) -> bool {
    let current = cx.caller().and_then(Caller::session);
    current.is_ok_and(|current| current.id == session.id)
}

/// The minute that a moment is of.
fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// Which sessions are to end.
#[derive(Debug, Deserialize, IntoParams)]
pub struct EndQuery {
    /// `current` lets the session of this request go on; without it, that one ends as well.
    #[param(inline)]
    except: Option<Except>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Except {
    Current,
}

impl EndQuery {
    /// Whether the session of this request goes on.
    pub fn keeps_current(&self) -> bool {
        matches!(self.except, Some(Except::Current))
    }
}
