//! `local audit verify`: every row of the rights history, and every anchor, held to each other.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::{AT_ONCE, STATEMENT, span};
use crate::domain::audit::{Anchor, Fault, Finding, Known, Row, joined, spoilt, walk};
use crate::domain::history::{RightsEntry, RightsKind, Target};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_settings::HISTORY_DAYS;
use crate::domain::tenant_size::TenantSize;
use crate::error::Result;
use crate::proof::jwt::KeySet;
use crate::proof::opaque::Digest;
use crate::store::chain::{self, seal};
use crate::store::dynamo::Table;
use crate::store::table::{Item, Key, from_item, integer, string};
use crate::store::{anchors, history, keys, signing_keys, tenant_settings, users};

/// What was found of one tenant.
#[derive(Debug)]
pub struct Report {
    pub tenant: TenantId,
    pub rows: usize,
    /// Rows from before there were chains.
    pub unlinked: usize,
    pub chains: usize,
    pub anchors: usize,
    /// When the chains were signed last.
    pub signed_at: Option<Timestamp>,
    /// Whether a chain went on since.
    pub is_ahead: bool,
    /// The keys that signed.
    pub keys: BTreeSet<String>,
    /// The first row first.
    pub findings: Vec<Finding>,
}

/// Verifies the history of these tenants. Without keys of one's own (JWKs), those that the table itself has are believed.
pub async fn verify(
    table: &Table,
    tenants: &[TenantId],
    trusted: Option<Vec<Json>>,
    now: Timestamp,
) -> Result<Vec<Report>> {
    let jwks = match trusted {
        Some(jwks) => jwks,
        None => signing_keys::ever(table).await?,
    };
    let keys = KeySet::from_jwks(jwks);
    let mut reports = Vec::new();
    // Rows that are not what they were, of all tenants, by their hash: one that is gone here may be there.
    let mut strays = BTreeMap::new();
    for tenant in tenants {
        let (report, rows) = one(table, tenant, &keys, now).await?;
        for row in rows.iter().filter(|row| !row.is_sound) {
            let hash = row.position.as_ref().map(|position| position.hash.clone());
            strays.extend(hash.map(|hash| (hash, spoilt(row))));
        }
        reports.push(report);
    }
    for report in &mut reports {
        report.findings = joined(std::mem::take(&mut report.findings), &strays);
    }
    Ok(reports)
}

async fn one(table: &Table, tenant: &TenantId, keys: &KeySet, now: Timestamp) -> Result<(Report, Vec<Row>)> {
    let mut anchors = Anchors::default();
    anchors.read(table, tenant, keys).await?;
    let before = chain::heads(table, tenant).await?;
    // It has rows in no other partition: where somebody takes its size back, rows of its chains are missing.
    let kept = tenant_settings::get(table, tenant).await?.unwrap_or_default();
    let size = kept.large_since.map_or(TenantSize::Small, |_| TenantSize::Large);
    let span = span(now, size.histories());
    let places = span
        .months(None)
        .flat_map(|month| (0..span.partitions).map(move |part| (month, part)));
    let read = stream::iter(places).map(|(month, part)| of_partition(table, tenant, month, part));
    let months: Vec<Found> = read.buffered(AT_ONCE).try_collect().await?;
    let mut found = Found::default();
    months.into_iter().for_each(|month| found.join(month));
    let known = Known {
        rows: std::mem::take(&mut found.rows),
        before,
        after: chain::heads(table, tenant).await?,
        signed: anchors.believed,
    };
    let mut findings = walk(&known, now);
    findings.extend(found.not_erased(table, tenant, now).await?);
    findings.extend(anchors.findings);
    let last = known.signed.last();
    let report = Report {
        tenant: tenant.clone(),
        rows: known.rows.len(),
        unlinked: known.rows.iter().filter(|row| row.position.is_none()).count(),
        chains: known.after.len(),
        anchors: known.signed.len(),
        signed_at: last.and_then(|last| Timestamp::from_millisecond(last.at).ok()),
        is_ahead: last.is_none_or(|last| last.heads != known.before),
        keys: anchors.keys,
        findings,
    };
    Ok((report, known.rows))
}

/// What was signed, and by which keys.
#[derive(Default)]
struct Anchors {
    believed: Vec<Anchor>,
    keys: BTreeSet<String>,
    findings: Vec<Finding>,
}

impl Anchors {
    async fn read(&mut self, table: &Table, tenant: &TenantId, keys: &KeySet) -> Result<()> {
        // The digest of the one before, where it is there.
        let (mut number, mut prev) = (0, Some(String::new()));
        for signed in anchors::all(table, tenant).await? {
            number += 1;
            if signed.number != number {
                self.missing(number);
                (number, prev) = (signed.number, None);
            }
            let fits = |anchor: &Anchor| {
                let follows = prev.as_ref().is_none_or(|prev| anchor.prev == *prev);
                anchor.tenant == *tenant && anchor.number == number && follows
            };
            match keys.stated::<Anchor>(&signed.jws, STATEMENT) {
                Ok((kid, anchor)) if fits(&anchor) => {
                    self.keys.insert(kid);
                    self.believed.push(anchor);
                }
                _ => self.missing(number),
            }
            prev = Some(Digest::of(signed.jws.as_bytes()).to_string());
        }
        Ok(())
    }

    fn missing(&mut self, number: u64) {
        self.findings.push(Finding {
            fault: Fault::Unsigned,
            place: format!("anchor {number}"),
            at: None,
            hash: None,
        });
    }
}

/// How many rows are read at once.
const PAGE: usize = 2_000;

#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    /// The accounts that were erased.
    erased: BTreeSet<String>,
    /// Rows that an erasure emptied, by the account.
    emptied: BTreeMap<String, Vec<Finding>>,
}

async fn of_partition(table: &Table, tenant: &TenantId, month: Timestamp, part: u16) -> Result<Found> {
    let (mut found, mut after) = (Found::default(), None);
    loop {
        let (items, more) = history::rights_of_partition(table, tenant, month, part, after, PAGE).await?;
        after = items.last().and_then(|item| string(item, "SK")).map(str::to_owned);
        for item in items {
            found.take(tenant, item)?;
        }
        if !more {
            return Ok(found);
        }
    }
}

impl Found {
    fn join(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.erased.extend(other.erased);
        for (account, rows) in other.emptied {
            self.emptied.entry(account).or_default().extend(rows);
        }
    }

    fn take(&mut self, tenant: &TenantId, item: Item) -> Result<()> {
        let row = row(tenant, &item)?;
        for account in seal::emptied_by(&item) {
            let emptied = Finding::of(Fault::Emptied, &row);
            self.emptied.entry(account).or_default().push(emptied);
        }
        if row.is_sound
            && let Ok(RightsEntry {
                kind: RightsKind::UserErased,
                target: Target::User(id),
                ..
            }) = from_item(item)
        {
            self.erased.insert(id.to_string());
        }
        self.rows.push(row);
        Ok(())
    }

    /// Rows that are emptied, of accounts that were not erased. The row of an erasure is newer than what the erasure
    /// emptied, and is kept for a while, however short.
    async fn not_erased(&self, table: &Table, tenant: &TenantId, now: Timestamp) -> Result<Vec<Finding>> {
        let kept = SignedDuration::from_hours(24 * i64::from(*HISTORY_DAYS.start()));
        let mut findings = Vec::new();
        let emptied = self.emptied.iter();
        for (account, rows) in emptied.filter(|(account, _)| !self.erased.contains(*account)) {
            let is_there = match account.parse() {
                Ok(id) => users::get(table, tenant, id).await?.is_some(),
                Err(_) => true,
            };
            let doubtful = |row: &&Finding| is_there || row.at.is_none_or(|at| at + kept > now);
            findings.extend(rows.iter().filter(doubtful).cloned());
        }
        Ok(findings)
    }
}

fn row(tenant: &TenantId, item: &Item) -> Result<Row> {
    let key = Key::of(item).unwrap_or_else(|| Key::new("", ""));
    let at = integer(item, "at").and_then(|at| Timestamp::from_millisecond(at).ok());
    let at = at.unwrap_or(Timestamp::UNIX_EPOCH);
    let id = string(item, "id").and_then(|id| id.parse().ok());
    let is_own = string(item, "tenant") == Some(tenant.as_str());
    Ok(Row {
        is_at_home: is_own && id.is_some_and(|id| keys::rights(tenant, at, id) == key),
        is_sound: chain::is_sound(item)?,
        place: format!("{} / {}", key.pk, key.sk),
        at,
        position: chain::position(item),
    })
}
