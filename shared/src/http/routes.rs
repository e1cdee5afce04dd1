//! The route table of a function: method, path, guard, handler, and what the document says of it. It is data: tests
//! walk it, the OpenAPI document is made of it, and `template.yaml` is held to it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{HeaderMap, Method};

use super::arrival::Arrival;
use super::dialect::{Dialect, Speech};
use super::known::Known;
use super::openapi::{Described, Description};
use crate::access::guard::Guard;
use crate::actions::{Caller, Context, authenticate};
use crate::error::{Error, Result};

/// The routes of one function.
pub struct Routes {
    speech: Speech,
    pub(super) tag: &'static str,
    pub(super) about: Option<&'static str>,
    rows: Vec<Route>,
    pub(super) known: Vec<Known>,
}

/// One row of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, `{…}` for what varies.
    pub path: &'static str,
    /// Who may.
    pub guard: Guard,
    /// How refusals are phrased.
    pub speech: Speech,
    /// The heading that it stands under in the document.
    pub tag: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Refusals of its own, beside those that its guard and its inputs bring along.
    pub refusals: &'static [u16],
    /// Whether it exists on development stages only.
    pub dev_only: bool,
    /// What its handler takes and answers.
    pub description: Description,
    /// Its handler's name: `<crate>_<function>`.
    pub operation: String,
    mount: MethodRouter,
}

impl Routes {
    /// A table without rows, whose refusals `D` phrases.
    pub fn new<D: Dialect>(tag: &'static str) -> Self {
        Self {
            speech: Speech::of::<D>(),
            tag,
            about: None,
            rows: Vec::new(),
            known: Vec::new(),
        }
    }

    /// What the document says under the table's heading.
    #[must_use]
    pub fn about(mut self, about: &'static str) -> Self {
        self.about = Some(about);
        self
    }

    /// Routes of other functions: a request for one of these paths with another method is refused as that, and not as
    /// one for a path that nobody has.
    #[must_use]
    pub fn known(mut self, routes: Vec<Known>) -> Self {
        self.known = routes;
        self
    }

    /// The rows.
    pub fn rows(&self) -> &[Route] {
        &self.rows
    }

    /// A `GET` row.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::GET, MethodFilter::GET, path, guard, handler)
    }

    /// A `POST` row.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::POST, MethodFilter::POST, path, guard, handler)
    }

    /// A `PUT` row.
    #[must_use]
    pub fn put<H, T>(self, path: &'static str, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::PUT, MethodFilter::PUT, path, guard, handler)
    }

    /// A `PATCH` row.
    #[must_use]
    pub fn patch<H, T>(self, path: &'static str, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::PATCH, MethodFilter::PATCH, path, guard, handler)
    }

    /// A `DELETE` row.
    #[must_use]
    pub fn delete<H, T>(self, path: &'static str, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::DELETE, MethodFilter::DELETE, path, guard, handler)
    }

    /// What the row before does, and the statuses that it refuses with beside those that follow from its guard and
    /// inputs.
    #[must_use]
    pub fn says(mut self, summary: &'static str, refusals: &'static [u16]) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.summary = summary;
            row.refusals = refusals;
        }
        self
    }

    /// The row before exists on development stages only.
    #[must_use]
    pub fn on_dev_stages(mut self) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.dev_only = true;
        }
        self
    }

    fn row<H, T>(mut self, method: Method, filter: MethodFilter, path: &'static str, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        let speech = self.speech;
        let door = middleware::from_fn(move |request: Request, next: Next| pass(guard, speech, request, next));
        self.rows.push(Route {
            method,
            path,
            guard,
            speech,
            tag: self.tag,
            summary: "",
            refusals: &[],
            dev_only: false,
            description: H::describe(),
            operation: operation(std::any::type_name::<H>()),
            mount: on(filter, handler).route_layer(door),
        });
        self
    }

    /// The rows as an axum router, without those of development stages where the stage is none.
    pub fn into_router(self, dev: bool) -> Router {
        let rows = self.rows.into_iter().filter(|row| dev || !row.dev_only);
        rows.fold(Router::new(), |router, row| router.route(row.path, row.mount))
    }
}

/// A request at the door of its route: asks the guard, and hands the handler its context.
async fn pass(guard: Guard, speech: Speech, mut request: Request, next: Next) -> Response {
    let Some(arrival) = request.extensions().get::<Arrival>().cloned() else {
        return Error::fault("a request came past the edge").into_response();
    };
    let mut context = arrival.context(speech.surface);
    if guard.is_guarded() {
        match admit(guard, &context, request.headers()).await {
            Ok(caller) => context.caller = Some(caller),
            Err(error) => return error.into_response(),
        }
    }
    request.extensions_mut().insert(context);
    next.run(request).await
}

async fn admit(guard: Guard, context: &Context, headers: &HeaderMap) -> Result<Arc<Caller>> {
    let token = bearer(headers)?.ok_or(Error::NoCredentials)?;
    let caller = authenticate::authenticate(context, token).await?;
    guard.admit(&caller.rights, caller.must_change_password())?;
    Ok(caller)
}

/// The bearer token of a request (RFC 6750, 2.1), if it has one: the scheme in any letter case.
///
/// # Errors
/// [`Error::InvalidToken`] where there are several, or the header holds something else.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut all = headers.get_all(http::header::AUTHORIZATION).iter();
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Error::InvalidToken);
    }
    let text = first.to_str().map_err(|_| Error::InvalidToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(Error::InvalidToken)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Some(token))
    } else {
        Err(Error::InvalidToken)
    }
}

/// `users::handlers::create` is `users_create`.
fn operation(handler: &str) -> String {
    let krate = handler.split("::").next().unwrap_or_default();
    let name = handler.rsplit("::").next().unwrap_or_default();
    format!("{krate}_{name}")
}
