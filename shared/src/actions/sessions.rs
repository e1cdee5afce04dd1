//! Sessions: opened by a login, carried on by a refresh, ended by a logout or a revocation.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{Context, Terms, VerifiedEmail, authenticate, rate_limits, service_keys, session_use};
use crate::domain::history::LoginKind;
use crate::domain::rate_limit::Operation;
use crate::domain::role::Rank;
use crate::domain::session::{Family, Presented, Session};
use crate::domain::tenant_settings::EmailVerification;
use crate::domain::user::{Status, User};
use crate::error::{Error, Forbidden, Result};
use crate::id::{EntryId, RoleId, SessionId, UserId};
use crate::proof::jwt::AccessClaims;
use crate::proof::opaque::{RefreshToken, ServiceToken};
use crate::store::table::Write;
use crate::store::unit::{self, Unit, atomically};
use crate::store::{record, roles, sessions};

/// What a login or a refresh gives out.
#[derive(Debug)]
pub struct Issued {
    /// The account; none for a development principal.
    pub user: Option<User>,
    pub rank: Rank,
    pub roles: Vec<String>,
    pub access_token: SecretString,
    pub expires_at: Timestamp,
    pub refresh_token: Option<SecretString>,
}

pub type RoleNames = BTreeMap<RoleId, String>;

/// The names of the roles that apply to an account now. Those of the system are built in, so most accounts cost no
/// round trip here.
pub async fn role_names(cx: &Context, user: &User) -> Result<RoleNames> {
    roles::names(&cx.app.table, &cx.tenant, user.applying(cx.now)).await
}

/// What the contract's tokens carry beside the common claims.
pub fn claims(cx: &Context, user: &User, terms: &Terms) -> Map<String, Value> {
    (terms.claims)(user, user.rank(cx.now))
}

/// A new session of an account, and its first refresh token.
pub fn begin(cx: &Context, user: UserId, epoch: u32, terms: &Terms) -> Result<(Session, Option<RefreshToken>)> {
    let terms = cx.tenant_settings.applied(terms);
    let id = SessionId::spread(cx.now, cx.size_to_write().histories())?;
    let token = terms.refresh.then(|| RefreshToken::first(user, id)).transpose()?;
    let session = Session {
        id,
        tenant: cx.tenant.clone(),
        user,
        surface: cx.origin.surface.name.to_owned(),
        created_at: cx.now,
        expires_at: cx.now + terms.session,
        last_used_at: None,
        ip: cx.origin.ip.clone(),
        user_agent: cx.origin.user_agent.clone(),
        epoch,
        version: 0,
        refresh: token.as_ref().map(Family::beginning),
        unproven: false,
        dev_principal: None,
        recorded_until: Some(cx.now + cx.tenant_settings.history),
    };
    Ok((session, token))
}

/// What the roles in a token may take, in bytes of JSON: as base64url, two thirds of the longest token.
const ROLES_IN_TOKEN: usize = 4 * 1024;

/// The names of roles for a token, which are for its holder to read. Where they and the ids take too much, there are none:
/// the ids are what counts.
fn names_in_token(roles: &RoleNames) -> Vec<String> {
    let size = serde_json::to_string(roles).map_or(usize::MAX, |json| json.len());
    match size > ROLES_IN_TOKEN {
        true => Vec::new(),
        false => roles.values().cloned().collect(),
    }
}

/// Signs the access token of a session. It never outlives it.
pub async fn issue(
    cx: &Context,
    session: &Session,
    roles: &RoleNames,
    extra: Map<String, Value>,
    terms: &Terms,
) -> Result<(SecretString, Timestamp)> {
    let terms = cx.tenant_settings.applied(terms);
    let expires_at = (cx.now + terms.access).min(session.expires_at);
    let claims = AccessClaims {
        iss: cx.issuer.clone(),
        sub: session.user,
        aud: cx.app.settings.audience.clone(),
        exp: expires_at.as_second(),
        iat: cx.now.as_second(),
        jti: EntryId::new(cx.now)?.uuid(),
        sid: session.id,
        tid: cx.tenant.as_str().to_owned(),
        roles: names_in_token(roles),
        role_ids: roles.keys().copied().collect(),
        generation: session.refresh.as_ref().map_or(0, |family| family.depth),
        attempt: session.refresh.as_ref().map_or(0, |family| family.attempt),
        extra,
    };
    let keys = cx.keys().await?;
    let token = keys.signer(&cx.app, cx.now).await?.sign(&claims)?;
    Ok((token, expires_at))
}

/// Carries on a session by its access token alone, for contracts without refresh tokens: the same token while so much of
/// it or more is left, else a new one, and the session begins anew from now. Sessions of other contracts are not
/// prolonged this way: each ends as its own contract defines.
pub async fn renew(cx: &Context, token: &SecretString, terms: &Terms, left: SignedDuration) -> Result<Issued> {
    rate_limits::admit(cx, Operation::Token, None).await?;
    atomically(cx, |unit| async move {
        let (caller, claims) = authenticate::identify(cx, token.expose_secret()).await?;
        let user = caller.user.as_ref().ok_or(Error::InvalidToken)?;
        let session = caller.session().map_err(|_| Error::InvalidToken)?;
        if session.surface != cx.origin.surface.name || not_verified(cx, user, terms).is_some() {
            return Err(Error::InvalidToken);
        }
        if caller.must_change_password() {
            return Err(Forbidden::MustChangePassword.into());
        }
        let ends = claims.expires_at()?;
        let known = caller.roles.iter();
        let roles = known.map(|role| (role.id, role.name.as_given().to_owned())).collect();
        let (access_token, expires_at) = if ends.duration_since(cx.now) >= left {
            session_use::note(cx, session).await;
            (token.clone(), ends)
        } else {
            prolong(cx, &unit, session, user, &roles, terms).await?
        };
        Ok(Issued {
            user: Some(user.clone()),
            rank: user.rank(cx.now),
            roles: roles.into_values().collect(),
            access_token,
            expires_at,
            refresh_token: None,
        })
    })
    .await
}

/// Lets a session begin anew from now, and issues a token for it.
async fn prolong(
    cx: &Context,
    unit: &Unit<'_>,
    session: &Session,
    user: &User,
    roles: &RoleNames,
    terms: &Terms,
) -> Result<(SecretString, Timestamp)> {
    let mut after = session.clone();
    // Never shorter: another token of the session may have been given out for longer.
    after.expires_at = (cx.now + cx.tenant_settings.applied(terms).session).max(session.expires_at);
    after.last_used_at = Some(cx.now);
    let issued = issue(cx, &after, roles, claims(cx, user, terms), terms).await?;
    unit.write([
        sessions::change(session, &after)?,
        record::login(cx, user.id, LoginKind::Refresh, Some(session.id))?,
    ]);
    Ok(issued)
}

/// Exchanges a refresh token for a new pair (RFC 6749, 6; rotation as RFC 9700, 4.14.2).
/// A spent token ends its family.
pub async fn refresh(cx: &Context, token: &str, terms: &Terms) -> Result<Issued> {
    let token = RefreshToken::parse(token).ok_or(Error::InvalidToken)?;
    let token = &token;
    rate_limits::admit(cx, Operation::Token, None).await?;
    let refreshed = atomically(cx, |unit| async move { refresh_in(cx, &unit, token, terms).await });
    // Either the spent token or its successors were stolen, so neither holder keeps any.
    refreshed.await?.ok_or(Error::InvalidToken)
}

/// The new pair; nothing where the token was spent before, and its session is ended for that.
async fn refresh_in(cx: &Context, unit: &Unit<'_>, token: &RefreshToken, terms: &Terms) -> Result<Option<Issued>> {
    let present = sessions::with_account(&cx.app.table, &cx.tenant, token.user(), token.session()).await?;
    let (Some(user), Some(session)) = present else {
        return Err(Error::InvalidToken);
    };
    let family = session.refresh.as_ref().ok_or(Error::InvalidToken)?;
    let refused = user.status_set(cx.now) != Status::Active || not_verified(cx, &user, terms).is_some();
    if !session.is_open_for(&user, cx.now) || refused {
        return Err(Error::InvalidToken);
    }
    let presented = family.present(token);
    match presented {
        Presented::Dead => return Err(Error::InvalidToken),
        Presented::Reused => {
            tracing::warn!(event = "refresh_reuse", session = %session.id, user = %user.id, "a spent refresh token was shown");
            unit.write(ended(cx, &session)?);
            return Ok(None);
        }
        Presented::Newest | Presented::Again => {}
    }
    let (depth, attempt) = family.next_place(presented);
    let successor = token.next(depth, attempt)?;
    let mut after = session.clone();
    after.refresh = Some(family.rotated(presented, token, &successor));
    after.last_used_at = Some(cx.now);
    let roles = role_names(cx, &user).await?;
    let extra = claims(cx, &user, terms);
    let (access_token, expires_at) = issue(cx, &after, &roles, extra, terms).await?;
    unit.write([
        sessions::change(&session, &after)?,
        record::login(cx, user.id, LoginKind::Refresh, Some(session.id))?,
    ]);
    Ok(Some(Issued {
        rank: user.rank(cx.now),
        roles: roles.into_values().collect(),
        user: Some(user),
        access_token,
        expires_at,
        refresh_token: Some(successor.text()),
    }))
}

/// Why the contract lets the account neither log in nor carry on a session: its address is not verified.
pub(super) fn not_verified(cx: &Context, user: &User, terms: &Terms) -> Option<Error> {
    let needed = match terms.verified_email {
        VerifiedEmail::NotNeeded => false,
        VerifiedEmail::Needed => true,
        VerifiedEmail::WhereRequired => {
            cx.tenant_settings.email_verification == EmailVerification::Required && user.email.is_some()
        }
    };
    (needed && !user.email_verified).then_some(Error::EmailNotVerified)
}

pub async fn logout(cx: &Context) -> Result<()> {
    end(cx, cx.caller()?.session()?).await
}

/// Ends the caller's session, and that of a refresh token of the caller's own. One of somebody else's is left alone, as
/// is whatever is no token: a client that logs out has nothing to learn from it.
pub async fn logout_with(cx: &Context, refresh: &str) -> Result<()> {
    let caller = cx.caller()?;
    let (id, session) = (caller.id, caller.session()?);
    let token = RefreshToken::parse(refresh);
    // The other one first: should it fail in between, the caller can still ask again.
    if token.is_some_and(|token| token.user() == id && token.session() != session.id) {
        revoke(cx, refresh).await?;
    }
    logout(cx).await
}

/// Ends the session of a token of either kind (RFC 7009). An invalid token ends nothing: that is
/// no error (RFC 7009, 2.2). Whoever has a service account's key may end it in the same way.
pub async fn revoke(cx: &Context, token: &str) -> Result<()> {
    rate_limits::admit(cx, Operation::Token, None).await?;
    if ServiceToken::is_meant_by(token) {
        return service_keys::revoke_text(cx, token).await;
    }
    let ended = match RefreshToken::parse(token) {
        Some(token) => {
            let (_, session) = sessions::with_account(&cx.app.table, &cx.tenant, token.user(), token.session()).await?;
            let authentic = |session: &Session| {
                session
                    .refresh
                    .as_ref()
                    .is_some_and(|family| family.family == token.family_digest())
            };
            session.filter(authentic)
        }
        None => match authenticate::verify(cx, token).await {
            Ok(claims) => {
                let present = sessions::with_account(&cx.app.table, &cx.tenant, claims.sub, claims.sid);
                present.await?.1
            }
            Err(Error::InvalidToken) => None,
            Err(other) => return Err(other),
        },
    };
    match ended {
        Some(session) => match end(cx, &session).await {
            Err(Error::InvalidToken) => Ok(()),
            outcome => outcome,
        },
        None => Ok(()),
    }
}

async fn end(cx: &Context, session: &Session) -> Result<()> {
    unit::write(cx, &ended(cx, session)?).await
}

fn ended(cx: &Context, session: &Session) -> Result<[Write; 2]> {
    Ok([
        sessions::end(session, Error::InvalidToken)?,
        record::login(cx, session.user, LoginKind::Logout, Some(session.id))?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles_take_four_kilobytes_of_a_token_at_most() {
        // With its id, and what JSON puts around both.
        for (letters, is_named) in [(4_096 - 43, true), (4_096 - 42, false)] {
            let name = "x".repeat(letters);
            let roles = RoleNames::from([(RoleId::new(Timestamp::UNIX_EPOCH).unwrap(), name.clone())]);
            let expected = if is_named { vec![name] } else { Vec::new() };
            assert_eq!(names_in_token(&roles), expected, "{letters}");
        }
        assert!(names_in_token(&RoleNames::new()).is_empty());
    }
}
