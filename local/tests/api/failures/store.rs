//! The store with one fault: the HTTP client of the application's AWS SDK, as the embedded DynamoDB itself is.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use local::embedded::Store;
use serde_json::Value;

use super::fault::{Kind, Plan, Request};
use crate::proxy::begin_again;

#[derive(Debug, Clone)]
pub struct Faulty {
    store: Store,
    /// As it was a while ago.
    behind: Store,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    plan: Option<Plan>,
    requests: Vec<Request>,
    happened: bool,
    /// Whether a write came through.
    written: bool,
}

impl Faulty {
    pub fn new(store: Store, behind: Store, plan: Option<Plan>) -> Self {
        let state = State {
            plan,
            ..State::default()
        };
        Self {
            store,
            behind,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Ends the fault; whether it happened.
    pub fn calm(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        state.plan = None;
        state.happened
    }

    /// All requests since the beginning.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Whether a write came through since the beginning.
    pub fn has_written(&self) -> bool {
        self.state.lock().unwrap().written
    }

    fn note(&self, request: Request) -> Option<Kind> {
        let mut state = self.state.lock().unwrap();
        let number = state.requests.len() + 1;
        let plan = state.plan.filter(|plan| plan.has(number, &request));
        state.happened |= plan.is_some();
        state.requests.push(request);
        plan.map(|plan| plan.kind)
    }

    async fn answer(&self, target: String, sent: &[u8]) -> Result<(u16, Vec<u8>), ConnectorError> {
        let operation = target.rsplit('.').next().unwrap().to_owned();
        let mut body: Value = serde_json::from_slice(sent).unwrap();
        let request = Request::of(&operation, &body);
        let writes = request.writes();
        let fault = self.note(request);
        if let Some(answer) = fault.and_then(|kind| kind.answer(&operation, &body)) {
            return Ok(answer);
        }
        match fault {
            Some(Kind::TimeoutBefore) => std::future::pending().await,
            Some(Kind::LostBefore) => return Err(lost()),
            _ => {}
        }
        self.state.lock().unwrap().written |= writes;
        begin_again(&mut body);
        let store = if fault == Some(Kind::Stale) {
            &self.behind
        } else {
            &self.store
        };
        let answer = store.call(target, body.to_string().into()).await.unwrap();
        match fault {
            Some(Kind::TimeoutAfter) => std::future::pending().await,
            Some(Kind::LostAfter) => Err(lost()),
            _ => Ok((answer.status, answer.body)),
        }
    }
}

fn lost() -> ConnectorError {
    ConnectorError::io("the connection was lost".into())
}

impl HttpClient for Faulty {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let faulty = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap().to_owned();
            let (status, body) = faulty.answer(target, request.body().bytes().unwrap()).await?;
            Ok(HttpResponse::new(status.try_into().unwrap(), body.into()))
        })
    }
}
