//! What a login is compared with where there is nothing to compare with, so that time tells nothing about who exists.
//!
//! Comparing with an imported hash takes longer, or shorter, than with one of our own. So in a tenant that has such
//! accounts, each unregistered name costs what one of these kinds costs, or what our own do: always the same one, picked
//! by a tag of the name that only whoever signs tokens can work out. What is left to see is that a name costs something
//! else from one day on: an account's does from its first login on.

use super::Context;
use crate::error::Result;

/// The cost for this name if it is unregistered; none means that of our own hashes.
pub(super) async fn cost(cx: &Context, name: &str) -> Result<Option<String>> {
    let costs = &cx.tenant_settings.hash_costs;
    if costs.is_empty() {
        return Ok(None);
    }
    let key = cx.app.master_key().await?.mac_key();
    let tag = key.hmac(cx.tenant.as_str().as_bytes(), name.as_bytes());
    let turn = usize::from(u16::from_be_bytes([tag[0], tag[1]])) % (costs.len() + 1);
    Ok(costs.get(turn).cloned())
}
