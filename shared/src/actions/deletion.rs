//! Accounts deleted: kept in the table, and never answering again. And accounts erased, of which nothing is kept.

use serde_json::Value;

use super::users::{TRIES, UserRef, find, may_change, touched};
use super::{Context, record, sessions};
use crate::domain::history::{RightsKind, Target};
use crate::domain::user::{Status, User};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::{SessionId, UserId};
use crate::store::table::Write;
use crate::store::{history, keys, mails, search, sessions as sessions_of, users};

/// Deletes an account: it is kept, never answers again, and its address and name are free.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Conflict::LastAdministrator`].
pub async fn delete(cx: &Context, user: &UserRef) -> Result<()> {
    delete_found(cx, find(cx, user).await?).await
}

/// The same, for contracts in which nobody deletes their own account.
///
/// # Errors
/// [`Conflict::OwnAccount`]; else as [`delete`].
pub async fn delete_anothers(cx: &Context, user: &UserRef) -> Result<()> {
    let found = find(cx, user).await?;
    if found.id == cx.caller()?.id {
        return Err(Conflict::OwnAccount.into());
    }
    delete_found(cx, found).await
}

async fn delete_found(cx: &Context, mut found: User) -> Result<()> {
    for _ in 0..TRIES {
        may_change(cx, &found)?;
        let mut after = found.clone();
        after.status = Status::Deleted;
        after.deleted_at = Some(cx.now);
        after.password = None;
        after.end_sessions();
        touched(cx, &mut after);
        let was = serde_json::json!({ "status": found.status });
        let row = record::rights(cx, RightsKind::UserDeleted, Target::User(after.id), was, Value::Null)?;
        match users::writes(Some(&found), &after)?
            .and([row])
            .commit(&cx.app.table)
            .await
        {
            Err(Error::PreconditionFailed) => found = sessions::account(cx, found.id).await?,
            outcome => return outcome,
        }
    }
    Err(Conflict::Contention.into())
}

/// Erases an account, deleted or not, and all that belongs to it. Of it nothing is left but its id in the histories.
/// One whose erasure broke off is erased by another one.
///
/// # Errors
/// As [`delete`].
pub async fn erase(cx: &Context, id: UserId) -> Result<()> {
    let mut found = kept(cx, id).await?;
    may_change(cx, &found)?;
    // The transaction decides. This keeps the rows of an account that stays as they are.
    if found.is_administrator() && users::administrators(&cx.app.table, &cx.tenant).await? <= 1 {
        return Err(Conflict::LastAdministrator.into());
    }
    clean(cx, &found).await?;
    for _ in 0..TRIES {
        may_change(cx, &found)?;
        let was = serde_json::json!({ "status": found.status });
        let row = record::rights(cx, RightsKind::UserErased, Target::User(id), was, Value::Null)?;
        let session = own_session(cx, id).map(|own| Write::delete(keys::session(&cx.tenant, id, own)));
        let plan = users::erasure(&found).and([row]).and(session);
        match plan.commit(&cx.app.table).await {
            Err(Error::PreconditionFailed) => found = kept(cx, id).await?,
            Ok(()) => {
                // It is done, and stays done; what others wrote in the meantime is cleaned away as far as that goes.
                if let Err(error) = clean(cx, &found).await {
                    tracing::warn!(?error, user = %id, "an erased account's last rows were left as they are");
                }
                return Ok(());
            }
            refused => return refused,
        }
    }
    Err(Conflict::Contention.into())
}

/// The account, deleted or not.
async fn kept(cx: &Context, id: UserId) -> Result<User> {
    let user = users::get(&cx.app.table, &cx.tenant, id).await?;
    user.ok_or(Error::NotFound(Noun::User))
}

/// The caller's session, where the account is its own: it must last until nothing is left to be done.
fn own_session(cx: &Context, id: UserId) -> Option<SessionId> {
    let caller = cx.caller.as_ref().filter(|caller| caller.id == id)?;
    Some(caller.session.id)
}

/// Removes what belongs to an account and is not in step with it. One-time tokens are found by their text alone: they
/// open nothing without the account, and expire within days.
async fn clean(cx: &Context, user: &User) -> Result<()> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    history::anonymise(table, t, user.id).await?;
    sessions_of::remove_all(table, t, user.id, own_session(cx, user.id)).await?;
    mails::remove_pending(table, t, user.id).await?;
    if user.status == Status::Deleted {
        // They went with its deletion, unless they could not be removed then.
        let remains = search::entries(user).into_iter().map(Write::delete);
        table.batch_write(&remains.collect::<Vec<_>>()).await?;
    }
    Ok(())
}
