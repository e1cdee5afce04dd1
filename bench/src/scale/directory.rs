//! A tenant of so many accounts, as it is once set-up has run on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use dynoxide::Database;
use local::embedded::Store;
use tokio::runtime::Handle;
use usher::ambient::{Clock, ManualClock};
use usher::app::App;
use usher::domain::tenant::TenantId;
use usher::domain::tenant_size::LARGE_FROM;
use usher::store::pages::Pages;

use super::Say;
use crate::stage::{Outcome, START, Stage, settings, variables, with_table};

const API_KEY: &str = "an-api-key-of-the-measurement-that-is-long-enough";
/// In seconds: set-up runs once a day.
const DAY: i64 = 24 * 3_600;
/// Up to how many accounts are kept in memory.
const IN_MEMORY: usize = 100_000;

/// Fills a table as `local seed` does, below this directory where it is large, and opens it when set-up has run.
pub async fn of(size: usize, place: &Path, say: Say<'_>) -> Outcome<Stage> {
    let database = match size {
        ..=IN_MEMORY => Database::memory()?,
        _ => Database::new(&place.join("dynamodb.sqlite").to_string_lossy())?,
    };
    on(database, size, say).await
}

/// What the application reads from its environment there.
pub fn environment() -> BTreeMap<String, String> {
    variables(&[("USHER_FIRST_API_KEY", API_KEY), ("USHER_TENANTS", "header")])
}

/// The same on a database that is empty, for as long as the process lives.
pub async fn on(database: Database, size: usize, say: Say<'_>) -> Outcome<Stage> {
    let database = with_table(database)?;
    // Nothing of it is to outlast the process.
    database.enable_bulk_loading()?;
    let variables = environment();
    let (begun, clock) = (Instant::now(), ManualClock::at(START.parse()?));
    let store = Store::new(&database, Handle::current());
    let http = SharedHttpClient::new(store.clone());
    let app = App::with_http_client(settings(&variables)?, clock.clone(), http)?;
    let size64 = u64::try_from(size)?;
    // As a tenant grows: set-up finds that it is large, and what comes then is spread.
    for numbers in [0..LARGE_FROM.min(size64), LARGE_FROM.min(size64)..size64] {
        setup::local(&app).await?;
        clock.advance(DAY);
        local::transfer::fill(&app, store.clone(), numbers, size64).await?;
    }
    say(&format!("{size} accounts: seeded in {} s", begun.elapsed().as_secs()));
    clock.advance(DAY);
    let begun = Instant::now();
    let stage = Stage::on(database, clock.now(), 1, &variables).await?;
    remake(&stage).await?;
    say(&format!("{size} accounts: set up in {} s", begun.elapsed().as_secs()));
    Ok(stage)
}

/// Set-up works on the map of the list for ten seconds each day; here all of it is made at once.
async fn remake(stage: &Stage) -> Outcome<()> {
    let mut cx = setup::context(&stage.app);
    cx.enter(TenantId::main()).await?;
    let pages = Pages::of(&cx);
    let all: u64 = pages.list.counts().await?.values().sum();
    if all > pages.scale.walked_without_map.try_into()? {
        pages.remake().await?;
    }
    stage.recorder.take();
    Ok(())
}
