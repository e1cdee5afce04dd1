//! `local audit verify`: what it reads, and what it prints.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use usher::actions::audit::{self, Report};
use usher::ambient::{Clock, SystemClock};
use usher::aws;
use usher::domain::tenant::TenantId;
use usher::jiff::{SignedDuration, Timestamp};
use usher::metrics::Metrics;
use usher::store::dynamo::Table;
use usher::store::tenants;

use crate::args::Verify;
use crate::directory::Directory;
use crate::embedded::{self, Embedded};
use crate::error::{Error, Result};

/// For how long one request may last: nobody waits for an answer.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long after a change the chains should be signed: a day, and some time for a call that failed.
const SIGNED_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// How many rows of a tenant are named.
const NAMED: usize = 20;

/// Verifies, and prints what it found; whether all is as it was written.
pub async fn verify(args: &Verify, out: &mut impl Write) -> Result<bool> {
    let trusted = args.jwks.as_deref().map(jwks).transpose()?;
    let (table, embedded) = table(args).await?;
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

async fn table(args: &Verify) -> Result<(Table, Option<Embedded>)> {
    let name = args.table.as_deref().unwrap_or("usher");
    let table = |shared: &SdkConfig| Table::new(shared, name, DEADLINE, Arc::<Metrics>::default());
    if let Some(url) = &args.dynamodb_endpoint {
        return Ok((table(&aws::emulated(url, aws::direct())), None));
    }
    if args.table.is_some() {
        return Ok((table(&of_this_machine().await), None));
    }
    let no_data = || Error::NoData {
        path: args.data_dir.clone(),
    };
    if !args.data_dir.is_dir() {
        return Err(no_data());
    }
    let directory = Arc::new(Directory::take(&args.data_dir)?);
    let file = directory.database();
    if !file.is_file() {
        return Err(no_data());
    }
    let embedded = Embedded::start(Some(&file), None, Some(directory))?;
    let http = SharedHttpClient::new(embedded.store());
    Ok((table(&aws::emulated(embedded::URL, http)), Some(embedded)))
}

/// AWS by the region and the credentials that its other tools would take here: of the environment, a profile, the machine.
async fn of_this_machine() -> SdkConfig {
    let region = aws_config::meta::region::RegionProviderChain::default_provider();
    let region = region.region().await;
    let http = aws::client(region.as_ref().map(AsRef::as_ref));
    let loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    loader.http_client(http).load().await
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
