//! What stands before every handler: tenant, API key, caller and guard.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use super::body;
use super::dialect::ErrorFormat;
use super::request_info::RequestInfo;
use super::routes::{RouteOptions, bearer};
use crate::access::guard::Guard;
use crate::actions::{Caller, Context, api_keys, authenticate};
use crate::error::{Error, Result};

/// What a request has to pass on its way to a route's handler.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthLayer {
    pub(super) guard: Guard,
    pub(super) error_format: ErrorFormat,
    pub(super) options: RouteOptions,
    pub(super) takes_no_body: bool,
}

impl AuthLayer {
    /// Gives the handler its context, or answers in its place.
    pub(super) async fn apply(self, mut request: Request, next: Next) -> Response {
        let Some(info) = request.extensions().get::<RequestInfo>().cloned() else {
            return Error::fault("a request came past the edge").into_response();
        };
        let admitted = match self.context(&info, request.headers()).await {
            Ok(context) => {
                request.extensions_mut().insert(context);
                self.without_body(request).await
            }
            Err(error) => Err(error),
        };
        match admitted {
            Ok(request) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    }

    async fn without_body(self, request: Request) -> Result<Request> {
        if !self.takes_no_body {
            return Ok(request);
        }
        let (parts, body) = request.into_parts();
        body::if_any(&parts.headers, body).await?;
        Ok(Request::from_parts(parts, Body::empty()))
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
