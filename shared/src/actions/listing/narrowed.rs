//! Two filters: walks the index of one, and drops by its sort keys what the other excludes.

use super::source::{listed_as, merged};
use super::{Asked, COUNTED, Collector, Found, Place, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::domain::user::Status;
use crate::error::Result;
use crate::id::UserId;
use crate::store::listed::Listed;
use crate::store::user_lists::listed;
use crate::store::{roles, users};

/// How many accounts are simply read, where an index finds no more.
pub(super) const FEW: usize = 600;

/// How many entries of an index a step reads: some 170 bytes each, and a request reads 1 MB.
pub(super) const STEPS: [usize; 3] = [1_000, 5_000, 5_000];

/// What a walk along an index found.
#[derive(Default)]
pub(super) struct Walked {
    pub ids: Vec<UserId>,
    /// The last account that it passed; absent where it came to the end.
    pub last: Option<UserId>,
}

impl Walked {
    pub fn total(&self) -> Total {
        Total {
            count: many(self.ids.len().min(COUNTED)),
            is_at_least: self.last.is_some() || self.ids.len() > COUNTED,
        }
    }
}

/// The accounts of these lists that may pass, newest first: until there are so many, or all steps were made.
pub(super) async fn walk(
    cx: &Context,
    lists: &[Option<Status>],
    may_pass: impl Fn(&Listed) -> bool,
    after: Option<UserId>,
    (wanted, steps): (usize, &[usize]),
) -> Result<Walked> {
    let mut walked = Walked {
        last: after,
        ..Walked::default()
    };
    for &step in steps {
        let (found, more) = match lists {
            [one] => listed(cx).newest(*one, walked.last, step).await?,
            several => merged(cx, several, walked.last, step).await?,
        };
        walked.last = found.last().map(|one| one.id).filter(|_| more);
        walked
            .ids
            .extend(found.iter().filter(|one| may_pass(one)).map(|one| one.id));
        if walked.last.is_none() || walked.ids.len() >= wanted {
            break;
        }
    }
    Ok(walked)
}

/// A page of accounts with a role and a status, or of deleted ones with anything.
pub(super) async fn page(cx: &Context, asked: &Asked, place: Option<Place>, limit: usize) -> Result<Found> {
    let after = place.as_ref().and_then(Place::account);
    if let Some(Place::Along(_)) = place {
        return along_statuses(cx, asked, after, limit).await;
    }
    match of_few_members(cx, asked, after, limit).await? {
        Some(found) => Ok(found),
        None => along_statuses(cx, asked, after, limit).await,
    }
}

/// A page of those who have the role, where they are few. Deleted accounts are members of none.
pub(super) async fn of_few_members(
    cx: &Context,
    asked: &Asked,
    after: Option<UserId>,
    limit: usize,
) -> Result<Option<Found>> {
    let role = asked.role.as_ref().filter(|_| asked.status != Some(Status::Deleted));
    let Some(role) = role else { return Ok(None) };
    let (members, more) = roles::members(listed(cx), role.id, None, FEW).await?;
    match more {
        true => Ok(None),
        false => of_few(cx, asked, &members, after, limit).await.map(Some),
    }
}

/// A page of these accounts, all of which are looked at to count them.
pub(super) async fn of_few(
    cx: &Context,
    asked: &Asked,
    ids: &[UserId],
    after: Option<UserId>,
    limit: usize,
) -> Result<Found> {
    let mut read = users::get_all(&cx.app.table, &cx.tenant, ids).await?;
    read.retain(|user| asked.passes(cx, user));
    let total = Total::exactly(many(read.len()));
    let rest = read
        .into_iter()
        .filter(|user| after.is_none_or(|after| user.id < after));
    let mut rest = rest.peekable();
    let mut page = Collector::new(cx, asked, limit);
    while let Some(user) = rest.next_if(|_| !page.is_full()) {
        page.offer(user);
    }
    let next = rest
        .peek()
        .and_then(|_| page.items.last())
        .map(|user| Place::After(user.id));
    Ok(page.found(next, Some(total)))
}

/// A page of accounts of a status that something else is asked of as well.
pub(super) async fn along_statuses(cx: &Context, asked: &Asked, after: Option<UserId>, limit: usize) -> Result<Found> {
    let statuses = asked.status.map_or_else(Vec::new, listed_as);
    let lists: Vec<Option<Status>> = statuses.into_iter().map(Some).collect();
    let may_pass = |one: &Listed| {
        asked.role.as_ref().is_none_or(|role| one.may_have(role.id))
            && asked.q.as_ref().is_none_or(|q| one.may_match(q))
    };
    let wanted = if after.is_none() { COUNTED + 1 } else { limit };
    let walked = walk(cx, &lists, may_pass, after, (wanted, &STEPS)).await?;
    let total = after.is_none().then(|| walked.total());
    of_walked(cx, asked, walked, limit, Place::Along, total).await
}

/// The page of what a walk found.
pub(super) async fn of_walked(
    cx: &Context,
    asked: &Asked,
    walked: Walked,
    limit: usize,
    place: impl Fn(UserId) -> Place,
    total: Option<Total>,
) -> Result<Found> {
    let mut page = Collector::new(cx, asked, limit);
    let mut seen = 0;
    // Of those that may pass nearly all do: accounts whose locks ended, or whose grants did, are the exception.
    for _ in STEPS {
        seen += page
            .look_at(&walked.ids[seen..walked.ids.len().min(seen + LOOKED_AT)])
            .await?;
        if page.is_full() || seen == walked.ids.len() {
            break;
        }
    }
    let next = match seen == walked.ids.len() {
        true => walked.last,
        false => walked.ids.get(seen.wrapping_sub(1)).copied(),
    };
    let total = match (total, next) {
        // All of it was looked at.
        (Some(_), None) => Some(Total::exactly(many(page.items.len()))),
        (total, _) => total,
    };
    Ok(page.found(next.map(place), total))
}

/// How many accounts are read in one go where few of those that may pass do.
const LOOKED_AT: usize = 200;
