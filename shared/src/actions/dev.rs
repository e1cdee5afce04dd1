//! Tokens without a password, for development stages alone.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Map;

use super::login::not_active;
use super::reservations::locked;
use super::sessions::{self, Issued};
use super::users::{self, UserRef};
use super::{Context, Terms, login, roles};
use crate::domain::lockout::NameKind;
use crate::domain::role::SystemRole;
use crate::domain::session::DevPrincipal;
use crate::domain::text;
use crate::domain::user::UserKind;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::store::{sessions as session_store, unit};

/// A development principal to create.
#[derive(Debug, Default)]
pub struct Principal {
    pub username: Option<String>,
    pub roles: BTreeSet<String>,
    pub permissions: BTreeSet<String>,
}

/// Opens a session without a password, for whoever could log in with the right one; else the refusal of that login.
pub async fn login_as(cx: &Context, name: &str, terms: &Terms) -> Result<Issued> {
    exists(cx)?;
    let (user, kind) = match text::Login::parse(name) {
        text::Login::Email(email) => (UserRef::Email(email), NameKind::Email),
        text::Login::Username(username) => (UserRef::Username(username), NameKind::Username),
        text::Login::Neither(_) => return Err(Error::WrongCredentials),
    };
    let user = users::find(cx, &user).await.map_err(|error| match error {
        Error::NotFound(_) => Error::WrongCredentials,
        other => other,
    })?;
    // It never logs in, by whatever way.
    if user.kind == UserKind::Service {
        return Err(Error::WrongCredentials);
    }
    // As a login with the right password: a lock by failed logins is of the name that is given (rule 6), and comes first.
    if let Some(until) = user.attempts.under(kind).locked_until(cx.now) {
        return Err(locked(cx.now, until));
    }
    if let Some(refused) = not_active(&user, cx.now) {
        return Err(refused);
    }
    let (mut session, refresh) = sessions::begin(cx, user.id, user.epoch, terms)?;
    session.unproven = true;
    login::open(cx, &user, (session, refresh), terms).await
}

/// Creates a development principal and a token for it.
pub async fn issue_dev_token(cx: &Context, principal: Principal, lasts: SignedDuration) -> Result<Issued> {
    exists(cx)?;
    let mut named = sessions::RoleNames::new();
    for name in &principal.roles {
        let role = roles::named(cx, name).await?;
        let role = role.ok_or_else(|| Error::invalid("/roles", format!("there is no role `{name}`")))?;
        named.insert(role.id, role.name.as_given().to_owned());
    }
    let terms = Terms::of("dev", lasts);
    let (mut session, _) = sessions::begin(cx, UserId::new(cx.now)?, 0, &terms)?;
    session.unproven = true;
    // No account, no history.
    session.recorded_until = None;
    session.dev_principal = Some(DevPrincipal {
        username: principal.username.unwrap_or_else(|| "dev".to_owned()),
        roles: principal.roles,
        permissions: principal.permissions,
    });
    let (access_token, expires_at) = sessions::issue(cx, &session, &named, Map::new(), &terms).await?;
    unit::write(cx, &[session_store::open(&session)?]).await?;
    tracing::warn!(event = "dev_token", session = %session.id, "a token for a development principal was issued");
    let ranks = named.keys().filter_map(|id| SystemRole::by_id(*id)?.rank);
    let rank = ranks.max().unwrap_or_default();
    let roles = named.into_values().collect();
    Ok(Issued {
        user: None,
        rank,
        roles,
        access_token,
        expires_at,
        refresh_token: None,
    })
}

fn exists(cx: &Context) -> Result<()> {
    if cx.app.settings.dev_endpoints {
        Ok(())
    } else {
        Err(Error::NoSuchRoute)
    }
}
