//! What stands between the application and the embedded DynamoDB, and charges what passes it.
//!
//! It is the HTTP client of the application's AWS SDK, as the embedded store itself is: on the same path as what the
//! local server does, without the sockets of the tests' proxy, which are there to be cut off.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use dynoxide::Database;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::types::Item;
use local::embedded::Store;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::billing::{self, Charge, Image, Images, Key};

/// What passed since it was last asked.
#[derive(Debug, Default)]
pub struct Passed {
    pub charges: Vec<Charge>,
    /// The keys of items that came into being: of these the table's stream makes the records that the outbox follows.
    pub inserted: Vec<Key>,
    /// The units that the embedded DynamoDB counts for all that it carried out, and what a refused write costs: reads, and
    /// writes.
    pub read: f64,
    pub written: f64,
    pub requests: u32,
    /// Bytes of what DynamoDB was sent, and of what it answered.
    pub sent: usize,
    pub received: usize,
}

/// The client that charges. Copies share what they noted.
#[derive(Clone)]
pub struct Recorder {
    database: Arc<Database>,
    store: Store,
    passed: Arc<Mutex<Passed>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    /// Before this database, whose operations run on the present runtime.
    pub fn before(database: Arc<Database>) -> Self {
        Self {
            store: Store::new(&database, Handle::current()),
            database,
            passed: Arc::default(),
        }
    }

    pub fn take(&self) -> Passed {
        std::mem::take(&mut *self.passed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn pass(&self, target: String, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let sent = body.len();
        let mut body: Value = serde_json::from_slice(body).ok()?;
        let mut images = self.images(&operation, &body);
        body["ReturnConsumedCapacity"] = json!("TOTAL");
        let answer = self.store.call(target, body.to_string().into()).await?;
        self.look_again(&mut images, &body);
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let asked_for = said.get("ConsumedCapacity").map_or(0, |asked| asked.to_string().len());
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.requests += 1;
        passed.sent += sent;
        passed.received += answer.body.len() - asked_for;
        passed.note(&operation, &body, answer.status, &said, &images);
        drop(passed);
        Some((answer.status, answer.body))
    }

    fn images(&self, operation: &str, body: &Value) -> Images {
        let keys = billing::keys(operation, body).into_iter();
        let seen = keys.map(|key| {
            let before = self.item(&key, body);
            (key, Image { before, after: None })
        });
        seen.collect()
    }

    fn look_again(&self, images: &mut Images, body: &Value) {
        for (key, image) in images {
            image.after = self.item(key, body);
        }
    }

    /// An item as it is, at no charge.
    fn item(&self, key: &Key, body: &Value) -> Option<Item> {
        let request = GetItemRequest {
            table_name: table(body)?,
            key: key.attributes(),
            consistent_read: Some(true),
            ..GetItemRequest::default()
        };
        self.database.get_item(request).ok()?.item
    }
}

impl Passed {
    /// All units.
    pub fn counted(&self) -> f64 {
        self.read + self.written
    }

    fn note(&mut self, operation: &str, body: &Value, status: u16, answer: &Value, images: &Images) {
        if status != 200 {
            let charges = billing::refused(operation, images);
            // It counts none for what it refused.
            self.written += billing::units(&charges);
            self.charges.extend(charges);
            return;
        }
        self.charges.extend(billing::charges(operation, body, answer, images));
        match operation {
            "GetItem" | "BatchGetItem" | "TransactGetItems" | "Query" | "Scan" => self.read += counted(answer),
            _ => self.written += counted(answer),
        }
        let is_new = |image: &Image| image.before.is_none() && image.after.is_some();
        let inserted = images.iter().filter(|(_, image)| is_new(image));
        self.inserted.extend(inserted.map(|(key, _)| key.clone()));
    }
}

fn counted(answer: &Value) -> f64 {
    let consumed = &answer["ConsumedCapacity"];
    let tables = consumed
        .as_array()
        .map_or(std::slice::from_ref(consumed), Vec::as_slice);
    tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum()
}

/// The one table that a request is about.
fn table(body: &Value) -> Option<String> {
    let named = |value: &Value| Some(value["TableName"].as_str()?.to_owned());
    let of_batch = || body["RequestItems"].as_object()?.keys().next().cloned();
    let of_transaction = || {
        let first = body["TransactItems"].get(0)?.as_object()?;
        first.values().next().and_then(named)
    };
    named(body).or_else(of_batch).or_else(of_transaction)
}

impl HttpClient for Recorder {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let recorder = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let answer = recorder.pass(target, request.body().bytes().unwrap_or_default()).await;
            let failed = |why: &str| ConnectorError::other(why.to_owned().into(), None);
            let (status, body) = answer.ok_or_else(|| failed("the embedded DynamoDB does not answer"))?;
            let status = status.try_into().map_err(|_| failed("no status"))?;
            Ok(HttpResponse::new(status, body.into()))
        })
    }
}
