//! Pages of a search by number.

use super::found::{Bounds, Distinct, Extent, STEPS, at, extent, matching, own, walk};
use super::walk::Walked;
use super::{COUNTED, DOMAIN_ENTRIES, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::store::domains;

/// What is found to be put into an order, where few of the newest match.
const BOUNDS: Bounds = Bounds {
    entries: 2_500,
    reads: 6,
    accounts: 2_500,
    most: 10_000,
};
/// At how many domains accounts are looked for.
const MOST_DOMAINS: usize = 1_000;
/// How many steps along the list there are where many of the newest match: a hundred thousand accounts.
const FURTHER_STEPS: usize = 20;

/// The ids of a page by number, newest first, and how many there are. Where more match than can be found at once
/// ([`all`]), pages follow the order of the entries; beyond a thousand, matches are counted only as far as this page needs.
/// A page that is further down than matches are looked for is [`Error::Invalid`]: it is not known to be empty.
pub(super) async fn page(cx: &Context, q: &str, skipped: usize, limit: usize) -> Result<(Vec<UserId>, Total)> {
    let some = |ids: &[UserId]| ids.iter().skip(skipped).take(limit).copied().collect();
    let least = match extent(cx, q).await? {
        Extent::Whole(ids) => return Ok((some(&ids), Total::exactly(many(ids.len())))),
        Extent::More(least) => least,
    };
    let first = walk(cx, q, None).until(COUNTED, &STEPS[..1]).await?;
    let (ids, is_whole) = if first.last.is_some() && first.ids.len() <= limit {
        all(cx, q).await?
    } else {
        let wanted = skipped.saturating_add(limit).saturating_add(1).max(COUNTED + 1);
        let missing = wanted.saturating_sub(first.ids.len());
        let rest = match first.last {
            None => Walked::default(),
            last => walk(cx, q, last).until(missing, &[STEPS[1]; FURTHER_STEPS]).await?,
        };
        let is_whole = rest.last.is_none();
        (first.ids.into_iter().chain(rest.ids).collect::<Vec<_>>(), is_whole)
    };
    if !is_whole && ids.len() <= skipped {
        let reason = format!("this search is paged through up to its {}th match", ids.len());
        return Err(Error::invalid("?page", reason));
    }
    let total = Total {
        count: many(ids.len().max(least)),
        is_at_least: !is_whole,
    };
    Ok((some(&ids), total))
}

/// All that match, newest first, and true; or where these are more than [`BOUNDS`] has (or at more than [`MOST_DOMAINS`]
/// domains), the first in the order of the entries, and false.
async fn all(cx: &Context, q: &str) -> Result<(Vec<UserId>, bool)> {
    let mut found = Distinct::default();
    let mut is_whole = own(cx, q, &BOUNDS, &mut found).await?;
    if is_whole {
        let first = domains::find(&cx.app.table, &cx.tenant, q, None, DOMAIN_ENTRIES).await?;
        let (domains, are_all) = matching(cx, q, MOST_DOMAINS, first).await?;
        is_whole = at(cx, &domains, &BOUNDS, &mut found).await? && are_all;
    }
    Ok(match is_whole {
        true => (found.newest_first(), true),
        false => (found.ids, false),
    })
}
