//! The embedded DynamoDB as this process reaches it, without a port: the HTTP client of the application's AWS SDK, and
//! what listens for other tools.

use std::sync::{Arc, Weak};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use axum::body::Bytes;
use dynoxide::{Database, ImportOptions};
use tokio::runtime::Handle;

use super::operations::{Answer, run};
use crate::error::{Error, Result};

/// Runs operations until the embedded DynamoDB stops: it does not keep the data open.
#[derive(Debug, Clone)]
pub struct Store {
    database: Weak<Database>,
    /// The threads that operations run on.
    workers: Handle,
}

impl Store {
    pub fn new(database: &Arc<Database>, workers: Handle) -> Self {
        let database = Arc::downgrade(database);
        Self { database, workers }
    }

    /// Runs the operation that this `X-Amz-Target` names; nothing where the embedded DynamoDB has stopped.
    ///
    /// It runs to its end, whether or not the caller waits.
    pub async fn call(&self, target: String, body: Bytes) -> Option<Answer> {
        let database = self.database.upgrade()?;
        let running = self.workers.spawn(async move { run(&database, &target, &body) });
        running.await.ok()
    }
}

impl Store {
    /// From now on SQLite waits for the disk at its checkpoints alone, and not after every write. A process that is killed
    /// loses nothing by that; where the power fails the last writes may be missing, so it is for work that can be done again.
    pub fn sync_at_checkpoints(&self) -> Result<()> {
        let database = self.database.upgrade().ok_or_else(stopped)?;
        // Its name aside, it sets `synchronous = NORMAL`, and what else it sets is the default.
        let set = database.disable_bulk_loading();
        set.map_err(|error| Error::Embedded(error.to_string()))
    }

    /// Puts all of these items, or none, past the API: without conditions, limits of size, or records in the stream.
    pub async fn load(&self, table: &str, items: &[usher::store::table::Item]) -> Result<()> {
        let database = self.database.upgrade().ok_or_else(stopped)?;
        let table = table.to_owned();
        let items = items.iter().map(loaded).collect::<Result<Vec<_>>>()?;
        let loading = move || {
            let options = ImportOptions {
                record_streams: false,
                set_cached_at: false,
            };
            database.import_items(&table, items, options)
        };
        let loaded = self.workers.spawn_blocking(loading).await.map_err(|_| stopped())?;
        loaded.map(drop).map_err(|error| Error::Embedded(error.to_string()))
    }
}

fn stopped() -> Error {
    Error::Embedded("it has stopped".to_owned())
}

fn loaded(item: &usher::store::table::Item) -> Result<dynoxide::types::Item> {
    let json = usher::store::bulk::json(item)?;
    serde_json::from_value(json).map_err(|error| Error::Embedded(error.to_string()))
}

impl HttpClient for Store {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Store {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let store = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let body = request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
            let answer = Self::call(&store, target, body).await;
            let answer =
                answer.ok_or_else(|| ConnectorError::other("the embedded DynamoDB has stopped".into(), None))?;
            let status = answer.status.try_into();
            let status = status.map_err(|error| ConnectorError::other(Box::new(error), None))?;
            Ok(HttpResponse::new(status, answer.body.into()))
        })
    }
}
