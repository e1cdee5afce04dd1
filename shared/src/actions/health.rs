//! Whether a stack can do its work.

use super::Context;
use crate::error::{Error, Result};
use crate::store::keys;

/// Reads one item, strongly consistent: the one that set-up writes together with the first signing key. It stands in the
/// one partition that the function which strangers may ask can read.
pub async fn check(cx: &Context) -> Result<()> {
    let first = cx.app.table.get(&keys::first_signing_key()).await?;
    first.map(|_| ()).ok_or(Error::NotSetUp)
}
