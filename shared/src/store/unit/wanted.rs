//! What a unit wants written, put together as one transaction.

use std::collections::BTreeSet;

use super::Wanted;
use crate::context::Context;
use crate::domain::user::User;
use crate::error::Result;
use crate::store::table::{Key, Lost, Op, Refusal, Write};
use crate::store::users::{self, Change, Plan};
use crate::store::{keys, pages, record, roles, seats};

impl Wanted {
    /// These writes, and nothing that they rest on.
    pub(super) fn of(writes: &[Write]) -> Self {
        Self {
            writes: writes.to_vec(),
            ..Self::default()
        }
    }

    /// Moves seats to counters with room.
    pub(super) async fn move_seats(&mut self, cx: &Context) -> Result<(), Refusal> {
        for change in &mut self.changes {
            let Some(after) = &mut change.after else { continue };
            let before = change.before.as_ref();
            match seats::move_to_counters_with_room(cx, before, after).await {
                // The role may be full of this very account: somebody else gave it the role since it was read.
                Err(Refusal::Answer(_)) if is_changed(cx, before).await? => return Err(Lost::Changed.into()),
                moved => moved?,
            }
        }
        Ok(())
    }

    /// All that is to be written, and its order: of conditions that do not hold, the first is the answer.
    pub(super) fn plan(&self, cx: &Context) -> Result<Plan> {
        let mut plan = users::plan(&self.changes, cx.size_to_write())?;
        // An item that is put whole gets no other write: a transaction may write each item once.
        let whole: BTreeSet<Key> = self.writes.iter().filter_map(put_at).collect();
        plan.within.retain(|write| !whole.contains(&write.key()));
        let written: BTreeSet<Key> = self.writes.iter().map(Write::key).collect();
        let of = |change: &Change| change.before.as_ref().or(change.after.as_ref()).map(|user| user.id);
        let copy = match self.changes.iter().find_map(of) {
            Some(user) => keys::copy_for(user.uuid()),
            None => roles::any_copy()?,
        };
        let kept = self.roles.iter().map(|role| roles::unchanged(role, copy));
        let kept = kept.filter(|check| !written.contains(&check.key()));
        let first = self.writes.iter().cloned().chain(kept);
        plan.within.splice(0..0, first.collect::<Vec<_>>());
        plan.within.extend(self.rows.iter().cloned());
        for change in &self.changes {
            plan.within.extend(record::mails_of(cx, change)?);
            plan.within.extend(pages::left(change, cx.now));
        }
        plan.fill()?;
        plan.written_before.extend(self.before.iter().cloned());
        plan.written_after.extend(self.after.iter().cloned());
        Ok(plan)
    }
}

/// Whether an account that was read is another by now.
async fn is_changed(cx: &Context, read: Option<&User>) -> Result<bool> {
    let Some(read) = read else { return Ok(false) };
    let now = users::get(&cx.app.table, &cx.tenant, read.id).await?;
    Ok(now.is_none_or(|now| now.version != read.version))
}

fn put_at(write: &Write) -> Option<Key> {
    matches!(write.op, Op::Put(_)).then(|| write.key())
}
