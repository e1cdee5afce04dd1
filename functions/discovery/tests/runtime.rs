//! A binary under the Lambda runtime, whose API is played here: what it cannot take, and what it refuses to start with.
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::VecDeque;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is to be invoked, and where its outcome is reported: `response` or `error`, and the body.
#[derive(Clone)]
struct Api {
    events: Arc<Mutex<VecDeque<Value>>>,
    reports: UnboundedSender<(String, Value)>,
}

async fn next(State(api): State<Api>) -> ([(HeaderName, &'static str); 4], String) {
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
        (HeaderName::from_static("lambda-runtime-trace-id"), "Root=1-2"),
    ];
    (headers, event.to_string())
}

async fn report(State(api): State<Api>, Path((_, kind)): Path<(String, String)>, body: String) {
    let _ = api
        .reports
        .send((kind, serde_json::from_str(&body).unwrap_or_default()));
}

/// The runtime's API with these events; its address, and what comes of them.
async fn runtime(events: Vec<Value>) -> (String, UnboundedReceiver<(String, Value)>) {
    let (reports, outcomes) = unbounded_channel();
    let events = Arc::new(Mutex::new(events.into()));
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(report))
        .with_state(Api { events, reports });
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
    let heard = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Function(heard.spawn().unwrap())
}

/// The document's event, changed so.
fn event(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = serde_json::from_str(include_str!("../../../events/discovery/openapi.json")).unwrap();
    change(&mut event);
    event
}

#[tokio::test]
async fn f11_what_is_no_event_is_an_error_and_what_the_library_would_panic_at_is_answered() {
    let good = || event(|_| ());
    let bad_host = event(|event| event["headers"]["host"] = json!("xn--a.example.org"));
    let bad_query = event(|event| event["rawQueryString"] = json!("q=<"));
    let (address, mut outcomes) = runtime(vec![good(), json!("no event"), good(), bad_host, bad_query]).await;
    let _function = start(&address, &[]);
    for expected in ["response", "error", "response", "response", "response"] {
        let (kind, body) = outcomes.recv().await.unwrap();
        assert_eq!(kind, expected, "{body}");
        match expected {
            "response" => assert_eq!(body["statusCode"], 200, "{body}"),
            _ => assert!(body["errorMessage"].is_string(), "{body}"),
        }
    }
}

#[tokio::test]
async fn the_log_is_json_that_records_each_request_and_counts_in_the_embedded_metric_format() {
    let missing = event(|event| {
        event["rawPath"] = json!("/jane@example.org");
        event["requestContext"]["requestId"] = json!("two=");
    });
    let events = vec![
        event(|event| event["requestContext"]["requestId"] = json!("one=")),
        json!("no event"),
        missing,
    ];
    let (address, mut outcomes) = runtime(events).await;
    let mut function = start(
        &address,
        &[
            ("USHER_METRICS_NAMESPACE", "Usher/test"),
            ("RUST_LOG", "warn,usher=info"),
        ],
    );
    for _ in 0..3 {
        outcomes.recv().await.unwrap();
    }
    let (mut out, mut err) = (function.0.stdout.take().unwrap(), function.0.stderr.take().unwrap());
    drop(function);
    let (mut log, mut plain) = (String::new(), String::new());
    out.read_to_string(&mut log).unwrap();
    err.read_to_string(&mut plain).unwrap();
    assert_eq!(plain, "", "everything is JSON");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "answered").collect();
    let answered = answered.iter().map(|line| {
        let span = &line["span"];
        assert!(line["ms"].is_number(), "{line}");
        json!([
            span["request_id"],
            span["xray_trace_id"],
            span["function"],
            span["tenant"],
            span["route"],
            line["method"],
            line["status"],
            line["outcome"],
            line["cold_start"],
        ])
    });
    let trace = "Root=1-2";
    assert_eq!(
        answered.collect::<Vec<_>>(),
        [
            json!([
                "one=",
                trace,
                "discovery",
                "main",
                "/openapi.json",
                "GET",
                200,
                "ok",
                true
            ]),
            json!([
                "two=",
                trace,
                "discovery",
                "main",
                null,
                "GET",
                404,
                "no-such-route",
                false
            ]),
        ]
    );
    assert!(!log.contains("panicked"), "{log}");
    let counted: Vec<&Value> = lines.iter().filter(|line| !line["_aws"].is_null()).collect();
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!(
        (&counted[0]["function"], &counted[0]["ColdStarts"]),
        (&json!("discovery"), &json!(1))
    );
    assert_eq!(counted[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Usher/test");
    assert!(!log.contains("jane"), "{log}");
}

#[tokio::test]
async fn a_compressed_answer_goes_to_api_gateway_as_base64_and_a_plain_one_as_text() {
    let with = |accepted: &str| event(|event| event["headers"]["accept-encoding"] = json!(accepted));
    let (address, mut outcomes) = runtime(vec![with("gzip"), with("br"), with("identity")]).await;
    let _function = start(&address, &[]);
    let mut bodies = Vec::new();
    for coding in [json!("gzip"), json!("br"), Value::Null] {
        let (_, answer) = outcomes.recv().await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        assert_eq!(answer["headers"]["content-encoding"], coding, "{}", answer["headers"]);
        assert_eq!(answer["isBase64Encoded"], !coding.is_null());
        let body = answer["body"].as_str().unwrap();
        let bytes = if coding.is_null() {
            body.into()
        } else {
            STANDARD.decode(body).unwrap()
        };
        let mut text = String::new();
        match coding.as_str() {
            Some("br") => brotli::Decompressor::new(&*bytes, 4096).read_to_string(&mut text),
            Some(_) => flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text),
            None => (&*bytes).read_to_string(&mut text),
        }
        .unwrap();
        bodies.push(text);
    }
    assert!(bodies[0] == bodies[2] && bodies[1] == bodies[2] && bodies[2].starts_with("{\"openapi\""));
}

#[tokio::test]
async fn a01_a_function_that_could_not_hash_in_its_memory_does_not_start_and_names_what_to_change() {
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
