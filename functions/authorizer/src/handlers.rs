//! The decision.

use std::sync::Arc;

use serde_json::Value;
use usher::access::guard::Guard;
use usher::actions::{Caller, Context, authenticate};
use usher::app::App;
use usher::error::{Error, Result};
use usher::http::lambda::Answered;

use crate::SURFACE;
use crate::wire::{Answer, Question};

/// Whether API Gateway is to let a request through. An error is no decision: API Gateway then answers 500, and lets
/// nobody through either.
pub async fn handle(app: &Arc<App>, payload: Value) -> Result<Answered<Answer>> {
    let question = Question::of(payload, &app.settings)?;
    let mut cx = Context::without_request(app, SURFACE);
    match caller(&mut cx, &question).await {
        Ok(caller) => Ok(Ok(question.allow(&cx, &caller))),
        Err(error @ (Error::NoCredentials | Error::InvalidToken)) => {
            tracing::info!(refused = error.kind());
            Ok(question.unauthenticated())
        }
        Err(error @ Error::Forbidden(_)) => {
            tracing::info!(refused = error.kind());
            Ok(Ok(question.deny()))
        }
        Err(other) => Err(other),
    }
}

/// Whose token it is. The address is another service's and names no tenant, so the token does; a key opens its own tenant
/// alone, whatever a header names.
async fn caller(cx: &mut Context, question: &Question) -> Result<Arc<Caller>> {
    let token = question.token()?;
    cx.tenant = match authenticate::tenant_of(cx, token).await? {
        Some(tenant) => tenant,
        None => question.tenant()?,
    };
    let caller = authenticate::authenticate(cx, token).await?;
    Guard::SignedIn.admit(&caller.rights, caller.must_change_password())?;
    Ok(caller)
}
