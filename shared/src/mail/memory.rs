//! Letters in memory: where nothing is kept, and in tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Letter, Mailer};
use crate::error::Result;
use crate::id::MailId;

/// How many letters are kept: the newest.
const KEPT: usize = 1_000;

/// Letters by id. Copies share them.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<MailId, Letter>>>);

impl Memory {
    pub fn letters(&self) -> Vec<Letter> {
        let letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        letters.values().cloned().collect()
    }

    pub fn letter(&self, id: MailId) -> Option<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

impl Mailer for Memory {
    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            letters.entry(letter.id).or_insert_with(|| letter.clone());
            while letters.len() > KEPT {
                letters.pop_first();
            }
            Ok(())
        }
        .boxed()
    }
}
