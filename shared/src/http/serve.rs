//! The service: from any request to an answer, the same on Lambda and on a socket.
//!
//! Around the routes it does what is true of every answer (rule 11): a request id, one moment, security headers, one
//! line in the log, and the request in every other line; it phrases every refusal in the words of the contract that the
//! path belongs to; and it outlives a handler that panics.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use tower::{Layer, ServiceExt};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::auth_layer::AuthLayer;
use super::body;
use super::compression;
use super::dialect::{Asked, ErrorFormat, Failure};
use super::known::{Elsewhere, Served};
use super::not_modified::unless_known;
use super::preconditions::IfNoneMatch;
use super::problem::Problem;
use super::rate_limit_fields;
use super::request_info::RequestInfo;
use super::rewrite;
use super::routes::{Route, RouteOptions, Routes, has_bearer};
use crate::access::guard::Guard;
use crate::app::App;
use crate::error::Error;
use crate::metrics::Metric;

pub fn service(app: Arc<App>, tables: Vec<Routes>) -> Router {
    let dev = app.settings.dev_endpoints;
    let contracts = Arc::new(Contracts::of(&tables));
    let elsewhere = Arc::new(Elsewhere::of(&tables, dev));
    let served = Arc::new(Served::of(&tables, dev));
    let functions = Arc::new(Functions::of(&tables));
    let alone = functions.alone.clone();
    let routes = tables
        .into_iter()
        .fold(Router::new(), |all, table| all.merge(table.into_router(dev, &served)));
    let routes = routes
        .fallback(move |method: Method, uri: Uri| {
            let refusal = elsewhere.refuse(&method, uri.path());
            async move { refusal }
        })
        .method_not_allowed_fallback(move |route: MatchedPath| {
            let refusal = served.refuse(route.as_str());
            async move { refusal }
        })
        .layer(axum::middleware::map_request(move |request: Request| {
            functions.record(&request);
            std::future::ready(request)
        }));
    let edge = tower::service_fn(move |request: Request| {
        let (app, contracts, routes, alone) = (app.clone(), contracts.clone(), routes.clone(), alone.clone());
        async move {
            let answered = handle(&app, &contracts, routes, alone.as_deref(), request).await;
            Ok::<Response, std::convert::Infallible>(answered)
        }
    });
    Router::new().fallback_service(compression::layer().layer(edge))
}

/// Which function has which route. The log names both; the route is its pattern, for a path can hold an address.
struct Functions {
    by_path: BTreeMap<String, String>,
    /// The function, where there is one alone: in the cloud.
    alone: Option<String>,
}

impl Functions {
    fn of(tables: &[Routes]) -> Self {
        let rows = tables
            .iter()
            .flat_map(|table| table.rows().iter().map(move |row| (table, row)));
        let functions: BTreeSet<&str> = tables.iter().map(Routes::function).collect();
        Self {
            by_path: rows
                .map(|(table, row)| (row.path.to_string(), table.function().to_owned()))
                .collect(),
            alone: functions
                .first()
                .filter(|_| functions.len() == 1)
                .map(ToString::to_string),
        }
    }

    /// Records the route in the request's span.
    fn record(&self, request: &Request) {
        if let Some(path) = request.extensions().get::<MatchedPath>() {
            let span = Span::current();
            span.record("route", path.as_str());
            // Where one is alone the span names it from its start: recording writes all fields of a span anew.
            if self.alone.is_none() {
                span.record("function", self.by_path.get(path.as_str()).map(String::as_str));
            }
        }
    }
}

/// What every line of the log has that a request writes.
fn span(info: &RequestInfo, parts: &Parts, function: Option<&str>) -> Span {
    let traced = parts.extensions.get::<lambda_http::Context>();
    let tenant = info.tenant.as_ref().ok();
    tracing::info_span!(
        "request",
        request_id = info.request_id,
        xray_trace_id = traced.and_then(|context| context.xray_trace_id.as_deref()),
        function,
        tenant = tenant.map(tracing::field::display),
        route = Empty,
    )
}

async fn handle(
    app: &Arc<App>,
    contracts: &Contracts,
    routes: Router,
    alone: Option<&str>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let readable = super::event::restore_path(&mut parts);
    contracts.rewrite(&mut parts);
    let given = parts.headers.remove(ORIGIN_SECRET);
    let vouched = app.origin.vouches(app, given.as_ref().map(HeaderValue::as_bytes)).await;
    let info = RequestInfo::of(app, &parts, vouched, readable);
    parts.extensions.insert(info.clone());
    let span = span(&info, &parts, alone);
    let answer = answer(contracts, routes, &info, Request::from_parts(parts, body));
    let mut response = answer.instrument(span).await;
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
    if response.status().is_server_error() {
        app.metrics.count(Metric::ServerErrors);
    }
    app.write_metrics(alone.unwrap_or_default());
    response
}

async fn answer(contracts: &Contracts, routes: Router, info: &RequestInfo, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let contract = contracts.of_path(parts.uri.path());
    let (body, rewrite) = rewrite::chosen(contract.error_format.rewrite, &mut parts, body).await;
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        with_token: has_bearer(&parts.headers),
        with_form: body::is_form(&parts.headers),
    };
    let (app, method) = (&info.app, parts.method.clone());
    let condition = IfNoneMatch::of(&parts.headers);
    let cold_start = app.is_cold();
    let left = super::lambda::time_left(&parts, info.now).unwrap_or(Duration::MAX);
    let answer = tokio::time::timeout(left, contract.answer(routes, info, Request::from_parts(parts, body)));
    let late = |_| Error::unavailable("the function's time is over").into_response();
    let response = answer.await.unwrap_or_else(late);
    let (response, outcome) = phrase(response, contract.error_format, &asked);
    let response = rewrite::applied(rewrite, response).await;
    let mut response = unless_known(response, &method, condition.as_ref());
    compression::note(&mut response, &method);
    if let Ok(id) = HeaderValue::from_str(&info.request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    let ms = app.clock.now().as_millisecond() - info.now.as_millisecond();
    let user = info.user.get().map(tracing::field::display);
    tracing::info!(%method, status = response.status().as_u16(), outcome, user, ms, cold_start, "answered");
    response
}

/// Puts a refusal into the words of its contract, and its private cause into the log. What came of the request, in a
/// word: `ok`, or the kind of the refusal.
fn phrase(mut response: Response, error_format: ErrorFormat, asked: &Asked) -> (Response, &'static str) {
    let Some(Failure(error)) = response.extensions_mut().remove::<Failure>() else {
        return (response, "ok");
    };
    match &error {
        Error::Fault(cause) => tracing::error!(cause = cause.0, "fault"),
        Error::Unavailable(cause) => tracing::warn!(cause = cause.0, "unavailable"),
        Error::NotSetUp => tracing::warn!("set-up has not run"),
        _ => {}
    }
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut refusal = (error_format.refuse)(&error, asked);
    rate_limit_fields::keep(response.headers_mut(), refusal.headers_mut());
    let allow = allow.filter(|_| error == Error::MethodNotAllowed);
    if let Some(allow) = allow {
        refusal.headers_mut().insert(header::ALLOW, allow);
    }
    (refusal, error.kind())
}

/// What the edge sends.
const ORIGIN_SECRET: HeaderName = HeaderName::from_static("x-origin-secret");

/// Headers of every answer that does not have its own: OWASP's for REST APIs.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// What is true of a path, even where no route is there.
struct Contract {
    function: String,
    error_format: ErrorFormat,
    options: RouteOptions,
}

impl Contract {
    /// What the routes answer; where there is none and the contract asks for an API key, to whoever has one.
    async fn answer(&self, routes: Router, info: &RequestInfo, request: Request) -> Response {
        if let Err(refused) = &info.accepted {
            return refused.clone().into_response();
        }
        // What a refusal needs of the request, which is gone by then.
        let headers = self.options.api_key.map(|_| request.headers().clone());
        let response = match AssertUnwindSafe(routes.oneshot(request)).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => Error::fault("a handler panicked").into_response(),
        };
        let Some(headers) = headers.filter(|_| is_unknown(&response)) else {
            return response;
        };
        Span::current().record("function", &self.function);
        let layer = AuthLayer {
            guard: Guard::Anyone,
            error_format: self.error_format,
            options: self.options,
            takes_no_body: false,
        };
        // Boxed: seldom needed, and by far the largest part of what would be moved with every request.
        match Box::pin(layer.may_know(info, &headers)).await {
            Ok(()) => response,
            Err(refused) => refused.into_response(),
        }
    }
}

/// Whether there is no such path, or no such method.
fn is_unknown(response: &Response) -> bool {
    let failure = response.extensions().get::<Failure>();
    failure.is_some_and(|Failure(error)| matches!(error, Error::NoSuchRoute | Error::MethodNotAllowed))
}

/// Which contract a path belongs to, even where no route is there.
struct Contracts {
    routes: Vec<(String, Contract)>,
    none: Contract,
    rewrites: Vec<fn(&str) -> Option<String>>,
}

impl Contracts {
    fn of(tables: &[Routes]) -> Self {
        let rows = tables
            .iter()
            .flat_map(|table| table.rows().iter().map(move |row| (table, row)));
        let contract = |(table, row): (&Routes, &Route)| Contract {
            function: table.function().to_owned(),
            error_format: row.error_format,
            options: row.options,
        };
        Self {
            routes: rows.map(|of| (of.1.path.to_string(), contract(of))).collect(),
            none: Contract {
                function: String::new(),
                error_format: ErrorFormat::of::<Problem>(),
                options: RouteOptions::default(),
            },
            rewrites: tables.iter().filter_map(|table| table.options.rewrite_path).collect(),
        }
    }

    /// Puts the path in the place of one that a contract takes for it.
    fn rewrite(&self, parts: &mut Parts) {
        let Some(path) = self.rewrites.iter().find_map(|rewrite| rewrite(parts.uri.path())) else {
            return;
        };
        let text = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Ok(path_and_query) = text.parse::<PathAndQuery>() {
            parts.uri = Uri::from(path_and_query);
        }
    }

    /// The contract of the route that shares the most leading segments with the path.
    fn of_path(&self, path: &str) -> &Contract {
        let shared = |route: &str| {
            let pairs = route.split('/').skip(1).zip(path.split('/').skip(1));
            pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
        };
        let closest = self
            .routes
            .iter()
            .max_by_key(|(route, _)| shared(route))
            .filter(|(route, _)| shared(route) > 0);
        closest.map_or(&self.none, |(_, contract)| contract)
    }
}
