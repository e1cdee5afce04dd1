//! Reading the histories.

use super::changes::seen_into;
use super::paging::{LONGEST_PAGE, Listing, Page};
use super::{Context, users};
use crate::domain::history::{LoginEntry, LoginKind, RightsEntry};
use crate::domain::text::PermissionName;
use crate::domain::user::UserRef;
use crate::error::Result;
use crate::id::{EntryId, RoleId, UserId};
use crate::store::history::{self, Changed, Place, Span};

/// Of logins a page has room for as many as it may have.
fn of_a_login(_: &LoginEntry) -> usize {
    0
}

/// A page of an account's logins, newest first.
pub async fn logins(cx: &Context, user: UserId, limit: usize, cursor: Option<&str>) -> Result<Page<LoginEntry>> {
    let listing = Listing::of(cx, &format!("logins|{user}")).await?;
    let mut rows = Filling::behind(listing.after(cursor)?, limit);
    while let Some(after) = rows.goes_on() {
        let (found, more) = history::logins_of(cx, user, after, limit).await?;
        rows.take(found, more, |_| true, of_a_login);
    }
    let last = rows.last();
    listing.page(rows.items, last)
}

/// The same of an account that the caller may change (rule 9): it shows from where and with what somebody signs in, as the
/// list of their sessions does.
pub async fn logins_of(cx: &Context, who: &UserRef, limit: usize, cursor: Option<&str>) -> Result<Page<LoginEntry>> {
    let user = seen_into(cx, who).await?;
    logins(cx, user.id, limit, cursor).await
}

/// How many rows one request looks at where most of them are left out, and for a large page how many for each of its
/// own; the page is short then, and its cursor goes on from there.
const LOOKED_AT: usize = 1_000;
const LOOKED_AT_FOR_EACH: usize = 5;
/// How many of them are read at once.
const LOOKED_AT_AT_ONCE: usize = 250;

/// A page of logins and logouts, newest first: an account's, or everyone's. Failed logins and renewals are none.
pub async fn entries(
    cx: &Context,
    user: Option<UserId>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Page<LoginEntry>> {
    let listing = Listing::of(cx, &format!("entries|{user:?}")).await?;
    let mut rows = Filling::behind(listing.after(cursor)?, limit);
    while let Some(after) = rows.goes_on() {
        let (found, more) = match user {
            Some(user) => history::logins_of(cx, user, after, rows.step()).await?,
            None => history::logins_of_all(cx, kept(cx), after, rows.step()).await?,
        };
        let shown = |row: &LoginEntry| matches!(row.kind, LoginKind::Login | LoginKind::Logout);
        rows.take(found, more, shown, of_a_login);
    }
    let last = rows.last();
    listing.page(rows.items, last)
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsFilter {
    /// Those that this account made.
    pub actor: Option<UserId>,
    /// Those of these targets.
    pub target: Option<Targets>,
    /// Those that are about this role.
    pub role: Option<RoleId>,
}

/// Targets of rows, as the rows show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(Vec<String>);

impl From<UserId> for Targets {
    fn from(user: UserId) -> Self {
        Self(vec![user.to_string()])
    }
}

/// Whose rows this text asks for: an id is taken as it is, for rows outlive what they are about; what else there is names
/// an account, and a tenant or a permission of which there are rows. A name of both is both, or whoever took the name of a
/// tenant would hide its rows.
pub async fn targets(cx: &Context, text: &str) -> Result<Option<Targets>> {
    let account = users::id_of(cx, text).await?.map(Targets::from);
    let is_id = text.parse::<UserId>().is_ok();
    // A tenant's id is such a name as well.
    if is_id || PermissionName::parse(text).is_err() {
        return Ok(account);
    }
    let named = text.to_owned();
    if let Some(Targets(account)) = account {
        return Ok(Some(Targets([account, vec![named]].concat())));
    }
    let whose = Changed::Of(vec![named.clone()]);
    let (rows, _) = history::rights_changes(cx, &whose, kept(cx), None, 1).await?;
    let is_kept = rows.iter().any(|(_, row)| row.is_some());
    Ok(is_kept.then(|| Targets(vec![named])))
}

/// A page of the rights history that a filter finds, newest first.
pub async fn rights_changes(
    cx: &Context,
    filter: &RightsFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Page<RightsEntry>> {
    let listing = Listing::of(cx, &format!("rights|{filter:?}")).await?;
    let mut rows = Filling::behind(listing.after(cursor)?, limit);
    let whose = match (&filter.target, filter.actor) {
        (Some(Targets(targets)), _) => Changed::Of(targets.clone()),
        (None, Some(actor)) => Changed::By(actor),
        (None, None) => Changed::All,
    };
    while let Some(after) = rows.goes_on() {
        let (found, more) = history::rights_changes(cx, &whose, kept(cx), after, rows.step()).await?;
        let size = |row: &RightsEntry| row.before.to_string().len() + row.after.to_string().len();
        rows.take(found, more, |row| filter.finds(row), size);
    }
    let last = rows.last();
    listing.page(rows.items, last)
}

impl RightsFilter {
    fn finds(&self, row: &RightsEntry) -> bool {
        let of_target = |Targets(targets): &Targets| targets.contains(&row.target.id());
        self.actor.is_none_or(|actor| row.actor == Some(actor))
            && self.target.as_ref().is_none_or(of_target)
            && self.role.is_none_or(|role| row.roles().contains(&role))
    }
}

/// The time that there can be rows from: each keeps the retention that it was written under, the tenant's of that time.
fn kept(cx: &Context) -> Span {
    Span {
        newest: cx.now,
        oldest: cx.now - cx.tenant_settings.history.max(cx.app.settings.history),
        partitions: cx.size_to_read().histories(),
    }
}

/// The rows of a page while it is filled.
struct Filling<T> {
    limit: usize,
    items: Vec<T>,
    after: Option<EntryId>,
    looked_at: usize,
    /// How long what is shown is, where that is bounded.
    bytes: usize,
    more: bool,
}

impl<T> Filling<T> {
    fn behind(after: Option<EntryId>, limit: usize) -> Self {
        Self {
            limit,
            items: Vec::new(),
            after,
            looked_at: 0,
            bytes: 0,
            more: true,
        }
    }

    /// The row that it goes on behind; nothing where it is full, or there are no more.
    fn goes_on(&self) -> Option<Option<EntryId>> {
        let most = LOOKED_AT.max(self.limit * LOOKED_AT_FOR_EACH);
        let wants = self.more && !self.is_full() && self.looked_at < most;
        wants.then_some(self.after)
    }

    /// How many rows are read next: those of a page, and more where that did not fill it.
    fn step(&self) -> usize {
        match self.looked_at {
            0 => self.limit,
            _ => self.limit.max(LOOKED_AT_AT_ONCE),
        }
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.limit || self.bytes > LONGEST_PAGE
    }

    /// Takes those of the rows that are shown, until it is full.
    fn take(&mut self, rows: Vec<Place<T>>, more: bool, shown: impl Fn(&T) -> bool, size: impl Fn(&T) -> usize) {
        let mut rows = rows.into_iter();
        for (id, row) in rows.by_ref() {
            self.after = Some(id);
            self.looked_at += 1;
            if let Some(row) = row.filter(&shown) {
                self.bytes += size(&row);
                self.items.push(row);
            }
            if self.is_full() {
                break;
            }
        }
        self.more = more || rows.any(|(_, row)| row.is_some_and(|row| shown(&row)));
    }

    /// The row that the next page goes on behind.
    fn last(&self) -> Option<EntryId> {
        self.after.filter(|_| self.more)
    }
}
