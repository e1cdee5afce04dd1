//! The route table of a function: method, path, guard, handler, and its documentation. It is data: tests
//! walk it, the OpenAPI document is made of it, and `template.yaml` is held to it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{HeaderMap, Method};

use super::dialect::{Dialect, ErrorFormat};
use super::known::{Known, method_not_allowed};
use super::openapi::{Described, Description};
use super::request_info::RequestInfo;
use crate::access::guard::Guard;
use crate::actions::{Caller, Context, MayChange, api_keys, authenticate};
use crate::error::{Error, Result};

pub struct Routes {
    error_format: ErrorFormat,
    pub(super) tag: &'static str,
    pub(super) about: Option<&'static str>,
    pub(super) options: RouteOptions,
    rows: Vec<Route>,
    pub(super) known: fn() -> Vec<Known>,
}

/// What is true of all routes of a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct RouteOptions {
    /// Where a request has its API key, where one is asked for before anything else is looked at.
    pub api_key: Option<fn(&HeaderMap) -> Result<String>>,
    /// The path that is meant by another way to write it.
    pub rewrite_path: Option<fn(&str) -> Option<String>>,
    /// They are about the stack, and about no tenant.
    pub tenantless: bool,
    /// What must hold beside the common rule where another's account is changed.
    pub stricter: Option<MayChange>,
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
    /// What its handler takes and answers. It is asked for by the document alone.
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

    /// Another's account is only changed where this lets the caller, too.
    #[must_use]
    pub fn stricter(mut self, rule: MayChange) -> Self {
        self.options.stricter = Some(rule);
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

    fn row<H, T>(
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
        let layer = AuthLayer {
            guard,
            error_format,
            options,
        };
        let layer = middleware::from_fn(move |request: Request, next: Next| layer.apply(request, next));
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
            describe: H::describe,
            operation: operation(std::any::type_name::<H>()),
            mount: on(filter, handler).route_layer(layer),
        });
        self
    }

    /// The rows as an axum router, without those of development stages on other stages.
    pub fn into_router(self, dev: bool) -> Router {
        let rows: Vec<Route> = self.rows.into_iter().filter(|row| dev || !row.dev_only).collect();
        let mut methods = BTreeMap::<_, Vec<Method>>::new();
        for row in &rows {
            methods.entry(row.path.clone()).or_default().push(row.method.clone());
        }
        methods.retain(|_, methods| methods.contains(&Method::GET));
        let router = methods.into_iter().fold(Router::new(), |router, (path, methods)| {
            router.route(&path, refuse_head(methods))
        });
        rows.into_iter()
            .fold(router, |router, row| router.route(&row.path, row.mount))
    }
}

/// Axum answers `HEAD` wherever there is `GET`. Behind API Gateway it never comes to a route that does not name it, and
/// what is true there is true here.
fn refuse_head(methods: Vec<Method>) -> MethodRouter {
    on(MethodFilter::HEAD, async move || method_not_allowed(&methods))
}

/// What a request has to pass on its way to a route's handler.
#[derive(Debug, Clone, Copy)]
struct AuthLayer {
    guard: Guard,
    error_format: ErrorFormat,
    options: RouteOptions,
}

impl AuthLayer {
    /// Gives the handler its context, or answers in its place.
    async fn apply(self, mut request: Request, next: Next) -> Response {
        let Some(info) = request.extensions().get::<RequestInfo>().cloned() else {
            return Error::fault("a request came past the edge").into_response();
        };
        match self.context(&info, request.headers()).await {
            Ok(context) => {
                request.extensions_mut().insert(context);
                next.run(request).await
            }
            Err(error) => error.into_response(),
        }
    }

    async fn context(self, info: &RequestInfo, headers: &HeaderMap) -> Result<Context> {
        let mut context = info.context(self.error_format.surface);
        context.stricter = self.options.stricter;
        if !self.options.tenantless {
            context.enter(info.tenant.clone()?).await?;
        }
        if let Some(read) = self.options.api_key {
            context.api_key = Some(read(headers)?);
        }
        match self.guard {
            Guard::Anyone => api_keys::check_own(&context).await?,
            Guard::Guest => self.guest(&context, headers).await?,
            _ => context.caller = Some(self.admit(&context, headers).await?),
        }
        Ok(context)
    }

    async fn admit(self, context: &Context, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let token = match bearer(headers) {
            Ok(Some(token)) => token,
            refused => {
                api_keys::check_own(context).await?;
                return Err(refused.err().unwrap_or(Error::NoCredentials));
            }
        };
        let caller = authenticate::authenticate(context, token).await?;
        self.guard.admit(&caller.rights, caller.must_change_password())?;
        Ok(caller)
    }

    /// A token that opens nothing is no reason to refuse a guest.
    async fn guest(self, context: &Context, headers: &HeaderMap) -> Result<()> {
        let Ok(Some(token)) = bearer(headers) else {
            return api_keys::check_own(context).await;
        };
        match authenticate::authenticate(context, token).await {
            Ok(_) => Err(Error::AlreadySignedIn),
            Err(Error::InvalidToken) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

/// The bearer token of a request (RFC 6750, 2.1), if it has one: the scheme in any letter case.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut all = headers.get_all(http::header::AUTHORIZATION).iter();
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Error::InvalidToken);
    }
    let text = first.to_str().map_err(|_| Error::InvalidToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(Error::InvalidToken)?;
    // As many spaces as the client likes (RFC 9110, 11.4), and no other white space.
    let token = token.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && is_token68(token) {
        Ok(Some(token))
    } else {
        Err(Error::InvalidToken)
    }
}

/// What RFC 9110, 11.2, lets stand behind a scheme.
fn is_token68(text: &str) -> bool {
    let unpadded = text.trim_end_matches('=');
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !unpadded.is_empty() && unpadded.bytes().all(is_allowed)
}

/// `users::handlers::create` is `users_create`.
fn operation(handler: &str) -> String {
    let krate = handler.split("::").next().unwrap_or_default();
    let name = handler.rsplit("::").next().unwrap_or_default();
    format!("{krate}_{name}")
}
