//! Names that were kept in an earlier form are brought into the present one (`domain::text::FORM`), and accounts that are
//! older than numbers get theirs: by set-up, tenant by tenant, one account after the other, each in one transaction.
//!
//! It can end at any point and be run twice at once. Until a name has been moved it is found where it was
//! (`store::users::claimed_by`), and an account that nothing was done to yet works as it did.

use std::future::Future;
use std::time::Duration;

use futures::{TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::Context;
use crate::domain::tenant::TenantId;
use crate::domain::text::FORM;
use crate::error::Result;
use crate::id::{RoleId, UserId};
use crate::store::table::{Item, Write, integer, number, string, text};
use crate::store::user_lists::UserLists;
use crate::store::{keys, roles, unit, users};

mod names;
pub(super) use names::free_role_name;

/// How many accounts are moved at once.
const AT_ONCE: usize = 16;
const PAGE: usize = 400;

/// A walk that begins so long after the first one is the last. Until then the functions of the release before may still
/// make accounts in its form, and the index of accounts may not show all of them.
const SETTLED: SignedDuration = SignedDuration::from_hours(1);

/// Two accounts or two roles whose names became one. Who has them is in the rights history.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collision {
    pub tenant: TenantId,
    /// What they were called alike by: `email`, `username` or `role`.
    pub by: &'static str,
    /// The older one, which keeps the name.
    pub kept_by: String,
    /// The newer one, which has another name from now on, or no address.
    pub lost_by: String,
}

/// What was found while names were moved.
#[derive(Default)]
struct Found(Mutex<Vec<Collision>>);

impl Found {
    /// The operator is informed at once: what comes later may not be reached.
    async fn add(&self, collision: Collision) {
        let Collision {
            tenant,
            by,
            kept_by,
            lost_by,
        } = &collision;
        tracing::warn!(
            event = "name_collision",
            tenant = tenant.as_str(),
            by,
            kept_by,
            lost_by,
            "two names became one: the older keeps it, the newer was given another"
        );
        self.0.lock().await.push(collision);
    }
}

/// Moves what there is to move, for as long as this at most; the names that collided, and whether all was looked at.
pub async fn run(cx: &Context, tenants: &[TenantId], longest: Duration) -> Result<(Vec<Collision>, bool)> {
    let found = Found::default();
    let outcome = tokio::time::timeout(longest, every_tenant(cx, tenants, &found)).await;
    let ended = outcome.is_ok();
    outcome.unwrap_or(Ok(()))?;
    if !ended {
        tracing::warn!(
            event = "names_left",
            "not every name is in its present form yet: run set-up again"
        );
    }
    Ok((found.0.into_inner(), ended))
}

async fn every_tenant(cx: &Context, tenants: &[TenantId], found: &Found) -> Result<()> {
    for tenant in tenants {
        let mut within = cx.clone();
        within.enter(tenant.clone()).await?;
        one_tenant(&within, found).await?;
    }
    Ok(())
}

/// How far a tenant is.
#[derive(Clone, Copy, Default)]
struct Walk {
    /// When the first walk began.
    first: Option<Timestamp>,
    /// When this one did, where it has not ended.
    began: Option<Timestamp>,
    /// The last account that it passed.
    after: Option<UserId>,
    is_over: bool,
}

async fn one_tenant(cx: &Context, found: &Found) -> Result<()> {
    let mut walk = Walk::read(cx).await?;
    if walk.is_over {
        return Ok(());
    }
    let first = *walk.first.get_or_insert(cx.now);
    let began = *walk.began.get_or_insert(cx.now);
    every_role(cx, found).await?;
    loop {
        let of = UserLists {
            table: &cx.app.table,
            tenant: &cx.tenant,
            size: cx.size_to_read(),
        };
        let (ids, more) = of.next(walk.after, PAGE).await?;
        some_users(cx, &ids, found).await?;
        walk.after = ids.last().copied().or(walk.after);
        if !more {
            break;
        }
        walk.write(cx).await?;
    }
    walk = Walk {
        first: Some(first),
        is_over: began >= first + SETTLED,
        ..Walk::default()
    };
    walk.write(cx).await
}

impl Walk {
    async fn read(cx: &Context) -> Result<Self> {
        let item = cx
            .app
            .table
            .get(&keys::names_form(&cx.tenant, FORM))
            .await?
            .unwrap_or_default();
        let time = |name| integer(&item, name).and_then(|ms| Timestamp::from_millisecond(ms).ok());
        Ok(Self {
            first: time("first"),
            began: time("began"),
            after: string(&item, "after").and_then(|id| id.parse().ok()),
            is_over: item.contains_key("over"),
        })
    }

    async fn write(&self, cx: &Context) -> Result<()> {
        let mut item: Item = keys::names_form(&cx.tenant, FORM).attributes();
        let times = [("first", self.first), ("began", self.began)].into_iter();
        item.extend(times.filter_map(|(name, at)| Some((name.to_owned(), number(at?.as_millisecond())))));
        item.extend(self.after.map(|id| ("after".to_owned(), text(id.to_string()))));
        item.extend(
            self.is_over
                .then(|| ("over".to_owned(), number(cx.now.as_millisecond()))),
        );
        unit::write(cx, &[Write::put(item)]).await
    }
}

async fn some_users(cx: &Context, ids: &[UserId], found: &Found) -> Result<()> {
    let read = users::get_all(&cx.app.table, &cx.tenant, ids).await?;
    let left = read.into_iter().filter(|user| user.form != FORM);
    at_once(left.map(|user| names::move_user(cx, user.id, found))).await
}

async fn every_role(cx: &Context, found: &Found) -> Result<()> {
    let mut after: Option<RoleId> = None;
    loop {
        let (page, more) = roles::list(&cx.app.table, &cx.tenant, after, PAGE).await?;
        after = page.last().map(|role| role.id);
        let left = page.iter().filter(|role| role.form != FORM);
        at_once(left.map(|role| names::move_role(cx, role.id, found))).await?;
        if !more || after.is_none() {
            return Ok(());
        }
    }
}

async fn at_once(all: impl Iterator<Item = impl Future<Output = Result<()>>>) -> Result<()> {
    stream::iter(all.map(Ok))
        .try_for_each_concurrent(AT_ONCE, |one| one)
        .await
}
