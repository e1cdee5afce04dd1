//! Reading the histories.

use super::Context;
use crate::domain::history::{LoginEntry, LoginKind, RightsEntry, RightsKind, Target};
use crate::error::Result;
use crate::id::{EntryId, RoleId, UserId};
use crate::store::cursor;
use crate::store::history::{self, Changed, Span};

/// A page of an account's logins.
#[derive(Debug)]
pub struct Logins {
    /// The rows, newest first.
    pub items: Vec<LoginEntry>,
    /// Where the listing goes on, if it does.
    pub next_cursor: Option<String>,
}

/// A page of an account's logins, newest first.
///
/// # Errors
/// [`crate::Error::Invalid`] for a cursor that is none; [`crate::Error::Unavailable`].
pub async fn logins(cx: &Context, user: UserId, limit: usize, cursor: Option<&str>) -> Result<Logins> {
    let context = format!("logins|{}|{user}|{}", cx.tenant, cx.caller()?.id);
    let key = cx.app.cursor_key().await?;
    let after: Option<EntryId> = cursor
        .map(|text| cursor::open(key, &context, text, cx.now))
        .transpose()?;
    let (items, more) = history::logins_of(&cx.app.table, &cx.tenant, user, after, limit).await?;
    let last = items.last().map(|entry| entry.id).filter(|_| more);
    Ok(Logins {
        next_cursor: last.map(|id| cursor::seal(key, &context, &id, cx.now)).transpose()?,
        items,
    })
}

/// How many rows one request looks at where most of them are left out; the page is short then, and its cursor goes on
/// from there.
const LOOKED_AT: usize = 1_000;

/// A page of logins and logouts, newest first: an account's, or everyone's. Failed logins and renewals are none.
///
/// # Errors
/// As [`logins`].
pub async fn entries(cx: &Context, user: Option<UserId>, limit: usize, cursor: Option<&str>) -> Result<Logins> {
    let mut page = Page::open(cx, format!("entries|{}|{user:?}", cx.tenant), limit, cursor).await?;
    let (table, t) = (&cx.app.table, &cx.tenant);
    while let Some(after) = page.goes_on() {
        let (rows, more) = match user {
            Some(user) => history::logins_of(table, t, user, after, limit).await?,
            None => history::logins_of_all(table, t, kept(cx), after, limit).await?,
        };
        let shown = |row: &LoginEntry| matches!(row.kind, LoginKind::Login | LoginKind::Logout);
        page.take(rows, more, |row| row.id, shown);
    }
    let (items, next_cursor) = page.close(cx).await?;
    Ok(Logins { items, next_cursor })
}

/// Which changes of rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsFilter {
    /// Those that this account made.
    pub actor: Option<UserId>,
    /// Those to this account's rights.
    pub target: Option<UserId>,
    /// Those that are about this role.
    pub role: Option<RoleId>,
}

/// A page of changes of rights.
#[derive(Debug)]
pub struct RightsChanges {
    /// The rows, newest first.
    pub items: Vec<RightsEntry>,
    /// Where the listing goes on, if it does.
    pub next_cursor: Option<String>,
}

/// A page of the changes of accounts' and roles' rights that a filter finds, newest first.
///
/// # Errors
/// As [`logins`].
pub async fn rights_changes(
    cx: &Context,
    filter: &RightsFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<RightsChanges> {
    let mut page = Page::open(cx, format!("rights|{}|{filter:?}", cx.tenant), limit, cursor).await?;
    let whose = match (filter.target, filter.actor) {
        (Some(target), _) => Changed::Of(target.to_string()),
        (None, Some(actor)) => Changed::By(actor),
        (None, None) => Changed::All,
    };
    while let Some(after) = page.goes_on() {
        let found = history::rights_changes(&cx.app.table, &cx.tenant, &whose, kept(cx), after, limit);
        let (rows, more) = found.await?;
        page.take(rows, more, |row| row.id, |row| filter.finds(row));
    }
    let (items, next_cursor) = page.close(cx).await?;
    Ok(RightsChanges { items, next_cursor })
}

impl RightsFilter {
    fn finds(&self, row: &RightsEntry) -> bool {
        let of_rights = !matches!(
            row.kind,
            RightsKind::SettingsChanged
                | RightsKind::ApiKeyCreated
                | RightsKind::ApiKeyRevoked
                | RightsKind::TenantCreated
        );
        of_rights
            && self.actor.is_none_or(|actor| row.actor == Some(actor))
            && self.target.is_none_or(|target| row.target == Target::User(target))
            && self.role.is_none_or(|role| row.roles().contains(&role))
    }
}

/// The time that the histories are kept for.
fn kept(cx: &Context) -> Span {
    Span {
        newest: cx.now,
        oldest: cx.now - cx.tenant_settings.history,
    }
}

/// A page while it is filled.
struct Page<T> {
    context: String,
    limit: usize,
    items: Vec<T>,
    after: Option<EntryId>,
    looked_at: usize,
    more: bool,
}

impl<T> Page<T> {
    /// An empty one, which begins where the cursor says that the one before ended.
    async fn open(cx: &Context, question: String, limit: usize, cursor: Option<&str>) -> Result<Self> {
        let context = format!("{question}|{}", cx.caller()?.id);
        let key = cx.app.cursor_key().await?;
        let after = cursor
            .map(|text| cursor::open(key, &context, text, cx.now))
            .transpose()?;
        Ok(Self {
            context,
            limit,
            items: Vec::new(),
            after,
            looked_at: 0,
            more: true,
        })
    }

    /// The row that it goes on behind; nothing where it is full, or there are no more.
    fn goes_on(&self) -> Option<Option<EntryId>> {
        let wants = self.more && self.items.len() < self.limit && self.looked_at < LOOKED_AT;
        wants.then_some(self.after)
    }

    /// Takes those of the rows that are shown, until it is full.
    fn take(&mut self, rows: Vec<T>, more: bool, id: impl Fn(&T) -> EntryId, shown: impl Fn(&T) -> bool) {
        let mut rows = rows.into_iter();
        for row in rows.by_ref() {
            self.after = Some(id(&row));
            self.looked_at += 1;
            if shown(&row) {
                self.items.push(row);
            }
            if self.items.len() == self.limit {
                break;
            }
        }
        self.more = more || rows.any(|row| shown(&row));
    }

    /// What it holds, and the cursor of the next.
    async fn close(self, cx: &Context) -> Result<(Vec<T>, Option<String>)> {
        let key = cx.app.cursor_key().await?;
        let after = self.after.filter(|_| self.more);
        let next = after
            .map(|id| cursor::seal(key, &self.context, &id, cx.now))
            .transpose()?;
        Ok((self.items, next))
    }
}
