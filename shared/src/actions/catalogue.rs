//! The permission catalogue.

use super::Context;
use crate::domain::permission::Permission;
use crate::error::Result;
use crate::store::roles;

pub async fn list(cx: &Context) -> Result<Vec<Permission>> {
    roles::catalogue(&cx.app.table).await
}
