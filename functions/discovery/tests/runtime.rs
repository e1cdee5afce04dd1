//! A binary under the Lambda runtime, whose API is played here: what it cannot take, and what it refuses to start with.
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is to be invoked, and where what came of it is told: `response` or `error`, and the body.
#[derive(Clone)]
struct Api {
    events: Arc<Mutex<VecDeque<Value>>>,
    told: UnboundedSender<(String, Value)>,
}

async fn next(State(api): State<Api>) -> ([(HeaderName, &'static str); 3], String) {
    let event = api.events.lock().unwrap().pop_front();
    let Some(event) = event else {
        return std::future::pending().await;
    };
    let headers = [
        (HeaderName::from_static("lambda-runtime-aws-request-id"), "one"),
        (
            HeaderName::from_static("lambda-runtime-invoked-function-arn"),
            "arn:aws:lambda",
        ),
        (HeaderName::from_static("lambda-runtime-deadline-ms"), "99999999999999"),
    ];
    (headers, event.to_string())
}

async fn tell(State(api): State<Api>, Path((_, kind)): Path<(String, String)>, body: String) {
    let _ = api.told.send((kind, serde_json::from_str(&body).unwrap_or_default()));
}

/// The runtime's API with these events; its address, and what comes of them.
async fn runtime(events: Vec<Value>) -> (String, UnboundedReceiver<(String, Value)>) {
    let (told, outcomes) = unbounded_channel();
    let events = Arc::new(Mutex::new(events.into()));
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(tell))
        .with_state(Api { events, told });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, outcomes)
}

/// The function, with 128 MB and no DynamoDB; ended when it is dropped.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(runtime: &str, vars: &[(&str, &str)]) -> Function {
    let mut command = Command::new(env!("CARGO_BIN_EXE_discovery"));
    command.env_clear().envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime),
        ("AWS_LAMBDA_FUNCTION_NAME", "discovery"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_REGION", "eu-central-1"),
        ("USHER_TABLE", "usher"),
        ("USHER_DYNAMODB_ENDPOINT", "http://127.0.0.1:9"),
    ]);
    command.envs(vars.iter().copied());
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::piped());
    Function(quiet.spawn().unwrap())
}

/// The document's event, changed so.
fn event(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = serde_json::from_str(include_str!("../../../events/discovery/openapi.json")).unwrap();
    change(&mut event);
    event
}

#[tokio::test]
async fn f11_an_event_that_the_library_panics_at_is_an_error_and_the_next_one_is_served() {
    let good = || event(|_| ());
    let bad_body = event(|event| {
        event["body"] = json!("no base64");
        event["isBase64Encoded"] = json!(true);
    });
    let bad_query = event(|event| event["rawQueryString"] = json!("q=<"));
    let (address, mut outcomes) = runtime(vec![good(), bad_body, good(), bad_query, good()]).await;
    let _function = start(&address, &[]);
    for expected in ["response", "error", "response", "error", "response"] {
        let (kind, body) = outcomes.recv().await.unwrap();
        assert_eq!(kind, expected, "{body}");
        match expected {
            "response" => assert_eq!(body["statusCode"], 200, "{body}"),
            _ => assert!(body["errorMessage"].is_string(), "{body}"),
        }
    }
}

#[tokio::test]
async fn a01_a_function_that_could_not_hash_in_its_memory_does_not_start_and_says_what_to_change() {
    let (address, _outcomes) = runtime(Vec::new()).await;
    let mut function = start(&address, &[("USHER_HASH_PARALLEL", "4")]);
    let stderr = function.0.stderr.take().unwrap();
    let said = tokio::task::spawn_blocking(|| std::io::read_to_string(stderr).unwrap());
    // One that starts all the same waits for an event that never comes.
    let said = tokio::time::timeout(Duration::from_secs(30), said)
        .await
        .unwrap()
        .unwrap();
    assert!(!function.0.wait().unwrap().success());
    assert!(said.contains("USHER_HASH_PARALLEL"), "{said}");
}
