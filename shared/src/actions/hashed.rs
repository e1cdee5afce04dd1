//! A password on its way to being kept.

use std::sync::PoisonError;

use tokio::sync::OnceCell;

use super::Context;
use crate::domain::text::Password;
use crate::domain::user::PasswordHash;
use crate::error::Result;
use crate::store::unit::Compared;

/// A password to be set, if any: hashed when it is certain that it may be, and once, however often the unit of work
/// begins again.
pub(super) struct Hashed<'a> {
    pub(super) password: Option<&'a Password>,
    hash: OnceCell<PasswordHash>,
    /// The present password, where this one was compared with it and is another: it is compared once.
    differs_from: Compared,
}

impl<'a> Hashed<'a> {
    pub(super) fn of(password: Option<&'a Password>) -> Self {
        Self {
            password,
            hash: OnceCell::new(),
            differs_from: Compared::default(),
        }
    }

    /// The same in a request that keeps its answer, which is carried out anew as a whole where others were quicker: what one
    /// of its tries compared, the next knows.
    pub(super) fn over_tries(mut self, cx: &Context) -> Self {
        if let Some(pending) = &cx.pending {
            self.differs_from = pending.compared().clone();
        }
        self
    }

    pub(super) async fn get(&self, cx: &Context) -> Result<Option<PasswordHash>> {
        let Some(password) = self.password else { return Ok(None) };
        let hash = async || cx.app.hasher.hash(password.secret()).await.map(PasswordHash);
        self.hash.get_or_try_init(hash).await.cloned().map(Some)
    }

    pub(super) fn differs_from(&self, present: Option<&PasswordHash>) -> bool {
        let known = self.differs_from.lock().unwrap_or_else(PoisonError::into_inner);
        known.is_some() && known.as_ref() == present
    }

    pub(super) fn note_difference(&self, present: Option<PasswordHash>) {
        *self.differs_from.lock().unwrap_or_else(PoisonError::into_inner) = present;
    }
}
