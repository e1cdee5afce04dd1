//! How long, and how often, the SDK tries.

use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// A client's configuration with our patience: whatever happens, a request is over by the deadline.
pub fn patient(shared: &aws_config::SdkConfig, deadline: Duration) -> Builder {
    Builder::from(shared)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(4)
                .with_initial_backoff(Duration::from_millis(25)),
        )
        .retry_partition(own_quota())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(1))
                .operation_attempt_timeout(deadline * 3 / 8)
                .operation_timeout(deadline)
                .build(),
        )
}

/// A client for an emulator on this machine: no TLS, and past any proxy that the environment names, which would be asked
/// for an address that only this machine has.
pub fn direct() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_with_connector_fn(|settings, _| {
        let connector = Connector::builder().proxy_config(ProxyConfig::disabled());
        let settings = settings.cloned().unwrap_or_default();
        connector
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .build_http()
    })
}

/// How many repetitions a process can have under way: 50 after lost answers, and two more each second.
///
/// The SDK's own quota is one for all clients of a process, and grows by successes alone: after an outage that used it
/// up, a function that is called now and then would answer 503 to the first hiccup of each of its next hundred calls.
fn own_quota() -> RetryPartition {
    let bucket = TokenBucket::builder().capacity(500).refill_rate(20.0).build();
    RetryPartition::custom("usher").token_bucket(bucket).build()
}
