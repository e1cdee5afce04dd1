//! What is known of a request: its time, its id, and its origin. On Lambda all of it is from API Gateway, never a header
//! that the client could have written; the client's address is from the edge where it vouches for the request, and on a
//! server of one's own from the proxies that it trusts.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::ConnectInfo;
use http::HeaderValue;
use http::header::{HOST, HeaderName, USER_AGENT};
use http::request::Parts;
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use secrecy::SecretString;

use crate::actions::{Context, DeviceTokens, Origin, Surface};
use crate::ambient;
use crate::app::App;
use crate::domain::tenant::TenantId;
use crate::error::{Error, Noun, Result};
use crate::id::UserId;
use crate::settings::{TenantSource, TrustedProxies, written_ip};

/// No history keeps more of a client's name for itself.
const LONGEST_USER_AGENT: usize = 256;

/// What is known of a request before it is routed.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    pub app: Arc<App>,
    pub now: Timestamp,
    /// API Gateway's request id, or one of our own.
    pub request_id: String,
    pub ip: String,
    /// The client, as it calls itself.
    pub user_agent: String,
    /// Whose token came with it, once that is known: for the log.
    pub user: Arc<OnceLock<UserId>>,
    /// What shows that its device was here before.
    pub device: Option<SecretString>,
    /// The `iss` of tokens: the setting, or the address that the request came to.
    pub issuer: String,
    pub address: String,
    /// Whose things it is about.
    pub tenant: Result<TenantId>,
    /// Why it is refused whatever it asks for.
    pub accepted: Result<()>,
}

impl RequestInfo {
    /// What is known of a request that the edge vouches for, or not, and that could be read, or not.
    pub fn of(app: &Arc<App>, parts: &Parts, vouched: Result<bool>, readable: Result<()>) -> Self {
        let now = app.clock.now();
        let (mut request_id, mut ip, mut came_to) = (None, None, None);
        if let Some(RequestContext::ApiGatewayV2(gateway)) = parts.extensions.get::<RequestContext>() {
            request_id.clone_from(&gateway.request_id);
            ip = gateway.http.source_ip.as_deref().map(source);
            let stage = gateway.stage.as_deref().filter(|stage| *stage != "$default");
            let prefix = stage.map(|stage| format!("/{stage}")).unwrap_or_default();
            came_to = gateway
                .domain_name
                .as_ref()
                .map(|domain| format!("https://{domain}{prefix}"));
        }
        if vouched == Ok(true) {
            ip = viewer(parts).or(ip);
        }
        let peer = || {
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|peer| peer.0.ip().to_string())
        };
        // Whom the edge vouches for it has named; what stands before the edge wrote nothing that is read here.
        let ip = match vouched {
            Ok(true) => ip,
            _ => ip
                .or_else(peer)
                .map(|peer| caller(&app.settings.trusted_proxies, parts, peer)),
        };
        let issuer = app.settings.issuer.clone().or_else(|| came_to.clone());
        let issuer = issuer.unwrap_or_else(|| "https://localhost".to_owned());
        // It may have other bytes than ASCII (RFC 9110, 5.5).
        let agent = parts.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        let agent = String::from_utf8_lossy(agent.unwrap_or_default());
        Self {
            now,
            request_id: request_id.unwrap_or_else(|| own_id(now)),
            ip: ip.unwrap_or_default(),
            user_agent: agent.chars().take(LONGEST_USER_AGENT).collect(),
            user: Arc::default(),
            device: device(parts),
            address: came_to.unwrap_or_else(|| issuer.clone()),
            issuer,
            tenant: tenant(&app.settings.tenants, parts),
            accepted: vouched.and(readable),
            app: app.clone(),
        }
    }

    /// The request as actions know it, before anybody asked who makes it.
    pub fn context(&self, surface: Surface) -> Context {
        let origin = Origin {
            surface,
            ip: self.ip.clone(),
            user_agent: self.user_agent.clone(),
        };
        let addresses = (self.issuer.clone(), self.address.clone());
        Context {
            device: DeviceTokens {
                presented: self.device.clone(),
                ..DeviceTokens::default()
            },
            ..Context::of(&self.app, self.now, origin, addresses)
        }
    }
}

/// The tenant that a request names, in the way that the stack lets it.
fn tenant(source: &TenantSource, parts: &Parts) -> Result<TenantId> {
    let named = match source {
        TenantSource::One => None,
        TenantSource::Header => {
            let mut all = parts.headers.get_all("x-tenant").iter();
            let (first, second) = (all.next(), all.next());
            if second.is_some() {
                return Err(Error::NotFound(Noun::Tenant));
            }
            first.map(|value| value.to_str().unwrap_or_default().to_owned())
        }
        TenantSource::Host(domain) => host(parts).and_then(|host| {
            let label = host.strip_suffix(domain.as_str())?.strip_suffix('.')?;
            Some(label.to_owned())
        }),
    };
    named.map_or_else(
        || Ok(TenantId::main()),
        |text| TenantId::parse(&text).map_err(|_| Error::NotFound(Noun::Tenant)),
    )
}

/// The host that a request came to, as DNS knows it: without its port, without the dot that may end it, and in lower
/// case. API Gateway's word and no other, or on a socket the client's.
fn host(parts: &Parts) -> Option<String> {
    let host = match parts.extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(gateway)) => gateway.domain_name.as_deref(),
        _ => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    let name = host?.split(':').next()?;
    Some(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

/// The header by which a device shows its token, and is given one.
pub const DEVICE: HeaderName = HeaderName::from_static("x-usher-device");

fn device(parts: &Parts) -> Option<SecretString> {
    let text = parts.headers.get(DEVICE)?.to_str().ok()?;
    Some(text.into())
}

/// The address that API Gateway names. It has been seen with a space before it, and with its port
/// (<https://github.com/aws-powertools/powertools-lambda-python/issues/7288>): the same caller would be another one each
/// time, and no proxy would be known. What is no address stays as it is.
fn source(text: &str) -> String {
    written_ip(text).map_or_else(|| text.to_owned(), |ip| ip.to_string())
}

/// Who calls where this is who connected: what proxies report that the deployment trusts, and nothing else, is believed.
fn caller(trusted: &TrustedProxies, parts: &Parts, peer: String) -> String {
    let Ok(ip) = peer.parse() else { return peer };
    if trusted.is_empty() {
        return peer;
    }
    // Several lines are one list, in their order (RFC 9110, 5.3). What is no text is no address.
    let lines: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|line| line.to_str().unwrap_or_default())
        .collect();
    trusted
        .caller(ip, lines.iter().flat_map(|line| line.split(',')))
        .to_string()
}

/// The client's address, as CloudFront knows it: with its port, and one of IPv6 with brackets or without.
fn viewer(parts: &Parts) -> Option<String> {
    let text = parts.headers.get("cloudfront-viewer-address")?.to_str().ok()?;
    let (ip, _port) = text.rsplit_once(':')?;
    let ip: IpAddr = ip.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    Some(ip.to_string())
}

fn own_id(now: Timestamp) -> String {
    ambient::uuid_v7(now).map(|id| id.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn the_address_of_api_gateway_is_read_without_spaces_and_port() {
        for (written, expected) in [
            ("203.0.113.24", "203.0.113.24"),
            (" 3.231.2.1", "3.231.2.1"),
            ("10.1.22.195:32554", "10.1.22.195"),
            (" 10.1.22.195:32554 ", "10.1.22.195"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:32554", "2001:db8::1"),
            ("::ffff:10.1.22.195", "10.1.22.195"),
            // The console's test of an API, and what cannot be read, stay as they are.
            ("test-invoke-source-ip", "test-invoke-source-ip"),
            ("10.1.22.195:99999", "10.1.22.195:99999"),
            ("", ""),
        ] {
            assert_eq!(source(written), expected, "{written:?}");
        }
    }
}
