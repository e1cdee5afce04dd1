//! Whether a request came by the edge: a CDN before the API that adds a secret to whatever it passes on (docs/edge.md).

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;

use crate::app::App;
use crate::error::{Error, Forbidden, Result};
use crate::proof::opaque::Digest;
use crate::store::secret;

/// A value that is not known may be a new one, so the secret is read again: no more often than this, for anybody can send
/// such values.
const SOONEST: SignedDuration = SignedDuration::from_secs(60);

/// The values that the edge may send, as they were last read.
#[derive(Debug, Default)]
pub struct Origin(RwLock<Option<Known>>);

#[derive(Debug)]
struct Known {
    values: Vec<Digest>,
    read_at: Timestamp,
}

impl Origin {
    /// Whether the edge vouches for a request that brings this. Without an edge nobody does.
    /// Fails where there is one and it does not.
    pub async fn vouches(&self, app: &App, given: Option<&[u8]>) -> Result<bool> {
        let Some(source) = &app.settings.origin_secret else {
            return Ok(false);
        };
        let refused = || Error::from(Forbidden::PastTheEdge);
        let given = given.map(Digest::of).ok_or_else(refused)?;
        if self.is(&given).await {
            return Ok(true);
        }
        self.read_with(app.clock.now(), || secret::read_versions(source))
            .await?;
        match self.is(&given).await {
            true => Ok(true),
            false => Err(refused()),
        }
    }

    /// Reads the secret before the first request needs it.
    pub async fn warm_up(&self, app: &App) -> Result<()> {
        let Some(source) = &app.settings.origin_secret else {
            return Ok(());
        };
        self.read_with(app.clock.now(), || secret::read_versions(source)).await
    }

    /// Compared with each in constant time.
    async fn is(&self, given: &Digest) -> bool {
        let known = self.0.read().await;
        known.as_ref().is_some_and(|known| known.values.contains(given))
    }

    /// Reads the secret, unless that was just done. What is known stays known where it cannot be read.
    async fn read_with<F>(&self, now: Timestamp, read: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<Vec<SecretString>>>,
    {
        let mut known = self.0.write().await;
        let is_fresh = |known: &Known| now.duration_since(known.read_at) < SOONEST;
        if known.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        let values = match (read().await, known.take()) {
            (Ok(values), _) => values
                .iter()
                .map(|value| Digest::of(value.expose_secret().as_bytes()))
                .collect(),
            (Err(error), None) => return Err(error),
            (Err(error), Some(known)) => {
                tracing::warn!(?error, "the origin's secret cannot be read again");
                known.values
            }
        };
        *known = Some(Known { values, read_at: now });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// What it knows after the secret had these values at this second; nothing where it could not be read.
    async fn read(origin: &Origin, second: i64, values: Option<&[&str]>) -> Result<bool> {
        let asked = Cell::new(false);
        let answer = || {
            asked.set(true);
            let values = values.map(|all| all.iter().map(|value| SecretString::from(*value)).collect());
            std::future::ready(values.ok_or_else(|| Error::unavailable("an outage")))
        };
        origin.read_with(at(second), answer).await.map(|()| asked.get())
    }

    async fn known(origin: &Origin, values: [&str; 3]) -> [bool; 3] {
        let [a, b, c] = values.map(|value| Digest::of(value.as_bytes()));
        [origin.is(&a).await, origin.is(&b).await, origin.is(&c).await]
    }

    #[tokio::test]
    async fn while_it_is_rotated_both_values_are_known_and_after_two_rotations_the_first_is_not() {
        let origin = Origin::default();
        let values = ["a", "b", "c"];
        assert_eq!(read(&origin, 0, Some(&["a"])).await, Ok(true));
        assert_eq!(known(&origin, values).await, [true, false, false]);
        assert_eq!(read(&origin, 60, Some(&["b", "a"])).await, Ok(true));
        assert_eq!(known(&origin, values).await, [true, true, false]);
        assert_eq!(read(&origin, 120, Some(&["c", "b"])).await, Ok(true));
        assert_eq!(known(&origin, values).await, [false, true, true]);
    }

    #[tokio::test]
    async fn whatever_is_sent_the_secret_is_read_once_a_minute_and_an_outage_forgets_nothing() {
        let origin = Origin::default();
        assert!(read(&origin, 0, None).await.is_err(), "nothing is known yet");
        assert_eq!(read(&origin, 1, Some(&["a"])).await, Ok(true));
        assert_eq!(read(&origin, 60, Some(&["b"])).await, Ok(false), "not yet");
        assert_eq!(read(&origin, 61, None).await, Ok(true));
        assert_eq!(read(&origin, 62, Some(&["b"])).await, Ok(false), "nor after a failure");
        assert_eq!(known(&origin, ["a", "b", "c"]).await, [true, false, false]);
    }
}
