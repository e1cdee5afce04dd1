//! Steps that were sent at the same time: is there an order of their phases in which each is answered as it was, and after
//! which everything is as it is found to be?

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::apply::Seen;
use super::calls::Call;
use super::expected::Answer;
use super::state::State;

/// After so many states the search ends: what is still not explained counts as a contradiction.
const MOST: usize = 200_000;

/// Holds the state after an order to what came later: the state after all of that, or what it contradicts.
pub type After<'a> = &'a dyn Fn(&State) -> Result<State, String>;

struct Search<'a> {
    calls: &'a [Call],
    answers: &'a [Answer],
    after: After<'a>,
    tried: HashSet<u64>,
    /// The furthest that any order came, and what stood in its way.
    best: (usize, String),
}

/// The state after an order that explains everything, and what came later; else what stands in the way of the one that
/// explains most.
pub fn explained(state: &State, calls: &[Call], answers: &[Answer], after: After) -> Result<State, String> {
    let mut search = Search {
        calls,
        answers,
        after,
        tried: HashSet::new(),
        best: (0, "no order was tried".to_owned()),
    };
    let begun: Vec<Option<Seen>> = calls.iter().map(|_| Some(Seen::default())).collect();
    match search.go(state, &begun, 0) {
        Some(after) => Ok(after),
        None if search.tried.len() > MOST => Err(format!("{}; not every order was tried", search.best.1)),
        None => Err(search.best.1),
    }
}

impl Search<'_> {
    /// `seen` has nothing for a step that is done.
    fn go(&mut self, state: &State, seen: &[Option<Seen>], done: usize) -> Option<State> {
        let mut hasher = DefaultHasher::new();
        (state, seen).hash(&mut hasher);
        if !self.tried.insert(hasher.finish()) || self.tried.len() > MOST {
            return None;
        }
        if seen.iter().all(Option::is_none) {
            return match (self.after)(state) {
                Ok(after) => Some(after),
                Err(why) => {
                    self.failed(done + 1, why);
                    None
                }
            };
        }
        if let Some(n) = (0..seen.len()).find(|n| self.is_without_effect(state, seen, *n)) {
            let mut all = seen.to_vec();
            all[n] = None;
            return self.go(state, &all, done + 1);
        }
        for (n, own) in seen.iter().enumerate() {
            let Some(own) = own else { continue };
            if (0..n).any(|before| seen[before].as_ref() == Some(own) && self.are_alike(before, n)) {
                continue;
            }
            let (mut after, mut now) = (state.clone(), own.clone());
            let expected = after.advance(&self.calls[n], &mut now, &self.answers[n]);
            let mut all = seen.to_vec();
            all[n] = Some(now);
            let mut further = done;
            if let Some(expected) = expected {
                if let Some(why) = expected.differs(&self.answers[n]) {
                    self.failed(done, format!("{:?}: {why}", self.calls[n].step));
                    continue;
                }
                all[n] = None;
                further += 1;
            }
            if let Some(found) = self.go(&after, &all, further) {
                return Some(found);
            }
        }
        None
    }

    /// Whether a step can be answered now as it was, and has no effect whenever it comes: then no order explains more in
    /// which it comes later.
    fn is_without_effect(&self, state: &State, seen: &[Option<Seen>], n: usize) -> bool {
        let Some(mut now) = seen[n].clone() else { return false };
        if self.answers[n].status < 400 || self.calls[n].step.is_an_attempt() {
            return false;
        }
        let mut after = state.clone();
        let expected = loop {
            if let Some(expected) = after.advance(&self.calls[n], &mut now, &self.answers[n]) {
                break expected;
            }
        };
        after == *state && expected.differs(&self.answers[n]).is_none()
    }

    /// Whether two steps are the same, and answered so: what comes of one first comes of the other first.
    fn are_alike(&self, one: usize, other: usize) -> bool {
        let (calls, answers) = (self.calls, self.answers);
        calls[one] == calls[other] && answers[one] == answers[other]
    }

    fn failed(&mut self, done: usize, why: String) {
        if done >= self.best.0 {
            self.best = (done, why);
        }
    }
}
