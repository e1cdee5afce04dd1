//! Grants that ended, and what becomes of them (`docs/decisions/016-ended-grants.md`).
//!
//! Nothing happens at the moment when a grant ends. Until somebody needs what it still takes up, it stays on its account,
//! with its member item and its seat; then it is taken off the account, with all of that, in one transaction. So what the
//! account has and what follows from it are in step at every moment, and who counts leaves out what ended.

use futures::future::try_join_all;
use jiff::Timestamp;

use super::dynamo::{Query, Table};
use super::table::{Key, Write, from_item, number, string, to_item};
use super::user_lists::UserLists;
use super::users::{self, Change};
use super::{keys, roles, seats, unit};
use crate::context::Context;
use crate::domain::grant::{Grant, PastGrant, Seat};
use crate::domain::role::USER;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::TenantSize;
use crate::domain::trail::Trail;
use crate::domain::user::{Status, User};
use crate::error::{Error, Noun, Result};
use crate::id::{RoleId, UserId};

/// The account without its grants that ended: they are past from now on, whatever becomes of the request.
pub async fn cleared(cx: &Context, user: User) -> Result<User> {
    if user.grants.iter().all(|grant| grant.stands(cx.now)) {
        return Ok(user);
    }
    if cx.is_dry_run {
        let mut user = user;
        user.grants.retain(|grant| grant.stands(cx.now));
        return Ok(user);
    }
    clear(cx, user.id).await?;
    let cleared = users::get(&cx.app.table, &cx.tenant, user.id).await?;
    cleared
        .filter(|user| user.status != Status::Deleted)
        .ok_or(Error::NotFound(Noun::User))
}

/// Clears the accounts whose last grant of this role ended, up to so many; how many there were, whoever cleared them.
pub async fn release(cx: &Context, role: RoleId, most: usize) -> Result<usize> {
    let found = members(cx, role, Some(most)).await?;
    for user in &found {
        clear(cx, *user).await?;
    }
    Ok(found.len())
}

/// How many accounts have a seat of this role and no grant any more that stands.
pub async fn count(cx: &Context, role: RoleId) -> Result<u32> {
    let found = members(cx, role, None).await?;
    u32::try_from(found.len()).map_err(Error::fault)
}

/// Those whose last grant of the role ended first, of each partition of its members.
async fn members(cx: &Context, role: RoleId, most: Option<usize>) -> Result<Vec<UserId>> {
    let query = |partition| Query {
        pk: keys::members_partition(&cx.tenant, role, partition),
        prefix: Some(keys::ENDS.to_owned()),
        // What ended in this very millisecond is before the next one.
        until: Some(keys::ends_before(cx.now + jiff::SignedDuration::from_millis(1))),
        limit: most,
        ..Query::default()
    };
    let queries: Vec<Query> = (0..cx.size_to_read().members()).map(query).collect();
    let pages = try_join_all(queries.iter().map(|query| cx.app.table.query(query))).await?;
    let found = pages.iter().flat_map(|page| &page.items);
    let users = found.filter_map(|item| string(item, "user")?.parse().ok());
    Ok(users.take(most.unwrap_or(usize::MAX)).collect())
}

/// Takes the grants that ended off an account. Its version stays: nobody is shown a change.
async fn clear(cx: &Context, id: UserId) -> Result<()> {
    let (table, t) = (&cx.app.table, &cx.tenant);
    unit::decided(table, || async move {
        let Some(user) = users::get(table, t, id).await? else {
            return Ok(None);
        };
        let (stay, ended): (Vec<Grant>, Vec<Grant>) =
            user.grants.iter().cloned().partition(|grant| grant.stands(cx.now));
        if ended.is_empty() || user.status == Status::Deleted {
            return Ok(None);
        }
        let names = roles::names(table, t, ended.iter().map(|grant| grant.role)).await?;
        let mut trail = user.trail();
        trail.keeps_ended(cx.tenant_settings.history);
        let change = noted(user, stay, Some(trail));
        let mut writes = users::plan(&[change], cx.size_to_write())?.within;
        for grant in ended {
            let role_name = names.get(&grant.role).cloned().unwrap_or_default();
            writes.extend(past(cx, id, PastGrant { grant, role_name })?);
        }
        Ok(Some(writes))
    })
    .await
    .map(drop)
}

/// The account with these grants, a change that its version does not show.
fn noted(user: User, grants: Vec<Grant>, trail: Option<Trail>) -> Change {
    let cleared = Some(user.cleared.unwrap_or(0) + 1);
    Change {
        after: Some(User {
            grants,
            cleared,
            trail,
            ..user.clone()
        }),
        before: Some(user),
        only_if: None,
    }
}

/// The item of a past grant; nothing where it is not kept any more.
fn past(cx: &Context, user: UserId, past: PastGrant) -> Result<Option<Write>> {
    let until = past.grant.kept_until(cx.tenant_settings.history);
    let Some((ended, until)) = past.grant.effective_to.zip(until).filter(|(_, until)| cx.now < *until) else {
        return Ok(None);
    };
    let mut item = to_item(&keys::past(&cx.tenant, user, ended, past.grant.id), &past)?;
    item.insert("keptUntil".to_owned(), number(until.as_millisecond()));
    item.insert("ttl".to_owned(), number(until.as_second()));
    Ok(Some(Write::put(item)))
}

/// The latest past grants of an account, up to so many, those that ended last first.
pub async fn latest(cx: &Context, user: &User, most: usize) -> Result<Vec<PastGrant>> {
    let query = Query {
        prefix: Some(keys::PAST.to_owned()),
        newest_first: true,
        limit: Some(most),
        ..Query::default()
    };
    found(cx, user, query).await
}

/// The past grants that an account had at a moment: all that ended since, and of those that had ended by then the latest,
/// up to so many.
pub async fn at(cx: &Context, user: &User, at: Timestamp, most: usize) -> Result<Vec<PastGrant>> {
    let next = keys::past_before(at + jiff::SignedDuration::from_millis(1));
    let since = Query {
        prefix: Some(next.clone()),
        until: Some(keys::past_before(Timestamp::MAX)),
        ..Query::default()
    };
    let by_then = Query {
        prefix: Some(keys::PAST.to_owned()),
        after: Some(next),
        newest_first: true,
        limit: Some(most),
        ..Query::default()
    };
    let (mut all, by_then) = futures::try_join!(found(cx, user, since), found(cx, user, by_then))?;
    all.extend(by_then);
    Ok(all)
}

async fn found(cx: &Context, user: &User, query: Query) -> Result<Vec<PastGrant>> {
    if user.cleared.is_none() {
        return Ok(Vec::new());
    }
    let query = Query {
        pk: keys::user_partition(&cx.tenant, user.id),
        ..query
    };
    let found = cx.app.table.query(&query).await?.items.into_iter();
    let is_kept = |item: &super::table::Item| {
        let until = super::table::integer(item, "keptUntil");
        until.is_some_and(|until| cx.now.as_millisecond() < until)
    };
    found.filter(is_kept).map(from_item).collect()
}

/// Removes every past grant of an account.
pub async fn forget(table: &Table, user: &User) -> Result<()> {
    if user.cleared.is_none() {
        return Ok(());
    }
    let query = Query {
        pk: keys::user_partition(&user.tenant, user.id),
        prefix: Some(keys::PAST.to_owned()),
        ..Query::default()
    };
    let found = table.query(&query).await?.items;
    let gone: Vec<Write> = found.iter().filter_map(Key::of).map(Write::delete).collect();
    table.batch_write(&gone).await
}

/// Lists the ends of all grants of a tenant, where that was not done yet: those that were given before ends were listed.
pub async fn list_all(table: &Table, t: &TenantId) -> Result<()> {
    let marker = keys::ends_listed(t);
    if table.get(&marker).await?.is_some() {
        return Ok(());
    }
    let mut after = None;
    loop {
        let (found, more) = roles::list(table, t, after, PAGE).await?;
        // What everybody has never ends.
        for role in found.iter().filter(|role| role.id != USER.id) {
            list_of(table, t, role.id).await?;
        }
        after = found.last().map(|role| role.id);
        if !more {
            return table.batch_write(&[Write::put(marker.attributes())]).await;
        }
    }
}

const PAGE: usize = 100;

async fn list_of(table: &Table, t: &TenantId, role: RoleId) -> Result<()> {
    // All partitions that there may be: those of a small tenant are among them.
    let size = TenantSize::Large;
    let listed = UserLists { table, tenant: t, size };
    let mut after = None;
    loop {
        let (ids, more) = roles::members(listed, role, after, PAGE).await?;
        for user in users::get_all(table, t, &ids).await? {
            if end_of(&user, role).is_some() {
                unit::decided(table, || list_one(table, t, role, user.id)).await?;
            }
        }
        after = ids.last().copied();
        if !more {
            return Ok(());
        }
    }
}

fn end_of(user: &User, role: RoleId) -> Option<(Seat, Timestamp)> {
    let seat = *user.seats().get(&role)?;
    Some((seat, seat.ends?))
}

async fn list_one(table: &Table, t: &TenantId, role: RoleId, id: UserId) -> Result<Option<Vec<Write>>> {
    let user = users::get(table, t, id).await?;
    let Some(user) = user.filter(|user| user.status != Status::Deleted) else {
        return Ok(None);
    };
    let Some((seat, at)) = end_of(&user, role) else {
        return Ok(None);
    };
    let mut writes = users::plan(&[noted(user.clone(), user.grants, user.trail)], TenantSize::Small)?.within;
    writes.push(users::end(t, role, seat.partition, at, id));
    writes.push(seats::mark_end(t, role, &seat));
    Ok(Some(writes))
}
