//! Lambda's runtime API, as far as a function needs it: the same event so many times, and then none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Result;

/// How long a function may take for all of it, under callgrind.
const PATIENCE: Duration = Duration::from_mins(10);

pub struct Runtime {
    pub address: String,
    state: Arc<Queue>,
    serving: JoinHandle<()>,
}

struct Queue {
    event: String,
    left: AtomicUsize,
    /// The status of the last answer.
    status: AtomicU64,
    empty: Notify,
}

impl Runtime {
    pub async fn start(event: &str, times: usize) -> Result<Self> {
        let state = Arc::new(Queue {
            event: event.to_owned(),
            left: AtomicUsize::new(times),
            status: AtomicU64::new(0),
            empty: Notify::new(),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .fallback(any(answer))
            .with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            state,
            serving,
        })
    }

    /// Waits until the function asks for more than there is; the status of its last answer.
    pub async fn answered(&self) -> Result<u64> {
        let emptied = tokio::time::timeout(PATIENCE, self.state.empty.notified()).await;
        emptied.map_err(|_| "the function did not ask for its events")?;
        Ok(self.state.status.load(Ordering::SeqCst))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(queue): State<Arc<Queue>>) -> Response {
    let less = |left: usize| left.checked_sub(1);
    if queue
        .left
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        .is_err()
    {
        queue.empty.notify_one();
        std::future::pending::<()>().await;
    }
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        // In the year 2100.
        ("lambda-runtime-deadline-ms", "4102444800000"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:hot",
        ),
        ("content-type", "application/json"),
    ];
    (headers, queue.event.clone()).into_response()
}

/// An answer to an event, or why there is none.
async fn answer(State(queue): State<Arc<Queue>>, body: Bytes) -> http::StatusCode {
    let answer = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
    let status = answer["statusCode"].as_u64().unwrap_or(0);
    queue.status.store(status, Ordering::SeqCst);
    http::StatusCode::ACCEPTED
}
