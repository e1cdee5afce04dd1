//! A password on its way to being kept.

use tokio::sync::OnceCell;

use super::Context;
use crate::domain::text::Password;
use crate::domain::user::PasswordHash;
use crate::error::Result;

/// A password to be set, if any: hashed when it is certain that it may be, and once, however often the unit of work
/// begins again.
pub(super) struct Hashed<'a>(Option<&'a Password>, OnceCell<PasswordHash>);

impl<'a> Hashed<'a> {
    pub(super) fn of(password: Option<&'a Password>) -> Self {
        Self(password, OnceCell::new())
    }

    pub(super) async fn get(&self, cx: &Context) -> Result<Option<PasswordHash>> {
        let Some(password) = self.0 else { return Ok(None) };
        let hash = async || cx.app.hasher.hash(password.secret()).await.map(PasswordHash);
        self.1.get_or_try_init(hash).await.cloned().map(Some)
    }
}
