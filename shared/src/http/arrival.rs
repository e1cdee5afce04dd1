//! A request as it arrived: its moment, its id, and where it came from. On Lambda all of it is API Gateway's word, never
//! a header that the client could have written.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::header::USER_AGENT;
use http::request::Parts;
use jiff::Timestamp;
use lambda_http::request::RequestContext;

use crate::actions::{Context, Origin, Surface};
use crate::ambient;
use crate::app::App;
use crate::domain::tenant::TenantId;

/// No history keeps more of a client's name for itself.
const LONGEST_USER_AGENT: usize = 256;

/// What is known of a request before it is routed.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The application.
    pub app: Arc<App>,
    /// The request's one moment.
    pub now: Timestamp,
    /// API Gateway's request id, or one of our own.
    pub request_id: String,
    /// The client's address.
    pub ip: String,
    /// The client, as it calls itself.
    pub user_agent: String,
    /// The address that it came to, as the `iss` of tokens.
    pub issuer: String,
}

impl Arrival {
    /// Reads a request's extensions and headers.
    pub fn of(app: &Arc<App>, parts: &Parts) -> Self {
        let now = app.clock.now();
        let (mut request_id, mut ip, mut came_to) = (None, None, None);
        if let Some(RequestContext::ApiGatewayV2(gateway)) = parts.extensions.get::<RequestContext>() {
            request_id.clone_from(&gateway.request_id);
            ip.clone_from(&gateway.http.source_ip);
            let stage = gateway.stage.as_deref().filter(|stage| *stage != "$default");
            let prefix = stage.map(|stage| format!("/{stage}")).unwrap_or_default();
            came_to = gateway
                .domain_name
                .as_ref()
                .map(|domain| format!("https://{domain}{prefix}"));
        }
        let peer = || {
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|peer| peer.0.ip().to_string())
        };
        let agent = parts
            .headers
            .get(USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default();
        Self {
            now,
            request_id: request_id.unwrap_or_else(|| own_id(now)),
            ip: ip.or_else(peer).unwrap_or_default(),
            user_agent: agent.chars().take(LONGEST_USER_AGENT).collect(),
            issuer: app
                .settings
                .issuer
                .clone()
                .or(came_to)
                .unwrap_or_else(|| "https://localhost".to_owned()),
            app: app.clone(),
        }
    }

    /// The request as actions know it, before anybody asked who makes it.
    pub fn context(&self, surface: Surface) -> Context {
        Context {
            app: self.app.clone(),
            now: self.now,
            tenant: TenantId::main(),
            issuer: self.issuer.clone(),
            origin: Origin {
                surface,
                ip: self.ip.clone(),
                user_agent: self.user_agent.clone(),
            },
            caller: None,
        }
    }
}

fn own_id(now: Timestamp) -> String {
    ambient::uuid_v7(now).map(|id| id.to_string()).unwrap_or_default()
}
