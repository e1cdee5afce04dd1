//! The table that a command works on: of a data directory, of an emulator, or of a stack in AWS.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use usher::ambient::SystemClock;
use usher::app::App;
use usher::aws;
use usher::metrics::Metrics;
use usher::settings::Settings;
use usher::store::dynamo::Table;

use crate::args::Place;
use crate::directory::{Directory, Keys};
use crate::embedded::{self, Embedded};
use crate::error::{Error, Result};
use crate::{DynamoDb, Options, dynamodb, table};

/// For how long one request may last: nobody waits for an answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a command works with.
pub struct Opened {
    pub app: Arc<App>,
    /// The embedded DynamoDB, which nobody else has meanwhile.
    pub embedded: Option<Embedded>,
}

impl Opened {
    /// Waits until all is on the disk.
    pub async fn close(self) -> Result<()> {
        drop(self.app);
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

impl Place {
    /// Where it is, in words that two places do not share.
    pub async fn address(&self) -> Result<String> {
        let name = self.table.as_deref().unwrap_or("usher");
        if let Some(url) = &self.dynamodb_endpoint {
            return Ok(format!("{url} {name}"));
        }
        if self.table.is_some() {
            let region = region(self.region.clone()).await;
            return Ok(format!("{} {name}", region.as_ref().map_or("", AsRef::as_ref)));
        }
        let path = self.data_dir.canonicalize().map_err(|cause| Error::Directory {
            path: self.data_dir.clone(),
            cause,
        })?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// The table, as it is.
    pub async fn table(&self) -> Result<(Table, Option<Embedded>)> {
        let (table, embedded, _) = self.reach().await?;
        Ok((table, embedded))
    }

    /// The same, with the keys of a data directory.
    async fn reach(&self) -> Result<(Table, Option<Embedded>, Option<Keys>)> {
        let name = self.table.as_deref().unwrap_or("usher");
        let table = |shared: &SdkConfig| Table::new(shared, name, DEADLINE, Arc::<Metrics>::default());
        if let Some(url) = &self.dynamodb_endpoint {
            return Ok((table(&aws::emulated(url, aws::direct())), None, None));
        }
        if self.table.is_some() {
            return Ok((table(&of_this_machine(self.region.clone()).await), None, None));
        }
        let no_data = || Error::NoData {
            path: self.data_dir.clone(),
        };
        if !self.data_dir.is_dir() {
            return Err(no_data());
        }
        let directory = Arc::new(Directory::take(&self.data_dir)?);
        let file = directory.database();
        if !file.is_file() {
            return Err(no_data());
        }
        let keys = directory.keys()?;
        let embedded = Embedded::start(Some(&file), None, Some(directory))?;
        let http = SharedHttpClient::new(embedded.store());
        Ok((table(&aws::emulated(embedded::URL, http)), Some(embedded), Some(keys)))
    }

    /// Usher over the table as it is, by these `USHER_…` variables.
    pub async fn open(&self, mut variables: HashMap<String, String>) -> Result<Opened> {
        let (table, embedded, keys) = self.reach().await?;
        variables.remove("USHER_DYNAMODB_ENDPOINT");
        variables.retain(|_, value| !value.is_empty());
        if let Some(keys) = keys {
            variables.entry("USHER_MASTER_KEY".to_owned()).or_insert(keys.master);
        }
        let name = self.table.clone().unwrap_or_else(|| "usher".to_owned());
        variables.insert("USHER_TABLE".to_owned(), name);
        let settings = Settings::from_map(variables).map_err(Error::Settings)?;
        let mut app = App::with_clock(settings, Arc::new(SystemClock))?;
        if let Some(own) = Arc::get_mut(&mut app) {
            own.table = table;
        }
        Ok(Opened { app, embedded })
    }

    /// The same; a data directory is made, and set up as at the start of the server.
    pub async fn open_or_make(&self, variables: HashMap<String, String>) -> Result<Opened> {
        if self.table.is_some() || self.dynamodb_endpoint.is_some() {
            return self.open(variables).await;
        }
        let directory = Arc::new(Directory::take(&self.data_dir)?);
        let keys = directory.keys()?;
        let file = directory.database();
        let embedded = Embedded::start(Some(&file), None, Some(directory))?;
        embedded.store().sync_at_checkpoints()?;
        let options = Options {
            dynamodb: DynamoDb::Embedded(None),
            settings: variables,
            ..Options::default()
        };
        let client = dynamodb::Client::embedded(embedded.store());
        let settings = crate::settings(&options, keys, client.url())?;
        table::ensure(&client, &settings.table, &table::Definition::shipped()?).await?;
        let http = SharedHttpClient::new(embedded.store());
        let app = App::with_http_client(settings, options.clock, http)?;
        setup::local(&app).await.map_err(Error::Setup)?;
        Ok(Opened {
            app,
            embedded: Some(embedded),
        })
    }
}

/// AWS by the region and the credentials that its other tools would take here: of the environment, a profile, the machine.
async fn of_this_machine(chosen: Option<String>) -> SdkConfig {
    let region = region(chosen).await;
    let http = aws::client(region.as_ref().map(AsRef::as_ref));
    let loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    loader.http_client(http).load().await
}

async fn region(chosen: Option<String>) -> Option<Region> {
    let chain = RegionProviderChain::first_try(chosen.map(Region::new)).or_default_provider();
    chain.region().await
}
