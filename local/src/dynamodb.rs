//! A few words of DynamoDB's protocol over plain HTTP: as much as it takes to make a table. The application has the AWS
//! SDK for all the rest, and one file of `usher` is the only place that names it.

use serde_json::Value;

use crate::error::{Error, Result};

/// Emulators check the form of a signature and nothing else. The access key and the region are those of
/// `usher::store::dynamo`: DynamoDB Local keeps a separate database for each pair of them.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, Signature=0";

/// A DynamoDB that does not check who asks.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
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
            http: http.map_err(|cause| unreachable_at(url, cause))?,
            url: url.to_owned(),
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls an operation, such as `CreateTable`. A refusal is an answer, not an error.
    pub async fn call(&self, operation: &str, body: &Value) -> Result<Result<Value, Refusal>> {
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(body.to_string());
        let answer = request.send().await.map_err(|cause| unreachable_at(&self.url, cause))?;
        let done = answer.status().is_success();
        let body: Value = answer.json().await.map_err(|cause| unreachable_at(&self.url, cause))?;
        Ok(if done { Ok(body) } else { Err(Refusal::of(&body)) })
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
