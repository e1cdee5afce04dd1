//! Counters: accounts by status, accounts in charge, seats taken. Each is changed in the transaction of what it counts, so
//! what it is off by stays the same however busy the table is. It is known where the accounts are counted before and after
//! the counter is read: those that stayed as they were had their share in it, the others may or may not have had.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use usher::domain::tenant::TenantId;
use usher::domain::tenant_size::{SEAT_PARTITIONS, TenantSize};
use usher::domain::user::{Status, User};
use usher::id::{RoleId, UserId};
use usher::store::dynamo::{Query, Table};
use usher::store::keys;
use usher::store::table::{Changes, Cond, Item, Key, Lost, Value, Write, from_item, integer, string};

use super::finding::{Finding, Kind, Repair};
use super::pass::{scan, tenant_of, whole};
use crate::error::Result;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    Tally(&'static str),
    InCharge,
    Seat(RoleId, u16),
}

/// The accounts of a tenant, counted.
#[derive(Default)]
pub struct Counts {
    /// Each account, and what its item was.
    accounts: HashMap<UserId, u64>,
    counted: BTreeMap<Counter, i64>,
    /// Counters with a seat that ends.
    ending: BTreeSet<(RoleId, u16)>,
}

impl Counts {
    pub fn add(&mut self, user: &User, whole: u64) {
        self.accounts.insert(user.id, whole);
        self.count(user);
    }

    fn count(&mut self, user: &User) {
        let mut count = |counter| *self.counted.entry(counter).or_default() += 1;
        count(Counter::Tally(user.listed_status().as_str()));
        if user.status == Status::Deleted {
            return;
        }
        if user.is_administrator() {
            count(Counter::InCharge);
        }
        for (role, seat) in user.seats() {
            count(Counter::Seat(role, seat.counter));
            if seat.ends.is_some() {
                self.ending.insert((role, seat.counter));
            }
        }
    }
}

/// The counters as they were read.
struct Counters {
    values: BTreeMap<Counter, i64>,
    items: HashMap<Key, Item>,
}

impl Counters {
    async fn read(table: &Table, t: &TenantId) -> Result<Self> {
        let tallies =
            (0..TenantSize::Large.tallies()).map(|shard| (keys::tally_partition(t, shard), Some(keys::TALLY)));
        let seats = (0..SEAT_PARTITIONS).map(|part| (keys::seats_partition(t, part), None));
        let mut items = HashMap::new();
        for (pk, prefix) in tallies.chain(seats) {
            let query = Query {
                pk,
                prefix: prefix.map(str::to_owned),
                ..Query::default()
            };
            let found = table.query(&query).await?.items;
            items.extend(found.into_iter().filter_map(|item| Some((Key::of(&item)?, item))));
        }
        if let Some(item) = table.get(&keys::administrators(t)).await? {
            items.insert(keys::administrators(t), item);
        }
        let mut values = BTreeMap::new();
        for (key, item) in &items {
            for (counter, value) in values_of(key, item) {
                *values.entry(counter).or_default() += value;
            }
        }
        Ok(Self { values, items })
    }
}

const STATUSES: [&str; 5] = ["active", "inactive", "locked", "banned", "deleted"];

fn values_of(key: &Key, item: &Item) -> Vec<(Counter, i64)> {
    match key.pk.split('#').nth(2) {
        Some("TALLY") if key.sk == "ADMINISTRATORS" => {
            vec![(Counter::InCharge, integer(item, "count").unwrap_or(0))]
        }
        Some("TALLY") => STATUSES
            .into_iter()
            .filter_map(|status| Some((Counter::Tally(status), integer(item, status)?)))
            .collect(),
        _ => {
            let seat = key
                .sk
                .split_once('#')
                .and_then(|(role, counter)| Some(Counter::Seat(role.parse().ok()?, counter.parse().ok()?)));
            seat.map(|seat| (seat, integer(item, "taken").unwrap_or(0)))
                .into_iter()
                .collect()
        }
    }
}

/// How often the accounts are counted at most, for a difference that is seen twice.
const ROUNDS: usize = 6;

/// Counters that are wrong, given what a pass counted.
pub async fn check(table: &Table, t: &TenantId, first: Counts, parts: u16) -> Result<Vec<Finding>> {
    let counters = Counters::read(table, t).await?;
    if differences(&first.counted, 0, &counters).is_empty() && unmarked(&first, &counters).is_empty() {
        return Ok(Vec::new());
    }
    let (mut before, mut known) = (first, None::<BTreeMap<Counter, (i64, i64)>>);
    for round in 1..=ROUNDS {
        let counters = Counters::read(table, t).await?;
        let recount = recount(table, t, parts, &before).await?;
        let differ = differences(&recount.stayed.counted, recount.changed, &counters);
        let marks = unmarked(&recount.stayed, &counters);
        if differ.is_empty() && marks.is_empty() {
            return Ok(Vec::new());
        }
        let seen_twice: Vec<Counter> = known.iter().flat_map(|known| known.keys()).copied().collect();
        let is_last = round == ROUNDS || recount.changed == 0;
        if known.is_some() && is_last {
            let twice = differ.iter().filter(|(counter, _)| seen_twice.contains(*counter));
            let exact = recount.changed == 0;
            let found = twice.map(|(counter, (is, should))| finding(t, *counter, *is, *should, exact, &counters));
            return Ok(found.chain(marks).collect());
        }
        known = Some(differ);
        before = recount.now;
    }
    Ok(Vec::new())
}

/// A counter's value, and the nearest one that it may have.
fn differences(counted: &BTreeMap<Counter, i64>, changed: i64, counters: &Counters) -> BTreeMap<Counter, (i64, i64)> {
    let all: BTreeSet<Counter> = counted.keys().chain(counters.values.keys()).copied().collect();
    let differs = |counter: Counter| {
        let is = counters.values.get(&counter).copied().unwrap_or(0);
        let least = counted.get(&counter).copied().unwrap_or(0);
        let should = is.clamp(least, least + changed);
        (is != should).then_some((counter, (is, should)))
    };
    all.into_iter().filter_map(differs).collect()
}

fn unmarked(counts: &Counts, counters: &Counters) -> Vec<Finding> {
    let finding = |(role, counter): &(RoleId, u16)| {
        let found = counters.items.iter().find(|(key, _)| {
            key.pk.split('#').nth(2) == Some("SEATS") && key.sk == format!("{}{counter:02}", keys::seats_of(*role))
        });
        let (key, item) = found.filter(|(_, item)| !item.contains_key("ends"))?;
        let taken = integer(item, "taken").unwrap_or(0);
        let mark = Changes::new().set("ends", Value::Bool(true));
        Some(Finding {
            kind: Kind::UnmarkedSeats,
            key: key.clone(),
            is: format!("{taken} taken, no mark"),
            should_be: "marked: a seat of it ends".to_owned(),
            repair: Repair::Writes {
                text: "mark the counter".to_owned(),
                writes: vec![Write::update(key.clone(), mark).when(Cond::exists(), Lost::Changed)],
            },
        })
    };
    counts.ending.iter().filter_map(finding).collect()
}

struct Recount {
    /// Accounts that are as they were the time before.
    stayed: Counts,
    /// How many are not.
    changed: i64,
    /// All of them, as they are.
    now: Counts,
}

async fn recount(table: &Table, t: &TenantId, parts: u16, before: &Counts) -> Result<Recount> {
    let seen = Mutex::new((Counts::default(), Counts::default()));
    scan(table, parts, |items| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            let is_account = string(&item, "SK") == Some(keys::USER) && tenant_of(&item) == Some(t.as_str());
            let sum = if is_account { whole(&item) } else { continue };
            let Ok(user) = from_item::<User>(item) else { continue };
            if before.accounts.get(&user.id) == Some(&sum) {
                seen.0.add(&user, sum);
            }
            seen.1.add(&user, sum);
        }
    })
    .await?;
    let (stayed, now) = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let gone = before
        .accounts
        .keys()
        .filter(|id| !now.accounts.contains_key(*id))
        .count();
    let changed = now.accounts.len() - stayed.accounts.len() + gone;
    Ok(Recount {
        changed: i64::try_from(changed).unwrap_or(i64::MAX / 2),
        stayed,
        now,
    })
}

fn finding(t: &TenantId, counter: Counter, is: i64, should: i64, exact: bool, counters: &Counters) -> Finding {
    let (kind, key, name) = match counter {
        Counter::Tally(status) => (Kind::WrongTally, keys::tally(t, 0, 0), status),
        Counter::InCharge => (Kind::WrongAdministrators, keys::administrators(t), "count"),
        Counter::Seat(role, counter) => (Kind::WrongSeatCount, keys::seats(t, role, counter), "taken"),
    };
    let item = counters.items.get(&key);
    let as_read = match item.and_then(|item| item.get(name)) {
        Some(value) => Cond::Eq(name, value.clone()),
        None => Cond::Absent(name),
    };
    let by = should - is;
    let write = Write::update(key.clone(), Changes::new().add(name, by)).when(as_read, Lost::Changed);
    let about = if exact { "" } else { " or beyond" };
    Finding {
        kind,
        key,
        is: format!("{name} {is}"),
        should_be: format!("{name} {should}{about}"),
        repair: match exact {
            true => Repair::Writes {
                text: format!("add {by} to {name}"),
                writes: vec![write],
            },
            false => Repair::None("accounts change too quickly to know by how much: verify again when it is quieter"),
        },
    }
}
