//! `local audit verify`: what it reads, and what it prints.

use std::io::Write;
use std::path::Path;

use serde_json::Value;
use usher::actions::audit::{self, Report};
use usher::ambient::{Clock, SystemClock};
use usher::domain::tenant::TenantId;
use usher::jiff::{SignedDuration, Timestamp};
use usher::store::tenants;

use crate::args::Verify;
use crate::error::{Error, Result};

/// How long after a change the chains should be signed: a day, and some time for a call that failed.
const SIGNED_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// How many rows of a tenant are named.
const NAMED: usize = 20;

/// Verifies, and prints what it found; whether all is as it was written.
pub async fn verify(args: &Verify, out: &mut impl Write) -> Result<bool> {
    let trusted = args.jwks.as_deref().map(jwks).transpose()?;
    let (table, embedded) = args.place.table().await?;
    let tenants = match &args.tenant {
        Some(tenant) => vec![TenantId::parse(tenant).map_err(Error::Tenant)?],
        None => tenants::ids(&table).await?,
    };
    let now = SystemClock.now();
    let reports = audit::verify(&table, &tenants, trusted, now).await?;
    for report in &reports {
        print(report, now, out)?;
    }
    drop(table);
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    Ok(reports.iter().all(|report| report.findings.is_empty()))
}

/// The members of a JWK Set (RFC 7517 section 5).
fn jwks(path: &Path) -> Result<Vec<Value>> {
    let set: Option<Value> = serde_json::from_slice(&std::fs::read(path)?).ok();
    let keys = set.and_then(|set| set["keys"].as_array().cloned());
    keys.ok_or_else(|| Error::Jwks { path: path.to_owned() })
}

fn print(report: &Report, now: Timestamp, out: &mut impl Write) -> Result<()> {
    let Report {
        tenant,
        rows,
        chains,
        anchors,
        ..
    } = report;
    writeln!(
        out,
        "tenant {tenant}: {rows} rows in {chains} chains, signed {anchors} times"
    )?;
    if report.unlinked > 0 {
        writeln!(
            out,
            "  {} rows are older than the chains, and not verified",
            report.unlinked
        )?;
    }
    match report.signed_at {
        Some(at) => writeln!(out, "  signed last at {at}")?,
        None => writeln!(out, "  warning: never signed")?,
    }
    if report.is_ahead && report.signed_at.is_some_and(|at| at + SIGNED_WITHIN < now) {
        writeln!(out, "  warning: not signed since; does set-up run each day?")?;
    }
    for key in &report.keys {
        writeln!(out, "  signed by {key}")?;
    }
    let mut findings = report.findings.iter();
    match findings.next() {
        None => writeln!(out, "  every row is as it was written")?,
        Some(first) => writeln!(out, "  first: {} was {}", first.place, first.fault)?,
    }
    for finding in findings.by_ref().take(NAMED) {
        writeln!(out, "  then: {} was {}", finding.place, finding.fault)?;
    }
    match findings.count() {
        0 => Ok(()),
        more => Ok(writeln!(out, "  and {more} more")?),
    }
}
