//! One thing asked for, or nothing: the ids are where an index has them, newest first.

use std::collections::BTreeSet;

use super::{Asked, COUNTED, Collector, Found, Place, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::domain::user::Status;
use crate::error::Result;
use crate::id::{RoleId, UserId};
use crate::store::listed::Listed;
use crate::store::user_lists::Counts;
use crate::store::user_lists::listed;
use crate::store::{roles, seats};

/// How many accounts one request looks at where most do not pass: those that a lock has left marked.
const LOOKED_AT: usize = 1_000;

/// Where ids come from, newest first.
pub(super) enum Source {
    Role(RoleId),
    Statuses(Vec<Status>),
    All,
    WithDeleted,
}

impl Source {
    fn of(asked: &Asked) -> Self {
        match (&asked.role, asked.status) {
            (Some(role), _) => Self::Role(role.id),
            (None, Some(status)) => Self::Statuses(listed_as(status)),
            (None, None) if asked.with_deleted => Self::WithDeleted,
            (None, None) => Self::All,
        }
    }

    async fn ids(&self, cx: &Context, after: Option<UserId>, limit: usize) -> Result<(Vec<UserId>, bool)> {
        let (found, more) = match self {
            Self::Role(role) => return roles::members(listed(cx), *role, after, limit).await,
            Self::All => listed(cx).newest(None, after, limit).await?,
            Self::Statuses(statuses) => {
                let lists: Vec<Option<Status>> = statuses.iter().copied().map(Some).collect();
                merged(cx, &lists, after, limit).await?
            }
            Self::WithDeleted => merged(cx, &[None, Some(Status::Deleted)], after, limit).await?,
        };
        Ok((found.into_iter().map(|one| one.id).collect(), more))
    }

    /// Whether the tallies alone give its total.
    fn is_tallied(&self) -> bool {
        !matches!(self, Self::Role(_))
    }

    pub async fn total(&self, cx: &Context, asked: &Asked, counts: Option<Counts>) -> Result<Total> {
        if let Self::Role(_) = self {
            let members = seats::members(cx, asked.role.as_slice()).await?;
            return Ok(Total::exactly(members.into_iter().map(u64::from).sum()));
        }
        let mut counts = match counts {
            Some(counts) => counts,
            None => listed(cx).counts().await?,
        };
        if let (Self::Statuses(_), Some(status)) = (self, asked.status) {
            return of_status(cx, status, &counts).await;
        }
        if let Self::All = self {
            counts.remove(&Status::Deleted);
        }
        Ok(Total::exactly(counts.values().sum()))
    }
}

pub(super) async fn page(cx: &Context, asked: &Asked, place: Option<Place>, limit: usize) -> Result<Found> {
    let source = Source::of(asked);
    let is_first = place.is_none();
    let mut after = place.and_then(|place| place.account());
    let mut page = Collector::new(cx, asked, limit);
    let (mut looked_at, mut step, mut counts) = (0, limit, None);
    let next = loop {
        // Further each time: where few pass, a step for each of them would be a thousand requests.
        let (ids, more) = source.ids(cx, after, step.min(LOOKED_AT - looked_at)).await?;
        step *= 4;
        // A first page that is also the last is its own count.
        let counted = counts.is_none() && source.is_tallied() && (more || !is_first);
        let (read, tallied) = listed(cx).read(&ids, counted).await?;
        counts = counts.or(tallied);
        let seen = page.add(read, &ids);
        looked_at += seen;
        after = seen.checked_sub(1).and_then(|last| ids.get(last)).copied().or(after);
        if !more && seen == ids.len() {
            break None;
        }
        if page.is_full() || looked_at >= LOOKED_AT {
            break after;
        }
    };
    // A first page that is also the last has been counted by looking at it.
    let total = match (is_first, next) {
        (true, None) => Total::exactly(many(page.items.len())),
        _ => source.total(cx, asked, counts).await?,
    };
    Ok(page.found(next.map(Place::After), Some(total)))
}

/// The statuses that accounts of this one are listed under: a lock that has ended is only noticed when something is
/// written.
pub(super) fn listed_as(status: Status) -> Vec<Status> {
    match status {
        Status::Active => vec![Status::Active, Status::Locked],
        other => vec![other],
    }
}

/// How many accounts have this status. Of locks that have ended, up to a thousand are looked for.
async fn of_status(cx: &Context, status: Status, counts: &Counts) -> Result<Total> {
    let count = |status| counts.get(&status).copied().unwrap_or(0);
    if !matches!(status, Status::Active | Status::Locked) || count(Status::Locked) == 0 {
        return Ok(Total::exactly(count(status)));
    }
    let (ended, more) = ended_locks(cx).await?;
    let locked = count(Status::Locked).min(if more { many(COUNTED) } else { u64::MAX });
    Ok(Total {
        count: match status {
            Status::Active => count(status) + ended,
            _ => locked.saturating_sub(ended),
        },
        is_at_least: more,
    })
}

/// How many of the accounts that are listed as locked are not any more, and whether more than were looked at are listed.
async fn ended_locks(cx: &Context) -> Result<(u64, bool)> {
    let (found, more) = listed(cx).newest(Some(Status::Locked), None, COUNTED).await?;
    let ended = found.iter().filter(|one| one.has_unlocked(cx.now));
    Ok((many(ended.count()), more))
}

/// Several lists in one order: the accounts of each of these statuses, or all that are not deleted.
async fn merged(
    cx: &Context,
    lists: &[Option<Status>],
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<Listed>, bool)> {
    let newest = lists.iter().map(|status| listed(cx).newest(*status, after, limit));
    let (mut found, mut more, mut seen) = (Vec::new(), false, BTreeSet::new());
    for (some, rest) in futures::future::try_join_all(newest).await? {
        found.extend(some);
        more |= rest;
    }
    found.sort_unstable_by_key(|one: &Listed| std::cmp::Reverse(one.id));
    // An account that changes from one to the other can be in both for a moment.
    found.retain(|one| seen.insert(one.id));
    more |= found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}
