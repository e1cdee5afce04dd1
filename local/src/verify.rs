//! `local verify`: holds everything that accounts and roles imply against what the table has, while it lives, and mends
//! what can be mended without doubt (`docs/operations.md`).
//!
//! A pass over the whole table finds suspects in bounded memory; each is read again, strongly consistent, before it is a
//! finding; counters, of which no single item shows whether they are right, are counted again until two counts agree.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use usher::actions::audit;
use usher::ambient::{Clock, SystemClock};
use usher::domain::tenant::TenantId;
use usher::id::UserId;
use usher::jiff::Timestamp;
use usher::store::dynamo::Table;
use usher::store::table::{Key, Refusal};
use usher::store::{keys, tenants, unit};

mod account;
mod confirm;
mod counts;
mod finding;
mod listed;
mod pass;
mod roles;

pub use finding::{Finding, Kind, Repair};

use crate::args::Check;
use crate::error::{Error, Result};
use pass::Pass;

/// What was found.
#[derive(Debug)]
pub struct Report {
    pub items: u64,
    pub accounts: usize,
    pub findings: Vec<Finding>,
}

/// Verifies the table, in this many parts at once.
pub async fn verify(table: &Table, only: Option<&TenantId>, parts: u16, now: Timestamp) -> Result<Report> {
    let listed = match only {
        Some(tenant) => vec![tenant.clone()],
        None => tenants::ids(table).await?,
    };
    let known = roles::known(table, &listed).await?;
    let mut pass = Pass::over(table, parts, known, only).await?;
    let mut findings = accounts(table, parts, &pass).await?;
    findings.extend(confirm::domains(table, pass.missing_domains()).await?);
    findings.extend(others(table, std::mem::take(&mut pass.others)).await?);
    let seen = pass
        .tenants()
        .into_iter()
        .filter_map(|name| TenantId::parse(&name).ok());
    let all: BTreeSet<TenantId> = seen.chain(listed).collect();
    let (items, accounts) = (pass.items, pass.accounts());
    let mut counted = std::mem::take(&mut pass.counts);
    drop(pass);
    for tenant in &all {
        findings.extend(roles::check(table, tenant).await?);
        let first = counted.remove(tenant.as_str()).unwrap_or_default();
        findings.extend(counts::check(table, tenant, first, parts).await?);
    }
    findings.extend(history(table, &all.into_iter().collect::<Vec<_>>(), now).await?);
    findings.sort_by(|one, other| (one.kind, &one.key).cmp(&(other.kind, &other.key)));
    Ok(Report {
        items,
        accounts,
        findings,
    })
}

async fn others(table: &Table, suspects: BTreeSet<Key>) -> Result<Vec<Finding>> {
    let is_claim = |key: &Key| key.pk.split('#').nth(2) == Some("ROLENAME");
    let (claims, others): (BTreeSet<Key>, BTreeSet<Key>) = suspects.into_iter().partition(is_claim);
    let mut findings = roles::dangling(table, claims).await?;
    for key in others {
        findings.extend(confirm::other(table, &key).await?);
    }
    Ok(findings)
}

/// What is wrong with the accounts that a pass suspects. Where their items are, another pass shows.
async fn accounts(table: &Table, parts: u16, pass: &Pass) -> Result<Vec<Finding>> {
    let suspects = pass.suspects();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(table, parts, &suspects).await?;
    let mut findings = Vec::new();
    for (tenant, id) in &suspects {
        let Ok(t) = TenantId::parse(tenant) else { continue };
        let own = places.get(&(tenant.clone(), *id)).cloned().unwrap_or_default();
        let id = UserId::from_uuid(uuid::Uuid::from_u128(*id));
        findings.extend(confirm::account(table, &t, id, &own).await?);
    }
    Ok(findings)
}

/// An account, by its tenant and its id.
type Whose = (String, u128);

async fn places(table: &Table, parts: u16, suspects: &HashSet<Whose>) -> Result<BTreeMap<Whose, BTreeSet<Key>>> {
    let places: Mutex<BTreeMap<Whose, BTreeSet<Key>>> = Mutex::default();
    pass::scan(table, parts, |items| {
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            let Some(key) = Key::of(&item) else { continue };
            let session = || {
                let mut parts = key.pk.split('#').skip(1);
                let tenant = parts.next()?.to_owned();
                let id = parts.nth(1)?.to_owned();
                key.sk.starts_with(keys::SESSION).then_some((tenant, id))
            };
            let Some((tenant, id)) = account::owner(&key, &item).or_else(session) else {
                continue;
            };
            let Ok(id) = id.parse::<UserId>() else { continue };
            let whose = (tenant, id.uuid().as_u128());
            if suspects.contains(&whose) {
                places.entry(whose).or_default().insert(key);
            }
        }
    })
    .await?;
    Ok(places.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The chains of the rights history (`audit verify`).
async fn history(table: &Table, tenants: &[TenantId], now: Timestamp) -> Result<Vec<Finding>> {
    let reports = audit::verify(table, tenants, None, now).await?;
    let findings = reports.iter().flat_map(|report| &report.findings);
    let finding = |found: &usher::domain::audit::Finding| Finding {
        kind: Kind::History,
        key: Key::new(found.place.clone(), ""),
        is: found.fault.to_string(),
        should_be: "as it was written".to_owned(),
        repair: Repair::None("it is evidence: docs/operations.md, Is the rights history as it was written?"),
    };
    Ok(findings.map(finding).collect())
}

/// How often what is mended is verified again: mending one thing can show another.
const ROUNDS: usize = 3;

/// Verifies, prints, and mends where that is asked for; whether nothing is wrong any more.
pub async fn run(args: &Check, out: &mut impl std::io::Write) -> Result<bool> {
    let only = args
        .tenant
        .as_deref()
        .map(TenantId::parse)
        .transpose()
        .map_err(Error::Tenant)?;
    let (table, embedded) = args.place.table().await?;
    let outcome = on(&table, only.as_ref(), args, out).await;
    drop(table);
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    outcome
}

/// The same on a table that is open already.
pub async fn on(table: &Table, only: Option<&TenantId>, args: &Check, out: &mut impl std::io::Write) -> Result<bool> {
    for round in 0..=ROUNDS {
        let report = verify(table, only, args.parallel, SystemClock.now()).await?;
        print(&report, args.json, out)?;
        let mends = args.repair && round < ROUNDS;
        if !mends || mend(table, &report.findings, args.json, out).await? == 0 {
            return Ok(report.findings.is_empty());
        }
    }
    Ok(false)
}

/// Carries out what can be mended; how many repairs were done.
pub async fn mend(table: &Table, findings: &[Finding], json: bool, out: &mut impl std::io::Write) -> Result<usize> {
    let mut done = 0;
    for finding in findings {
        let Repair::Writes { text, writes } = &finding.repair else {
            continue;
        };
        let Key { pk, sk } = &finding.key;
        let about = format!("{pk} / {sk}");
        state(json, "repair", &format!("{about}: {text}"), out)?;
        match unit::commit(table, writes).await {
            Ok(()) => {
                done += 1;
                tracing::info!(event = "repaired", kind = %finding.kind, repair = text, "an item was mended");
                state(json, "repaired", &about, out)?;
            }
            Err(Refusal::Lost(_)) => state(json, "not repaired: it has changed meanwhile", &about, out)?,
            Err(Refusal::Answer(error)) => return Err(error.into()),
        }
    }
    Ok(done)
}

fn state(json: bool, what: &str, about: &str, out: &mut impl std::io::Write) -> Result<()> {
    match json {
        true => writeln!(out, "{}", serde_json::json!({ "event": what, "about": about }))?,
        false => writeln!(out, "{what}: {about}")?,
    }
    Ok(())
}

fn print(report: &Report, json: bool, out: &mut impl std::io::Write) -> Result<()> {
    for finding in &report.findings {
        if json {
            let line = serde_json::to_string(&finding.line()).map_err(std::io::Error::other)?;
            writeln!(out, "{line}")?;
            continue;
        }
        let Finding {
            kind,
            key,
            is,
            should_be,
            repair,
        } = finding;
        writeln!(out, "{kind}  {} / {}: is {is}; should be {should_be}", key.pk, key.sk)?;
        match repair {
            Repair::Writes { text, .. } => writeln!(out, "  would be mended by --repair: {text}")?,
            Repair::None(why) => writeln!(out, "  is not mended here: {why}")?,
        }
    }
    let Report {
        items,
        accounts,
        findings,
    } = report;
    match json {
        true => writeln!(
            out,
            "{}",
            serde_json::json!({ "items": items, "accounts": accounts, "findings": findings.len() })
        )?,
        false => writeln!(out, "{items} items, {accounts} accounts: {} findings", findings.len())?,
    }
    out.flush()?;
    Ok(())
}
