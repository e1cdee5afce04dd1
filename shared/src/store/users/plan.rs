//! The writes of a change: those of its transaction, and those before and after it.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::{Change, Implied};
use crate::context::Context;
use crate::domain::tenant::TenantId;
use crate::domain::text::{Email, FORM};
use crate::domain::user::{Status, User};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::store::dynamo::{TRANSACTION_LIMIT, Table};
use crate::store::table::{Key, Refusal, Write};
use crate::store::{chain, domains};

/// The writes of a change. Those that are not in its transaction are search entries, in batches, which cost half: searches
/// look at the account itself, so an entry without an account is never shown.
#[derive(Debug, Default)]
pub struct Plan {
    /// Entries of a new account, written before the transaction, and removed where that is refused: nobody else has its id,
    /// unless it is one that an import brought along.
    pub entries_of_new: Vec<Write>,
    /// What the transaction has no room for, or need not have: entries that come with another name, or go with an erased
    /// account.
    pub written_before: Vec<Write>,
    pub within: Vec<Write>,
    /// The same after it: entries that go with a name.
    pub written_after: Vec<Write>,
    /// Addresses whose domains are to be found once the transaction is done.
    pub domains: Vec<(TenantId, Email)>,
    /// Entries of accounts that are deleted, whose names do not return: removed after the transaction.
    pub entries_of_deleted: Vec<Write>,
}

impl Plan {
    /// Search entries that come and go. With another name they do so in the transaction, as far as it has room.
    pub(super) fn entries(&mut self, change: &Change, was: &Implied, is: &Implied) {
        let new = is
            .entries
            .difference(&was.entries)
            .map(|key| Write::put(key.attributes()));
        let gone = was.entries.difference(&is.entries).cloned().map(Write::delete);
        match (&change.before, &change.after) {
            (None, _) => self.entries_of_new.extend(new),
            // Before the transaction: once the account is gone, its texts are, which name them.
            (Some(_), None) => self.written_before.extend(gone),
            (Some(_), Some(after)) if after.status == Status::Deleted => self.entries_of_deleted.extend(gone),
            (Some(_), Some(_)) => {
                self.written_before.extend(new);
                self.written_after.extend(gone);
            }
        }
        let known = change.before.as_ref().filter(|user| user.form == FORM);
        let after = change.after.as_ref().filter(|user| user.status != Status::Deleted);
        if let Some(user) = after.filter(|user| known.and_then(User::given_email) != user.given_email()) {
            self.domains
                .extend(user.email.clone().map(|email| (user.tenant.clone(), email)));
        }
    }

    /// Writes what is to be there before the transaction is.
    pub async fn prepare(&self, table: &Table) -> Result<()> {
        let first: Vec<Write> = self
            .entries_of_new
            .iter()
            .chain(&self.written_before)
            .cloned()
            .collect();
        table.batch_write(&first).await
    }

    /// Removes after it what nothing needs any more, and lets the domains of addresses be found. Where that fails, an
    /// account is found by its domain once the next one is made there.
    pub async fn finish(&self, cx: &Context) -> Result<()> {
        let table = &cx.app.table;
        let domains = self.domains.iter().map(|(t, email)| domains::enter(table, t, email));
        let entered = try_join_all(domains).await.map(drop);
        let gone: Vec<Write> = self
            .written_after
            .iter()
            .chain(&self.entries_of_deleted)
            .cloned()
            .collect();
        entered.and(table.batch_write(&gone).await)?;
        self.restore(cx).await
    }

    /// Writes entries outside of the transaction anew that the account has by now: where its name returned meanwhile, one of
    /// the two changes removed what the other had written. Each looks after both its transaction and its removals.
    async fn restore(&self, cx: &Context) -> Result<()> {
        let outside = self.written_before.iter().chain(&self.written_after);
        let outside: BTreeSet<Key> = outside.map(Write::key).collect();
        if outside.is_empty() {
            return Ok(());
        }
        let there = entries_there(cx, &outside).await?;
        let own: Vec<Write> = outside
            .intersection(&there)
            .map(|key| Write::put(key.attributes()))
            .collect();
        cx.app.table.batch_write(&own).await
    }

    /// Removes what was written before it, after a refusal, where that is certain.
    pub async fn undo(&self, cx: &Context, refusal: &Refusal) {
        let is_unknown = matches!(refusal, Refusal::Answer(Error::Unavailable(_) | Error::Fault(_)));
        if is_unknown {
            return;
        }
        let mut entries: BTreeSet<Key> = self.entries_of_new.iter().map(Write::key).collect();
        let removed = async {
            if cx.is_operator {
                // Another import may have been quicker, with the same accounts or with others of the same ids.
                let there = entries_there(cx, &entries).await?;
                entries.retain(|key| !there.contains(key));
            }
            let gone: Vec<Write> = entries.into_iter().map(Write::delete).collect();
            cx.app.table.batch_write(&gone).await
        };
        if let Err(error) = removed.await {
            tracing::warn!(
                ?error,
                "search entries of an account that was not made stay, and find nothing"
            );
        }
    }

    /// Adds search entries to the transaction, as many as it has room for.
    pub fn fill(&mut self) -> Result<()> {
        let taken = self.within.len() + chain::heads_of(&self.within)?;
        let mut room = TRANSACTION_LIMIT.saturating_sub(taken);
        for overflow in [&mut self.written_before, &mut self.written_after] {
            let fits = overflow.len().min(room);
            room -= fits;
            self.within.extend(overflow.drain(..fits));
        }
        Ok(())
    }
}

/// The search entries of the accounts that are there by now under the ids of these.
async fn entries_there(cx: &Context, entries: &BTreeSet<Key>) -> Result<BTreeSet<Key>> {
    let id_in = |key: &Key| key.sk.rsplit(' ').next()?.parse().ok();
    let ids: BTreeSet<UserId> = entries.iter().filter_map(id_in).collect();
    let ids: Vec<UserId> = ids.into_iter().collect();
    let there = super::get_all(&cx.app.table, &cx.tenant, &ids).await?;
    Ok(there.iter().flat_map(|user| Implied::by(user).entries).collect())
}
