//! Custom resources of CloudFormation: what a stack asks a function to do when it is created, updated or deleted, and
//! the answer, which goes to an address that the question names.
//!
//! Whatever happens, an answer is sent: a stack that gets none waits for an hour.

use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// What a function of no HTTP route is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// By CloudFormation, about a custom resource.
    Resource(Box<Request>),
    /// By the scheduler, or by hand.
    Other,
}

/// What CloudFormation asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// What happens to the resource.
    pub request_type: RequestType,
    /// Where the answer goes: an address that is good for one answer.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    /// The stack.
    pub stack_id: String,
    /// The question.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
    /// The resource's own id, once it has one.
    pub physical_resource_id: Option<String>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    /// It is made.
    Create,
    /// A property of it changes.
    Update,
    /// It is taken out of the stack.
    Delete,
}

/// What CloudFormation is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

impl Event {
    /// The event in what Lambda hands over.
    ///
    /// # Errors
    /// [`Error::Fault`] where it is CloudFormation's and cannot be read.
    pub fn of(payload: Value) -> Result<Self> {
        if payload.get("ResponseURL").is_none() {
            return Ok(Self::Other);
        }
        serde_json::from_value(payload)
            .map(|request| Self::Resource(Box::new(request)))
            .map_err(Error::fault)
    }
}

impl Request {
    /// The answer: done, or why not. The id stays the same whatever changes, for a new one would make CloudFormation
    /// delete the old.
    pub fn response<'a>(&'a self, own_id: &'a str, outcome: &Result<()>) -> Response<'a> {
        Response {
            status: if outcome.is_ok() { "SUCCESS" } else { "FAILED" },
            reason: outcome.as_ref().err().map(reason),
            physical_resource_id: self.physical_resource_id.as_deref().unwrap_or(own_id),
            stack_id: &self.stack_id,
            request_id: &self.request_id,
            logical_resource_id: &self.logical_resource_id,
        }
    }

    /// Sends the answer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it does not arrive.
    pub async fn answer(&self, own_id: &str, outcome: &Result<()>) -> Result<()> {
        let body = serde_json::to_string(&self.response(own_id, outcome)).map_err(Error::fault)?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("PUT").map_err(Error::fault)?;
        request.set_uri(self.response_url.as_str()).map_err(Error::fault)?;
        // The address is signed for a request without a content type.
        request.headers_mut().insert("content-type", "");
        let connector = default_connector(&HttpConnectorSettings::default(), None)
            .ok_or_else(|| Error::fault("there is no HTTP client"))?;
        let answered = connector
            .call(request)
            .await
            .map_err(|error| Error::unavailable(format!("{error:?}")))?;
        if answered.status().is_success() {
            Ok(())
        } else {
            Err(Error::unavailable(format!(
                "CloudFormation did not take the answer: {}",
                answered.status()
            )))
        }
    }
}

/// What the operator of the stack reads. Here the private cause is told: it is their stack.
fn reason(error: &Error) -> String {
    match error {
        Error::Unavailable(cause) | Error::Fault(cause) => cause.0.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(kind: &str, physical: Option<&str>) -> Request {
        let mut payload = json!({
            "RequestType": kind, "ResponseURL": "http://127.0.0.1:9/answer", "StackId": "stack", "RequestId": "one",
            "LogicalResourceId": "Setup", "ResourceProperties": { "Build": "1" },
        });
        if let Some(id) = physical {
            payload["PhysicalResourceId"] = json!(id);
        }
        match Event::of(payload).unwrap() {
            Event::Resource(request) => *request,
            Event::Other => panic!("not read as CloudFormation's"),
        }
    }

    #[test]
    fn the_id_of_a_resource_never_changes() {
        let made = request("Create", None);
        assert_eq!(
            made.response("usher-setup", &Ok(())).physical_resource_id,
            "usher-setup"
        );
        let changed = request("Update", Some("older-name"));
        assert_eq!(
            changed.response("usher-setup", &Ok(())).physical_resource_id,
            "older-name"
        );
    }

    #[test]
    fn a_failure_is_answered_with_its_reason() {
        let request = request("Update", Some("usher-setup"));
        let answer =
            serde_json::to_value(request.response("usher-setup", &Err(Error::unavailable("no table")))).unwrap();
        assert_eq!(answer["Status"], "FAILED");
        assert_eq!(answer["Reason"], "no table");
        assert_eq!(answer["RequestId"], "one");
    }

    #[test]
    fn what_is_not_cloudformations_is_another_event() {
        assert_eq!(Event::of(json!({ "source": "aws.events" })).unwrap(), Event::Other);
        assert_eq!(Event::of(Value::Null).unwrap(), Event::Other);
        assert!(Event::of(json!({ "ResponseURL": "http://x" })).is_err());
    }

    #[tokio::test]
    async fn the_answer_is_put_to_the_address_that_the_question_names() {
        let (sender, mut received) = tokio::sync::mpsc::channel::<(String, String)>(1);
        let take = move |request: axum::extract::Request| async move {
            let method = request.method().to_string();
            let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
            sender
                .send((method, String::from_utf8(body.to_vec()).unwrap()))
                .await
                .unwrap();
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?X-Amz-Signature=0", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/answer", axum::routing::any(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let request = Request {
            response_url: url,
            ..request("Create", None)
        };
        request.answer("usher-setup", &Ok(())).await.unwrap();
        let (method, body) = received.recv().await.unwrap();
        assert_eq!(method, "PUT");
        assert!(body.contains("\"SUCCESS\""), "{body}");
    }
}
