//! How often a unit is sent, and how long it waits in between.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::store::dynamo::Table;
use crate::store::dynamo::retry::{Delays, jitter};
use crate::store::table::Lost;

/// How often a unit is sent at most, whatever was in the way.
const TRIES: u32 = 64;

#[derive(Default)]
pub(super) struct Tries {
    pub(super) all: u32,
    busy: Delays,
}

impl Tries {
    /// Waits before another try: longer each time, and by chance, so that a crowd parts.
    pub(super) async fn another(&mut self, table: &Table, lost: Lost) -> Result<()> {
        self.all += 1;
        if self.all >= TRIES {
            return Err(Error::unavailable(format!(
                "gave up after {TRIES} tries: others were quicker"
            )));
        }
        if lost == Lost::Busy {
            return self.busy.next(table.metrics()).await;
        }
        self.busy = Delays::default();
        jitter(Duration::from_millis(1 << self.all.min(6))).await
    }
}
