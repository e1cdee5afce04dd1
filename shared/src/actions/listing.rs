//! Listings of accounts, newest first, a page at a time.
//!
//! Each question goes along the index that answers it: all accounts, those of one status, those of one role, or those
//! that a search finds; what else was asked is looked up on the accounts themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::paging::{Listing, Page, Total};
use super::{Context, roles as role_actions};
use crate::domain::role::Role;
use crate::domain::text::folded;
use crate::domain::user::{Status, User};
use crate::error::{Error, Result};
use crate::id::{RoleId, UserId};
use crate::store::search::{self, Found};
use crate::store::user_lists::{Counts, Of};
use crate::store::{roles, seats, users};

/// How many accounts one request looks at where a second filter drops most of them; the page is short then, and its
/// cursor goes on from there.
const LOOKED_AT: usize = 1_000;

/// Up to how many accounts are counted one by one.
const COUNTED: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Those of this status now.
    pub status: Option<Status>,
    /// Those with this role, by name or id.
    pub role: Option<String>,
    /// Those with this in their address or name.
    pub q: Option<String>,
    /// Deleted ones as well, where nothing else is asked for.
    pub with_deleted: bool,
}

impl Filter {
    /// What it asks for, the same however that is spelled.
    fn question(&self, role: Option<&Role>) -> String {
        let Self {
            status,
            q,
            with_deleted,
            ..
        } = self;
        let (role, q) = (role.map(|role| role.id), q.as_deref().map(folded));
        format!("users|{status:?}|{role:?}|{q:?}|{with_deleted}")
    }
}

/// A page of the accounts that a filter finds.
pub async fn list(cx: &Context, filter: &Filter, limit: usize, cursor: Option<&str>) -> Result<Page<User>> {
    let role = match &filter.role {
        Some(name) => Some(
            role_actions::named(cx, name)
                .await?
                .ok_or_else(|| Error::invalid("?role", format!("there is no role `{name}`")))?,
        ),
        None => None,
    };
    let listing = Listing::of(cx, &filter.question(role.as_ref())).await?;
    let after: Option<UserId> = listing.after(cursor)?;
    let source = Source::of(cx, filter, role.as_ref()).await?;
    let Shown { items, last, counts } = page(cx, &source, filter, role.as_ref(), after, limit).await?;
    // A first page that is also the last has been counted by looking at it.
    let total = match (after, last) {
        (None, None) => Total::exactly(many(items.len())),
        _ => source.total(cx, filter, role.as_ref(), counts).await?,
    };
    Ok(Page {
        total: Some(total),
        ..listing.page(items, last)?
    })
}

#[derive(Debug)]
pub struct Numbered {
    /// The accounts; none on a page past the end.
    pub items: Vec<User>,
    pub total: u64,
}

/// The page of this number, from 1: of all accounts, or of those with `q` in their address or name.
///
/// It is found by counting from the newest, so the further down it is the more it costs; only ids are read on the way.
/// What is made or deleted between two pages moves the rest: somebody who reads all of them while that happens can see
/// an account twice, or miss one. Who must not, goes by cursor ([`list`]).
pub async fn numbered(cx: &Context, q: Option<&str>, page: u64, limit: usize) -> Result<Numbered> {
    let filter = Filter {
        q: q.map(str::to_owned),
        ..Filter::default()
    };
    let source = Source::of(cx, &filter, None).await?;
    let total = match &source {
        // As many pages as there are accounts to put on them.
        Source::Found(found) => many(found.ids.len()),
        other => other.total(cx, &filter, None, None).await?.count,
    };
    let skipped = page.saturating_sub(1).saturating_mul(many(limit));
    let ids = match usize::try_from(skipped) {
        Ok(skipped_ids) if skipped < total => source.at(cx, skipped_ids, limit).await?,
        _ => Vec::new(),
    };
    let (found, _) = listed(cx).read(&ids, false).await?;
    let items = found.into_iter().filter(|user| passes(cx, user, &filter, None));
    Ok(Numbered {
        items: items.collect(),
        total,
    })
}

/// The roles that accounts have, by id, in one round trip.
pub async fn roles_by_id<'a>(
    cx: &Context,
    accounts: impl IntoIterator<Item = &'a User>,
) -> Result<BTreeMap<RoleId, Role>> {
    let grants = accounts.into_iter().flat_map(|user| &user.grants);
    let ids: BTreeSet<RoleId> = grants.map(|grant| grant.role).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = roles::get_all(&cx.app.table, &cx.tenant, ids).await?;
    Ok(found.into_iter().map(|role| (role.id, role)).collect())
}

fn many(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Where ids come from, newest first.
enum Source {
    Found(Found),
    Role(RoleId),
    Statuses(Vec<Status>),
    All,
    WithDeleted,
}

impl Source {
    async fn of(cx: &Context, filter: &Filter, role: Option<&Role>) -> Result<Self> {
        Ok(match (&filter.q, role, filter.status) {
            // Neither searches nor roles find them.
            (.., Some(Status::Deleted)) => Self::Statuses(vec![Status::Deleted]),
            (Some(q), ..) => Self::Found(search::find(&cx.app.table, &cx.tenant, q).await?),
            (None, Some(role), _) => Self::Role(role.id),
            (None, None, Some(status)) => Self::Statuses(listed_as(status)),
            (None, None, None) if filter.with_deleted => Self::WithDeleted,
            (None, None, None) => Self::All,
        })
    }

    async fn ids(&self, cx: &Context, after: Option<UserId>, limit: usize) -> Result<(Vec<UserId>, bool)> {
        let (table, t) = (&cx.app.table, &cx.tenant);
        match self {
            Self::Found(found) => {
                let rest = found.ids.iter().filter(|id| after.is_none_or(|after| **id < after));
                let mut ids: Vec<UserId> = rest.take(limit + 1).copied().collect();
                let more = ids.len() > limit;
                ids.truncate(limit);
                Ok((ids, more))
            }
            Self::Role(role) => roles::members(table, t, *role, after, limit).await,
            Self::All => listed(cx).newest(None, after, limit).await,
            Self::Statuses(statuses) => {
                let lists: Vec<Option<Status>> = statuses.iter().copied().map(Some).collect();
                merged(cx, &lists, after, limit).await
            }
            Self::WithDeleted => merged(cx, &[None, Some(Status::Deleted)], after, limit).await,
        }
    }

    /// The ids behind the first `skipped`, `limit` of them.
    async fn at(&self, cx: &Context, mut skipped: usize, limit: usize) -> Result<Vec<UserId>> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let wanted = skipped + limit - ids.len();
            let (some, more) = match self {
                Self::All => listed(cx).next(after, wanted).await?,
                _ => self.ids(cx, after, wanted).await?,
            };
            after = some.last().copied();
            let passed = skipped.min(some.len());
            skipped -= passed;
            ids.extend(some.into_iter().skip(passed));
            if !more || ids.len() >= limit {
                ids.truncate(limit);
                return Ok(ids);
            }
        }
    }

    /// Whether the tallies alone give its total.
    fn is_tallied(&self, filter: &Filter, role: Option<&Role>) -> bool {
        let lists = matches!(self, Self::All | Self::WithDeleted | Self::Statuses(_));
        lists && filter.q.is_none() && role.is_none()
    }

    async fn total(&self, cx: &Context, filter: &Filter, role: Option<&Role>, counts: Option<Counts>) -> Result<Total> {
        match (self, role, filter.status) {
            (Self::Found(found), None, None) => Ok(of_found(found)),
            (Self::Found(found), ..) => self.walked(cx, filter, role, found.ids.len()).await,
            (Self::Role(_), Some(role), None) => {
                let members = seats::members(cx, std::slice::from_ref(role)).await?;
                Ok(Total::exactly(members.into_iter().map(u64::from).sum()))
            }
            (Self::Role(_), _, status) => {
                // Along the filter of which few are.
                let counts = listed(cx).counts().await?;
                let statuses = status.map(listed_as).unwrap_or_default();
                let listed: u64 = statuses.iter().filter_map(|status| counts.get(status)).sum();
                match listed <= many(LOOKED_AT) {
                    true => Self::Statuses(statuses).walked(cx, filter, role, LOOKED_AT).await,
                    false => self.walked(cx, filter, role, LOOKED_AT).await,
                }
            }
            (Self::All, ..) => {
                let mut counts = known(cx, counts).await?;
                counts.remove(&Status::Deleted);
                Ok(Total::exactly(counts.values().sum()))
            }
            (Self::WithDeleted, ..) => Ok(Total::exactly(known(cx, counts).await?.values().sum())),
            (Self::Statuses(_), ..) if filter.q.is_some() || role.is_some() => {
                self.walked(cx, filter, role, LOOKED_AT).await
            }
            (Self::Statuses(_), _, status) => {
                of_status(cx, status.unwrap_or(Status::Active), known(cx, counts).await?).await
            }
        }
    }

    /// Counts by looking at the accounts themselves: at so many at most, and until enough are counted.
    async fn walked(&self, cx: &Context, filter: &Filter, role: Option<&Role>, most: usize) -> Result<Total> {
        let (ids, more) = self.ids(cx, None, most).await?;
        let more = more || matches!(self, Self::Found(found) if found.is_cut);
        let mut count = 0;
        for some in ids.chunks(LOOKED_AT) {
            let found = users::get_all(&cx.app.table, &cx.tenant, some).await?;
            count += found.iter().filter(|user| passes(cx, user, filter, role)).count();
            if count > COUNTED {
                break;
            }
        }
        Ok(Total {
            count: many(count.min(COUNTED)),
            is_at_least: more || count > COUNTED,
        })
    }
}

/// What a search found is counted by its entries.
fn of_found(found: &Found) -> Total {
    Total {
        count: many(found.ids.len().min(COUNTED)),
        is_at_least: found.is_cut || found.ids.len() > COUNTED,
    }
}

/// The statuses that accounts of this one are listed under: a lock that has ended is only noticed when something is
/// written.
fn listed_as(status: Status) -> Vec<Status> {
    match status {
        Status::Active => vec![Status::Active, Status::Locked],
        other => vec![other],
    }
}

/// How many accounts have this status. Of locks that have ended, up to a thousand are looked for.
async fn of_status(cx: &Context, status: Status, counts: Counts) -> Result<Total> {
    let count = |status| counts.get(&status).copied().unwrap_or(0);
    if !matches!(status, Status::Active | Status::Locked) || count(Status::Locked) == 0 {
        return Ok(Total::exactly(count(status)));
    }
    let active = Filter {
        status: Some(Status::Active),
        ..Filter::default()
    };
    let listed = Source::Statuses(vec![Status::Locked]);
    let ended = listed.walked(cx, &active, None, LOOKED_AT).await?;
    let locked = count(Status::Locked).min(if ended.is_at_least { many(LOOKED_AT) } else { u64::MAX });
    Ok(Total {
        count: match status {
            Status::Active => count(status) + ended.count,
            _ => locked.saturating_sub(ended.count),
        },
        is_at_least: ended.is_at_least,
    })
}

/// Ids of several lists in one order: of the accounts of each of these statuses, or of all that are not deleted.
async fn merged(
    cx: &Context,
    lists: &[Option<Status>],
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<UserId>, bool)> {
    let newest = lists.iter().map(|status| listed(cx).newest(*status, after, limit));
    let (mut ids, mut more) = (BTreeSet::new(), false);
    for (some, rest) in futures::future::try_join_all(newest).await? {
        ids.extend(some);
        more |= rest;
    }
    more |= ids.len() > limit;
    Ok((ids.into_iter().rev().take(limit).collect(), more))
}

/// How many bytes of personal fields a page has before it is cut short: Lambda answers 6 MB at most, and a thousand
/// accounts whose fields are as long as can be have more.
const LARGEST_PAGE: usize = 3 * 1024 * 1024;

fn size(user: &User) -> usize {
    serde_json::to_string(&user.profile).map_or(0, |json| json.len())
}

fn listed(cx: &Context) -> Of<'_> {
    Of {
        table: &cx.app.table,
        tenant: &cx.tenant,
        size: cx.size(),
    }
}

/// The counts, where they were not read beside the accounts.
async fn known(cx: &Context, counts: Option<Counts>) -> Result<Counts> {
    match counts {
        Some(counts) => Ok(counts),
        None => listed(cx).counts().await,
    }
}

/// The accounts of a page, the last one that was looked at where there are more, and what was counted beside them.
struct Shown {
    items: Vec<User>,
    last: Option<UserId>,
    counts: Option<Counts>,
}

async fn page(
    cx: &Context,
    source: &Source,
    filter: &Filter,
    role: Option<&Role>,
    mut after: Option<UserId>,
    limit: usize,
) -> Result<Shown> {
    let (mut items, mut bytes, mut looked_at, mut step) = (Vec::new(), 0, 0, limit);
    let (is_first, mut counts) = (after.is_none(), None);
    loop {
        // Further each time: where few pass, a step for each of them would be a thousand requests.
        let (ids, more) = source.ids(cx, after, step.min(LOOKED_AT - looked_at)).await?;
        step *= 4;
        // A first page that is also the last is its own count.
        let counted = counts.is_none() && source.is_tallied(filter, role) && (more || !is_first);
        let (found, tallied) = listed(cx).read(&ids, counted).await?;
        counts = counts.or(tallied);
        for user in found.into_iter().filter(|user| passes(cx, user, filter, role)) {
            if items.len() == limit || bytes > LARGEST_PAGE {
                let last = items.last().map(|user: &User| user.id);
                return Ok(Shown { items, last, counts });
            }
            bytes += size(&user);
            items.push(user);
        }
        after = ids.last().copied().or(after);
        looked_at += ids.len();
        let is_full = items.len() == limit || looked_at >= LOOKED_AT;
        if !more || is_full {
            let last = after.filter(|_| more);
            return Ok(Shown { items, last, counts });
        }
    }
}

fn passes(cx: &Context, user: &User, filter: &Filter, role: Option<&Role>) -> bool {
    let status = user.status_at(cx.now);
    (status != Status::Deleted || filter.with_deleted || filter.status == Some(status))
        && filter.status.is_none_or(|asked| asked == status)
        && role.is_none_or(|role| user.has_role(role.id, cx.now))
        && filter.q.as_ref().is_none_or(|q| search::matches(user, q))
}

/// The usernames that accounts have now, deleted ones those that they had; in one round trip.
pub async fn usernames(cx: &Context, ids: impl IntoIterator<Item = UserId>) -> Result<BTreeMap<UserId, String>> {
    let ids: BTreeSet<UserId> = ids.into_iter().collect();
    let found = users::get_all(&cx.app.table, &cx.tenant, &ids.into_iter().collect::<Vec<_>>()).await?;
    let named = found
        .into_iter()
        .filter_map(|user| Some((user.id, user.username?.as_given().to_owned())));
    Ok(named.collect())
}
