//! Mails to send, in the table.
//!
//! A mail that is still to be sent stands in an index, ordered by when it is due. Whoever wants to send it claims it:
//! moves what is due to the end of a lease, under a name of its own. A sender that ends in the middle leaves nothing to
//! undo, for the mail is due again when the lease runs out; and one that comes back too late finds another's name.

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::dynamo::{Index, Query, Table, Updated};
use super::keys;
use super::table::{Changes, Cond, Item, Key, Lost, Write, from_item, integer, number, string, text, to_item};
use crate::ambient;
use crate::domain::mail::{LEASE, Mail};
use crate::domain::tenant::TenantId;
use crate::error::{Error, Result};
use crate::id::{MailId, UserId};

/// Over how many partitions the mails to send of all tenants are spread: each costs four writes of its index before it is
/// sent.
const PENDING_PARTITIONS: u16 = 8;

/// How long a mail's item stays, sent or not.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long that of one that was given up stays, for somebody to look after it.
const DEAD_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

pub const PENDING: &str = "pending";
pub const SENT: &str = "sent";
/// The state of a mail that is not sent: its account is gone, or has another address, or it would be one too many.
pub const DROPPED: &str = "dropped";
pub const DEAD: &str = "dead";

/// A mail that is the claimer's to send, for as long as the lease lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub mail: Mail,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// Whether it was counted among the mails to its address and of its cause.
    pub counted: bool,
    lease: String,
}

/// Asks for a mail, in the transaction of what causes it.
pub fn put(mail: &Mail) -> Result<Write> {
    let mut item = to_item(&keys::mail(mail.id), mail)?;
    let shard = u16::from(mail.id.uuid().as_bytes()[15]) % PENDING_PARTITIONS;
    item.insert("state".to_owned(), text(PENDING));
    item.insert("attempts".to_owned(), number(0));
    item.insert("GSI1PK".to_owned(), text(pending(shard)));
    item.insert("GSI1SK".to_owned(), text(keys::due(mail.created_at, mail.id)));
    item.insert("ttl".to_owned(), number((mail.created_at + KEPT).as_second()));
    Ok(Write::put(item))
}

fn pending(shard: u16) -> String {
    keys::mails_index(PENDING, shard)
}

/// Few are given up: they have one partition.
fn dead() -> String {
    keys::mails_index(DEAD, 0)
}

pub fn id_of(partition: &str) -> Option<MailId> {
    partition.strip_prefix(keys::MAIL)?.parse().ok()
}

/// Mails that are due, longest first; where there are more than `limit`, those after `after` as well.
pub async fn due(table: &Table, now: Timestamp, after: Option<String>, limit: usize) -> Result<Due> {
    let query = |shard| Query {
        index: Some(Index::One),
        pk: pending(shard),
        after: after.clone(),
        limit: Some(limit),
        ..Query::default()
    };
    let queries: Vec<Query> = (0..PENDING_PARTITIONS).map(query).collect();
    let pages = try_join_all(queries.iter().map(|query| table.query(query))).await?;
    let end = end_of(now);
    let is_due = |item: &&Item| string(item, "GSI1SK").is_some_and(|due| due < end.as_str());
    let mut due: Vec<&Item> = pages.iter().flat_map(|page| &page.items).filter(is_due).collect();
    due.sort_by_key(|item| string(item, "GSI1SK"));
    // A page that is not the last one of its partition is full.
    let more = due.len() > limit || due.len() == limit && pages.iter().any(|page| page.more);
    due.truncate(limit);
    let last = due.last().and_then(|item| string(item, "GSI1SK")).map(str::to_owned);
    Ok(Due {
        mails: due.iter().filter_map(|item| waiting(item)).collect(),
        more: last.filter(|_| more),
    })
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Due {
    pub mails: Vec<Waiting>,
    /// After what there may be more.
    pub more: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    pub id: MailId,
    pub due: Timestamp,
    /// Whether it is due since it was asked for, and so was claimed by nobody yet.
    pub is_new: bool,
}

/// A mail that waits, by its keys: the index has no more of it.
fn waiting(item: &Item) -> Option<Waiting> {
    let id = id_of(string(item, "PK")?)?;
    let (due, _) = string(item, "GSI1SK")?.split_once('#')?;
    let due = Timestamp::from_millisecond(due.parse().ok()?).ok()?;
    let asked_for = keys::due(id.made_at(), id);
    Some(Waiting {
        id,
        due,
        is_new: string(item, "GSI1SK") == Some(&asked_for),
    })
}

/// Takes a mail to send it, provided that it is to be sent, and is due: not leased to another sender, and not waiting
/// after a failure.
pub async fn claim(table: &Table, id: MailId, now: Timestamp) -> Result<Option<Claimed>> {
    let lease = ambient::uuid_v7(now)?.to_string();
    let changes = Changes::new()
        .set("GSI1SK", text(keys::due(now + LEASE, id)))
        .set("lease", text(&lease))
        .add("attempts", 1);
    let due = Cond::Lt("GSI1SK", text(end_of(now)));
    let when = Cond::All(vec![Cond::Eq("state", text(PENDING)), due]);
    match table.update(&keys::mail(id), &changes, &when).await? {
        Updated::Done(item) => claimed(item, lease).map(Some),
        // Ours after all: the answer was lost, and the question was repeated.
        Updated::Refused(Some(item)) if string(&item, "lease") == Some(&lease) => claimed(item, lease).map(Some),
        Updated::Refused(_) => Ok(None),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Sent,
    /// It is no longer needed.
    Dropped,
    /// It would be one too many.
    OverLimit,
    /// It is tried again then.
    Due(Timestamp),
    Dead,
}

/// Writes down what became of a mail, provided that it is still the claimer's; whether it was.
pub async fn settle(table: &Table, claimed: &Claimed, fate: Fate, now: Timestamp) -> Result<bool> {
    let id = claimed.mail.id;
    let over = |state: &str| {
        let changes = Changes::new().set("state", text(state));
        changes.set("settledAt", number(now.as_millisecond()))
    };
    // Out of the index, which lists what is to be sent; and without personal data, should the account be erased.
    let gone = |state: &str| {
        ["GSI1PK", "GSI1SK", "to", "name"]
            .into_iter()
            .fold(over(state), Changes::remove)
    };
    let changes = match fate {
        Fate::Sent => gone(SENT),
        Fate::Dropped | Fate::OverLimit => gone(DROPPED),
        Fate::Due(at) => Changes::new().set("GSI1SK", text(keys::due(at, id))),
        Fate::Dead => over(DEAD)
            .set("GSI1PK", text(dead()))
            .set("GSI1SK", text(keys::due(now, id)))
            .set("ttl", number((now + DEAD_KEPT).as_second())),
    };
    // The lease's name stays, so that a repeated question has the same answer.
    let ours = Cond::Eq("lease", text(&claimed.lease));
    let updated = table.update(&keys::mail(id), &changes, &ours).await?;
    Ok(matches!(updated, Updated::Done(_)))
}

/// Notes that a mail was counted, provided that it is still the claimer's.
pub(super) fn counted(claimed: &Claimed, now: Timestamp) -> Write {
    let changes = Changes::new().set("countedAt", number(now.as_millisecond()));
    let ours = Cond::Eq("lease", text(&claimed.lease));
    Write::update(keys::mail(claimed.mail.id), changes).when(ours, Error::unavailable("its lease is over"))
}

/// A mail that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct Dead {
    pub mail: Mail,
    pub attempts: u32,
    pub given_up_at: Option<Timestamp>,
}

/// Mails that were given up, the first ones first, and whether there are more.
pub async fn given_up(table: &Table, limit: usize) -> Result<(Vec<Dead>, bool)> {
    let query = Query {
        index: Some(Index::One),
        pk: dead(),
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.query(&query).await?;
    let places: Vec<Key> = page.items.iter().filter_map(Key::of).collect();
    let found = table.batch_get(&places).await?.into_iter().filter_map(in_dead);
    let mut mails: Vec<Dead> = found.collect::<Result<_>>()?;
    mails.sort_by_key(|dead| (dead.given_up_at, dead.mail.id));
    Ok((mails, page.more))
}

/// The mail of this id, where it was given up.
pub async fn given_up_of(table: &Table, id: MailId) -> Result<Option<Dead>> {
    table.get(&keys::mail(id)).await?.and_then(in_dead).transpose()
}

fn in_dead(item: Item) -> Option<Result<Dead>> {
    if string(&item, "state") != Some(DEAD) {
        return None;
    }
    let attempts = integer(&item, "attempts").and_then(|n| u32::try_from(n).ok());
    let at = integer(&item, "settledAt").and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Some(from_item(item).map(|mail| Dead {
        mail,
        attempts: attempts.unwrap_or_default(),
        given_up_at: at,
    }))
}

/// Has a mail that was given up sent after all, as if it were asked for now, and so within the limits of mails again;
/// provided that it is given up still.
pub fn retry(id: MailId, now: Timestamp) -> Write {
    let shard = u16::from(id.uuid().as_bytes()[15]) % PENDING_PARTITIONS;
    let changes = Changes::new()
        .set("state", text(PENDING))
        .set("attempts", number(0))
        .set("GSI1PK", text(pending(shard)))
        .set("GSI1SK", text(keys::due(now, id)))
        .set("ttl", number((now + KEPT).as_second()))
        .remove("settledAt")
        .remove("countedAt");
    Write::update(keys::mail(id), changes).when(Cond::Eq("state", text(DEAD)), Lost::Changed)
}

/// Gives a mail up for good, without personal data; provided that it is given up still.
pub fn forget(id: MailId, now: Timestamp) -> Write {
    let changes = Changes::new()
        .set("state", text(DROPPED))
        .set("settledAt", number(now.as_millisecond()));
    let bare = ["GSI1PK", "GSI1SK", "to", "name"]
        .into_iter()
        .fold(changes, Changes::remove);
    Write::update(keys::mail(id), bare).when(Cond::Eq("state", text(DEAD)), Lost::Changed)
}

/// How many mails of a partition are looked at for one account's.
const LOOKED_AT: usize = 1_000;

/// Removes the mails to an account that were not sent, as far as they are among the next to be, or among the first to
/// have been given up.
pub async fn remove_unsent(table: &Table, t: &TenantId, user: UserId) -> Result<()> {
    let of = |pk: String| Query {
        index: Some(Index::One),
        pk,
        limit: Some(LOOKED_AT),
        ..Query::default()
    };
    let all = (0..PENDING_PARTITIONS).map(pending).chain([dead()]);
    let queries: Vec<Query> = all.map(of).collect();
    let pages = try_join_all(queries.iter().map(|query| table.query(query))).await?;
    let places: Vec<Key> = pages.iter().flat_map(|page| &page.items).filter_map(Key::of).collect();
    let (tenant, user) = (t.to_string(), user.to_string());
    let is_own = |item: &&Item| string(item, "tenant") == Some(&tenant) && string(item, "user") == Some(&user);
    let found = table.batch_get(&places).await?;
    let own = found.iter().filter(is_own).filter_map(Key::of);
    table.batch_write(&own.map(Write::delete).collect::<Vec<_>>()).await
}

fn claimed(item: Item, lease: String) -> Result<Claimed> {
    let attempts = integer(&item, "attempts").and_then(|n| u32::try_from(n).ok());
    Ok(Claimed {
        attempts: attempts.unwrap_or(u32::MAX),
        counted: item.contains_key("countedAt"),
        mail: from_item(item)?,
        lease,
    })
}

/// The end, in the index, of what is due: before all that is due later, by however little.
fn end_of(now: Timestamp) -> String {
    keys::due(now + SignedDuration::from_millis(1), MailId::from_uuid(Uuid::nil()))
}
