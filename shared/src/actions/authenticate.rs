//! Who is calling: from a token to the account's present state, in one round trip.
//!
//! A token names who somebody was when it was issued. What they may do now, the account decides (rule 1).

use std::sync::Arc;

use super::{Caller, Context, api_keys};
use crate::access::policy::{self, Rights};
use crate::domain::role::Role;
use crate::domain::session::Session;
use crate::domain::tenant::TenantId;
use crate::domain::user::{Status, User};
use crate::error::{Error, Result};
use crate::id::RoleId;
use crate::proof::jwt::{AccessClaims, Verifier};
use crate::store::unit::atomically;
use crate::store::{roles, sessions};

pub async fn authenticate(cx: &Context, token: &str) -> Result<Arc<Caller>> {
    let claims = match verify(cx, token).await {
        Ok(claims) => claims,
        // A wrong API key is reported first, whatever else is wrong.
        Err(refused) => return Err(api_keys::check_own(cx).await.err().unwrap_or(refused)),
    };
    let (t, table) = (&cx.tenant, &cx.app.table);
    let api_key = cx.api_key.as_deref().map(api_keys::digest);
    let roles = &claims.role_ids;
    let present = sessions::present_with(table, t, claims.sub, claims.sid, roles, api_key.as_deref()).await?;
    if cx.api_key.is_some() {
        api_keys::check(cx, present.api_key).await?;
    }
    let session = present.session.ok_or(Error::InvalidToken)?;
    if session.unproven && !cx.app.settings.dev_endpoints {
        return Err(Error::InvalidToken);
    }
    if session.dev_principal.is_some() {
        return dev_principal(cx, session).await;
    }
    let user = present.user.ok_or(Error::InvalidToken)?;
    if user.status_set(cx.now) != Status::Active || !session.is_open_for(&user, cx.now) {
        return Err(Error::InvalidToken);
    }
    let session = first_use(cx, &session, &claims).await?;
    // A role given since the token was issued is not named in it, and counts all the same.
    let missing: Vec<RoleId> = user
        .applying(cx.now)
        .into_iter()
        .filter(|id| !claims.role_ids.contains(id))
        .collect();
    let mut known = present.roles;
    if !missing.is_empty() {
        known.extend(roles::get_all(table, t, missing).await?);
    }
    Ok(Arc::new(caller(cx, user, session, known)))
}

/// The tenant that a token of this stack is for: where nothing else names it, as before another service's API.
pub async fn tenant_of(cx: &Context, token: &str) -> Result<TenantId> {
    let claims = issued_here(cx, token).await?;
    TenantId::parse(&claims.tid).map_err(|_| Error::InvalidToken)
}

/// The claims of a token that this stack issued, and that has not expired.
async fn issued_here(cx: &Context, token: &str) -> Result<AccessClaims> {
    let keys = cx.keys().await?;
    let verifier = Verifier::new(cx.issuer.as_str(), cx.app.settings.audience.as_str());
    Ok(verifier.verify(token, &keys.public, cx.now)?)
}

/// The same of a token for this tenant.
pub async fn verify(cx: &Context, token: &str) -> Result<AccessClaims> {
    let claims = issued_here(cx, token).await?;
    if claims.tid == cx.tenant.as_str() {
        Ok(claims)
    } else {
        Err(Error::InvalidToken)
    }
}

fn caller(cx: &Context, user: User, session: Session, mut known: Vec<Role>) -> Caller {
    let rights = policy::effective(&user.grants, &known, cx.now, None);
    known.retain(|role| rights.roles.contains(&role.id));
    Caller {
        id: user.id,
        user: Some(user),
        session,
        roles: known,
        rights,
    }
}

/// Writes down the first use of the newest pair: from then on the refresh token before it is spent. Should somebody
/// have exchanged that one again in this moment, this token is not the newest any more.
async fn first_use(cx: &Context, session: &Session, claims: &AccessClaims) -> Result<Session> {
    atomically(cx, |unit| async move {
        let session = unit.session(session).await?;
        let accepted = session.accepts(claims.generation, claims.attempt);
        if !accepted.ok_or(Error::InvalidToken)?.0 {
            return Ok(session);
        }
        let (used, (key, changes, when)) = sessions::confirm(&session)?;
        unit.update_alone(key, changes, when);
        Ok(used)
    })
    .await
}

/// A development principal: its rights are kept in its session.
async fn dev_principal(cx: &Context, session: Session) -> Result<Arc<Caller>> {
    let principal = session.dev_principal.as_ref().ok_or(Error::InvalidToken)?;
    if !session.is_open(cx.now) {
        return Err(Error::InvalidToken);
    }
    let mut known = Vec::new();
    for name in &principal.roles {
        if let Some(role) = super::roles::named(cx, name).await? {
            known.push(role);
        }
    }
    let mut rights = Rights::of(known.iter());
    rights.permissions.extend(principal.permissions.iter().cloned());
    Ok(Arc::new(Caller {
        id: session.user,
        user: None,
        session,
        roles: known,
        rights,
    }))
}
