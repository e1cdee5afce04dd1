//! Signatures that were found right, so that the same token is not proven anew with every request: a third of what an
//! authorised request computes.
//!
//! Of a token its SHA-256 is remembered, and nothing of what it states: header, claims and times are read from it each time,
//! and the account's state decides as before. A right signature stays right, so there is nothing to expire; what is
//! forgotten is proven once more.

use std::collections::HashSet;
use std::mem;
use std::sync::{Mutex, PoisonError};

use super::Refusal;
use crate::proof::opaque::Digest;

/// How many tokens a generation has. Two of them are remembered: 128 KB.
const GENERATION: usize = 2_048;

type Sha256 = [u8; 32];

/// The tokens of one key.
#[derive(Debug, Default)]
pub(super) struct Proven(Mutex<Generations>);

/// The younger one is filled. What is asked for in the older one moves into it, and the rest is forgotten together.
#[derive(Debug, Default)]
struct Generations {
    younger: HashSet<Sha256>,
    older: HashSet<Sha256>,
}

impl Proven {
    /// Whether this token is proven: known already, or by `prove`. A refused one is not remembered.
    pub fn or_prove(&self, token: &str, prove: impl FnOnce() -> Result<(), Refusal>) -> Result<(), Refusal> {
        let sha256 = *Digest::of(token.as_bytes()).as_bytes();
        if self.knows(&sha256) {
            return Ok(());
        }
        prove()?;
        self.note(sha256);
        Ok(())
    }

    fn knows(&self, sha256: &Sha256) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.younger.contains(sha256) {
            return true;
        }
        let is_older = known.older.remove(sha256);
        if is_older {
            known.insert(*sha256);
        }
        is_older
    }

    fn note(&self, sha256: Sha256) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(sha256);
    }
}

impl Generations {
    fn insert(&mut self, sha256: Sha256) {
        if self.younger.len() >= GENERATION {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.insert(sha256);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(proven: &Proven) -> usize {
        let known = proven.0.lock().unwrap();
        known.younger.len() + known.older.len()
    }

    #[test]
    fn what_was_proven_is_not_proven_again_and_what_was_refused_is() {
        let proven = Proven::default();
        for _ in 0..2 {
            assert_eq!(
                proven.or_prove("wrong", || Err(Refusal::Signature)),
                Err(Refusal::Signature)
            );
        }
        assert_eq!((proven.or_prove("right", || Ok(())), known(&proven)), (Ok(()), 1));
        let again = proven.or_prove("right", || panic!("it is remembered"));
        assert_eq!(again, Ok(()));
        assert_eq!(
            proven.or_prove("Right", || Err(Refusal::Signature)),
            Err(Refusal::Signature)
        );
    }

    #[test]
    fn a_whole_generation_is_remembered() {
        let proven = Proven::default();
        for n in 0..GENERATION {
            proven.or_prove(&n.to_string(), || Ok(())).unwrap();
        }
        for n in 0..GENERATION {
            assert_eq!(proven.or_prove(&n.to_string(), || panic!("{n} is remembered")), Ok(()));
        }
    }

    #[test]
    fn however_many_tokens_there_are_two_generations_are_remembered_and_those_in_use_stay() {
        let proven = Proven::default();
        for n in 0..10 * GENERATION {
            proven.or_prove(&n.to_string(), || Ok(())).unwrap();
            assert!(known(&proven) <= 2 * GENERATION, "{n}");
            let in_use = proven.or_prove("0", || panic!("it was in use a moment ago"));
            assert_eq!(in_use, Ok(()));
        }
        let forgotten = proven.or_prove("1", || Err(Refusal::Signature));
        assert_eq!(forgotten, Err(Refusal::Signature));
    }
}
