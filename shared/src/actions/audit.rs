//! The chains of the rights history, signed and verified (`docs/decisions/019-chains.md`).

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::keyring::{Keyring, Keys};
use super::{Context, for_each_tenant};
use crate::domain::audit::Anchor;
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::HISTORY_DAYS;
use crate::error::Result;
use crate::proof::jwt::unverified;
use crate::proof::opaque::Digest;
use crate::store::anchors::{self, Signed};
use crate::store::chain;
use crate::store::history::{self, Span};
use crate::store::unit::atomically;

mod verify;

pub use verify::{Report, verify};

/// The `typ` of what is signed of the chains.
pub const STATEMENT: &str = "usher-audit+jwt";
/// How many months of a history are read at once.
const AT_ONCE: usize = 16;

/// Signs where the chains of these tenants are now, of each that went on since it was signed last; how many.
pub async fn sign(cx: &Context, tenants: &[TenantId]) -> Result<usize> {
    // Not those at hand: what retires keys has just run.
    let keys = Keyring::default().keys(&cx.app, cx.now).await?;
    let keys: &Keys = &keys;
    let one = |tenant: TenantId| async move { sign_one(cx, &tenant, keys).await };
    let signed = for_each_tenant(tenants, one).await?;
    Ok(signed.into_iter().filter(|done| *done).count())
}

async fn sign_one(cx: &Context, tenant: &TenantId, keys: &Keys) -> Result<bool> {
    let table = &cx.app.table;
    atomically(cx, |unit| async move {
        let last = anchors::last(table, tenant).await?;
        let before: Option<Anchor> = last.as_ref().and_then(|last| unverified(&last.jws));
        let heads = chain::heads(table, tenant).await?;
        if before.is_some_and(|before| before.heads == heads) {
            return Ok(false);
        }
        let anchor = Anchor {
            tenant: tenant.clone(),
            number: last.as_ref().map_or(0, |last| last.number) + 1,
            at: cx.now.as_millisecond(),
            prev: last
                .as_ref()
                .map(|last| Digest::of(last.jws.as_bytes()).to_string())
                .unwrap_or_default(),
            unlinked_until: match last {
                None => unlinked_until(cx, tenant).await?,
                Some(_) => None,
            },
            heads,
        };
        let jws = keys.signer(&cx.app, cx.now).await?.state(STATEMENT, &anchor)?;
        let number = anchor.number;
        unit.write([anchors::put(tenant, &Signed { number, jws })?]);
        Ok(true)
    })
    .await
}

/// Now, where the oldest row there is was written before there were chains.
async fn unlinked_until(cx: &Context, tenant: &TenantId) -> Result<Option<i64>> {
    let oldest = |month| async move {
        // They were all in one partition.
        let (rows, _) = history::rights_of_partition(&cx.app.table, tenant, month, 0, None, 1).await?;
        Ok::<_, crate::error::Error>(rows.into_iter().next())
    };
    let mut months: Vec<Timestamp> = span(cx.now, 1).months(None).collect();
    months.reverse();
    let found = stream::iter(months.into_iter().map(oldest)).buffered(AT_ONCE);
    let found: Vec<_> = found.try_collect().await?;
    let first = found.into_iter().flatten().next();
    Ok(first
        .filter(|row| chain::position(row).is_none())
        .map(|_| cx.now.as_millisecond()))
}

/// All that there can be rows from, and a month more, for what was put where none can be.
fn span(now: Timestamp, partitions: u16) -> Span {
    let month = SignedDuration::from_hours(31 * 24);
    Span {
        newest: now + month,
        oldest: now - month - SignedDuration::from_hours(24 * i64::from(*HISTORY_DAYS.end())),
        partitions,
    }
}
