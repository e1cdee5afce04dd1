//! Random sequences over the routes of all contracts, held to a small model of what the contracts promise.
//!
//! The model is a statement of `docs/contracts` beside Usher's own: plain sets and numbers, without a store, and none of its
//! code. Where a contract leaves something open, the model follows what Usher does, and the comment there has it. Sequences
//! have steps that are sent at the same time: those must be answered as they would be in some order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use self::chance::{Batch, Chance};
use self::ground::Original;
use crate::stage::Outcome;

mod accounts;
mod apply;
mod bodies;
mod calls;
mod chance;
mod draws;
mod ends;
mod expected;
mod grants;
mod ground;
mod history;
mod kept;
mod logins;
mod order;
mod parties;
mod passwords;
mod patches;
mod play;
mod questions;
mod read;
#[expect(
    clippy::unwrap_used,
    reason = "tests of `local` share it; a table that it cannot read is no table of Usher's"
)]
#[path = "../../../local/tests/api/reconcile/differences/mod.rs"]
mod reconcile;
mod rights;
mod role_changes;
mod sends;
mod shrink;
mod state;
mod step;

/// How many steps are played on one table.
const IN_ONE: usize = 400;
/// How many tables are played on at the same time.
const SIDE_BY_SIDE: usize = 2;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub steps: usize,
    /// Whether nothing is sent at the same time.
    pub one_by_one: bool,
    /// After so many contradictions it ends.
    pub most: usize,
}

/// Plays random sequences until so many steps were sent; how many they were. What contradicts the model is an error, with a
/// line for the file of sequences that are played again.
pub async fn run(plan: Plan, say: fn(&str)) -> Outcome<usize> {
    let play = Arc::new(Playing {
        original: Original::new().await?,
        plan,
        say,
        next: AtomicUsize::new(0),
        sent: AtomicUsize::new(0),
        wrong: Mutex::new(Vec::new()),
    });
    let mut players = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let play = play.clone();
        players.spawn(async move { play.go().await });
    }
    while let Some(player) = players.join_next().await {
        player??;
    }
    let wrong = play.wrong.lock().await;
    match wrong.is_empty() {
        true => Ok(play.sent.load(Ordering::Relaxed)),
        false => Err(wrong.join("\n\n").into()),
    }
}

struct Playing {
    original: Original,
    plan: Plan,
    say: fn(&str),
    /// How many sequences were begun.
    next: AtomicUsize,
    sent: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Playing {
    async fn go(&self) -> Outcome<()> {
        while self.sent.load(Ordering::Relaxed) < self.plan.steps && self.wrong.lock().await.len() < self.plan.most {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            match self.one(self.plan.seed.wrapping_add(number as u64)).await? {
                Ok(sent) => {
                    let all = self.sent.fetch_add(sent, Ordering::Relaxed) + sent;
                    (self.say)(&format!(
                        "{all} of {} steps, in {} sequences",
                        self.plan.steps,
                        number + 1
                    ));
                }
                Err(contradiction) => {
                    (self.say)(&contradiction);
                    self.wrong.lock().await.push(contradiction);
                }
            }
        }
        Ok(())
    }

    /// How many steps of a sequence were sent; or what contradicts the model.
    async fn one(&self, seed: u64) -> Outcome<Result<usize, String>> {
        let batches = Chance::of(seed).batches(IN_ONE.min(self.plan.steps), self.plan.one_by_one);
        let found = match play::play(&self.original, &batches).await? {
            Ok(sent) => return Ok(Ok(sent)),
            Err(found) => found,
        };
        let first = format!("seed {seed}, after {} steps: {}", found.sent, found.why);
        (self.say)(&format!("{first}\nit is being shortened"));
        let (shortest, found) = shrink::shortest(&self.original, &batches, found).await?;
        Ok(Err(format!(
            "{first}\n\nin short: {}\n\na line for bench/tests/model_seeds.txt:\n{}",
            found.why,
            line(seed, &shortest)?
        )))
    }
}

/// A sequence as a line of the file: its seed, and the batches as JSON.
fn line(seed: u64, batches: &[Batch]) -> Outcome<String> {
    Ok(format!("{seed} {}", serde_json::to_string(batches)?))
}

/// Plays the sequences of a file, one of [`line`] each: those that contradict the model, each with its reason.
pub async fn replay(text: &str) -> Outcome<Vec<String>> {
    let original = Original::new().await?;
    let mut wrong = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (seed, batches) = line.split_once(' ').ok_or("a line is a seed and batches")?;
        let batches: Vec<Batch> = serde_json::from_str(batches)?;
        if let Err(found) = play::play(&original, &batches).await? {
            wrong.push(format!("{seed}: {}", found.why));
        }
    }
    Ok(wrong)
}
