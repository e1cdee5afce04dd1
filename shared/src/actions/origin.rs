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

/// A value that is known may have leaked and been replaced since. An instance that is called all day believes it no longer
/// than this.
const LATEST: SignedDuration = SignedDuration::from_mins(5);

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
        let read = || secret::read_versions(source);
        match self.knows(&given, app.clock.now(), read).await? {
            true => Ok(true),
            false => Err(refused()),
        }
    }

    /// Reads the secret before the first request needs it.
    pub async fn warm_up(&self, app: &App) -> Result<()> {
        let Some(source) = &app.settings.origin_secret else {
            return Ok(());
        };
        let read = || secret::read_versions(source);
        self.read_with(app.clock.now(), SOONEST, read).await
    }

    /// Whether this is one of the secret's values, as they are now or were a few minutes ago.
    async fn knows<F>(&self, given: &Digest, now: Timestamp, read: impl Fn() -> F) -> Result<bool>
    where
        F: Future<Output = Result<Vec<SecretString>>>,
    {
        let kept = if self.is(given).await { LATEST } else { SOONEST };
        self.read_with(now, kept, read).await?;
        Ok(self.is(given).await)
    }

    /// Compared with each in constant time.
    async fn is(&self, given: &Digest) -> bool {
        let known = self.0.read().await;
        known.as_ref().is_some_and(|known| known.values.contains(given))
    }

    /// Reads the secret, unless that was done within this time. What is known stays known where it cannot be read.
    async fn read_with<F>(&self, now: Timestamp, kept: SignedDuration, read: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<Vec<SecretString>>>,
    {
        let is_fresh = |known: &Known| now.duration_since(known.read_at) < kept;
        if self.0.read().await.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        let mut known = self.0.write().await;
        // Another request may have read it meanwhile.
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

    /// The secret's values; nothing where it cannot be read.
    fn answer(values: Option<&[&str]>) -> Result<Vec<SecretString>> {
        let values = values.map(|all| all.iter().map(|value| SecretString::from(*value)).collect());
        values.ok_or_else(|| Error::unavailable("an outage"))
    }

    /// Whether it was read at this second, when an unknown value is met.
    async fn read(origin: &Origin, second: i64, values: Option<&[&str]>) -> Result<bool> {
        let asked = Cell::new(false);
        let read = || {
            asked.set(true);
            std::future::ready(answer(values))
        };
        origin.read_with(at(second), SOONEST, read).await.map(|()| asked.get())
    }

    /// Whether a request with this value is believed at this second, while the secret has these values.
    async fn believes(origin: &Origin, given: &str, second: i64, values: Option<&[&str]>) -> Result<bool> {
        let read = || std::future::ready(answer(values));
        origin.knows(&Digest::of(given.as_bytes()), at(second), read).await
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

    #[tokio::test]
    async fn a_leaked_value_that_was_replaced_is_believed_for_five_minutes_at_most() {
        let origin = Origin::default();
        assert_eq!(believes(&origin, "leaked", 0, Some(&["leaked"])).await, Ok(true));
        let rotated: Option<&[&str]> = Some(&["new", "newer"]);
        assert_eq!(
            believes(&origin, "leaked", 299, rotated).await,
            Ok(true),
            "not read yet"
        );
        assert_eq!(believes(&origin, "leaked", 300, rotated).await, Ok(false));
        assert_eq!(believes(&origin, "new", 301, None).await, Ok(true));
    }

    #[tokio::test]
    async fn an_outage_of_the_secret_refuses_no_value_that_was_known_before_it() {
        let origin = Origin::default();
        assert_eq!(believes(&origin, "a", 0, Some(&["a"])).await, Ok(true));
        assert_eq!(believes(&origin, "a", 86_400, None).await, Ok(true));
        assert_eq!(believes(&origin, "b", 86_400, None).await, Ok(false));
        assert_eq!(
            believes(&origin, "a", 86_700, Some(&["b"])).await,
            Ok(false),
            "read again when it is over"
        );
    }
}
