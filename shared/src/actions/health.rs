//! Whether a stack can do its work.

use futures::future;
use jiff::SignedDuration;

use super::Context;
use crate::ambient;
use crate::error::{Error, Result};
use crate::store::keys;
use crate::store::table::{Changes, Cond, number};

/// How long the item of a check stays.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Reads one item, strongly consistent: one of those by which set-up leaves word that it was run. Writes another one: a
/// table that answers reads alone is of no use.
pub async fn check(cx: &Context) -> Result<()> {
    let table = &cx.app.table;
    // One of 256, or checks from many places would contend for one item.
    let [any] = ambient::random::<1>()?;
    let place = keys::health(any);
    let changes = Changes::new()
        .set("checkedAt", number(cx.now.as_millisecond()))
        .set("ttl", number((cx.now + KEPT).as_second()));
    let before = Cond::Lt("checkedAt", number(cx.now.as_millisecond() + 1));
    let when = Cond::Any(vec![Cond::Absent("checkedAt"), before]);
    let ready = keys::ready(any % keys::READY_COPIES);
    // A condition that does not hold is an answer too: another check wrote there later.
    let (ready, _) = future::try_join(table.get(&ready), table.update(&place, &changes, &when)).await?;
    ready.map(|_| ()).ok_or(Error::NotSetUp)
}
