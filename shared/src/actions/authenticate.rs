//! Who is calling: from a token to the account's present state, in one round trip.
//!
//! A token names who somebody was when it was issued. What they may do now, the account decides (rule 1).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Caller, Context, Credential, api_keys, session_use};
use crate::access::policy::{self, Rights};
use crate::domain::role::{Role, SERVICE_ACCOUNT, USER};
use crate::domain::service_key::ServiceKey;
use crate::domain::session::Session;
use crate::domain::tenant::TenantId;
use crate::domain::user::{Status, User, UserKind};
use crate::error::{Error, Result};
use crate::id::RoleId;
use crate::proof::jwt::{AccessClaims, Verifier};
use crate::proof::opaque::{Digest, ServiceToken};
use crate::store::present::{self, Along};
use crate::store::table::from_item;
use crate::store::unit::atomically;
use crate::store::{keys, roles, service_keys, sessions};

/// The caller that a bearer token makes, whose use is written down where that is called for.
pub async fn authenticate(cx: &Context, token: &str) -> Result<Arc<Caller>> {
    if ServiceToken::is_meant_by(token) {
        let (caller, key) = identify_key(cx, token).await?;
        // Whoever came with a good key is let in, whether that can be noted or not.
        if let Err(error) = service_keys::used(&cx.app.table, &key, cx.now).await {
            tracing::warn!(?error, key = %key.id, "the use of a key was not written down");
        }
        return Ok(Arc::new(caller));
    }
    let (mut caller, claims) = identify(cx, token).await?;
    if let Credential::Session(session) = &mut caller.credential {
        if caller.user.is_some() {
            *session = first_use(cx, session, &claims).await?;
        }
        session_use::note(cx, session).await;
    }
    Ok(Arc::new(caller))
}

/// Who an access token stands for, by the account's present state. Nothing is written.
pub(super) async fn identify(cx: &Context, token: &str) -> Result<(Caller, AccessClaims)> {
    let claims = match verify(cx, token).await {
        Ok(claims) => claims,
        // A wrong API key is reported first, whatever else is wrong.
        Err(refused) => return Err(api_keys::check_own(cx).await.err().unwrap_or(refused)),
    };
    let (t, table) = (&cx.tenant, &cx.app.table);
    let api_key = cx.api_key.as_deref().map(api_keys::digest);
    let roles = &claims.role_ids;
    let along = along(cx, roles, keys::copy_for(claims.sid.uuid()), api_key.as_deref());
    let place = keys::session(t, claims.sub, claims.sid);
    let present = present::present(table, t, claims.sub, place, along).await?;
    if cx.api_key.is_some() {
        api_keys::check(cx, present.api_key).await?;
    }
    let session = sessions::open_in(present.credential)?.ok_or(Error::InvalidToken)?;
    if session.unproven && !cx.app.settings.dev_endpoints {
        return Err(Error::InvalidToken);
    }
    if session.dev_principal.is_some() {
        return Ok((dev_principal(cx, session).await?, claims));
    }
    let user = present.user.ok_or(Error::InvalidToken)?;
    if user.status_set(cx.now) != Status::Active || !session.is_open_for(&user, cx.now) {
        return Err(Error::InvalidToken);
    }
    session
        .accepts(claims.generation, claims.attempt)
        .ok_or(Error::InvalidToken)?;
    let mut caller = caller(cx, user, Credential::Session(session), present.roles, roles).await?;
    caller.others = Some(present.others);
    Ok((caller, claims))
}

/// Whom a service account's key acts as, likewise. Its text names no roles, for it outlives what it was made with: those
/// that the account had when the key was last seen here are read with it, so that another round trip is only needed where
/// it was given others since. Anybody can write a text that may be a key, so what its request is about is read along for
/// a key alone that was good before.
pub(super) async fn identify_key(cx: &Context, text: &str) -> Result<(Caller, ServiceKey)> {
    let Some(token) = ServiceToken::parse(text) else {
        return Err(api_keys::check_own(cx).await.err().unwrap_or(Error::InvalidToken));
    };
    let api_key = cx.api_key.as_deref().map(api_keys::digest);
    let (t, table) = (&cx.tenant, &cx.app.table);
    let seen = cx.app.seen_keys.of(t, token.digest());
    // What every service account begins with.
    let asked = seen.clone().unwrap_or_else(|| vec![USER.id, SERVICE_ACCOUNT.id]);
    let place = keys::service_key(t, token.user(), token.slot());
    let mut along = along(cx, &asked, keys::copy_for(token.user().uuid()), api_key.as_deref());
    if seen.is_none() {
        along.others = &[];
    }
    let present = present::present(table, t, token.user(), place, along).await?;
    if cx.api_key.is_some() {
        api_keys::check(cx, present.api_key).await?;
    }
    let is_it = |key: &ServiceKey| key.digest == token.digest() && key.is_valid(cx.now);
    let key: Option<ServiceKey> = present.credential.map(from_item).transpose()?;
    let key = key.filter(is_it).ok_or(Error::InvalidToken)?;
    let is_active = |user: &User| user.kind == UserKind::Service && user.status_set(cx.now) == Status::Active;
    let user = present.user.filter(is_active).ok_or(Error::InvalidToken)?;
    cx.app.seen_keys.note(t, key.digest, user.applying(cx.now));
    let credential = Credential::Key(key.clone());
    let mut caller = caller(cx, user, credential, present.roles, &asked).await?;
    caller.others = seen.map(|_| present.others);
    Ok((caller, key))
}

fn along<'a>(cx: &'a Context, roles: &'a [RoleId], copy: u8, api_key: Option<&'a str>) -> Along<'a> {
    Along {
        roles,
        copy,
        api_key,
        others: &cx.about,
    }
}

/// Which keys of service accounts were good when this process last saw them, and the roles that their accounts had: which
/// items are worth reading with the account, and never what it may do.
#[derive(Debug, Default)]
pub struct SeenKeys(Mutex<HashMap<SeenKey, Vec<RoleId>>>);

/// A tenant, and the SHA-256 of a key's text.
type SeenKey = (TenantId, [u8; 32]);

/// How many keys are remembered.
const REMEMBERED: usize = 10_000;

impl SeenKeys {
    fn of(&self, tenant: &TenantId, key: Digest) -> Option<Vec<RoleId>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(tenant.clone(), *key.as_bytes())).cloned()
    }

    fn note(&self, tenant: &TenantId, key: Digest, roles: BTreeSet<RoleId>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), *key.as_bytes());
        if seen.len() >= REMEMBERED && !seen.contains_key(&key) {
            seen.clear();
        }
        seen.insert(key, roles.into_iter().collect());
    }
}

/// The tenant that a token of this stack names: for where nothing else does, as before another service's API. A service
/// account's key names none.
pub async fn tenant_of(cx: &Context, token: &str) -> Result<Option<TenantId>> {
    if ServiceToken::is_meant_by(token) {
        return Ok(None);
    }
    let claims = issued_here(cx, token).await?;
    TenantId::parse(&claims.tid).map(Some).map_err(|_| Error::InvalidToken)
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

/// The caller, with the roles that apply now: those that were asked for with the account, and those that nobody knew of
/// then (given since its token was issued, say), which count all the same.
async fn caller(
    cx: &Context,
    user: User,
    credential: Credential,
    mut known: Vec<Role>,
    asked: &[RoleId],
) -> Result<Caller> {
    let missing: Vec<RoleId> = user
        .applying(cx.now)
        .into_iter()
        .filter(|id| !asked.contains(id))
        .collect();
    if !missing.is_empty() {
        known.extend(roles::get_all(&cx.app.table, &cx.tenant, missing).await?);
    }
    let rights = policy::effective(&user.grants, &known, cx.now, None);
    known.retain(|role| rights.roles.contains(&role.id));
    Ok(Caller {
        id: user.id,
        user: Some(user),
        credential,
        roles: known,
        rights,
        others: None,
    })
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
        let (used, (key, changes, when)) = sessions::confirm(&session, cx.now)?;
        unit.update_alone(key, changes, when);
        Ok(used)
    })
    .await
}

/// A development principal: its rights are kept in its session.
async fn dev_principal(cx: &Context, session: Session) -> Result<Caller> {
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
    Ok(Caller {
        id: session.user,
        user: None,
        credential: Credential::Session(session),
        roles: known,
        rights,
        others: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_keys_are_remembered_and_a_known_one_makes_none_forgotten() {
        let (seen, main) = (SeenKeys::default(), TenantId::main());
        let key = |n: usize| Digest::of(&n.to_be_bytes());
        for n in 0..REMEMBERED {
            seen.note(&main, key(n), BTreeSet::new());
        }
        seen.note(&main, key(0), BTreeSet::from([USER.id]));
        assert_eq!(seen.of(&main, key(0)), Some(vec![USER.id]));
        assert_eq!(seen.of(&main, key(1)), Some(Vec::new()), "there is room still");
        seen.note(&main, key(REMEMBERED), BTreeSet::new());
        assert_eq!(seen.of(&main, key(REMEMBERED)), Some(Vec::new()));
        assert_eq!(seen.of(&main, key(1)), None, "there was no more room");
    }
}
