//! Several partitions of lists in one order, step by step: each step reads a part of every partition, and nothing twice.

use std::collections::VecDeque;

use futures::future::try_join_all;

use crate::error::Result;
use crate::id::UserId;
use crate::store::dynamo::{Index, Page, Query, Table};
use crate::store::listed::Listed;

pub struct Merged<'a> {
    table: &'a Table,
    newest_first: bool,
    partitions: Vec<Partition>,
}

struct Partition {
    index: Index,
    pk: String,
    /// The last account that was read.
    after: Option<UserId>,
    is_over: bool,
    /// Accounts that were read, before which another partition may yet have some.
    ahead: VecDeque<Listed>,
}

/// How many entries a step reads of one partition at most: some 170 bytes each, and a request reads 1 MB.
const MOST: usize = 5_000;

impl<'a> Merged<'a> {
    pub(super) fn new(
        table: &'a Table,
        partitions: impl Iterator<Item = (Index, String)>,
        after: Option<UserId>,
        newest_first: bool,
    ) -> Self {
        let partition = |(index, pk)| Partition {
            index,
            pk,
            after,
            is_over: false,
            ahead: VecDeque::new(),
        };
        Self {
            table,
            newest_first,
            partitions: partitions.map(partition).collect(),
        }
    }

    /// How many requests the next step takes at most.
    pub fn requests(&self) -> usize {
        self.partitions.iter().filter(|one| !one.is_over).count()
    }

    /// Whether there are no more.
    pub fn is_over(&self) -> bool {
        self.partitions.iter().all(|one| one.is_over && one.ahead.is_empty())
    }

    /// The next accounts in this order, each once: about as many as are wanted.
    pub async fn step(&mut self, wanted: usize) -> Result<Vec<Listed>> {
        // Ids spread evenly by chance: a little over each partition's part is nearly always enough.
        let part = wanted / self.requests().max(1) + wanted / 16 + 8;
        let part = part.min(wanted).clamp(1, MOST);
        let due = |one: &&mut Partition| !one.is_over && one.ahead.len() < part;
        let due: Vec<&mut Partition> = self.partitions.iter_mut().filter(due).collect();
        let questions: Vec<Query> = due
            .iter()
            .map(|one| question(one.index, one.pk.clone(), one.after, self.newest_first, part))
            .collect();
        let pages = try_join_all(questions.iter().map(|question| self.table.query(question))).await?;
        for (partition, page) in due.into_iter().zip(pages) {
            partition.take(&page);
        }
        Ok(self.certain())
    }

    /// What nothing that is still to be read comes before.
    fn certain(&mut self) -> Vec<Listed> {
        let newest_first = self.newest_first;
        let unread = self.partitions.iter().filter(|one| !one.is_over);
        let ends = unread.filter_map(|one| one.after);
        let end = if newest_first { ends.max() } else { ends.min() };
        let mut found = Vec::new();
        for partition in &mut self.partitions {
            let is_certain = |one: &Listed| end.is_none_or(|end| one.id == end || (one.id > end) == newest_first);
            let certain = partition.ahead.partition_point(is_certain);
            found.extend(partition.ahead.drain(..certain));
        }
        found.sort_unstable_by_key(|one| one.id);
        // An account that changes from one list to another can be in both for a moment.
        found.dedup_by_key(|one| one.id);
        if newest_first {
            found.reverse();
        }
        found
    }
}

impl Partition {
    fn take(&mut self, page: &Page) {
        self.is_over = !page.more;
        self.ahead.extend(page.items.iter().filter_map(Listed::of));
        self.after = self.ahead.back().map(|one| one.id).or(self.after);
    }
}

/// What asks for the entries of a partition behind this account.
pub(super) fn question(index: Index, pk: String, after: Option<UserId>, newest_first: bool, limit: usize) -> Query {
    // What stands behind an id in the index comes before this.
    let end = if newest_first { "" } else { "~" };
    Query {
        index: Some(index),
        pk,
        after: after.map(|id| format!("{id}{end}")),
        newest_first,
        limit: Some(limit),
        ..Query::default()
    }
}
