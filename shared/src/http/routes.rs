//! The route table of a function: method, path, guard, handler, and its documentation. It is data: tests
//! walk it, the OpenAPI document is made of it, and `template.yaml` is held to it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::auth_layer::AuthLayer;
use super::dialect::{Dialect, ErrorFormat};
use super::known::{Known, Served};
use super::openapi::{Described, Description};
use crate::access::guard::Guard;
use crate::actions::MayChange;
use crate::error::{Error, Result};
use crate::id::UserId;

pub struct Routes {
    error_format: ErrorFormat,
    pub(super) tag: &'static str,
    pub(super) about: Option<&'static str>,
    pub(super) options: RouteOptions,
    rows: Vec<Route>,
    redirects: Vec<(&'static str, &'static str)>,
    pub(super) known: fn() -> Vec<Known>,
}

/// Whether handlers are described: for the document, which no function makes. Without it no schema is in a binary.
const DESCRIBED: bool = cfg!(any(test, feature = "document"));

/// How a body is read for the accounts that it names by id.
pub type Named = fn(&[u8]) -> Vec<UserId>;

/// What is true of all routes of a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct RouteOptions {
    /// Where a request has its API key, where one is asked for before anything else is looked at.
    pub api_key: Option<fn(&HeaderMap) -> Result<String>>,
    /// The path that is meant by another way to write it.
    pub rewrite_path: Option<fn(&str) -> Option<String>>,
    /// They are about the stack, and about no tenant.
    pub tenantless: bool,
    /// What takes `GET` takes `HEAD`.
    pub head: bool,
    /// What must hold beside the common rule where another's account is changed.
    pub stricter: Option<MayChange>,
    /// The accounts that a body names by id.
    pub about: Option<Named>,
    /// Of a row: it makes something, and takes an `Idempotency-Key` (`idempotency.rs`).
    pub makes: bool,
}

pub struct Route {
    pub method: Method,
    pub path: Cow<'static, str>,
    pub guard: Guard,
    pub options: RouteOptions,
    pub error_format: ErrorFormat,
    /// The heading that it stands under in the document.
    pub tag: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Errors of its own, beside those that its guard and its inputs bring along.
    pub errors: Vec<&'static Error>,
    pub dev_only: bool,
    /// It reads no body, and holds one that comes all the same to what every body is held to. (A `GET` ignores it.)
    pub takes_no_body: bool,
    /// What its handler takes and answers: nothing, without the feature `document`.
    pub describe: fn() -> Description,
    /// Its handler's name: `<crate>_<function>`.
    pub operation: String,
    mount: MethodRouter,
}

impl Routes {
    /// A table without rows, whose refusals `D` phrases.
    pub fn new<D: Dialect>(tag: &'static str) -> Self {
        Self {
            error_format: ErrorFormat::of::<D>(),
            tag,
            about: None,
            options: RouteOptions::default(),
            rows: Vec::new(),
            redirects: Vec::new(),
            known: Vec::new,
        }
    }

    /// The description of the table's tag in the document.
    #[must_use]
    pub fn about(mut self, about: &'static str) -> Self {
        self.about = Some(about);
        self
    }

    /// Every route asks for a valid API key, which is read so, before anything else is looked at. To be set before the
    /// rows, as all options are.
    #[must_use]
    pub fn credential(mut self, api_key: fn(&HeaderMap) -> Result<String>) -> Self {
        self.options.api_key = Some(api_key);
        self
    }

    /// Requests whose path has another spelling in this table go on with that one.
    #[must_use]
    pub fn rewrite_path(mut self, rewrite: fn(&str) -> Option<String>) -> Self {
        self.options.rewrite_path = Some(rewrite);
        self
    }

    /// The routes are about the stack, and about no tenant.
    #[must_use]
    pub fn of_no_tenant(mut self) -> Self {
        self.options.tenantless = true;
        self
    }

    /// Whatever takes `GET` takes `HEAD` as well: for what is public. To be set before the rows.
    #[must_use]
    pub fn with_head(mut self) -> Self {
        self.options.head = true;
        self
    }

    /// Leads from a path to another one, relative to it. API Gateway has no route for it: it is part of `$default`.
    #[must_use]
    pub fn redirect(mut self, path: &'static str, to: &'static str) -> Self {
        self.redirects.push((path, to));
        self
    }

    /// Another's account is only changed where this lets the caller, too.
    #[must_use]
    pub fn stricter(mut self, rule: MayChange) -> Self {
        self.options.stricter = Some(rule);
        self
    }

    /// Requests are about the accounts that their bodies name so: they are read in one round trip with the caller's. To be
    /// set before the rows.
    #[must_use]
    pub fn about_accounts(mut self, named: Named) -> Self {
        self.options.about = Some(named);
        self
    }

    /// Routes of other functions: a request for one of these paths with another method is refused as that, and not as
    /// one for an unknown path.
    #[must_use]
    pub fn known(mut self, routes: fn() -> Vec<Known>) -> Self {
        self.known = routes;
        self
    }

    pub fn rows(&self) -> &[Route] {
        &self.rows
    }

    pub(super) fn redirects(&self) -> &[(&'static str, &'static str)] {
        &self.redirects
    }

    /// What its contract is called in the histories.
    pub(super) fn surface(&self) -> &'static str {
        self.error_format.surface.name
    }

    /// The function that has these rows, by its crate's name.
    pub fn function(&self) -> &str {
        let first = self.rows.first().map(|row| row.operation.as_str());
        first
            .and_then(|operation| operation.split('_').next())
            .unwrap_or_default()
    }

    #[must_use]
    pub fn get<H, T>(self, path: impl Into<Cow<'static, str>>, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::GET, MethodFilter::GET, path, guard, handler)
    }

    #[must_use]
    pub fn post<H, T>(self, path: impl Into<Cow<'static, str>>, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::POST, MethodFilter::POST, path, guard, handler)
    }

    #[must_use]
    pub fn put<H, T>(self, path: impl Into<Cow<'static, str>>, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::PUT, MethodFilter::PUT, path, guard, handler)
    }

    #[must_use]
    pub fn patch<H, T>(self, path: impl Into<Cow<'static, str>>, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::PATCH, MethodFilter::PATCH, path, guard, handler)
    }

    #[must_use]
    pub fn delete<H, T>(self, path: impl Into<Cow<'static, str>>, guard: Guard, handler: H) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        self.row(Method::DELETE, MethodFilter::DELETE, path, guard, handler)
    }

    /// What the row before does.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.summary = summary;
        }
        self
    }

    /// The errors that the row before answers beside those that follow from its guard and inputs.
    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = &'static Error>) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.errors.extend(errors);
        }
        self
    }

    /// What the document calls the row before, where several rows have one handler.
    #[must_use]
    pub fn called(mut self, operation: String) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.operation = operation;
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

    pub(super) fn row<H, T>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: impl Into<Cow<'static, str>>,
        guard: Guard,
        handler: H,
    ) -> Self
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        let (error_format, options) = (self.error_format, self.options);
        let options = RouteOptions {
            about: options.about.filter(|_| H::READS_BODY),
            ..options
        };
        let takes_no_body = !H::READS_BODY && method != Method::GET;
        let layer = AuthLayer {
            guard,
            error_format,
            options,
            takes_no_body,
        };
        self.rows.push(Route {
            method,
            path: path.into(),
            guard,
            options,
            error_format,
            tag: self.tag,
            summary: "",
            errors: Vec::new(),
            dev_only: false,
            takes_no_body,
            describe: if DESCRIBED { H::describe } else { Description::default },
            operation: operation(std::any::type_name::<H>()),
            mount: guarded(on(filter, handler), layer),
        });
        self
    }

    /// The rows as an axum router, without those of development stages on other stages.
    pub fn into_router(self, dev: bool, served: &Arc<Served>) -> Router {
        let rows: Vec<Route> = self.rows.into_iter().filter(|row| dev || !row.dev_only).collect();
        let without_head: BTreeSet<_> = rows.iter().map(|row| row.path.clone()).collect();
        let without_head = without_head.into_iter().filter(|path| served.refuses_head(path));
        let router = without_head.fold(Router::new(), |router, path| {
            let refused = refuse_head(path.to_string(), served.clone());
            router.route(&path, refused)
        });
        let redirects = self.redirects.into_iter();
        let router = redirects.fold(router, |router, (path, to)| router.route(path, redirect(to)));
        rows.into_iter()
            .fold(router, |router, row| router.route(&row.path, row.mount))
    }
}

impl Route {
    /// Its method, and `HEAD` beside `GET` where its table has that.
    pub fn methods(&self) -> Vec<Method> {
        let head = (self.options.head && self.method == Method::GET).then_some(Method::HEAD);
        [self.method.clone()].into_iter().chain(head).collect()
    }

    /// What API Gateway calls its routes: `GET /path`.
    pub fn keys(&self) -> Vec<String> {
        let methods = self.methods().into_iter();
        methods.map(|method| format!("{method} {}", self.path)).collect()
    }
}

/// A function of its own, so that there is one of it and not one for each handler.
fn guarded(handler: MethodRouter, layer: AuthLayer) -> MethodRouter {
    handler.route_layer(middleware::from_fn(move |request: Request, next: Next| {
        layer.apply(request, next)
    }))
}

/// Axum answers `HEAD` wherever there is `GET`. Behind API Gateway it never comes to a route that does not name it, and
/// what is true there is true here.
fn refuse_head(path: String, served: Arc<Served>) -> MethodRouter {
    on(MethodFilter::HEAD, async move || served.refuse(&path))
}

/// Relative, so that it is right behind a stage or a proxy that has a path of its own.
fn redirect(to: &'static str) -> MethodRouter {
    on(MethodFilter::GET, async move || (StatusCode::FOUND, [(LOCATION, to)]))
}

/// The bearer token of a request (RFC 6750, 2.1), if it has one: the scheme in any letter case. Credentials of other
/// schemes are none (3.1).
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let all: Vec<&[u8]> = headers
        .get_all(AUTHORIZATION)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    match all.as_slice() {
        all if !all.iter().any(|one| is_bearer(one)) => Ok(None),
        [one] => token(one).map(Some).ok_or(Error::InvalidToken),
        _ => Err(Error::InvalidToken),
    }
}

/// Whether a request has such a token, well-formed or not.
pub fn has_bearer(headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    all.any(|one| is_bearer(one.as_bytes()))
}

fn is_bearer(credentials: &[u8]) -> bool {
    let scheme = credentials.split(|byte| matches!(byte, b' ' | b'\t')).next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
}

fn token(credentials: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(credentials).ok()?.split_once(' ')?;
    // As many spaces as the client likes (RFC 9110, 11.4), and no other white space.
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && is_token68(token)).then_some(token)
}

/// What RFC 9110, 11.2, lets stand behind a scheme.
fn is_token68(text: &str) -> bool {
    let unpadded = text.trim_end_matches('=');
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    !unpadded.is_empty() && unpadded.bytes().all(is_allowed)
}

/// `users::handlers::create` is `users_create`.
fn operation(handler: &str) -> String {
    let krate = handler.split("::").next().unwrap_or_default();
    let name = handler.rsplit("::").next().unwrap_or_default();
    format!("{krate}_{name}")
}
