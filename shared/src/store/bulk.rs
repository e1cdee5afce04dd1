//! Many new accounts as whole items: for whoever has the table to itself, and puts all of them at once.
//!
//! What there is to write, [`users::plan`] says as for every account. Counters are read and put as they are afterwards; so
//! are the heads of the chains, behind which the rows of the history are linked.

use std::collections::BTreeMap;

use super::chain::{self, Linked};
use super::dynamo::Table;
use super::table::{Changes, Cond, Item, Key, Op, Refusal, Value, Write, integer, number};
use super::users::{self, Change};
use super::{domains, record, roles};
use crate::context::Context;
use crate::domain::tenant::TenantId;
use crate::domain::text::Email;
use crate::domain::user::User;
use crate::error::{Error, Result};

pub struct Bulk {
    pub items: Vec<Item>,
    linked: Linked,
    domains: Vec<(TenantId, Email)>,
}

impl Bulk {
    /// They are written.
    pub fn done(self, table: &Table) {
        self.linked.done();
        for (t, email) in &self.domains {
            domains::known(table, t, email);
        }
    }
}

/// The items of these accounts, where nothing that they need is taken.
pub async fn of_new(cx: &Context, accounts: &[User]) -> Result<Bulk> {
    let table = &cx.app.table;
    let change = |user: &User| {
        let mut user = user.clone();
        roles::list_members(None, &mut user, cx.size_to_write());
        Change {
            before: None,
            after: Some(user),
            only_if: None,
        }
    };
    let plan = users::plan(&accounts.iter().map(change).collect::<Vec<_>>(), cx.size_to_write())?;
    let mut rows = Vec::new();
    for user in accounts {
        rows.extend(record::rows(cx, None, Some(&mut user.clone()))?);
    }
    let linked = chain::link(table, &rows).await?;
    let domains: Vec<Write> = plan
        .domains
        .iter()
        .flat_map(|(t, email)| domains::unknown(table, t, email))
        .collect();
    let entries = plan.entries_of_new.iter().chain(&plan.written_before).chain(&domains);
    let all = entries.chain(&plan.within).chain(&linked.writes);
    let (mut puts, mut counters): (BTreeMap<Key, Item>, BTreeMap<Key, Vec<&Changes>>) = Default::default();
    let mut must_be_free = Vec::new();
    for write in all {
        must_be_free.extend(needed(write));
        match &write.op {
            Op::Put(item) => drop(puts.insert(write.key(), item.clone())),
            Op::Update(key, changes) => counters.entry(key.clone()).or_default().push(changes),
            Op::Delete(_) | Op::Check(_) => {}
        }
    }
    are_free(table, must_be_free).await?;
    let places: Vec<Key> = counters.keys().cloned().collect();
    let found = table.batch_get(&places).await?;
    let mut known: BTreeMap<Key, Item> = found
        .into_iter()
        .filter_map(|item| Some((Key::of(&item)?, item)))
        .collect();
    for (key, changes) in counters {
        let mut item = known.remove(&key).unwrap_or_else(|| key.attributes());
        changes.into_iter().for_each(|changes| apply(changes, &mut item));
        puts.insert(key, item);
    }
    Ok(Bulk {
        items: puts.into_values().collect(),
        linked,
        domains: plan.domains,
    })
}

/// What must not be there yet, and why the write is refused where it is.
fn needed(write: &Write) -> Option<(Key, Refusal)> {
    let is_new = !matches!(write.op, Op::Update(..)) && write.when.as_ref() == Some(&Cond::absent());
    is_new.then(|| Some((write.key(), write.refusal.clone()?))).flatten()
}

async fn are_free(table: &Table, places: Vec<(Key, Refusal)>) -> Result<()> {
    let places: BTreeMap<Key, Refusal> = places.into_iter().collect();
    let asked: Vec<Key> = places.keys().cloned().collect();
    let found = table.batch_get(&asked).await?;
    match found
        .first()
        .and_then(Key::of)
        .and_then(|key| places.get(&key).cloned())
    {
        None => Ok(()),
        Some(Refusal::Answer(error)) => Err(error),
        Some(Refusal::Lost(lost)) => Err(Error::fault(format!("{lost:?}"))),
    }
}

fn apply(changes: &Changes, item: &mut Item) {
    item.extend(changes.set.iter().cloned());
    for (name, by) in &changes.add {
        let sum = integer(item, name).unwrap_or(0) + by;
        item.insert(name.clone(), number(sum));
    }
    for name in &changes.remove {
        item.remove::<String>(name);
    }
}

/// An item in DynamoDB's own JSON.
pub fn json(item: &Item) -> Result<serde_json::Value> {
    chain::json_of(&Value::M(item.clone().into_iter().collect())).map(|mut whole| whole["M"].take())
}
