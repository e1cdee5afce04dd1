//! A walk along the lists of accounts: their sort keys drop most of what does not pass, and what is left is looked at.

use super::{Asked, COUNTED, Collector, Found, Place, many};
use crate::actions::Context;
use crate::actions::paging::Total;
use crate::error::Result;
use crate::id::UserId;
use crate::store::listed::Listed;
use crate::store::user_lists::Merged;

/// What a walk found.
#[derive(Default)]
pub(super) struct Walked {
    pub ids: Vec<UserId>,
    /// The last account that it passed; absent where it came to the end.
    pub last: Option<UserId>,
}

impl Walked {
    pub fn total(&self) -> Total {
        Total {
            count: many(self.ids.len().min(COUNTED)),
            is_at_least: self.last.is_some() || self.ids.len() > COUNTED,
        }
    }
}

/// Goes along lists, newest first, and remembers who may pass.
pub(super) struct Walk<'a, F> {
    pub lists: Merged<'a>,
    may_pass: F,
    ids: Vec<UserId>,
    last: Option<UserId>,
}

impl<'a, F: Fn(&Listed) -> bool> Walk<'a, F> {
    /// Along these lists, which are behind this account.
    pub fn new(lists: Merged<'a>, after: Option<UserId>, may_pass: F) -> Self {
        Self {
            lists,
            may_pass,
            ids: Vec::new(),
            last: after,
        }
    }

    /// One step of each of these sizes, until so many were found that may pass.
    pub async fn until(mut self, wanted: usize, steps: &[usize]) -> Result<Walked> {
        for step in steps {
            self.step(*step).await?;
            if self.lists.is_over() || self.found() >= wanted {
                break;
            }
        }
        Ok(self.walked())
    }

    pub async fn step(&mut self, wanted: usize) -> Result<()> {
        let passed = self.lists.step(wanted).await?;
        self.last = passed.last().map(|one| one.id).or(self.last);
        let found = passed.iter().filter(|one| (self.may_pass)(one));
        self.ids.extend(found.map(|one| one.id));
        Ok(())
    }

    pub fn found(&self) -> usize {
        self.ids.len()
    }

    pub fn walked(self) -> Walked {
        Walked {
            ids: self.ids,
            last: self.last.filter(|_| !self.lists.is_over()),
        }
    }
}

/// The page of what a walk found, for which so many requests read accounts. Where it goes on, a place says that is made
/// of an account and whether the page is full.
pub(super) async fn page(
    cx: &Context,
    asked: &Asked,
    walked: Walked,
    (limit, requests): (usize, usize),
    place: impl Fn(UserId, bool) -> Place,
    total: Option<Total>,
) -> Result<Found> {
    let mut page = Collector::new(cx, asked, limit);
    // Of those that may pass nearly all do: accounts whose locks ended, or whose grants did, are the exception.
    let seen = page.look_at(&walked.ids, requests).await?;
    let next = match seen == walked.ids.len() {
        true => walked.last,
        false => walked.ids.get(seen.wrapping_sub(1)).copied(),
    };
    let total = match (total, next) {
        // All of it was looked at.
        (Some(_), None) => Some(Total::exactly(many(page.items.len()))),
        (total, _) => total,
    };
    let is_full = page.is_full();
    Ok(page.found(next.map(|id| place(id, is_full)), total))
}
