//! The edge of Lambda: the loop of the runtime, and the log.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::TryFutureExt;
use http::request::Parts;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;
use tower::{Service, ServiceExt};
use tracing::{Instrument, Level};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::event::Event;
use super::routes::Routes;
use super::serve;
use crate::app::App;
use crate::settings::Settings;

pub type Ended = lambda_http::Error;

/// Serves this table as a Lambda function behind an API Gateway HTTP API.
pub async fn run(routes: Routes) -> Result<(), Ended> {
    let app = start()?;
    warm_up(&app).await;
    lambda_runtime::run(handler(app, routes)).await
}

/// What the runtime calls with each event.
pub fn handler(
    app: Arc<App>,
    routes: Routes,
) -> impl Service<LambdaEvent<Event>, Response = impl Serialize, Error = Infallible> {
    let service = lambda_http::Adapter::from(serve::service(app, vec![routes]));
    service
        .map_request(|LambdaEvent { payload, context }: LambdaEvent<Event>| LambdaEvent::new(payload.into(), context))
}

/// During init, at full speed and before the first request: the connection to the store, and what every request needs.
pub async fn warm_up(app: &Arc<App>) {
    if let Err(error) = app.origin.warm_up(app).await {
        tracing::warn!(?error, "the origin's secret cannot be read at start");
    }
    if let Err(error) = app.keyring.keys(app, app.clock.now()).await {
        tracing::warn!(?error, "the store did not answer at start");
    }
}

/// The application of a function that is starting, and its log.
pub fn start() -> Result<Arc<App>, Ended> {
    logs();
    let app = App::new(Settings::from_env()?);
    Ok(app.map_err(|error| format!("{error:?}"))?)
}

/// What a function answers: JSON, or an error that its caller knows by its text.
pub type Answered<A> = Result<A, &'static str>;

/// Serves a Lambda function that is called with JSON, and answers JSON.
pub async fn run_with<F, Fut, A>(function: &'static str, app: Arc<App>, work: F) -> Result<(), Ended>
where
    F: Fn(Arc<App>, Value) -> Fut,
    Fut: Future<Output = crate::Result<A>>,
    A: Serialize,
{
    run_or_refuse(function, app, move |app, payload| work(app, payload).map_ok(Ok)).await
}

/// The same of one that may also refuse.
pub async fn run_or_refuse<F, Fut, A>(function: &'static str, app: Arc<App>, work: F) -> Result<(), Ended>
where
    F: Fn(Arc<App>, Value) -> Fut,
    Fut: Future<Output = crate::Result<Answered<A>>>,
    A: Serialize,
{
    let (app, work) = (&app, &work);
    let handler = lambda_runtime::service_fn(move |event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload, context } = event;
        let span = tracing::info_span!(
            "event",
            request_id = context.request_id,
            xray_trace_id = context.xray_trace_id,
            function
        );
        // Boxed: the compiler gives up on the layout of a future this deep.
        let outcome = Box::pin(carried_out(app, work(app.clone(), payload)));
        let outcome = outcome.instrument(span).await;
        app.write_metrics(function);
        // An error goes back to Lambda, which tries an asynchronous call again and then puts it with the dead letters.
        match outcome {
            Ok(answered) => answered.map_err(str::to_owned),
            Err(error) => Err(format!("{error:?}")),
        }
    });
    lambda_runtime::run(handler).await
}

async fn carried_out<A>(app: &App, work: impl Future<Output = crate::Result<A>>) -> crate::Result<A> {
    let (began, cold_start) = (app.clock.now(), app.is_cold());
    let outcome = work.await;
    let ms = app.clock.now().as_millisecond() - began.as_millisecond();
    match &outcome {
        Ok(_) => tracing::info!(outcome = "ok", ms, cold_start, "answered"),
        Err(error) => tracing::error!(outcome = error.kind(), cause = ?error, ms, cold_start, "answered"),
    }
    outcome
}

/// Structured logs on standard output, as CloudWatch takes them: a JSON object in a line, `span` being the request.
pub fn logs() {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    let _ = tracing_subscriber::registry().with(lines).with(targets()).try_init();
    // In place of the standard library's words on standard error, which are no JSON. Where, and not what: a panic's
    // message can hold anything.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

/// What is logged: `RUST_LOG`, by target and level (`warn,usher=info`).
fn targets() -> Targets {
    #[expect(
        clippy::disallowed_methods,
        reason = "the log is there before the settings, and reports their errors"
    )]
    let named = std::env::var("RUST_LOG").ok();
    let named = named.and_then(|named| named.parse().ok());
    named.unwrap_or_else(|| Targets::new().with_default(Level::INFO))
}

/// How much of its time a function keeps for its last answer.
const FAREWELL: Duration = Duration::from_millis(700);

/// For how long a request may go on before Lambda would kill the function in the middle of it; for ever on a socket.
pub fn time_left(parts: &Parts, now: Timestamp) -> Option<Duration> {
    let deadline = parts.extensions.get::<lambda_http::Context>()?.deadline;
    let left = deadline.saturating_sub(u64::try_from(now.as_millisecond()).unwrap_or(0));
    Some(Duration::from_millis(left).saturating_sub(FAREWELL))
}
