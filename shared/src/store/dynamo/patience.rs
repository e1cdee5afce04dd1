//! How long, and how often, the SDK tries.

use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

/// A client's configuration with our patience: two requests that are given up fit into the ten seconds of a function.
pub fn patient(shared: &aws_config::SdkConfig) -> Builder {
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
                .operation_attempt_timeout(Duration::from_millis(1500))
                .operation_timeout(Duration::from_secs(4))
                .build(),
        )
}

/// How many repetitions a process can have under way: 50 after lost answers, and two more each second.
///
/// The SDK's own quota is one for all clients of a process, and grows by successes alone: after an outage that used it
/// up, a function that is called now and then would answer 503 to the first hiccup of each of its next hundred calls.
fn own_quota() -> RetryPartition {
    let bucket = TokenBucket::builder().capacity(500).refill_rate(20.0).build();
    RetryPartition::custom("usher").token_bucket(bucket).build()
}
