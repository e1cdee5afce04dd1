//! A few words of DynamoDB's protocol over plain HTTP: as much as it takes to make a table. The application has the AWS
//! SDK for all the rest, and one file of `usher` is the only place that names it.

use serde_json::Value;

use crate::embedded::{self, Store};
use crate::error::{Error, Result};

/// Emulators check the form of a signature and nothing else. The access key and the region are those of
/// `usher::store::dynamo`: DynamoDB Local keeps a separate database for each pair of them.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, Signature=0";

/// A DynamoDB that does not check who asks.
#[derive(Debug, Clone)]
pub struct Client {
    via: Via,
    url: String,
}

#[derive(Debug, Clone)]
enum Via {
    Http(reqwest::Client),
    Embedded(Store),
}

/// DynamoDB's word for why it did not do a thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Refusal {
    /// The exception's name, such as `ResourceNotFoundException`.
    pub kind: String,
    pub message: String,
}

impl Client {
    /// The DynamoDB at this address.
    pub fn new(url: &str) -> Result<Self> {
        // A proxy of the environment is for the internet, not for what runs on this machine.
        let http = reqwest::Client::builder().no_proxy().build();
        Ok(Self {
            via: Via::Http(http.map_err(|cause| unreachable_at(url, cause))?),
            url: url.to_owned(),
        })
    }

    /// The embedded one, in this process.
    pub fn embedded(store: Store) -> Self {
        Self {
            via: Via::Embedded(store),
            url: embedded::URL.to_owned(),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls an operation, such as `CreateTable`. A refusal is an answer, not an error.
    pub async fn call(&self, operation: &str, body: &Value) -> Result<Result<Value, Refusal>> {
        let target = format!("DynamoDB_20120810.{operation}");
        let (done, body) = match &self.via {
            Via::Http(http) => self.post(http, target, body).await?,
            Via::Embedded(store) => {
                let answer = store.call(target, body.to_string().into()).await;
                let answer = answer.ok_or_else(|| Error::Embedded("it has stopped".to_owned()))?;
                let body = serde_json::from_slice(&answer.body).unwrap_or_default();
                (answer.status == 200, body)
            }
        };
        Ok(if done { Ok(body) } else { Err(Refusal::of(&body)) })
    }

    async fn post(&self, http: &reqwest::Client, target: String, body: &Value) -> Result<(bool, Value)> {
        let request = http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(body.to_string());
        let answer = request.send().await.map_err(|cause| unreachable_at(&self.url, cause))?;
        let done = answer.status().is_success();
        let body = answer.json().await.map_err(|cause| unreachable_at(&self.url, cause))?;
        Ok((done, body))
    }
}

impl Refusal {
    fn of(body: &Value) -> Self {
        let text = |names: [&str; 2]| names.iter().find_map(|name| body[*name].as_str()).unwrap_or_default();
        let kind = text(["__type", "code"]);
        Self {
            kind: kind.rsplit('#').next().unwrap_or_default().to_owned(),
            message: text(["message", "Message"]).to_owned(),
        }
    }
}

fn unreachable_at(url: &str, cause: reqwest::Error) -> Error {
    let url = url.to_owned();
    // The URL is in our own sentence already.
    let cause = cause.without_url();
    Error::Unreachable { url, cause }
}
