//! Accounts deleted: kept in the table, and never answering again. And accounts erased, of which nothing is kept.

use super::changes::{changeable, may_change};
use super::revisions::{Expected, expect};
use super::{Context, Credential};
use crate::domain::user::{Status, User, UserKind, UserRef};
use crate::error::{Conflict, Error, Noun, Result};
use crate::id::UserId;
use crate::store::table::{Key, Write};
use crate::store::unit::{Unit, atomically};
use crate::store::{ended, history, keys, mails, search, service_keys, sessions, users};

/// Deletes an account: it is kept, never answers again, and its address and name are free.
pub async fn delete(cx: &Context, user: &UserRef, expected: &Expected) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = changeable(cx, &unit, user).await?;
        expect(cx, &unit, &user, expected).await?;
        delete_in(cx, &unit, &user).map(drop)
    })
    .await
}

/// The same, for contracts that refuse to delete the caller's own account.
pub async fn delete_anothers(cx: &Context, user: &UserRef) -> Result<()> {
    atomically(cx, |unit| async move {
        let user = unit.user(user).await?;
        is_anothers(cx, user.id)?;
        may_change(cx, &unit, &user).await?;
        delete_in(cx, &unit, &user).map(drop)
    })
    .await
}

fn is_anothers(cx: &Context, id: UserId) -> Result<()> {
    match id == cx.caller()?.id {
        true => Err(Conflict::OwnAccount.into()),
        false => Ok(()),
    }
}

fn delete_in(cx: &Context, unit: &Unit<'_>, user: &User) -> Result<User> {
    unit.edit(user, |after| {
        after.status = Status::Deleted;
        after.deleted_at = Some(cx.now);
        after.password = None;
        after.end_sessions();
        Ok(())
    })
}

/// Erases an account, deleted or not, and all that belongs to it. Of it nothing is left but its id in the histories.
/// One whose erasure broke off is erased by another one.
pub async fn erase(cx: &Context, id: UserId) -> Result<()> {
    let found = users::get(&cx.app.table, &cx.tenant, id).await?;
    let found = &decided(cx, &found.ok_or(Error::NotFound(Noun::User))?).await?;
    clean(cx, found).await?;
    if found.status == Status::Deleted {
        // They went with its deletion, unless they could not be removed then.
        let entries: Vec<Write> = search::entries(found).into_iter().map(Write::delete).collect();
        cx.app.table.batch_write(&entries).await?;
    }
    let erased = atomically(cx, |unit| async move {
        let user = unit.reread(found).await?;
        may_change(cx, &unit, &user).await?;
        unit.erase(&user)?;
        unit.write(without_credential(cx, id)?);
        Ok(user)
    })
    .await?;
    // It is done, and stays done; what others wrote in the meantime is cleaned away as far as that goes.
    if let Err(error) = clean(cx, &erased).await {
        tracing::warn!(?error, user = %id, "an erased account's last rows were left as they are");
    }
    Ok(())
}

/// An account that nothing keeps from being erased any more, so that whoever may not erase it, or is the last in charge, is
/// refused while all of it is there: another's is deleted. The caller's own stays until the end, to ask again where an erasure
/// breaks off, and is in charge no more.
async fn decided(cx: &Context, found: &User) -> Result<User> {
    let is_own = cx.caller.as_ref().is_some_and(|caller| caller.id == found.id);
    atomically(cx, |unit| async move {
        let user = unit.reread(found).await?;
        may_change(cx, &unit, &user).await?;
        if user.status == Status::Deleted || is_own && !user.is_administrator() {
            return Ok(user);
        }
        if is_own {
            return unit.edit(&user, |after| {
                after.leaving = true;
                Ok(())
            });
        }
        delete_in(cx, &unit, &user)
    })
    .await
}

/// The same, for contracts that refuse to erase the caller's own account.
pub async fn erase_anothers(cx: &Context, id: UserId) -> Result<()> {
    is_anothers(cx, id)?;
    erase(cx, id).await
}

/// Where the caller's session or key is, where the account is its own: it must last until nothing is left to be done.
fn own_credential(cx: &Context, id: UserId) -> Option<Key> {
    let caller = cx.caller.as_ref().filter(|caller| caller.id == id)?;
    Some(match &caller.credential {
        Credential::Session(session) => keys::session(&cx.tenant, id, session.id),
        Credential::Key(key) => service_keys::place(key),
    })
}

/// What takes that away.
fn without_credential(cx: &Context, id: UserId) -> Result<Option<Write>> {
    let own = cx.caller.as_ref().filter(|caller| caller.id == id);
    own.map(|caller| match &caller.credential {
        Credential::Session(session) => sessions::erased(session),
        Credential::Key(key) => Ok(Write::delete(service_keys::place(key))),
    })
    .transpose()
}

/// Removes what belongs to an account and is not in step with it. One-time tokens are found by their text alone: they
/// open nothing without the account, and expire within days.
async fn clean(cx: &Context, user: &User) -> Result<()> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    history::anonymise(table, t, user.id).await?;
    let own = own_credential(cx, user.id);
    sessions::erase_all(table, t, user.id, own.as_ref()).await?;
    if user.kind == UserKind::Service {
        service_keys::remove_all(table, t, user.id, own.as_ref()).await?;
    }
    ended::forget(table, user).await?;
    mails::remove_unsent(table, t, user.id).await
}
