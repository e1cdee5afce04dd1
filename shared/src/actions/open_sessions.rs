//! Open sessions: listed, and ended one at a time or all at once.

use serde_json::{Value, json};

use super::changes::{changeable, seen_into};
use super::revisions::{Expected, expect};
use super::{Context, sessions as own_sessions};
use crate::domain::history::{LoginKind, RightsKind, Target};
use crate::domain::session::Session;
use crate::domain::time;
use crate::domain::user::{User, UserRef};
use crate::error::{Error, Noun, Result};
use crate::id::{SessionId, UserId};
use crate::store::table::Write;
use crate::store::unit::{self, Unit, atomically};
use crate::store::{record, sessions};

/// How many sessions of an account a list looks at, the newest first, whether they are open or not.
const LOOKED_AT: usize = 1_000;

/// The caller's own, newest first.
pub async fn own(cx: &Context) -> Result<Vec<Session>> {
    let caller = cx.caller()?;
    let (mut open, more) = open_of(cx, caller.id, caller.user.as_ref()).await?;
    // It is open, however many began since. A service account's key has none.
    if let Ok(current) = caller.session()
        && more
        && !open.iter().any(|session| session.id == current.id)
    {
        open.push(current.clone());
    }
    Ok(open)
}

/// Those of an account that the caller may change (rule 9), newest first.
pub async fn of(cx: &Context, who: &UserRef) -> Result<Vec<Session>> {
    let user = seen_into(cx, who).await?;
    if cx.caller()?.id == user.id {
        return own(cx).await;
    }
    Ok(open_of(cx, user.id, Some(&user)).await?.0)
}

/// Open sessions, and whether there are more that were not looked at.
async fn open_of(cx: &Context, id: UserId, user: Option<&User>) -> Result<(Vec<Session>, bool)> {
    let (mut found, more) = sessions::newest(&cx.app.table, &cx.tenant, id, cx.now, LOOKED_AT).await?;
    found.retain(|session| is_open(cx, session, user));
    Ok((found, more))
}

/// Whether a token of it opens something now. No account stands behind a development principal.
fn is_open(cx: &Context, session: &Session, user: Option<&User>) -> bool {
    let of_this_stage = !session.unproven || cx.app.settings.dev_endpoints;
    let open = match user {
        Some(user) => session.is_open_for(user, cx.now),
        None => session.dev_principal.is_some() && session.is_open(cx.now),
    };
    of_this_stage && open
}

/// An open session of this account.
async fn existing(cx: &Context, id: UserId, user: Option<&User>, session: SessionId) -> Result<Session> {
    let found = sessions::get(&cx.app.table, &cx.tenant, id, session).await?;
    found
        .filter(|session| is_open(cx, session, user))
        .ok_or(Error::NotFound(Noun::Session))
}

/// Ends one of the caller's own.
pub async fn end_own(cx: &Context, id: SessionId) -> Result<()> {
    let caller = cx.caller()?;
    let session = match existing(cx, caller.id, caller.user.as_ref(), id).await {
        Err(Error::NotFound(_)) => existing_now(cx, id).await?,
        found => found?,
    };
    let row = record::login(cx, caller.id, LoginKind::Logout, Some(id))?;
    unit::write(cx, &[sessions::end(&session, Error::NotFound(Noun::Session))?, row]).await
}

/// The same, where others may have ended all sessions but one since the caller was let in.
async fn existing_now(cx: &Context, id: SessionId) -> Result<Session> {
    let caller = cx.caller()?;
    let (Some(_), Ok(own)) = (&caller.user, caller.session()) else {
        return Err(Error::NotFound(Noun::Session));
    };
    let (user, own) = sessions::with_account(&cx.app.table, &cx.tenant, caller.id, own.id).await?;
    let is_open = |own: &Session| user.as_ref().is_some_and(|user| own.is_open_for(user, cx.now));
    match own.as_ref().is_some_and(is_open) {
        true => existing(cx, caller.id, user.as_ref(), id).await,
        false => Err(Error::InvalidToken),
    }
}

/// Ends one of an account that the caller may change.
pub async fn end(cx: &Context, who: &UserRef, expected: &Expected, id: SessionId) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = changeable(cx, &unit, who).await?;
        let session = existing(cx, user.id, Some(&user), id).await?;
        expect(cx, &unit, &user, expected).await?;
        unit.keep_user(&user);
        let was = json!({ "session": id, "surface": session.surface, "createdAt": time::text(session.created_at) });
        unit.write([
            sessions::end(&session, Error::NotFound(Noun::Session))?,
            ended(cx, &user, Some(id), was)?,
        ]);
        Ok(())
    })
    .await
}

/// Ends all of the caller's own; or all but the one that asks for it.
pub async fn end_all_own(cx: &Context, but_this: bool) -> Result<()> {
    let caller = cx.caller()?;
    let Some(own) = &caller.user else {
        // A development principal has this one alone.
        return if but_this {
            Ok(())
        } else {
            own_sessions::logout(cx).await
        };
    };
    atomically(cx, |unit| async move {
        let user = unit.reread(own).await?;
        end_all_in(cx, &unit, &user, but_this).await
    })
    .await
}

/// Ends all of an account that the caller may change; but, where that is asked for, not the one that asks for it.
pub async fn end_all(cx: &Context, who: &UserRef, expected: &Expected, but_this: bool) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = changeable(cx, &unit, who).await?;
        expect(cx, &unit, &user, expected).await?;
        end_all_in(cx, &unit, &user, but_this).await
    })
    .await
}

/// However many there are, it is one number that they do not carry any more. Of the caller's own account nothing is
/// written where none ends: the one that asks goes on, or a service account's key asks, and there is no other.
async fn end_all_in(cx: &Context, unit: &Unit<'_>, user: &User, but_this: bool) -> Result<()> {
    if cx.is_operator {
        return end_all_of(cx, unit, user);
    }
    let caller = cx.caller()?;
    let own = match caller.session() {
        Ok(current) if caller.id == user.id => Some(this_session(cx, unit, user, current).await?),
        _ => None,
    };
    let (kept, ending) = if but_this { (own, None) } else { (None, own) };
    if caller.id == user.id && ending.is_none() && !another_is_open(cx, user, kept.as_ref()).await? {
        // Nor where others ended this one in the meantime: it is answered so.
        unit.keep_user(user);
        return Ok(());
    }
    let mut after = user.clone();
    after.end_sessions();
    let after = unit.change_if(user, after, None)?;
    if let Some(session) = &kept {
        unit.keep_session(session, &after)?;
    }
    let own = ending.map(|session| session.id);
    unit.write([ended(cx, user, own, json!({ "sessions": "all" }))?]);
    Ok(())
}

/// The same for the operator, who has no session.
fn end_all_of(cx: &Context, unit: &Unit<'_>, user: &User) -> Result<()> {
    let mut after = user.clone();
    after.end_sessions();
    unit.change_if(user, after, None)?;
    unit.write([ended(cx, user, None, json!({ "sessions": "all" }))?]);
    Ok(())
}

/// Whether the account has an open session beside this one, or may have: where it has more than are looked at.
async fn another_is_open(cx: &Context, user: &User, this: Option<&Session>) -> Result<bool> {
    let (open, more) = open_of(cx, user.id, Some(user)).await?;
    Ok(more || open.iter().any(|session| this.is_none_or(|this| this.id != session.id)))
}

/// The session that asks, which others may have ended since it was let in: what has ended does not begin again.
async fn this_session(cx: &Context, unit: &Unit<'_>, user: &User, current: &Session) -> Result<Session> {
    let mut session = unit.session(current).await?;
    // It was read before the account: since then it may have been let go on, where others ended.
    if session.epoch < user.epoch {
        let found = sessions::get(&cx.app.table, &cx.tenant, user.id, session.id).await?;
        session = found.ok_or(Error::InvalidToken)?;
    }
    // Where it is ahead, the account has changed since it was read, and the transaction begins again.
    let is_open = session.epoch >= user.epoch && session.is_open(cx.now);
    is_open.then_some(session).ok_or(Error::InvalidToken)
}

/// The row of it: one's own is a logout, and another's a change of what is theirs (rule 7).
fn ended(cx: &Context, user: &User, own: Option<SessionId>, was: Value) -> Result<Write> {
    if cx.actor() == Some(user.id) {
        return record::login(cx, user.id, LoginKind::Logout, own);
    }
    record::rights(cx, RightsKind::SessionEnded, Target::User(user.id), was, Value::Null)
}
