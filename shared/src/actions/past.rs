//! What an account was given, and what its roles gave, at an earlier moment: the present state without the changes since,
//! which the rights history has.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Context;
use crate::access::decision::Known;
use crate::domain::grant::MAX_GRANTS;
use crate::domain::history::Target;
use crate::domain::role::Role;
use crate::domain::user::{Status, User, UserRef};
use crate::error::{Error, Noun, Result};
use crate::id::RoleId;
use crate::store::trails::{Then, changes_since};
use crate::store::{ended, roles, users};

/// An account as it was at a moment before now, with the grants and the roles that it had then. By its id one that was
/// deleted since is found too; one that was erased is not, for nothing of it is kept.
///
/// Fails with [`Error::NotKept`] where that moment is before the history.
pub(super) async fn known(cx: &Context, who: &UserRef, at: Timestamp) -> Result<Known> {
    let user = match who {
        UserRef::Id(id) => users::get(&cx.app.table, &cx.tenant, *id).await?,
        named => Some(users::find(&cx.app.table, &cx.tenant, named).await?),
    };
    let user = user.ok_or(Error::NotFound(Noun::User))?;
    if at < cx.now - cx.tenant_settings.history {
        return Err(Error::NotKept);
    }
    let then = Then { at, now: cx.now };
    let user = account(cx, user, then).await?;
    let roles = roles_of(cx, &user, then).await?;
    Ok(Known { user, roles })
}

async fn account(cx: &Context, user: User, then: Then) -> Result<User> {
    if then.at < user.created_at {
        return Err(Error::NotFound(Noun::User));
    }
    user.is_known_at(then.at, cx.now)?;
    // Read after the account: a grant that is moved between the two reads is there twice, and not missing.
    let past = ended::at(cx, &user, then.at, MAX_GRANTS).await?;
    let past = past.into_iter().map(|past| past.grant).collect();
    let trail = [(Target::User(user.id), user.trail())];
    let changes = changes_since(&cx.app.table, &cx.tenant, &trail, then).await?;
    let user = user.as_of(then.at, past, changes.first().map_or(&[], Vec::as_slice))?;
    match user.status {
        Status::Deleted => Err(Error::NotFound(Noun::User)),
        _ => Ok(user),
    }
}

/// The roles of its grants as they were. One that was deleted by then is not among them; one that was there, as a grant
/// shows, and of which nothing is kept, is not known.
async fn roles_of(cx: &Context, user: &User, then: Then) -> Result<Vec<Role>> {
    let ids: BTreeSet<RoleId> = user.grants.iter().map(|grant| grant.role).collect();
    let (present, gone) = roles::present_and_gone(&cx.app.table, &cx.tenant, &ids, cx.now).await?;
    let known: BTreeSet<RoleId> = present
        .iter()
        .chain(gone.iter().map(|gone| &gone.role))
        .map(|role| role.id)
        .collect();
    let mut standing = user.grants.iter().filter(|grant| grant.stands(then.at));
    if standing.any(|grant| !known.contains(&grant.role)) {
        return Err(Error::NotKept);
    }
    let mut roles = present;
    roles.extend(gone.into_iter().filter_map(|gone| gone.at(then.at)));
    roles.retain(|role| role.created_at <= then.at);
    roles.iter().try_for_each(|role| role.is_known_at(then.at))?;
    let trails: Vec<_> = roles.iter().map(|role| (Target::Role(role.id), role.trail())).collect();
    let changes = changes_since(&cx.app.table, &cx.tenant, &trails, then).await?;
    roles
        .into_iter()
        .zip(&changes)
        .map(|(role, changes)| role.before(changes))
        .collect()
}
