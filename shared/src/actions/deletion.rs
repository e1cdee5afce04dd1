//! Accounts deleted: kept in the table, and never answering again.

use serde_json::Value;

use super::users::{TRIES, UserRef, find, may_change, touched};
use super::{Context, record, sessions};
use crate::domain::history::{RightsKind, Target};
use crate::domain::user::{Status, User};
use crate::error::{Conflict, Error, Result};
use crate::store::users;

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
