//! What a wrong password leaves behind: a row of the history, and the lock where it took the last place (rule 6).

use super::Context;
use super::reservations::Attempt;
use crate::domain::history::LoginKind;
use crate::domain::lockout::{MEMORY, NameKind};
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::metrics::Metric;
use crate::store::attempts::{self, Guess, Whose};
use crate::store::table::{Lost, Write};
use crate::store::unit::{Unit, atomically};
use crate::store::{history, record};

/// Records a failure; the one that takes the last place locks.
pub(super) async fn record(cx: &Context, attempt: &Attempt) -> Result<()> {
    let last = attempt.number >= cx.tenant_settings.lockout.limit;
    match (&attempt.user, attempt.whose) {
        (Some(user), Whose::Account(kind)) => of_name(cx, user, kind, last).await,
        (Some(user), _) => of_device(cx, attempt, user, last).await,
        (None, _) => of_unknown(cx, attempt, last).await,
    }
}

/// The same for a guess in a request that was refused: not with the answer that the request keeps.
pub(super) async fn record_guess(cx: &Context, guess: &Guess) -> Result<()> {
    let last = guess.number >= cx.tenant_settings.lockout.limit;
    of_name(&cx.at_once(), &guess.user, guess.kind, last).await
}

async fn of_name(cx: &Context, user: &User, kind: NameKind, last: bool) -> Result<()> {
    let limit = cx.tenant_settings.lockout.limit;
    let locked = atomically(cx, |unit| async move {
        let now = unit.reread(user).await?;
        unit.write([record::login(cx, user.id, LoginKind::LoginFailed, None)?]);
        // Where somebody changed the account in the meantime, the lock goes onto what it is now, unless one of the
        // attempts succeeded, or an administrator cleared the count, or it is there already.
        let attempts = now.attempts.under(kind);
        let counted = now == *user || (attempts.failed_login_count >= limit && attempts.locked_until(cx.now).is_none());
        if last && counted {
            lock(cx, &unit, &now, kind)?;
        }
        Ok(last && counted)
    });
    match locked.await {
        Ok(true) => {
            cx.app.metrics.count(Metric::Lockouts);
            tracing::warn!(event = "lockout", user = %user.id, "failed logins locked an account");
            Ok(())
        }
        // It was erased in the meantime.
        Ok(false) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Locks an account under one of its names, provided that it still counts that many failures.
fn lock(cx: &Context, unit: &Unit<'_>, user: &User, kind: NameKind) -> Result<()> {
    let rule = &cx.tenant_settings.lockout;
    let mut locked = user.clone();
    let attempts = locked.attempts.under_mut(kind);
    attempts.lockout_until = Some(cx.now + rule.duration(attempts.lockouts));
    let counted = attempts::counts(Whose::Account(kind), rule.limit);
    unit.change_if(user, locked, Some(counted))?;
    unit.write([record::login(cx, user.id, LoginKind::Lockout, None)?]);
    Ok(())
}

/// In a device's own count: the account's row shows it, and its count and status do not.
async fn of_device(cx: &Context, attempt: &Attempt, user: &User, last: bool) -> Result<()> {
    let row = |kind| record::login(cx, user.id, kind, None);
    if in_own_item(cx, attempt, last, row).await? {
        cx.app.metrics.count(Metric::Lockouts);
        tracing::warn!(event = "lockout", user = %user.id, "failed logins locked a device of an account");
    }
    Ok(())
}

async fn of_unknown(cx: &Context, attempt: &Attempt, last: bool) -> Result<()> {
    let row = |kind| {
        let entry = record::login_entry(cx, UserId::new(cx.now)?, kind, None)?;
        history::login_of_unknown(&attempt.key, &entry, MEMORY)
    };
    if in_own_item(cx, attempt, last, row).await? {
        cx.app.metrics.count(Metric::UnknownLockouts);
        tracing::warn!(event = "lockout", "failed logins locked an unknown login");
    }
    Ok(())
}

/// Records a failure in a count that is an item of its own; whether it locks. It does not where a success cleared the count
/// since, or it is locked already.
async fn in_own_item(
    cx: &Context,
    attempt: &Attempt,
    last: bool,
    row: impl Fn(LoginKind) -> Result<Write>,
) -> Result<bool> {
    let (rule, row) = (&cx.tenant_settings.lockout, &row);
    atomically(cx, |unit| async move {
        unit.write([row(LoginKind::LoginFailed)?]);
        if !last {
            return Ok(false);
        }
        let item = cx.app.table.get(&attempt.key).await?.unwrap_or_default();
        let seen = attempts::attempts(&item, attempt.whose);
        if seen.failed_login_count < rule.limit || seen.locked_until(cx.now).is_some() {
            return Ok(false);
        }
        let changes = attempts::locked(attempt.whose, cx.now + rule.duration(seen.lockouts));
        let counted = attempts::counts(attempt.whose, rule.limit);
        let lock = Write::update(attempt.key.clone(), changes).when(counted, Lost::Changed);
        unit.write([lock, row(LoginKind::Lockout)?]);
        Ok(true)
    })
    .await
}
