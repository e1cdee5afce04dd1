//! How AWS is reached: one place that makes the HTTP client of every SDK, sets whom it trusts, and keeps it for the life
//! of the process.
//!
//! Region and credentials are those that Lambda puts into the environment. The SDK's chain of providers (profiles, the
//! addresses of machines and containers, STS) is for other places and stays out of the functions' binaries; whoever runs
//! elsewhere loads it with [`client`] and gives what it finds to the table.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;

use self::environment::Environment;
use self::http::{Http, Trust};
use crate::error::{Error, Result};

pub mod dynamodb;
mod environment;
mod http;

/// The configuration of every SDK, once for the process: services that share it share its connections and credentials.
/// An answer that stalls is over by the timeout of its attempt, which every client has; nobody weighs its bytes beside.
pub fn config() -> &'static SdkConfig {
    static CONFIG: OnceLock<SdkConfig> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let region = Environment::text("AWS_REGION");
        let http = client(region.as_deref());
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.map(Region::new))
            .credentials_provider(SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            ))
            .http_client(http)
            .sleep_impl(TokioSleep::new())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .use_fips(Environment::is_true("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(Environment::is_true("AWS_USE_DUALSTACK_ENDPOINT"))
            .service_config(Environment)
            .build()
    })
}

/// What went wrong, in words for the log, with nothing of what was asked and answered: an answer that cannot be read has
/// people's data in it, or a secret, and `Debug` of an error shows the answer. Where there was none, it shows who was not
/// reached.
pub fn causes<E, R>(error: &SdkError<E, R>) -> String
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error {
        SdkError::DispatchFailure(_) => DisplayErrorContext(error).to_string(),
        answered => words(answered),
    }
}

fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let words: Vec<String> = chain.map(ToString::to_string).collect();
    words.join(": ")
}

/// The configuration for an emulator at this address. Whatever answers there, it is not AWS: it needs no credentials, and
/// must not get real ones.
pub fn emulated(url: &str, http: SharedHttpClient) -> SdkConfig {
    let local = Credentials::new("local", "local", None, None, "usher");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(local))
        .http_client(http)
        .sleep_impl(TokioSleep::new())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .endpoint_url(url)
        .build()
}

/// A client of AWS's services in this region, through the proxy that the environment names, if any.
pub fn client(region: Option<&str>) -> SharedHttpClient {
    SharedHttpClient::new(Http::new(Trust::in_region(region).roots()))
}

/// A client for an emulator on this machine: no TLS, and past any proxy that the environment names, which would be asked
/// for an address that only this machine has.
pub fn direct() -> SharedHttpClient {
    SharedHttpClient::new(Http::direct())
}

/// Puts a text to an address that no SDK knows; the status. It has no content type: an address that AWS signed is good
/// for a request without one.
pub async fn put(url: &str, body: &str, connect_timeout: Duration) -> Result<u16> {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout);
    let region = Environment::text("AWS_REGION");
    let http = Http::new(Trust::in_region(region.as_deref()).roots());
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("PUT").map_err(Error::fault)?;
    request.set_uri(url).map_err(Error::fault)?;
    request.headers_mut().insert("content-type", "");
    let answered = http.connector(&settings.build()).call(request).await;
    let answered = answered.map_err(|error| Error::unavailable(format!("{error:?}")))?;
    Ok(answered.status().as_u16())
}

#[cfg(test)]
pub(crate) mod tests;
