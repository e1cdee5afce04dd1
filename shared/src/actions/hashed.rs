//! A password on its way to being kept.

use std::sync::PoisonError;

use tokio::sync::OnceCell;

use super::{Context, failed_logins};
use crate::domain::text::Password;
use crate::domain::user::PasswordHash;
use crate::error::Result;
use crate::store::attempts::Guess;
use crate::store::unit::Compared;

/// A password to be set, if any: hashed when it is certain that it may be, and once, however often the unit of work
/// begins again.
pub(super) struct Hashed<'a> {
    pub(super) password: Option<&'a Password>,
    hash: OnceCell<PasswordHash>,
    /// The attempt by which this one was compared with the present one, and is another: it is compared once.
    compared: Compared,
}

impl<'a> Hashed<'a> {
    pub(super) fn of(password: Option<&'a Password>) -> Self {
        Self {
            password,
            hash: OnceCell::new(),
            compared: Compared::default(),
        }
    }

    /// The same in a request that keeps its answer, which is carried out anew as a whole where others were quicker: what one
    /// of its tries compared, the next knows.
    pub(super) fn over_tries(mut self, cx: &Context) -> Self {
        if let Some(pending) = &cx.pending {
            self.compared = pending.compared().clone();
        }
        self
    }

    pub(super) async fn get(&self, cx: &Context) -> Result<Option<PasswordHash>> {
        let Some(password) = self.password else { return Ok(None) };
        let hash = async || cx.app.hasher.hash(password.secret()).await.map(PasswordHash);
        self.hash.get_or_try_init(hash).await.cloned().map(Some)
    }

    pub(super) fn differs_from(&self, present: Option<&PasswordHash>) -> bool {
        let known = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .is_some_and(|guess| guess.user.password.as_ref() == present)
    }

    pub(super) fn note_difference(&self, guess: Guess) {
        *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(guess);
    }

    /// What came of the request: see [`settled`].
    pub(super) async fn settled<T>(&self, cx: &Context, outcome: Result<T>) -> Result<T> {
        settled(cx, &self.compared, outcome).await
    }
}

/// What came of a request that sets a password. Where it is refused, its guess at the present one is a failed login like any
/// other (rule 6): else whoever may set it could lock the account, and no history would show by what.
pub(super) async fn settled<T>(cx: &Context, compared: &Compared, outcome: Result<T>) -> Result<T> {
    if outcome.is_err() {
        let guess = compared.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(guess) = guess {
            failed_logins::record_guess(cx, &guess).await?;
        }
    }
    outcome
}
