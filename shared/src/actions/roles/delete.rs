//! Roles deleted, and taken from whoever has them before that.

use std::sync::OnceLock;

use serde_json::Value;

use super::{MAX_HOLDERS, as_expected, existing, may_touch_holders};
use crate::access::policy;
use crate::actions::changes::may_take_from;
use crate::actions::revisions::Expected;
use crate::actions::{Context, catalogue};
use crate::domain::history::{RightsKind, Target};
use crate::domain::role::{Role, SystemRole};
use crate::domain::trail;
use crate::domain::user::UserRef;
use crate::error::{Conflict, Error, Result};
use crate::id::{RoleId, UserId};
use crate::store::seats::{self, Counter};
use crate::store::table::{Lost, Refusal};
use crate::store::unit::atomically;
use crate::store::user_lists::listed;
use crate::store::{ended, record, roles, users};

/// How many members are looked at at once.
const AT_ONCE: usize = 100;

/// Deletes a role; with `force` it is taken from its members first. Whose grants ended are no members.
pub async fn delete(cx: &Context, name: &str, expected: &Expected, force: bool) -> Result<()> {
    let (mut ended, seen) = (1, OnceLock::new());
    loop {
        match delete_unheld(cx, name, expected, &seen, force).await {
            // Once more after the last that ended: somebody else may have cleared it in the meantime.
            Err(Error::Conflict(Conflict::RoleHasMembers)) if ended > 0 => {
                ended = ended::release(cx, existing(cx, name).await?.id, MAX_HOLDERS).await?;
            }
            outcome => return outcome,
        }
    }
}

async fn delete_unheld(cx: &Context, name: &str, expected: &Expected, seen: &OnceLock<u64>, force: bool) -> Result<()> {
    atomically(cx, |unit| async move {
        let role = existing(cx, name).await?;
        if SystemRole::by_id(role.id).is_some() {
            return Err(Conflict::SystemRole("a system role cannot be deleted").into());
        }
        policy::may_touch_role(&cx.caller()?.rights, &role)?;
        may_touch_holders(cx, &role).await?;
        expect_once(cx, &role, expected, seen).await?;
        let (role, has_members) = if force {
            leaves_somebody_in_charge(cx, &role).await?;
            // Somebody was given the role after it was taken from all others.
            (emptied(cx, &role).await?, Refusal::Lost(Lost::Changed))
        } else {
            (unheld(cx, &role).await?, Conflict::RoleHasMembers.into())
        };
        unit.write_after(seats::keep_many_closed(&role, cx.now));
        unit.write(roles::delete(&role, cx.now, &has_members));
        unit.write([roles::gone(cx, &role)?]);
        catalogue::lost_with(&unit, &role);
        unit.write([record::rights(
            cx,
            RightsKind::RoleDeleted,
            Target::Role(role.id),
            trail::of_role(&role),
            Value::Null,
        )?]);
        Ok(())
    })
    .await
}

/// Holds a role that is deleted to what the client expects of it. Its members count once: with `force` they go while it is
/// deleted; without, the transaction itself finds that there is one.
async fn expect_once(cx: &Context, role: &Role, expected: &Expected, seen: &OnceLock<u64>) -> Result<()> {
    match seen.get() {
        _ if expected.is_anything() => Ok(()),
        Some(version) if *version == role.version => Ok(()),
        Some(_) => Err(Error::PreconditionFailed),
        None => {
            as_expected(cx, role, expected, None).await?;
            seen.get_or_init(|| role.version);
            Ok(())
        }
    }
}

/// The role, of which none but the few counters gains a seat, where no account has one.
async fn unheld(cx: &Context, role: &Role) -> Result<Role> {
    let is_empty = |counters: &[Counter]| counters.iter().all(|counter| counter.taken == 0);
    // Looked at before: what stays is not to be closed.
    let counters = seats::read(&cx.app.table, role).await?;
    if is_empty(&counters) {
        let (role, counters) = match seats::is_settled(role, &counters) {
            true => (role.clone(), counters),
            false => seats::settle_on_few_counters(cx, role, None).await?,
        };
        if is_empty(&counters) {
            return Ok(role);
        }
    }
    Err(Conflict::RoleHasMembers.into())
}

/// The same, taken from whoever had it.
async fn emptied(cx: &Context, role: &Role) -> Result<Role> {
    loop {
        take_from_all(cx, role.id).await?;
        match unheld(cx, role).await {
            Err(Error::Conflict(Conflict::RoleHasMembers)) => {}
            outcome => return outcome,
        }
    }
}

/// Whether somebody stays in charge once the role is taken from all (rule 8): looked at before it is taken from the first of them,
/// so that what is refused changes nothing. What others do meanwhile may still leave the last one with it.
async fn leaves_somebody_in_charge(cx: &Context, role: &Role) -> Result<()> {
    if !role.administers() {
        return Ok(());
    }
    let (mut by, mut last) = (0, None);
    loop {
        let (ids, more) = roles::members(listed(cx), role.id, last, AT_ONCE).await?;
        for before in users::get_all(&cx.app.table, &cx.tenant, &ids).await? {
            let mut after = before.clone();
            after.take_role(role.id);
            by += i64::from(after.is_administrator()) - i64::from(before.is_administrator());
        }
        last = ids.last().copied();
        if !more {
            return users::stays_in_charge(&cx.app.table, &cx.tenant, by).await;
        }
    }
}

async fn take_from_all(cx: &Context, role: RoleId) -> Result<()> {
    loop {
        let (ids, more) = roles::members(listed(cx), role, None, AT_ONCE).await?;
        for id in ids {
            take_from(cx, role, id).await?;
        }
        if !more {
            return Ok(());
        }
    }
}

async fn take_from(cx: &Context, role: RoleId, id: UserId) -> Result<()> {
    let taken = atomically(cx, |unit| async move {
        let user = unit.grantee(&UserRef::Id(id)).await?;
        // What ended is held by nobody, and anybody may take it.
        if !user.has_role(role, cx.now) {
            return Ok(());
        }
        may_take_from(cx, &user).await?;
        unit.edit(&user, |after| {
            after.take_role(role);
            Ok(())
        })
        .map(drop)
    });
    match taken.await {
        // Deleted in the meantime, and its seat with it.
        Err(Error::NotFound(_)) => Ok(()),
        outcome => outcome,
    }
}
