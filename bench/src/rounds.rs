//! Two ways to do the same, in turns.

use std::time::{Duration, Instant};

/// How long each of two ways took, round by round.
#[derive(Debug, Default)]
pub struct Rounds(Vec<(Duration, Duration)>);

impl Rounds {
    pub fn push(&mut self, one: Duration, other: Duration) {
        self.0.push((one, other));
    }

    /// How long the first way took in times of the second: lowest, median and highest of the rounds.
    pub fn ratios(&self) -> (f64, f64, f64) {
        let ratio = |(one, other): &(Duration, Duration)| one.as_secs_f64() / other.as_secs_f64();
        let mut all: Vec<f64> = self.0.iter().map(ratio).collect();
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all.get(part).copied().unwrap_or(f64::NAN);
        (at(0), at(all.len() / 2), at(all.len().saturating_sub(1)))
    }
}

/// How long something takes.
pub async fn timed<E>(work: impl Future<Output = Result<(), E>>) -> Result<Duration, E> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed())
}
