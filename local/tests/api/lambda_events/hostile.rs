//! Events with whatever a client could write in every place of theirs: what carries them to the function must not fail,
//! or each would be a 5xx that somebody is woken for.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lambda_http::{Context, LambdaEvent};
use serde_json::{Value, json};
use tower::{Service, ServiceExt};
use usher::http::event::Event;
use usher::http::lambda;
use usher::http::routes::{Route, Routes};

use crate::support::{World, tables};

/// Where something stands that a client, or the owner of a domain that leads here, can choose.
const PLACES: [&str; 30] = [
    "/headers/host",
    "/headers/x-forwarded-proto",
    "/headers/x-forwarded-port",
    "/headers/x-forwarded-host",
    "/headers/x-forwarded-for",
    "/headers/forwarded",
    "/headers/accept",
    "/headers/accept-encoding",
    "/headers/authorization",
    "/headers/content-length",
    "/headers/content-type",
    "/headers/cookie",
    "/headers/idempotency-key",
    "/headers/if-match",
    "/headers/if-none-match",
    "/headers/origin",
    "/headers/prefer",
    "/headers/user-agent",
    "/headers/x-api-key",
    "/headers/x-tenant",
    "/cookies/0",
    "/rawPath",
    "/rawQueryString",
    "/body",
    "/requestContext/domainName",
    "/requestContext/requestId",
    "/requestContext/stage",
    "/requestContext/http/method",
    "/requestContext/http/path",
    "/requestContext/http/sourceIp",
];

fn hostile() -> Vec<String> {
    let short = [
        "",
        " ",
        "\t",
        "\u{0}",
        "a\u{1}b",
        "a\r\nx-injected: yes",
        "\u{7f}",
        "é",
        "例え.テスト",
        "\u{feff}",
        "[::1",
        "[::1]:443",
        "a:99999",
        "a:b",
        "a:",
        ":",
        "@",
        "user:pw@example.org",
        "http,https",
        "https, https",
        "javascript",
        "xn--",
        "xn--a.example.org",
        "a..b",
        ".",
        "..",
        "/..",
        "//a//b",
        "\\",
        "%",
        "%zz",
        "%00",
        "%2f%2e%2e",
        "#",
        "#a",
        "?",
        "?a=%",
        "&&=",
        "a=1&a=2",
        "<>\"'`{}|^",
        "=====",
        "YQ",
        "null",
        "$default",
        "256.256.256.256",
        "0x7f.1",
        "a\u{ad}b.org",
    ];
    let long = ["a", "é", "/", "%41", "a=1&"].map(|piece| piece.repeat(65_536));
    short.map(str::to_owned).into_iter().chain(long).collect()
}

/// A request for a route of this function by a stranger.
fn event(table: &Routes) -> Value {
    let row: &Route = &table.rows()[0];
    let (method, path) = (row.methods()[0].to_string(), row.path.to_string());
    json!({
        "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": "a=1", "cookies": ["a=1"],
        "headers": { "host": "k3x9d2p7qa.execute-api.eu-central-1.amazonaws.com", "x-forwarded-proto": "https" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "k3x9d2p7qa", "requestId": "id", "stage": "$default",
            "domainName": "k3x9d2p7qa.execute-api.eu-central-1.amazonaws.com",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.24", "userAgent": "curl",
            },
            "time": "22/Nov/2026:04:01:18 +0000", "timeEpoch": 1_795_320_078_137_i64,
        },
        "body": "e30=", "isBase64Encoded": true,
    })
}

/// What the runtime would send back; the error where it would be one of the function's.
async fn answered<S, A>(function: &mut S, event: &Value) -> Result<Value, String>
where
    S: Service<LambdaEvent<Event>, Response = A, Error = std::convert::Infallible>,
    A: serde::Serialize,
{
    let event = serde_json::from_str(&event.to_string()).map_err(|error| error.to_string())?;
    let mut context = Context::default();
    context.deadline = 4_102_444_800_000;
    let function = function.ready().await.unwrap();
    let answer = catch_unwind(AssertUnwindSafe(|| function.call(LambdaEvent::new(event, context))));
    let answer = answer.map_err(|_| "panicked".to_owned())?.await.unwrap();
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

fn with(event: &Value, place: &str, value: &str) -> Value {
    let mut event = event.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Array(values) => values[0] = json!(value),
        members => members[name] = json!(value),
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_in_an_event_is_answered_and_never_as_the_functions_fault() {
    let world = World::new().await;
    let mut failed = String::new();
    for table in tables() {
        let name = table.function().to_owned();
        let event = event(&table);
        let mut function = lambda::handler(world.app.clone(), table);
        let plain = answered(&mut function, &event).await.unwrap();
        assert!(plain["statusCode"].as_u64().unwrap() < 500, "{name}: {plain}");
        for place in PLACES {
            for value in hostile() {
                let answer = answered(&mut function, &with(&event, place, &value)).await;
                let shown: String = value.chars().take(20).collect();
                match &answer {
                    Ok(answer) if answer["statusCode"].as_u64().unwrap() < 500 => {
                        assert!(
                            answer["headers"].get("x-injected").is_none(),
                            "{name} {place} {shown:?}"
                        );
                    }
                    other => writeln!(failed, "{name} {place} {shown:?}: {other:?}").unwrap(),
                }
                // No word of theirs, so that nothing changes by it.
                if ["/headers/host", "/headers/x-forwarded-proto"].contains(&place) {
                    assert_eq!(answer.as_ref(), Ok(&plain), "{name} {place} {shown:?}");
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} failures:\n{failed}", failed.lines().count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_none_in_http_is_left_out_and_the_rest_is_read() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut function = lambda::handler(world.app.clone(), me::routes());
    let mut event = event(&me::routes());
    event["rawPath"] = json!("/api/me/profile");
    event["rawQueryString"] = json!("");
    event["requestContext"]["http"]["method"] = json!("GET");
    event["body"] = Value::Null;
    event["headers"]["authorization"] = json!(format!("Bearer {}", owner.token));
    for (name, value) in [("x y", "1"), ("", "1"), ("é", "1"), ("x-a", "a\u{0}"), ("x-b", "a\nb")] {
        let mut event = event.clone();
        event["headers"][name] = json!(value);
        let answer = answered(&mut function, &event).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{name:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_or_query_longer_than_any_can_be_is_refused_in_the_contracts_words() {
    let world = World::new().await;
    for (function, path, status, word) in [
        (users::routes(), "/api/users", 400, "/problems/validation"),
        (admin::routes(), "/v1/admin/users", 400, "too long"),
    ] {
        let mut event = event(&function);
        let mut function = lambda::handler(world.app.clone(), function);
        event["requestContext"]["http"]["method"] = json!("GET");
        event["rawPath"] = json!(path);
        event["rawQueryString"] = json!("q=a&".repeat(20_000));
        let answer = answered(&mut function, &event).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
        assert!(answer["body"].to_string().contains(word), "{answer}");
    }
}
