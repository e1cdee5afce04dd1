//! The shortest sequence that still contradicts the model, as far as it is found in a while.

use super::chance::Batch;
use super::ground::Original;
use super::play::{Found, play};
use crate::stage::Outcome;

/// How many steps are sent for it at most.
const STEPS: usize = 15_000;

struct Shrink<'a> {
    original: &'a Original,
    left: usize,
    found: Found,
}

/// Leaves out batches, and then steps, as long as what is left contradicts the model as well.
pub async fn shortest(original: &Original, batches: &[Batch], found: Found) -> Outcome<(Vec<Batch>, Found)> {
    let mut shrink = Shrink {
        original,
        left: STEPS,
        found,
    };
    let mut best = batches[..=shrink.found.at].to_vec();
    let mut size = best.len().div_ceil(2);
    while size > 0 {
        best = shrink.without(best, size).await?;
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    best = shrink.thinned(best).await?;
    Ok((best, shrink.found))
}

impl Shrink<'_> {
    /// Whether these contradict it. What is sent at the same time need not every time.
    async fn fails(&mut self, batches: &[Batch]) -> Outcome<bool> {
        let tries = if batches.iter().any(|batch| batch.len() > 1) {
            2
        } else {
            1
        };
        for _ in 0..tries {
            if self.left == 0 {
                return Ok(false);
            }
            let sent = match play(self.original, batches).await? {
                Ok(sent) => sent,
                Err(found) => {
                    self.left = self.left.saturating_sub(found.sent);
                    self.found = found;
                    return Ok(true);
                }
            };
            // A sequence of nothing costs something too.
            self.left = self.left.saturating_sub(sent.max(20));
        }
        Ok(false)
    }

    /// From the end on, without so many batches in a row wherever that is possible.
    async fn without(&mut self, mut best: Vec<Batch>, size: usize) -> Outcome<Vec<Batch>> {
        let mut end = best.len();
        while end > 0 && self.left > 0 {
            let begin = end.saturating_sub(size);
            let shorter = [&best[..begin], &best[end..]].concat();
            if !shorter.is_empty() && self.fails(&shorter).await? {
                best = shorter[..=self.found.at].to_vec();
            }
            end = begin.min(best.len());
        }
        Ok(best)
    }

    async fn thinned(&mut self, mut best: Vec<Batch>) -> Outcome<Vec<Batch>> {
        for batch in (0..best.len()).rev() {
            let mut step = best.get(batch).map_or(0, Vec::len);
            while step > 0 && best.get(batch).is_some_and(|batch| batch.len() > 1) {
                step -= 1;
                let mut shorter = best.clone();
                if step < shorter[batch].len() {
                    shorter[batch].remove(step);
                    if self.fails(&shorter).await? {
                        best = shorter[..=self.found.at].to_vec();
                    }
                }
            }
        }
        Ok(best)
    }
}
