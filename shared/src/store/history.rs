//! Both histories in the table: rows that are put, and never changed but to take an erased account out of them; they expire
//! by themselves. A session is the row of its login as well ([`super::sessions`]), so both kinds of items are read here.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::de::DeserializeOwned;

use super::chain::seal::Part;
use super::dynamo::{Index, Query, Table};
use super::table::{Item, Key, Value, Write, from_item, integer, number, string, text, to_item};
use super::{keys, sessions};
use crate::context::Context;
use crate::domain::history::{LoginEntry, LoginKind, RightsEntry};
use crate::domain::tenant::TenantId;
use crate::error::Result;
use crate::id::{EntryId, UserId};

pub fn login(entry: &LoginEntry, kept: SignedDuration) -> Result<Write> {
    let key = keys::login(&entry.tenant, entry.user, entry.id);
    let mut item = row(&key, entry, entry.at, kept)?;
    index_login(&mut item, entry);
    Ok(Write::put(item))
}

/// Puts a row among everyone's, which are logins and logouts: renewals and failures are only shown with their account.
pub(super) fn index_login(item: &mut Item, entry: &LoginEntry) {
    if matches!(entry.kind, LoginKind::Login | LoginKind::Logout) {
        index(
            item,
            1,
            keys::logins_index(&entry.tenant, entry.at, entry.id.partition()),
            entry.id,
        );
    }
}

/// A row under an unknown login: the same write as an account's, found by no listing.
pub fn login_of_unknown(guess: &Key, entry: &LoginEntry, kept: SignedDuration) -> Result<Write> {
    let key = keys::unknown_login_entry(guess, entry.id);
    Ok(Write::put(row(&key, entry, entry.at, kept)?))
}

pub fn rights(entry: &RightsEntry, kept: SignedDuration) -> Result<Write> {
    let key = keys::rights(&entry.tenant, entry.at, entry.id);
    let mut item = row(&key, entry, entry.at, kept)?;
    let target = keys::target_index(&entry.tenant, &entry.target.id());
    index(&mut item, 1, target, entry.id);
    if let Some(actor) = entry.actor {
        index(&mut item, 2, keys::actor_index(&entry.tenant, actor), entry.id);
    }
    Ok(Write::put(item))
}

/// An account's logins, newest first, before this one; and whether there are more.
pub async fn logins_of(
    cx: &Context,
    user: UserId,
    after: Option<EntryId>,
    limit: usize,
) -> Result<(Vec<Place<LoginEntry>>, bool)> {
    let (t, table) = (&cx.tenant, &cx.app.table);
    let newest = |prefix: &str| Query {
        pk: keys::user_partition(t, user),
        prefix: Some(prefix.to_owned()),
        after: after.map(|id| format!("{prefix}{id}")),
        newest_first: true,
        limit: Some(limit),
        ..Query::default()
    };
    let (rows, sessions) = (newest(keys::LOGIN), newest(keys::SESSION));
    let (rows, sessions) = futures::try_join!(table.query(&rows), table.query(&sessions))?;
    let mut more = rows.more || sessions.more;
    let items = rows.items.into_iter().chain(sessions.items);
    let entries = items.filter_map(|item| Some((id_of(&item)?, sessions::login_in(item, cx.now))));
    let mut entries: Vec<Place<LoginEntry>> = entries.map(|(id, row)| Ok((id, row?))).collect::<Result<_>>()?;
    entries.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    more |= entries.len() > limit;
    entries.truncate(limit);
    Ok((entries, more))
}

/// A place in a history, and the row in it: none where what stands there is no row any more.
pub type Place<T> = (EntryId, Option<T>);

/// The row in an item, for as long as it is kept: DynamoDB takes days to remove what expired.
pub(super) fn kept_in<T: DeserializeOwned>(item: Item, now: Timestamp) -> Result<Option<T>> {
    match integer(&item, "ttl").is_none_or(|end| now.as_second() < end) {
        true => from_item(item).map(Some),
        false => Ok(None),
    }
}

fn id_of(item: &Item) -> Option<EntryId> {
    string(item, "SK")?.rsplit('#').next()?.parse().ok()
}

/// The time that a listing goes through, month by month.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub newest: Timestamp,
    pub oldest: Timestamp,
    /// Over how many partitions each month is spread.
    pub partitions: u16,
}

impl Span {
    /// A moment in each of its months, newest first: from that of this row on.
    pub fn months(self, after: Option<EntryId>) -> impl Iterator<Item = Timestamp> {
        let first = |at: Timestamp| at.to_zoned(TimeZone::UTC).date().first_of_month();
        let start = after.map_or(self.newest, EntryId::made_at).min(self.newest);
        let last = first(self.oldest);
        let before = |month: &Date| month.checked_sub(1.month()).ok();
        let months = std::iter::successors(Some(first(start)), before).take_while(move |month| *month >= last);
        months.filter_map(|month| Some(month.to_zoned(TimeZone::UTC).ok()?.timestamp()))
    }
}

/// Everyone's logins, newest first, before this one; and whether there are more.
pub async fn logins_of_all(
    cx: &Context,
    span: Span,
    after: Option<EntryId>,
    limit: usize,
) -> Result<(Vec<Place<LoginEntry>>, bool)> {
    let (t, table) = (&cx.tenant, &cx.app.table);
    let mut found = Found::new(limit);
    for month in span.months(after) {
        let pks = (0..span.partitions).map(|part| keys::logins_index(t, month, part));
        found.extend(table, Some(Index::One), pks, after).await?;
        if found.is_full() {
            break;
        }
    }
    let login_in = |item| sessions::login_in(item, cx.now);
    found.read(table, login_in).await
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    By(UserId),
    /// Those of these targets, by what a row shows of its own.
    Of(Vec<String>),
    All,
}

/// Changes of rights, newest first, before this one; and whether there are more.
pub async fn rights_changes(
    cx: &Context,
    whose: &Changed,
    span: Span,
    after: Option<EntryId>,
    limit: usize,
) -> Result<(Vec<Place<RightsEntry>>, bool)> {
    let (t, table) = (&cx.tenant, &cx.app.table);
    let mut found = Found::new(limit);
    match whose {
        Changed::By(actor) => {
            let pk = keys::actor_index(t, *actor);
            found.extend(table, Some(Index::Two), [pk], after).await?;
        }
        Changed::Of(targets) => {
            let pks: Vec<_> = targets.iter().map(|target| keys::target_index(t, target)).collect();
            found.extend(table, Some(Index::One), pks, after).await?;
        }
        Changed::All => {
            for month in span.months(after) {
                let pks = (0..span.partitions).map(|part| keys::rights_partition(t, month, part));
                found.extend(table, None, pks, after).await?;
                if found.is_full() {
                    break;
                }
            }
        }
    }
    found.read(table, |item| kept_in(item, cx.now)).await
}

/// Rows, at most as many as are asked for. Of those that an index found, only the places are known.
struct Found {
    limit: usize,
    places: Vec<Key>,
    items: Vec<Item>,
    /// Whether there are more in the partitions that were read.
    more: bool,
}

impl Found {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            places: Vec::new(),
            items: Vec::new(),
            more: false,
        }
    }

    fn is_full(&self) -> bool {
        self.more || self.len() > self.limit
    }

    fn len(&self) -> usize {
        self.places.len() + self.items.len()
    }

    /// Takes the newest rows of these partitions together: as many as are missing and one more, which shows that there are
    /// more; or fewer, where one of several partitions has not been read as far.
    async fn extend(
        &mut self,
        table: &Table,
        index: Option<Index>,
        pks: impl IntoIterator<Item = String, IntoIter: ExactSizeIterator>,
        after: Option<EntryId>,
    ) -> Result<()> {
        let missing = self.limit + 1 - self.len();
        let pks = pks.into_iter();
        // Rows are spread by chance: a little over each partition's part is nearly always enough.
        let part = missing / pks.len().max(1) + missing / 8 + 8;
        let query = |pk| Query {
            index,
            pk,
            after: after.map(|id| id.to_string()),
            newest_first: true,
            limit: Some(part.min(missing)),
            ..Query::default()
        };
        let page = table.query_together(&pks.map(query).collect::<Vec<_>>()).await?;
        self.more = page.more;
        let items = page.items.into_iter().take(missing);
        match index {
            Some(_) => self.places.extend(items.filter_map(|item| Key::of(&item))),
            None => self.items.extend(items),
        }
        Ok(())
    }

    async fn read<T>(
        mut self,
        table: &Table,
        row_in: impl Fn(Item) -> Result<Option<T>>,
    ) -> Result<(Vec<Place<T>>, bool)> {
        let more = self.is_full();
        self.places.truncate(self.limit);
        self.items.truncate(self.limit);
        self.items.extend(table.batch_get(&self.places).await?);
        let rows = self
            .items
            .into_iter()
            .filter_map(|item| Some((id_of(&item)?, row_in(item))));
        let mut rows: Vec<Place<T>> = rows.map(|(id, row)| Ok((id, row?))).collect::<Result<_>>()?;
        rows.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        Ok((rows, more))
    }
}

/// Rows of a partition of the rights history as they stand, by time, after this sort key; and whether there are more.
pub async fn rights_of_partition(
    table: &Table,
    t: &TenantId,
    month: Timestamp,
    part: u16,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<Item>, bool)> {
    let query = Query {
        pk: keys::rights_partition(t, month, part),
        after,
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    Ok((page.items, page.more))
}

/// Where an account was signed in from and with what.
pub(super) const ORIGIN: [&str; 2] = ["ip", "userAgent"];

/// How many rows of a history are read at once.
const READ_AT_ONCE: usize = 500;

/// Takes out of the histories where an account was signed in from and with what, and what it was called. The rows stay,
/// with its bare id.
pub async fn anonymise(table: &Table, t: &TenantId, user: UserId) -> Result<()> {
    let own = Query {
        pk: keys::user_partition(t, user),
        prefix: Some(keys::LOGIN.to_owned()),
        ..Query::default()
    };
    let by = Query {
        index: Some(Index::Two),
        pk: keys::actor_index(t, user),
        ..Query::default()
    };
    let of = Query {
        index: Some(Index::One),
        pk: keys::target_index(t, &user.to_string()),
        ..Query::default()
    };
    rewrite(table, own, |row| empty(row, &ORIGIN)).await?;
    rewrite(table, by, |row| Part::Actor.empty(row)).await?;
    rewrite(table, of, |row| Part::Target.empty(row)).await
}

/// Takes something out of the rows that a query finds.
async fn rewrite(table: &Table, query: Query, empty: impl Fn(&mut Item)) -> Result<()> {
    let mut after = None;
    loop {
        let query = Query {
            after,
            limit: Some(READ_AT_ONCE),
            ..query.clone()
        };
        let page = table.query(&query).await?;
        let sort_key = query.index.map_or("SK", Index::sort_key);
        after = page
            .items
            .last()
            .and_then(|item| string(item, sort_key))
            .map(str::to_owned);
        let items = if query.index.is_none() {
            page.items
        } else {
            let places: Vec<Key> = page.items.iter().filter_map(Key::of).collect();
            table.batch_get(&places).await?
        };
        let bare = items.into_iter().filter_map(|item| changed(item, &empty));
        table.batch_write(&bare.map(Write::put).collect::<Vec<_>>()).await?;
        if !page.more {
            return Ok(());
        }
    }
}

/// A row that this changes; nothing where it does not.
fn changed(mut item: Item, change: impl Fn(&mut Item)) -> Option<Item> {
    let was = item.clone();
    change(&mut item);
    (item != was).then_some(item)
}

pub(super) fn empty(attributes: &mut Item, names: &[&str]) {
    for name in names {
        if let Some(Value::S(value)) = attributes.get_mut(*name) {
            value.clear();
        }
    }
}

fn row(key: &Key, entry: &impl serde::Serialize, at: jiff::Timestamp, kept: SignedDuration) -> Result<Item> {
    let mut item = to_item(key, entry)?;
    item.insert("ttl".to_owned(), number((at + kept).as_second()));
    Ok(item)
}

fn index(item: &mut Item, n: u8, pk: String, id: EntryId) {
    item.insert(format!("GSI{n}PK"), text(pk));
    item.insert(format!("GSI{n}SK"), text(id.to_string()));
}
