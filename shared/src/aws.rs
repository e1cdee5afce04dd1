//! How AWS is reached: one place that makes the HTTP client of every SDK, sets whom it trusts, and keeps it for the life
//! of the process.
//!
//! The SDK's own client reads the machine's whole trust store, three quarters of what starting it takes. Ours knows the
//! five roots of Amazon Trust Services, which sign for every endpoint of the regions that are open to all and of
//! GovCloud; whoever else the machine trusts cannot pass for AWS.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tokio::sync::OnceCell;

use crate::error::{Error, Result};

const ROOTS: &str = include_str!("aws/roots.pem");

/// The SDK's configuration, by the region and the credentials of the environment.
pub async fn loader() -> ConfigLoader {
    let trust = trusted(region().await.as_deref());
    let client = Builder::new().build_with_connector_fn(move |settings, _| {
        let settings = settings.cloned().unwrap_or_default();
        https(trust.clone(), settings)
    });
    aws_config::defaults(BehaviorVersion::latest()).http_client(client)
}

/// What [`loader`] loads, once for the process: services that share it share its connections and credentials.
pub async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIG.get_or_init(|| async { loader().await.load().await }).await
}

/// Puts a text to an address that no SDK knows; the status. It has no content type: an address that AWS signed is good
/// for a request without one.
pub async fn put(url: &str, body: &str, connect_timeout: Duration) -> Result<u16> {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout);
    let connector = https(trusted(region().await.as_deref()), settings.build());
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("PUT").map_err(Error::fault)?;
    request.set_uri(url).map_err(Error::fault)?;
    request.headers_mut().insert("content-type", "");
    let answered = connector.call(request).await;
    let answered = answered.map_err(|error| Error::unavailable(format!("{error:?}")))?;
    Ok(answered.status().as_u16())
}

/// A client for an emulator on this machine: no TLS, and past any proxy that the environment names, which would be asked
/// for an address that only this machine has.
pub fn direct() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, _| {
        let connector = Connector::builder().proxy_config(ProxyConfig::disabled());
        let settings = settings.cloned().unwrap_or_default();
        connector
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .build_http()
    })
}

/// The region that Lambda names.
async fn region() -> Option<String> {
    let region = EnvironmentVariableRegionProvider::new().region().await;
    region.map(|region| region.to_string())
}

/// Whom a client in this region trusts. The partitions of China, of the European Sovereign Cloud and of those that are
/// closed have authorities of their own, so there it is whom the machine trusts.
fn trusted(region: Option<&str>) -> TrustStore {
    let open = |region: &str| {
        // The SDK's own rule: three parts, while those of the other partitions have four, but for China's.
        let parts: Vec<&str> = region.split('-').collect();
        matches!(parts[..], [place, _, _] if place != "cn") || region.starts_with("us-gov-")
    };
    if region.is_none_or(open) {
        TrustStore::empty().with_pem_certificate(ROOTS)
    } else {
        TrustStore::default()
    }
}

/// A connector that trusts these, through the proxy that the environment names, if any.
fn https(trust: TrustStore, settings: HttpConnectorSettings) -> Connector {
    // It cannot fail, and if it ever did, the machine's trust store would be slower and not weaker.
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .unwrap_or_default();
    Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .proxy_config(ProxyConfig::from_env())
        .connector_settings(settings)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build()
}

#[cfg(test)]
pub(crate) mod tests;
