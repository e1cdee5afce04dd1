//! A DynamoDB that holds what set-up leaves in the `KEYS` partition and notes what it is asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

/// What the store was asked: operation and partition.
pub type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// Whether set-up has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    New,
    SetUp,
}

/// The public half of the key that it holds.
pub fn jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "one",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

/// Starts it. Its address, and what it is asked.
pub async fn start(stack: Stack) -> (String, Asked) {
    let asked = Asked::default();
    let router = Router::new().fallback(answer).with_state((stack, asked.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

async fn answer(State((stack, asked)): State<(Stack, Asked)>, headers: HeaderMap, body: String) -> String {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_str(&body).unwrap();
    let partition = if target.ends_with(".GetItem") {
        assert_eq!(body["ConsistentRead"], true);
        &body["Key"]["PK"]["S"]
    } else if target.ends_with(".UpdateItem") {
        &body["Key"]["PK"]["S"]
    } else {
        // The partition is the first thing that a query names.
        &body["ExpressionAttributeValues"][":v0"]["S"]
    };
    asked.lock().unwrap().push((target.clone(), partition.clone()));
    let answer = match (stack, target.as_str()) {
        (Stack::New, "DynamoDB_20120810.Query") => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
        (Stack::SetUp, "DynamoDB_20120810.Query") => json!({ "Items": [key()], "Count": 1, "ScannedCount": 1 }),
        (_, "DynamoDB_20120810.UpdateItem") => json!({ "Attributes": body["Key"] }),
        (Stack::New, _) => json!({}),
        (Stack::SetUp, _) => json!({ "Item": { "PK": { "S": "KEYS" }, "SK": { "S": "FIRST" } } }),
    };
    answer.to_string()
}

fn key() -> Value {
    let members = jwk();
    let members = members.as_object().unwrap().iter();
    let jwk: serde_json::Map<String, Value> = members
        .map(|(name, text)| (name.clone(), json!({ "S": text })))
        .collect();
    json!({
        "PK": { "S": "KEYS" }, "SK": { "S": "KEY#one" },
        "kid": { "S": "one" }, "algorithm": { "S": "EdDSA" }, "jwk": { "M": jwk }, "sealed": { "S": "c2VjcmV0" },
        "createdAt": { "N": "1700000000000" }, "signsFrom": { "N": "1700000000000" },
    })
}
