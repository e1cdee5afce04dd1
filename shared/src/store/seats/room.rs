//! Where there is room: another counter for a seat that found its own full.

use std::collections::BTreeSet;

use super::counters::{Counter, is_marked, taken_on_many};
use super::{few, read};
use crate::ambient;
use crate::context::Context;
use crate::domain::grant::any_counter;
use crate::domain::role::{Role, SystemRole};
use crate::domain::user::User;
use crate::error::{Conflict, Result};
use crate::id::RoleId;
use crate::store::table::{Changes, Cond, Lost, Refusal, Write, number};
use crate::store::{ended, keys, roles, unit};

/// Moves an account's grants of roles that are new to it to counters with room, where those that they are on have none.
/// A random one, so that no counter is contended.
pub async fn move_to_counters_with_room(cx: &Context, before: Option<&User>, after: &mut User) -> Result<(), Refusal> {
    let held = |role: RoleId| before.is_some_and(|user| user.grants.iter().any(|grant| grant.role == role));
    let seats = after.seats().into_iter().filter(|(role, _)| !held(*role));
    let new: BTreeSet<(RoleId, bool)> = seats.map(|(role, seat)| (role, seat.administers)).collect();
    for (role, administers) in new {
        if let Some(counter) = find_room(cx, role, administers).await? {
            let own = after.grants.iter_mut().filter(|grant| grant.role == role);
            own.for_each(|grant| grant.sit(counter));
        }
    }
    Ok(())
}

/// A counter of the role with room, by chance, and the role's round; nothing where any will do. Where none has room, what
/// was left on the many counters is given to the few, and seats of grants that ended are given back.
async fn find_room(cx: &Context, id: RoleId, administers: bool) -> Result<Option<(u16, u32)>, Refusal> {
    let mut ended = 1;
    loop {
        let role = roles::get(&cx.app.table, &cx.tenant, id).await?.ok_or(Lost::Changed)?;
        let is_system = SystemRole::by_id(id).is_some();
        if !is_system && role.administers() != administers {
            return Err(Lost::Changed.into());
        }
        let chance = u16::from_be_bytes(ambient::random()?);
        if !role.has_few_counters() {
            return Ok(is_system.then(|| (any_counter(role.counters, chance), role.round)));
        }
        let counters = read(&cx.app.table, &role).await?;
        let free: Vec<u16> = few(&counters)
            .filter(|counter| counter.has_room())
            .map(|counter| counter.number)
            .collect();
        if let Some(number) = free.get(usize::from(chance) % free.len().max(1)) {
            return Ok(Some((*number, role.round)));
        }
        if share_what_is_left(cx, &role, &counters).await? {
            continue;
        }
        // The counters are read once more after the last that ended: somebody else may have cleared it in the meantime.
        if ended == 0 || !is_marked(&counters) {
            return Err(Conflict::RoleFull.into());
        }
        ended = ended::release(cx, id, 1).await?;
    }
}

/// Gives what was left on the many counters of a role with a limit to one of the few; whether there was any. They only
/// fall, so what was read of them is never too little.
async fn share_what_is_left(cx: &Context, role: &Role, counters: &[Counter]) -> Result<bool, Refusal> {
    let shares: u32 = few(counters).filter_map(|counter| counter.share).sum();
    let left = role
        .max_count
        .unwrap_or(0)
        .saturating_sub(shares + taken_on_many(counters));
    if left == 0 {
        return Ok(false);
    }
    let mut writes = vec![roles::unchanged(role, roles::any_copy()?)];
    for (n, counter) in few(counters).enumerate() {
        let key = keys::seats(&role.tenant, role.id, counter.number);
        let share = counter.share.unwrap_or(0);
        let write = match n {
            0 => Write::update(key, Changes::new().set("share", number(share + left))),
            _ => Write::check(key),
        };
        writes.push(write.when(Cond::Eq("share", number(share)), Lost::Changed));
    }
    match unit::commit(&cx.app.table, &writes).await {
        Ok(()) | Err(Refusal::Lost(_)) => Ok(true),
        Err(refused) => Err(refused),
    }
}
