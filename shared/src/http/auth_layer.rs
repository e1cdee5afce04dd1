//! What stands before every handler: tenant, API key, caller and guard.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;

use super::body;
use super::dialect::ErrorFormat;
use super::idempotency;
use super::rate_limit_fields;
use super::request_info::{DEVICE, RequestInfo};
use super::routes::{RouteOptions, bearer};
use crate::access::guard::Guard;
use crate::actions::{Caller, Context, api_keys, authenticate};
use crate::error::{Error, Result};
use crate::id::UserId;

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
    pub(super) async fn apply(self, request: Request, next: Next) -> Response {
        let Some(info) = request.extensions().get::<RequestInfo>().cloned() else {
            return Error::fault("a request came past the edge").into_response();
        };
        let (mut request, about) = match self.about(request).await {
            Ok(read) => read,
            Err(error) => return error.into_response(),
        };
        let admitted = match self.context(&info, request.headers(), about).await {
            Ok(context) => {
                let quota = (context.quota.clone(), context.device.issued.clone());
                request.extensions_mut().insert(context);
                self.without_body(request).await.map(|request| (request, quota))
            }
            Err(error) => Err(error),
        };
        let (request, (quota, device)) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => return error.into_response(),
        };
        let mut response = match self.options.makes {
            true => idempotency::answered(request, next).await,
            false => next.run(request).await,
        };
        if let Some(quota) = quota.get() {
            rate_limit_fields::of_quota(response.headers_mut(), quota);
        }
        let device = device.get().map(|token| HeaderValue::from_str(token.expose_secret()));
        if let Some(Ok(token)) = device {
            response.headers_mut().insert(DEVICE, token);
        }
        response
    }

    /// The accounts that the body names, where the table's requests are about such.
    async fn about(self, request: Request) -> Result<(Request, Vec<UserId>)> {
        let Some(named) = self.options.about else {
            return Ok((request, Vec::new()));
        };
        let (parts, body) = request.into_parts();
        let bytes = body::read(body).await?;
        let about = named(&bytes);
        Ok((Request::from_parts(parts, bytes.into()), about))
    }

    /// Whether the answer may be that there is no such path, or no such method: where a contract asks for an API key, it is
    /// asked for before anything else is looked at.
    pub(super) async fn may_know(self, info: &RequestInfo, headers: &HeaderMap) -> Result<()> {
        match self.options.api_key {
            Some(_) => self.context(info, headers, Vec::new()).await.map(drop),
            None => Ok(()),
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

    async fn context(self, info: &RequestInfo, headers: &HeaderMap, about: Vec<UserId>) -> Result<Context> {
        let mut context = info.context(self.error_format.surface);
        context.about = about;
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
            _ => context.caller = Some(self.admit(&context, headers, &info.user).await?),
        }
        Ok(context)
    }

    async fn admit(self, context: &Context, headers: &HeaderMap, known: &OnceLock<UserId>) -> Result<Arc<Caller>> {
        let token = match bearer(headers) {
            Ok(Some(token)) => token,
            refused => {
                api_keys::check_own(context).await?;
                return Err(refused.err().unwrap_or(Error::NoCredentials));
            }
        };
        let caller = authenticate::authenticate(context, token).await?;
        known.get_or_init(|| caller.id);
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
