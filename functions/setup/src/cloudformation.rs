//! Custom resources of CloudFormation: what a stack asks a function to do when it is created, updated or deleted, and
//! the answer, which goes to an address that the question names.
//!
//! Whatever happens, an answer is sent: a stack that gets none waits as long as its template allows (`ServiceTimeout`),
//! and an hour by default.

use std::time::Duration;

use aws_lambda_events::cloudformation::CloudFormationCustomResourceRequest as Question;
use serde::Serialize;
use serde_json::Value;
use usher::aws;
use usher::error::{Error, Result};
use usher::proof::canonical;

/// How often an answer is sent, until it is taken.
const TRIES: u32 = 5;
/// How long the first rest between two tries is; each of the others is twice as long. Nobody else sends at the same
/// time, so there is nothing to spread by chance.
const REST: Duration = Duration::from_millis(100);
/// For how long a connection may take to come about: the address is S3's, in the same region.
const CONNECT: Duration = Duration::from_secs(1);
/// For how long one try may take. It is some hundred bytes long; whatever takes longer than this is lost.
const TRY: Duration = Duration::from_secs(3);
/// For how long all of them take at the most: what a function has to keep of its time for its answer.
pub const FAREWELL: Duration = Duration::from_secs(17);
/// How many bytes of a reason are sent. CloudFormation takes an answer of 4,096 bytes, escapes and ids included, and a
/// longer one it takes for a failure of another kind, without the reason.
const LONGEST_REASON: usize = 1_500;

/// What a function of no HTTP route is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// By CloudFormation, about a custom resource.
    Resource(Box<Request>),
    /// By the scheduler, or by hand.
    Other,
}

/// What CloudFormation asks, as far as the answer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether the resource is taken out of the stack, in place of made or changed.
    pub deletes: bool,
    /// Where the answer goes: an address that is good for one answer.
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    /// The resource's own id, once it has one.
    physical_resource_id: Option<String>,
    /// The digest of the resource's property `Settings`, where it has one.
    settings: Option<String>,
}

/// What CloudFormation is answered. (The library's own answer has a null for each thing that there is nothing to report
/// about.)
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
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

/// What the rest of the stack may take from the resource.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Data<'a> {
    /// Differs where a setting does: what shows CloudFormation that functions need new versions. The settings themselves
    /// would be too long for that.
    settings: &'a str,
}

impl Event {
    pub fn of(payload: Value) -> Result<Self> {
        if payload.get("ResponseURL").is_none() {
            return Ok(Self::Other);
        }
        let settings = payload.pointer("/ResourceProperties/Settings");
        // CloudFormation writes numbers as text; whatever it might write else must not cost it its answer.
        let settings = settings.and_then(|settings| canonical::digest(settings).ok());
        let question = serde_json::from_value(payload).map_err(Error::fault)?;
        Request::of(question, settings).map(|request| Self::Resource(Box::new(request)))
    }
}

impl Request {
    fn of(question: Question, settings: Option<String>) -> Result<Self> {
        let deletes = matches!(question, Question::Delete(_));
        let (response_url, stack_id, request_id, logical_resource_id, physical_resource_id) = match question {
            Question::Create(q) => (q.response_url, q.stack_id, q.request_id, q.logical_resource_id, None),
            Question::Update(q) => {
                let own_id = Some(q.physical_resource_id);
                (q.response_url, q.stack_id, q.request_id, q.logical_resource_id, own_id)
            }
            Question::Delete(q) => {
                let own_id = Some(q.physical_resource_id);
                (q.response_url, q.stack_id, q.request_id, q.logical_resource_id, own_id)
            }
            _ => {
                return Err(Error::fault(
                    "CloudFormation asks for something that it did not ask for until now",
                ));
            }
        };
        Ok(Self {
            deletes,
            response_url,
            stack_id,
            request_id,
            logical_resource_id,
            physical_resource_id,
            settings,
        })
    }

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
            data: outcome
                .as_ref()
                .ok()
                .and(self.settings.as_deref())
                .map(|settings| Data { settings }),
        }
    }

    /// Sends the answer, again and again until it is taken.
    pub async fn answer(&self, own_id: &str, outcome: &Result<()>) -> Result<()> {
        let body = serde_json::to_string(&self.response(own_id, outcome)).map_err(Error::fault)?;
        let (mut tried, mut rest) = (1, REST);
        loop {
            match self.put(&body).await {
                Err(Error::Unavailable(cause)) if tried < TRIES => {
                    tracing::warn!(cause = cause.0, tried, "CloudFormation was not reached");
                    tokio::time::sleep(rest).await;
                    (tried, rest) = (tried + 1, 2 * rest);
                }
                outcome => return outcome,
            }
        }
    }

    async fn put(&self, body: &str) -> Result<()> {
        let answered = tokio::time::timeout(TRY, aws::put(&self.response_url, body, CONNECT)).await;
        let status = answered.map_err(|_| Error::unavailable("no answer in time"))??;
        let refused = || format!("CloudFormation did not take the answer: {status}");
        match status {
            200..300 => Ok(()),
            // Refused for good: the address has expired, or is not signed for this.
            400..500 if status != 429 => Err(Error::fault(refused())),
            _ => Err(Error::unavailable(refused())),
        }
    }
}

/// The reason for the operator of the stack, with the private cause: it is their stack.
fn reason(error: &Error) -> String {
    let mut reason = match error {
        Error::Unavailable(cause) | Error::Fault(cause) => cause.0.clone(),
        other => other.to_string(),
    };
    reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
    reason
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    fn request(kind: &str, physical: Option<&str>) -> Request {
        let mut payload = json!({
            "RequestType": kind, "ResponseURL": "http://127.0.0.1:9/answer", "StackId": "stack", "RequestId": "one",
            "LogicalResourceId": "Setup", "ResourceType": "Custom::UsherSetup", "ResourceProperties": { "Build": "1" },
            "OldResourceProperties": { "Build": "0" },
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
    fn the_answer_has_a_digest_that_differs_where_a_setting_does_and_nowhere_else() {
        let digest = |properties: Value| {
            let payload = json!({
                "RequestType": "Create", "ResponseURL": "http://127.0.0.1:9/answer", "StackId": "stack", "RequestId": "one",
                "LogicalResourceId": "Setup", "ResourceType": "Custom::UsherSetup", "ResourceProperties": properties,
            });
            let Event::Resource(request) = Event::of(payload).unwrap() else {
                panic!("a question of CloudFormation")
            };
            let failed = request.response("usher-setup", &Err(Error::unavailable("no table")));
            assert!(failed.data.is_none());
            serde_json::to_value(request.response("usher-setup", &Ok(()))).unwrap()["Data"]["Settings"].clone()
        };
        let one = digest(json!({ "Build": "1", "Settings": { "LogLevel": "info", "Issuer": "" } }));
        assert_eq!(
            one,
            digest(json!({ "Build": "2", "Settings": { "Issuer": "", "LogLevel": "info" } }))
        );
        assert_ne!(
            one,
            digest(json!({ "Build": "1", "Settings": { "LogLevel": "debug", "Issuer": "" } }))
        );
        // It is part of a version's description, which has 256 characters.
        assert!(one.as_str().unwrap().len() <= 64, "{one}");
        assert!(digest(json!({ "Build": "1" })).is_null());
    }

    #[test]
    fn what_is_not_cloudformations_is_another_event() {
        assert_eq!(Event::of(json!({ "source": "aws.events" })).unwrap(), Event::Other);
        assert_eq!(Event::of(Value::Null).unwrap(), Event::Other);
        assert!(Event::of(json!({ "ResponseURL": "http://x" })).is_err());
    }

    #[test]
    fn a_long_reason_is_cut_so_that_the_answer_is_not_too_long_for_cloudformation() {
        let long = request("Create", Some("usher-setup"));
        for text in ["\"{\"", "ключ ", "a"] {
            let outcome = Err(Error::unavailable(text.repeat(2_000)));
            let answer = serde_json::to_string(&long.response("usher-setup", &outcome)).unwrap();
            assert!(answer.len() < 4_096, "{}", answer.len());
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert!(answer["Reason"].as_str().unwrap().starts_with(text));
        }
    }

    #[test]
    fn all_tries_of_an_answer_and_the_rests_between_them_fit_into_what_is_kept_for_them() {
        let rests = (1..TRIES).map(|tried| REST * 2_u32.pow(tried - 1));
        assert!(TRY * TRIES + rests.sum::<Duration>() <= FAREWELL);
    }

    /// Answers a request whose receiver has these statuses to give, one after the other and then 200; what it received.
    async fn answered(statuses: &'static [u16]) -> (Result<()>, Vec<(String, Value)>) {
        let received = Arc::new(Mutex::new(Vec::new()));
        let keep = received.clone();
        let take = move |request: axum::extract::Request| async move {
            let method = request.method().to_string();
            let plain = request.headers()["content-type"].is_empty();
            let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
            let mut received = keep.lock().unwrap();
            received.push((method, serde_json::from_slice(&body).unwrap()));
            let status = statuses.get(received.len() - 1).filter(|_| plain);
            axum::http::StatusCode::from_u16(*status.unwrap_or(&200)).unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?X-Amz-Signature=0", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/answer", axum::routing::any(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let request = Request {
            response_url: url,
            ..request("Create", None)
        };
        let outcome = request.answer("usher-setup", &Ok(())).await;
        let received = received.lock().unwrap().clone();
        (outcome, received)
    }

    #[tokio::test]
    async fn the_answer_is_put_to_the_address_that_the_question_names() {
        let (outcome, received) = answered(&[]).await;
        assert_eq!(outcome, Ok(()));
        let [(method, body)] = &received[..] else {
            panic!("{received:?}")
        };
        assert_eq!((method.as_str(), &body["Status"]), ("PUT", &json!("SUCCESS")));
    }

    #[tokio::test]
    async fn an_answer_that_is_not_taken_at_first_is_sent_again_and_the_same() {
        let (outcome, received) = answered(&[503, 500, 429]).await;
        assert_eq!((outcome, received.len()), (Ok(()), 4));
        assert!(received.iter().all(|answer| *answer == received[0]), "{received:?}");
    }

    #[tokio::test]
    async fn an_answer_that_is_never_taken_is_an_error_in_the_end_and_a_refused_one_at_once() {
        let (outcome, received) = answered(&[503; 9]).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
        assert_eq!(received.len(), 5);
        let (outcome, received) = answered(&[403; 9]).await;
        assert!(matches!(outcome, Err(Error::Fault(_))), "{outcome:?}");
        assert_eq!(received.len(), 1);
    }

    #[tokio::test]
    async fn where_nobody_listens_it_is_an_error_in_the_end() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = format!("http://{}/answer", listener.local_addr().unwrap());
        drop(listener);
        let request = Request {
            response_url: nobody,
            ..request("Delete", Some("usher-setup"))
        };
        let outcome = request.answer("usher-setup", &Ok(())).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    }
}
