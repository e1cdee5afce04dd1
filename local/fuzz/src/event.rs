//! Events of an HTTP API, through the function that each is for: whatever a client could have written in one is answered
//! over HTTP, and never an error of the function's, which would be a 5xx that somebody is woken for.
//!
//! The input is an event, or what is there of one. Where the library reads it, it is handed to the function as it is. And
//! what a client has a say in is taken out of it, and put into an event that API Gateway could have written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use lambda_http::{Context, LambdaEvent};
use serde_json::{Map, Value, json};
use tower::util::UnsyncBoxService;
use tower::{Service, ServiceExt};
use usher::http::event::Event;
use usher::http::lambda;
use usher::http::routes::{Route, Routes};

use crate::stage::Stage;

/// Its answer is what the runtime would send back.
type Function = UnsyncBoxService<LambdaEvent<Event>, serde_json::Result<Value>, Infallible>;

/// Texts that a client can choose, or the owner of a domain that leads here.
const TEXTS: [&str; 8] = [
    "/rawPath",
    "/rawQueryString",
    "/body",
    "/requestContext/domainName",
    "/requestContext/requestId",
    "/requestContext/stage",
    "/requestContext/http/method",
    "/requestContext/http/sourceIp",
];
/// In milliseconds since 1970: no time is short.
const DEADLINE: u64 = 4_102_444_800_000;

struct Events {
    stage: Stage,
    functions: Vec<Function>,
    /// Which of them has the route of this key; what no route takes goes to the last.
    keys: BTreeMap<String, usize>,
}

thread_local! {
    static EVENTS: RefCell<Events> = RefCell::new(Events::new());
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    EVENTS.with_borrow_mut(|events| events.run(text));
}

impl Events {
    fn new() -> Self {
        let stage = Stage::new();
        let (mut functions, mut keys) = (Vec::new(), BTreeMap::new());
        for table in local::tables() {
            keys.extend(
                table
                    .rows()
                    .iter()
                    .flat_map(Route::keys)
                    .map(|key| (key, functions.len())),
            );
            functions.push(function(&stage, table));
        }
        Self { stage, functions, keys }
    }

    fn run(&mut self, text: &str) {
        let text = self.stage.filled(text);
        let read = serde_json::from_str::<Value>(&text).unwrap_or_default();
        let key = read["routeKey"].as_str().unwrap_or_default();
        let function = self.keys.get(key).copied().unwrap_or(self.functions.len() - 1);
        if let Ok(event) = serde_json::from_str::<Event>(&text) {
            self.check(function, event, &text);
        }
        let possible = possible(&read).to_string();
        let event = serde_json::from_str::<Event>(&possible);
        let event = event.unwrap_or_else(|why| panic!("{possible} is an error of the function's: {why}"));
        self.check(function, event, &possible);
    }

    fn check(&mut self, function: usize, event: Event, text: &str) {
        let mut context = Context::default();
        context.deadline = DEADLINE;
        let function = &mut self.functions[function];
        let answering = async { function.ready().await?.call(LambdaEvent::new(event, context)).await };
        let Ok(answer) = self.stage.play(answering);
        let answer = answer.unwrap_or_else(|why| panic!("{text}: {why}"));
        let status = answer["statusCode"].as_u64().unwrap();
        assert!((200..500).contains(&status), "{text}: {answer}");
        let headers = [&answer["headers"], &answer["multiValueHeaders"]];
        let mut names = headers.iter().filter_map(|all| all.as_object()).flat_map(Map::keys);
        assert!(!names.any(|name| name.starts_with("x-injected")), "{text}: {answer}");
        assert!(
            answer["body"].is_string() || answer["body"].is_null(),
            "{text}: {answer}"
        );
    }
}

fn function(stage: &Stage, table: Routes) -> Function {
    let handler = lambda::handler(stage.app.clone(), table);
    UnsyncBoxService::new(handler.map_response(serde_json::to_value))
}

/// An event that API Gateway could have written, with what a client has a say in as it is in this one.
fn possible(read: &Value) -> Value {
    let mut event = json!({
        "version": "2.0", "routeKey": read["routeKey"].as_str().unwrap_or("$default"), "rawPath": "/", "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "accountId": "123456789012", "apiId": "k3x9d2p7qa", "requestId": "id", "stage": "$default",
            "domainName": "k3x9d2p7qa.execute-api.eu-central-1.amazonaws.com",
            "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.24", "userAgent": "curl" },
            "time": "22/Nov/2026:04:01:18 +0000", "timeEpoch": 1_795_320_078_137_i64,
        },
        "isBase64Encoded": read["isBase64Encoded"] == true,
    });
    for place in TEXTS {
        if let Some(text) = read.pointer(place).and_then(Value::as_str) {
            let (parent, name) = place.rsplit_once('/').unwrap_or_default();
            event.pointer_mut(parent).unwrap()[name] = json!(text);
        }
    }
    for (name, value) in read["headers"].as_object().into_iter().flatten() {
        if let Some(text) = value.as_str() {
            // API Gateway writes them in lower case.
            event["headers"][name.to_lowercase()] = json!(text);
        }
    }
    let cookies = read["cookies"].as_array().into_iter().flatten();
    let cookies: Vec<&str> = cookies.filter_map(Value::as_str).collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    event
}
