//! What a tenant set, in the table; beside it, since when the tenant is large.

use jiff::Timestamp;

use super::dynamo::Table;
use super::keys;
use super::table::{Changes, Cond, Item, Lost, Write, from_item, integer, number, to_item};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::Chosen;
use crate::error::Result;

/// What is kept of a tenant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    pub chosen: Chosen,
    /// When it was written down that the tenant is large. It is no setting: no contract shows it, no history has it, and
    /// no version tells of it.
    pub large_since: Option<Timestamp>,
}

/// The attribute with [`Kept::large_since`].
const LARGE_SINCE: &str = "largeSince";

/// What is kept of the tenant; nothing where it has no item of its own yet.
pub async fn get(table: &Table, t: &TenantId) -> Result<Option<Kept>> {
    table.get(&keys::tenant_settings(t)).await?.map(kept).transpose()
}

fn kept(item: Item) -> Result<Kept> {
    let since = integer(&item, LARGE_SINCE);
    Ok(Kept {
        large_since: since.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        chosen: from_item(item)?,
    })
}

/// Writes what is kept of a tenant at its beginning.
pub fn create(t: &TenantId, beginning: &Kept) -> Result<Write> {
    Ok(Write::put(item(t, beginning)?).when(Cond::absent(), Lost::Changed))
}

/// Writes what a tenant sets from now on, provided that it is as it was read; else [`Lost::Changed`].
pub fn change(t: &TenantId, before: Option<&Kept>, after: &Chosen) -> Result<Write> {
    let large_since = before.and_then(|before| before.large_since);
    let after = Kept {
        chosen: after.clone(),
        large_since,
    };
    let Some(before) = before else {
        return create(t, &after);
    };
    let as_large = match large_since {
        Some(since) => Cond::Eq(LARGE_SINCE, number(since.as_millisecond())),
        None => Cond::Absent(LARGE_SINCE),
    };
    let as_read = Cond::All(vec![Cond::Eq("version", number(before.chosen.version)), as_large]);
    Ok(Write::put(item(t, &after)?).when(as_read, Lost::Changed))
}

/// Writes down that a tenant is large from now on, once. `main` may have no item yet.
pub fn grow(t: &TenantId, now: Timestamp) -> Write {
    let changes = Changes::new().set(LARGE_SINCE, number(now.as_millisecond()));
    Write::update(keys::tenant_settings(t), changes.add("version", 0)).when(Cond::Absent(LARGE_SINCE), Lost::Changed)
}

fn item(t: &TenantId, kept: &Kept) -> Result<Item> {
    let mut item = to_item(&keys::tenant_settings(t), &kept.chosen)?;
    let since = kept.large_since.map(|since| number(since.as_millisecond()));
    item.extend(since.map(|since| (LARGE_SINCE.to_owned(), since)));
    Ok(item)
}
