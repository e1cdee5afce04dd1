//! Limits of rate (rule 19), counted in the table, and so over all instances.
//!
//! A request looks first at what was counted and is refused where that is too much: a flood costs a read of half a unit
//! for each counter, and writes nothing. Only what passes is counted, by a condition: so the limit holds however many come
//! at once, and whoever is refused does not push the end of it away. A login looks while it asks whose the name is, and is
//! counted while its attempt is reserved, so that it takes no further round trip.

use futures::future::join_all;
use jiff::Timestamp;

use super::Context;
use crate::ambient;
use crate::domain::rate_limit::{Count, Exceeded, Limit, Operation, Quota, Rule, network};
use crate::error::{Error, Result};
use crate::metrics::Metric;
use crate::proof::opaque::Digest;
use crate::store::keys;
use crate::store::rate_limits::{self as store, Counted};
use crate::store::table::Key;

/// A counter that a request counts at, as it was a moment ago.
#[derive(Debug)]
pub(super) struct Counter {
    limit: Limit,
    rule: Rule,
    place: Key,
    seen: Option<Count>,
    by: By,
}

/// By what a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The caller's own network or account: it alone is shown to the caller.
    Caller,
    /// A name or an address of mail, which can be anybody's.
    Name,
    /// The same from a device that was known: in place of the name, so that strangers use up nothing of its.
    Device,
    Tenant,
}

/// What was counted before a request, as it was a moment ago.
#[derive(Debug)]
pub(super) struct Looked(Vec<Counter>);

/// Counts a request for this where limits have room for it: by the caller's network, by the person who is meant (the name
/// that was typed, an address of mail, or the caller's account), and by tenant where that is asked for.
pub async fn admit(cx: &Context, what: Operation, person: Option<&str>) -> Result<()> {
    let looked = look(cx, what, person, None).await?;
    count(cx, looked.counters(cx, false)?).await
}

/// The same for a mail to somebody else that the caller has sent.
pub(super) async fn invitation(cx: &Context) -> Result<()> {
    let account = cx.caller.as_ref().map(|caller| caller.id.to_string());
    admit(cx, Operation::Invitation, account.as_deref()).await
}

/// What was counted so far; where limits are off it reads nothing. A device that may be the person's is looked at as well.
pub(super) async fn look(cx: &Context, what: Operation, person: Option<&str>, device: Option<&str>) -> Result<Looked> {
    if !cx.app.settings.rate_limits {
        return Ok(Looked(Vec::new()));
    }
    let mut counters = counters(cx, what, person, device)?;
    let places: Vec<Key> = counters.iter().map(|counter| counter.place.clone()).collect();
    let seen = store::read(&cx.app.table, &places).await?;
    counters
        .iter_mut()
        .zip(seen)
        .for_each(|(counter, seen)| counter.seen = seen);
    Ok(Looked(counters))
}

impl Looked {
    /// Whether each of the limits has room, of a request without a device.
    pub(super) fn has_room(&self, cx: &Context) -> bool {
        self.0.iter().all(|counter| counter.room(cx).is_ok())
    }

    /// Where the request counts: by the device in place of the name where that is the person's. Fails where one of the
    /// limits has no room.
    pub(super) fn counters(self, cx: &Context, by_device: bool) -> Result<Vec<Counter>> {
        let mut counters = self.0;
        let other = if by_device { By::Name } else { By::Device };
        counters.retain(|counter| counter.by != other);
        let over = counters.iter().filter_map(|counter| counter.room(cx).err());
        refused(cx, over).map(|()| counters)
    }
}

/// Counts the request at each of these. Fails where one of them has no room any more.
pub(super) async fn count(cx: &Context, counters: Vec<Counter>) -> Result<()> {
    let table = &cx.app.table;
    let counted = counters.iter().map(|counter| async move {
        let counted = store::count(table, &counter.place, counter.rule, counter.seen, cx.now).await;
        (counter, counted)
    });
    let mut over = Vec::new();
    for (counter, counted) in join_all(counted).await {
        match counted? {
            Counted::Done(count) if counter.by == By::Caller => {
                // The first of a request stays: there is one for each.
                let _ = cx.quota.set(Quota::of(counter.limit, counter.rule, count, cx.now));
            }
            Counted::Done(_) => {}
            Counted::Over(count) => over.push(counter.exceeded(count, cx.now)),
        }
    }
    refused(cx, over.into_iter())
}

impl Counter {
    /// Fails where it has none.
    fn room(&self, cx: &Context) -> Result<(), Exceeded> {
        let current = self.rule.current(self.seen, cx.now);
        match current.count < self.rule.room(current, cx.now) {
            true => Ok(()),
            false => Err(self.exceeded(current, cx.now)),
        }
    }

    fn exceeded(&self, count: Count, now: Timestamp) -> Exceeded {
        Exceeded {
            limit: self.limit,
            rule: self.rule,
            retry_after: self.rule.retry_after(count, now).max(1),
        }
    }
}

/// Where several limits are over, what helps is to wait for the last of them.
fn refused(cx: &Context, over: impl Iterator<Item = Exceeded>) -> Result<()> {
    match over.max_by_key(|exceeded| exceeded.retry_after) {
        None => Ok(()),
        Some(exceeded) => {
            cx.app.metrics.count(Metric::RateLimited);
            Err(Error::RateLimited(exceeded))
        }
    }
}

fn counters(cx: &Context, what: Operation, person: Option<&str>, device: Option<&str>) -> Result<Vec<Counter>> {
    let limits = what.limits();
    let network = limits.network.map(|limit| (limit, network(&cx.origin.ip), By::Caller));
    // Where there is a limit by account, that is the caller's own.
    let whose = if limits.network.is_some() { By::Name } else { By::Caller };
    let of_person = |subject: Option<&str>, by| Some((limits.person?, subject?.to_owned(), by));
    let subjects = [network, of_person(person, whose), of_person(device, By::Device)];
    let mut counters: Vec<Counter> = Vec::with_capacity(4);
    for (limit, subject, by) in subjects.into_iter().flatten() {
        if let Some(rule) = cx.tenant_settings.rate_limit(limit) {
            let place = keys::rate_limit(&cx.tenant, limit, &Digest::of(subject.as_bytes()).to_string());
            counters.push(Counter {
                limit,
                rule,
                place,
                seen: None,
                by,
            });
        }
    }
    counters.extend(of_tenant(cx, limits.tenant)?);
    Ok(counters)
}

/// One of the counters of a tenant, picked by chance: each has its share of the limit.
fn of_tenant(cx: &Context, limit: Limit) -> Result<Option<Counter>> {
    let Some(rule) = cx.tenant_settings.rate_limit(limit) else {
        return Ok(None);
    };
    let counters = rule.counters();
    let [.., high, low] = ambient::uuid_v7(cx.now)?.into_bytes();
    let picked = u16::from_be_bytes([high, low]) % counters;
    Ok(Some(Counter {
        limit,
        rule: rule.share(counters),
        place: keys::rate_limit(&cx.tenant, limit, &picked.to_string()),
        seen: None,
        by: By::Tenant,
    }))
}
