//! Finding a free seat of a role (see `store::seats`): one at random first, so that nobody queues at one counter; and
//! where that one is full, whichever has room, until none has.

use super::Context;
use crate::ambient;
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::error::{Conflict, Error, Result};
use crate::id::RoleId;
use crate::store::seats;

/// How often a seat can be lost to somebody else. Each loss means that somebody took one.
pub const TRIES: usize = 64;

/// A counter of the role, by chance.
///
/// # Errors
/// Where the machine gives no randomness.
pub fn any(counters: u8) -> Result<u8> {
    let [chance] = ambient::random::<1>()?;
    Ok(chance % counters.max(1))
}

/// The counter for one more grant: the account's own, where it has the role already.
///
/// # Errors
/// As [`any`].
pub fn of(user: Option<&User>, role: &Role) -> Result<u8> {
    let own = user.and_then(|user| user.grants.iter().find(|grant| grant.role == role.id));
    own.map_or_else(|| any(role.counters), |grant| Ok(grant.seat))
}

/// After a refusal for want of a seat: moves the account's new grants of full counters to ones with room.
///
/// # Errors
/// [`Conflict::RoleFull`] where a role has none.
pub async fn elsewhere(cx: &Context, before: Option<&User>, after: &mut User) -> Result<()> {
    let held = |role: RoleId| before.is_some_and(|user| user.grants.iter().any(|grant| grant.role == role));
    let mut new: Vec<RoleId> = after
        .grants
        .iter()
        .map(|grant| grant.role)
        .filter(|role| !held(*role))
        .collect();
    new.sort_unstable();
    new.dedup();
    for role in new {
        let counters = seats::read(&cx.app.table, &cx.tenant, role).await?;
        if counters.is_empty() {
            return Err(Error::NotFound(crate::error::Noun::Role));
        }
        let free: Vec<u8> = counters
            .iter()
            .filter(|counter| counter.has_room())
            .map(|counter| counter.number)
            .collect();
        let many = u8::try_from(free.len()).unwrap_or(u8::MAX);
        let seat = *free.get(usize::from(any(many)?)).ok_or(Conflict::RoleFull)?;
        for grant in after.grants.iter_mut().filter(|grant| grant.role == role) {
            grant.seat = seat;
        }
    }
    Ok(())
}
