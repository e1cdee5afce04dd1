//! What the scheduler does with a deployed stack each day: set-up, which signs the chains of the rights history and
//! rotates keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use usher::app::App;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Daily(JoinHandle<()>);

impl Daily {
    /// From tomorrow on: the start has done it today.
    pub fn start(app: Arc<App>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(DAY).await;
                if let Err(error) = setup::local(&app).await {
                    tracing::warn!(?error, "the daily set-up failed");
                }
            }
        }))
    }
}

impl Drop for Daily {
    fn drop(&mut self) {
        self.0.abort();
    }
}
