//! How long, and how often, the SDK tries.

use std::time::Duration;

use crate::ambient;
use crate::error::{Error, Result};
use crate::metrics::{Metric, Metrics};

use aws_sdk_dynamodb::config::Layer;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

/// Our retry, as the settings of a client: whatever happens, a request is over by the deadline.
///
/// DynamoDB answers within milliseconds, so a connection that takes a second has failed. A try that gets three eighths of
/// the time leaves room for a second one of the same length and for the rests between; four tries, because a throttled
/// partition takes that long to be split, or for its burst to be over.
pub fn settings(deadline: Duration) -> Layer {
    let mut settings = Layer::new("usher");
    settings.store_put(
        RetryConfig::standard()
            .with_max_attempts(4)
            .with_initial_backoff(Duration::from_millis(25)),
    );
    settings.store_put(own_quota());
    settings.store_put(
        TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(deadline * 3 / 8)
            .operation_timeout(deadline)
            .build(),
    );
    settings
}

/// How many repetitions a process can have under way: 50 after lost answers, and two more each second.
///
/// The SDK's own quota is one for all clients of a process, and grows by successes alone: after an outage that used it
/// up, a function that is called now and then would answer 503 to the first transient failure of each of its next hundred calls.
fn own_quota() -> RetryPartition {
    let bucket = TokenBucket::builder().capacity(500).refill_rate(20.0).build();
    RetryPartition::custom("usher").token_bucket(bucket).build()
}

/// How often in a row others can be in the way of one request.
const IN_A_ROW: u32 = 8;

/// The delays between tries of what the SDK does not repeat, each longer than the one before, and by chance, so that a
/// crowd parts.
#[derive(Debug, Default)]
pub struct Delays(u32);

impl Delays {
    pub async fn next(&mut self, metrics: &Metrics) -> Result<()> {
        self.0 += 1;
        if self.0 >= IN_A_ROW {
            return Err(Error::unavailable(format!(
                "gave up after {IN_A_ROW} tries: others were in the way, or it was throttled"
            )));
        }
        metrics.count(Metric::StoreRetries);
        jitter(Duration::from_millis(5 << self.0)).await
    }
}

/// Waits some of this time, by chance.
pub async fn jitter(most: Duration) -> Result<()> {
    let [chance] = ambient::random::<1>()?;
    tokio::time::sleep(most * u32::from(chance) / 255 + Duration::from_millis(1)).await;
    Ok(())
}
