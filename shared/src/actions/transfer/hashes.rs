//! Hashes of other kinds, and what it costs to compare with them.

use crate::actions::{Context, settings};
use crate::domain::transfer::AccountLine;
use crate::domain::user::PasswordHash;
use crate::error::{Error, Result};
use crate::proof::password::imported;

/// How many kinds of imported hashes, with their parameters, a tenant's unknown logins are compared with at most.
const MOST_HASH_COSTS: usize = 8;

/// The hash as it is kept; what comparing with it costs is noted, for unknown logins to cost the same.
pub(super) async fn hash(cx: &Context, line: &AccountLine) -> Result<Option<PasswordHash>> {
    let Some(PasswordHash(text)) = &line.password_hash else {
        return Ok(None);
    };
    let kept = imported(text).map_err(|why| Error::invalid("/passwordHash", why))?;
    note_cost(cx, &kept.cost).await?;
    Ok(Some(PasswordHash(kept.hash)))
}

async fn note_cost(cx: &Context, cost: &str) -> Result<()> {
    let is_own = cx.app.hasher.cost().as_deref() == Some(cost);
    let current = cx
        .app
        .tenant_settings
        .get(&cx.app, &cx.tenant, cx.app.clock.now())
        .await?;
    let is_known = |known: &[String]| known.iter().any(|known| known == cost);
    if is_own || is_known(&current.hash_costs) {
        return Ok(());
    }
    let noted = settings::change(cx, |mut chosen| {
        if is_known(&chosen.hash_costs) {
            return Ok(chosen);
        }
        // What unregistered names never cost would tell whose name it is. Others may have noted theirs meanwhile.
        if chosen.hash_costs.len() >= MOST_HASH_COSTS {
            let why = format!("{MOST_HASH_COSTS} kinds of hashes, by their parameters, were imported: no more can be");
            return Err(Error::invalid("/passwordHash", why));
        }
        chosen.hash_costs.push(cost.to_owned());
        Ok(chosen)
    });
    noted.await.map(drop)
}
