//! A function that runs out of time answers before Lambda kills it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use tower::ServiceExt;
use usher::ambient::{Clock, ManualClock};
use usher::app::App;
use usher::http::serve;

use crate::support::{START, settings_of, tables};

/// A DynamoDB that takes every request and answers none.
async fn silent() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    url
}

#[tokio::test]
async fn f10_with_little_time_left_a_request_is_answered_503_and_not_killed() {
    let clock = ManualClock::at(START.parse().unwrap());
    // The store's own deadline is a minute here: it is not what answers.
    let app = App::with_clock(settings_of(&silent().await, &[]), clock.clone()).unwrap();
    let mut lambda = lambda_http::Context::default();
    lambda.deadline = u64::try_from(clock.now().as_millisecond()).unwrap() + 1_000;
    let request = Request::post("/api/auth/login")
        .header("content-type", "application/json")
        .extension(lambda)
        .body(Body::from(r#"{"username":"jane","password":"correct horse"}"#))
        .unwrap();
    let answer = serve::service(app, tables()).oneshot(request);
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
    let response = answer.expect("it waited for the store").unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(response.headers().contains_key("x-request-id"));
}
