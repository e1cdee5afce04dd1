//! What is asked of which function.

use std::collections::HashMap;

use axum::body::{Body, to_bytes};
use http::Request;
use local::{DynamoDb, Options, Stack};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Result;

const API_KEY: &str = "the-api-key-of-the-measurement";
/// How many accounts a list of 20 is taken from.
const ACCOUNTS: usize = 24;

pub struct Case {
    pub function: &'static str,
    pub route: &'static str,
    pub event: String,
    /// How many requests are counted.
    pub times: usize,
    /// What it answers.
    pub status: u64,
    pub environment: HashMap<String, String>,
}

/// A stack whose store the functions reach, with keys that they have too.
pub fn options() -> Options {
    Options {
        dynamodb: DynamoDb::Embedded(Some(([127, 0, 0, 1], 0).into())),
        settings: settings(),
        ..Options::default()
    }
}

fn settings() -> HashMap<String, String> {
    let key = "k".repeat(64);
    [
        ("USHER_MASTER_KEY", key.as_str()),
        ("USHER_CURSOR_KEY", &key),
        ("USHER_FIRST_API_KEY", API_KEY),
        ("USHER_ISSUER", "http://127.0.0.1:3000"),
        ("USHER_TABLE", "usher"),
        ("USHER_TENANTS", "header"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

pub async fn cases(stack: &Stack) -> Result<Vec<Case>> {
    let login = json!({ "email": "admin@gauth.local", "password": "Admin@123" });
    let issued = ask(stack, "/api/auth/token", &login, "").await?;
    let token = issued["accessToken"].as_str().ok_or("no token was issued")?;
    for n in 0..ACCOUNTS {
        let new = json!({
            "email": format!("person{n}@example.org"), "username": format!("person{n}"), "password": "correct horse battery",
        });
        ask(stack, "/api/users", &new, token).await?;
    }
    let mut environment = settings();
    let store = stack.dynamodb_url.clone().ok_or("the store does not listen")?;
    environment.insert("USHER_DYNAMODB_ENDPOINT".to_owned(), store);
    let case = |function, route: &'static str, times, body: Option<&Value>| Case {
        function,
        route,
        event: event(route, body, token).to_string(),
        times,
        status: 200,
        environment: environment.clone(),
    };
    Ok(vec![
        case("hello", "GET /", 50, None),
        case("discovery", "GET /.well-known/jwks.json", 50, None),
        case("me", "GET /api/me/profile", 50, None),
        case("users", "GET /api/users?limit=20", 20, None),
        case("auth", "POST /api/auth/token", 3, Some(&login)),
    ])
}

async fn ask(stack: &Stack, path: &str, body: &Value, token: &str) -> Result<Value> {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("x-api-key", API_KEY)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_string()))?;
    let Ok(answer) = stack.router.clone().oneshot(request).await;
    let status = answer.status();
    let text = to_bytes(answer.into_body(), usize::MAX).await?;
    match status.is_success() {
        true => Ok(serde_json::from_slice(&text)?),
        false => Err(format!("{path} answered {status}: {}", String::from_utf8_lossy(&text)).into()),
    }
}

/// As API Gateway sends it (payload 2.0). A login has no token yet.
fn event(route: &str, body: Option<&Value>, token: &str) -> Value {
    let (method, target) = route.split_once(' ').unwrap_or(("GET", route));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = json!({
        "host": "api.example.org", "accept": "*/*", "user-agent": "curl/8", "x-api-key": API_KEY,
        "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https",
    });
    match body {
        Some(body) => {
            headers["content-type"] = json!("application/json");
            headers["content-length"] = json!(body.to_string().len().to_string());
        }
        None => headers["authorization"] = json!(format!("Bearer {token}")),
    }
    let mut event = json!({
        "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": query,
        "headers": headers, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "api.example.org", "domainPrefix": "api", "requestId": "id",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8",
            },
            "routeKey": format!("{method} {path}"), "stage": "$default", "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_u64,
        },
    });
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event
}
