//! Every file of `events/` is put through lambda_http's own conversion into the function that it is for, and answers as
//! the same request does over HTTP. Each is played in two fresh worlds of one set-up, one for each way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tower::ServiceExt;
use usher::http::event::Event as Sent;
use usher::http::routes::{Route, Routes};
use usher::http::serve;

use crate::support::tables;

mod functions;
mod hostile;
pub mod raw;
mod stage;

use raw::Answer;
use stage::{Stage, stage};

/// What curl encodes in a segment, give or take.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// A file of `events/`.
struct Event {
    /// Its folder: the function that it is for.
    function: String,
    name: String,
    json: Value,
}

/// Every event of a function with routes. (The others' are CloudFormation's, the scheduler's, the authorizer's.)
fn events() -> Vec<Event> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut events = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let function = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let json = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            events.push(Event {
                function: function.clone(),
                name,
                json,
            });
        }
    }
    events.retain(|event| !["authorizer", "setup", "outbox"].contains(&event.function.as_str()));
    events.sort_by(|a, b| (&a.function, &a.name).cmp(&(&b.function, &b.name)));
    events
}

/// The row that an event is for. The account contract's rows share one route of API Gateway's, and take any letter case.
fn key(event: &Value) -> String {
    let key = text(&event["routeKey"]);
    match key.ends_with(" /{rank}/{action}") {
        true => {
            let method = text(&event["requestContext"]["http"]["method"]);
            format!("{method} {}", text(&event["rawPath"]).to_lowercase())
        }
        false => key,
    }
}

fn route_keys(table: &Routes) -> Vec<String> {
    table.rows().iter().flat_map(Route::keys).collect()
}

/// The table of a function: the one with the routes that its events are for.
fn table_of(function: &str) -> Routes {
    let keys: BTreeSet<String> = events()
        .iter()
        .filter(|event| event.function == function)
        .map(|event| key(&event.json))
        .collect();
    let has_one = |table: &Routes| route_keys(table).iter().any(|key| keys.contains(key));
    tables().into_iter().find(has_one).unwrap()
}

#[test]
fn every_route_has_an_event_and_every_event_a_route() {
    let mut played: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in events() {
        let key = key(&event.json);
        played.entry(event.function).or_default().insert(key);
    }
    let mut routes: BTreeSet<String> = tables().iter().flat_map(route_keys).collect();
    for (function, keys) in played {
        let own = route_keys(&table_of(&function));
        // What no route takes goes to discovery alone.
        let stray: Vec<&String> = keys
            .iter()
            .filter(|key| *key != "$default" && !own.contains(key))
            .collect();
        assert!(stray.is_empty(), "{function} has no {stray:?}");
        assert!(function == "discovery" || !keys.contains("$default"), "{function}");
        routes.retain(|route| !keys.contains(route));
    }
    assert!(routes.is_empty(), "no event for {routes:?}");
}

impl Stage {
    /// The event as this world would get it.
    fn filled(&self, event: &Event) -> Value {
        let text = event.json.to_string();
        let filled = self
            .replacements
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to));
        serde_json::from_str(&filled).unwrap()
    }

    /// Through Lambda: the conversion of the library, and the function alone.
    async fn through_lambda(&self, event: &Value, table: Routes) -> Answer {
        let event: Sent = serde_json::from_str(&event.to_string()).unwrap();
        let request: http::Request<lambda_http::Body> = event.into();
        let service = serve::service(self.world.app.clone(), vec![table]);
        let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            body: raw::plain(&parts.headers, &body),
            headers: parts.headers,
        }
    }

    /// Over a socket: the request that the client of the event had sent, to all functions at once.
    async fn over_http(&self, event: &Value) -> Answer {
        let context = &event["requestContext"];
        let raw = text(&event["rawPath"]);
        let stage = format!("/{}", text(&context["stage"]));
        let encode = |segment: &str| utf8_percent_encode(segment, RESERVED).to_string();
        let segments: Vec<String> = raw
            .strip_prefix(&stage)
            .unwrap_or(&raw)
            .split('/')
            .map(encode)
            .collect();
        let query = text(&event["rawQueryString"]);
        let mark = if query.is_empty() { "" } else { "?" };
        let body = text(&event["body"]);
        let body = if event["isBase64Encoded"] == true {
            STANDARD.decode(body).unwrap()
        } else {
            body.into_bytes()
        };
        let method = text(&context["http"]["method"]);
        raw::send(
            &self.world.base,
            &method,
            &format!("{}{mark}{query}", segments.join("/")),
            &sent_headers(event),
            &body,
        )
        .await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The headers that the client had sent: without what API Gateway added, and what `raw` sets by itself.
fn sent_headers(event: &Value) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in event["headers"].as_object().unwrap() {
        let name = name.to_ascii_lowercase();
        if !name.starts_with("x-forwarded-") && !["host", "content-length", "x-amzn-trace-id"].contains(&name.as_str())
        {
            headers.push((name, text(value)));
        }
    }
    let cookies: Vec<String> = event["cookies"].as_array().into_iter().flatten().map(text).collect();
    if !cookies.is_empty() {
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    headers
}

/// An answer without what two worlds can never have in common.
fn normal(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let left_out = [
        "x-request-id",
        "date",
        "content-length",
        "connection",
        "transfer-encoding",
    ];
    let headers: &HeaderMap = &answer.headers;
    let kept = headers.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
    let headers = kept.map(|(name, value)| {
        let segments: Vec<&str> = value.to_str().unwrap().split('/').map(known).collect();
        let text = match name.as_str() {
            "link" => "<link>".to_owned(),
            "x-usher-device" => "<device>".to_owned(),
            "set-cookie" => value.to_str().unwrap().split_once("; ").unwrap().1.to_owned(),
            _ => segments.join("/"),
        };
        (name.to_string(), text)
    });
    let mut body = serde_json::from_str(&answer.body).unwrap_or_else(|_| Value::from(answer.body.clone()));
    settle("", &mut body);
    (answer.status, headers.collect(), body)
}

fn known(text: &str) -> &str {
    match text {
        id if id.parse::<usher::id::UserId>().is_ok() => "<id>",
        token if token.starts_with("eyJ") => "<token>",
        token if token.starts_with("usher_rt_") => "<refresh token>",
        number if number.len() > 9 && number.bytes().all(|b| b.is_ascii_digit()) => "<number>",
        key if key.starts_with("usher_ak_") => "<API key, or how it begins>",
        key if key.starts_with("usher_sk_") => "<service account's key, or how it begins>",
        other => other,
    }
}

fn settle(name: &str, value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| settle(name, value)),
        Value::Number(_) if name == "user_id" => *value = json!("<number>"),
        Value::Array(values) => {
            values.iter_mut().for_each(|value| settle(name, value));
            // The first accounts are of one millisecond, so that chance orders them.
            values.sort_by_key(Value::to_string);
        }
        Value::String(text) if !text.is_empty() => {
            *text = match name {
                // Where it came from is what the two ways differ in; `edge` shows who is believed.
                "nextCursor" | "temporaryPassword" | "ip" | "kid" | "x" => format!("<{name}>"),
                "instance" => text.split('/').map(known).collect::<Vec<_>>().join("/"),
                _ => text.split(' ').map(known).collect::<Vec<_>>().join(" "),
            }
        }
        _ => {}
    }
}

/// Plays a function's events both ways; each line of the outcome is an event and its answer.
async fn play(function: &str) -> String {
    let mut lines = String::new();
    for event in events().iter().filter(|event| event.function == function) {
        let (there, here) = (stage(event).await, stage(event).await);
        let filled = there.filled(event);
        let mut through = there.through_lambda(&filled, table_of(function)).await;
        if filled["requestContext"]["http"]["method"] == "HEAD" {
            // As API Gateway does, and HTTP servers do.
            through.body.clear();
        }
        let over = here.over_http(&here.filled(event)).await;
        let mut seen = normal(&through);
        if filled["requestContext"]["http"]["method"] == "HEAD" {
            // API Gateway drops the body of such an answer, as every server does.
            seen.2 = Value::from("");
        }
        assert_eq!(seen, normal(&over), "{function}/{}", event.name);
        let id = through.headers["x-request-id"].to_str().unwrap();
        assert_eq!(id, filled["requestContext"]["requestId"], "{function}/{}", event.name);
        let problem = serde_json::from_str::<Value>(&through.body).unwrap_or_default();
        let problem = problem["type"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/problems/");
        lines += format!("{:38} {} {problem}", event.name, through.status).trim_end();
        lines += "\n";
    }
    lines
}

#[tokio::test]
async fn i02_a_body_is_taken_as_the_event_states_it_is_encoded() {
    let all = events();
    let event = all.iter().find(|event| event.name == "token-base64").unwrap();
    let stage = stage(event).await;
    let mut filled = stage.filled(event);
    assert_eq!(stage.through_lambda(&filled, auth::routes()).await.status, 200);
    filled["isBase64Encoded"] = json!(false);
    assert_eq!(stage.through_lambda(&filled, auth::routes()).await.status, 400);
}

#[tokio::test]
async fn a_query_that_is_not_utf_8_is_refused_whatever_the_path_holds() {
    let all = events();
    let of_users = |event: &&Event| event.function == "users" && event.name == "permissions";
    let event = all.iter().find(of_users).unwrap();
    let stage = stage(event).await;
    for path in [
        "/api/users/admin/permissions",
        "/api/users/a?b/permissions",
        "/api/users/a#b/permissions",
    ] {
        let mut filled = stage.filled(event);
        filled["rawPath"] = json!(path);
        for (query, refused) in [
            ("x=%FF", false),
            ("department=%FF", true),
            ("department=a&AT=%C3", true),
        ] {
            filled["rawQueryString"] = json!(query);
            let answer = stage.through_lambda(&filled, ::users::routes()).await;
            let is_refused = answer.status == 400 && answer.body.contains("this is not UTF-8");
            assert_eq!(is_refused, refused, "{path}?{query}: {}", answer.body);
        }
    }
}
