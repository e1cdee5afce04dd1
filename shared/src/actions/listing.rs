//! Listings of accounts, a page at a time: newest first, or for a search that finds very many, in the order in which they are
//! found.
//!
//! Each question goes along the index that answers it: all accounts, those of one status, those of one role
//! ([`source`]), or those that a search finds ([`found`]). Where two filters are asked for, it begins with the one that the
//! fewest have, and what an index knows of an account drops most of the others ([`filtered`], [`walk`]).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::paging::{Listing, Page, Total};
use super::{Context, roles as role_actions};
use crate::domain::role::{Role, USER};
use crate::domain::text::folded;
use crate::domain::user::{Status, User};
use crate::error::{Error, Result};
use crate::id::{RoleId, UserId};
use crate::store::pages::Pages;
use crate::store::user_lists::listed;
use crate::store::{roles, search, shown};

mod collect;
mod filtered;
mod found;
mod numbered;
mod ordered;
mod source;
mod walk;

use collect::Collector;

/// Up to how many accounts are counted that more than one thing is asked of.
const COUNTED: usize = 1_000;
/// At how many domains the accounts are asked for at once.
const DOMAINS: usize = 10;
/// How many entries of domains are read first: a domain has one for each place where it matches.
const DOMAIN_ENTRIES: usize = 40;

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

/// What a filter asks for, as the table is asked.
struct Asked {
    status: Option<Status>,
    role: Option<Role>,
    /// Whether the role is asked for that everybody has who is not deleted: that is no filter.
    everybody: bool,
    /// Folded, as what it is compared with.
    q: Option<String>,
    with_deleted: bool,
}

impl Asked {
    async fn of(cx: &Context, filter: &Filter) -> Result<Self> {
        let role = match &filter.role {
            Some(name) => Some(
                role_actions::named(cx, name)
                    .await?
                    .ok_or_else(|| Error::invalid("?role", format!("there is no role `{name}`")))?,
            ),
            None => None,
        };
        let is_everybodys = |role: &Role| role.id == USER.id && filter.status != Some(Status::Deleted);
        let everybody = role.as_ref().is_some_and(is_everybodys);
        Ok(Self {
            status: filter.status,
            role: role.filter(|_| !everybody),
            everybody,
            q: filter.q.as_deref().map(folded),
            with_deleted: filter.with_deleted && !everybody,
        })
    }

    /// Whether more than one thing is asked of an account.
    fn is_several(&self) -> bool {
        let asked = [self.status.is_some(), self.role.is_some(), self.q.is_some()];
        asked.into_iter().filter(|is_asked| *is_asked).count() > 1
    }

    /// The same however it is spelled.
    fn question(&self) -> String {
        let Self {
            status,
            role,
            everybody,
            q,
            with_deleted,
        } = self;
        let everybody = everybody.then_some(USER.id);
        let role = role.as_ref().map(|role| role.id).or(everybody);
        format!("users|{status:?}|{role:?}|{q:?}|{with_deleted}")
    }

    fn passes(&self, cx: &Context, user: &User) -> bool {
        let status = user.status_at(cx.now);
        (status != Status::Deleted || self.with_deleted || self.status == Some(status))
            && self.status.is_none_or(|asked| asked == status)
            && self.role.as_ref().is_none_or(|role| user.has_role(role.id, cx.now))
            && self.q.as_ref().is_none_or(|q| search::matches(user, q))
    }
}

/// Where a listing goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Place {
    /// After this account, newest first.
    After(UserId),
    /// The same, along a list in which few may match; the search is not counted again.
    Along(UserId),
    /// The same, where a page along it was not full.
    Sparse(UserId),
    /// After this member of the role.
    Member(UserId),
    /// After this entry of a search, in their order.
    Entry(String),
    /// After this entry of a domain, in their order; absent before the first.
    Domain(Option<String>),
    /// After this account of those at the domain of this entry.
    AtDomain(String, UserId),
}

impl Place {
    fn account(&self) -> Option<UserId> {
        match self {
            Self::After(id) | Self::Along(id) | Self::Sparse(id) | Self::Member(id) => Some(*id),
            Self::Entry(_) | Self::Domain(_) | Self::AtDomain(..) => None,
        }
    }
}

/// What a cursor holds.
#[derive(Debug, Serialize, Deserialize)]
struct Next {
    place: Place,
    /// How many there were, where counting them costs more than a page.
    total: Option<Total>,
}

/// A page, as it was found.
struct Found {
    items: Vec<User>,
    next: Option<Place>,
    /// How many there are; absent where the listing's first page counted them.
    total: Option<Total>,
}

/// A page of the accounts that a filter finds.
pub async fn list(cx: &Context, filter: &Filter, limit: usize, cursor: Option<&str>) -> Result<Page<User>> {
    let asked = Asked::of(cx, filter).await?;
    let listing = Listing::of(cx, &asked.question()).await?;
    let from: Option<Next> = listing.after(cursor)?;
    let (place, counted) = from.map_or((None, None), |from| (Some(from.place), from.total));
    let found = match &asked.q {
        _ if asked.is_several() => filtered::page(cx, &asked, place, limit).await?,
        Some(q) => found::page(cx, &asked, q, place, limit).await?,
        None => source::page(cx, &asked, place, limit).await?,
    };
    // What costs little to count is counted with each page, and is of this moment.
    let total = found.total.or(counted);
    let kept = total.filter(|_| asked.q.is_some() || asked.is_several());
    let next = found.next.map(|place| Next { place, total: kept });
    Ok(Page {
        total,
        ..listing.page(found.items, next)?
    })
}

#[derive(Debug)]
pub struct Numbered {
    /// The accounts; none on a page past the end.
    pub items: Vec<User>,
    pub total: Total,
}

/// The page of this number, from 1: of all accounts, or of those with `q` in their address or name.
///
/// One that is far down is found from a mark on the way to it ([`Pages`]), so its cost does not grow with its depth.
/// What is made or deleted between two pages moves the rest: somebody who reads all of them while that happens can see
/// an account twice, or miss one. Who must not, goes by cursor ([`list`]).
pub async fn numbered(cx: &Context, q: Option<&str>, page: u64, limit: usize) -> Result<Numbered> {
    let filter = Filter {
        q: q.map(str::to_owned),
        ..Filter::default()
    };
    let asked = Asked::of(cx, &filter).await?;
    let skipped = page.saturating_sub(1).saturating_mul(many(limit));
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    let (ids, total) = if let Some(q) = &asked.q {
        numbered::page(cx, q, skipped, limit).await?
    } else {
        let (ids, total) = Pages::of(cx).page(skipped, limit).await?;
        (ids, Total::exactly(total))
    };
    let (found, _) = listed(cx).read(&ids, false).await?;
    let items = found.into_iter().filter(|user| asked.passes(cx, user)).collect();
    Ok(Numbered { items, total })
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

/// The usernames that accounts have now, deleted ones those that they had; in one round trip.
pub async fn usernames(cx: &Context, ids: impl IntoIterator<Item = UserId>) -> Result<BTreeMap<UserId, String>> {
    let ids: BTreeSet<UserId> = ids.into_iter().collect();
    let found = shown::get_all(&cx.app.table, &cx.tenant, &ids.into_iter().collect::<Vec<_>>()).await?;
    let named = found
        .into_iter()
        .filter_map(|user| Some((user.id, user.username?.as_given().to_owned())));
    Ok(named.collect())
}
