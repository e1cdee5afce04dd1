//! What the chains of the rights history show: which row was changed, removed, inserted or put elsewhere.
//!
//! A chain is walked from its head back: each row states the hash of the one before it, so what is known of the last one is
//! known of all. What was signed of a chain is known as well, so that no chain can be calculated anew up to there.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tenant::TenantId;

mod walk;

pub use walk::{spoilt, walk};

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub chain: String,
    /// How many rows it has had; 0 where it has not begun.
    pub seq: u64,
    /// That of its last row.
    pub hash: String,
    /// When its last row expires, in seconds since 1970, and so all of them.
    pub expires: i64,
}

impl Head {
    pub fn of_nothing(chain: &str) -> Self {
        Self {
            chain: chain.to_owned(),
            seq: 0,
            hash: String::new(),
            expires: 0,
        }
    }
}

/// A row's place in its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub chain: String,
    /// From 1.
    pub seq: u64,
    /// The hash of the row before it; empty in the first one.
    pub prev: String,
    /// When that one expires, in seconds since 1970; 0 in the first one.
    pub prev_expires: i64,
    pub hash: String,
    pub expires: i64,
}

/// A row as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its keys in the table.
    pub place: String,
    pub at: Timestamp,
    /// Where it says that it belongs; nothing where it is in no chain.
    pub position: Option<Position>,
    /// Whether its hash is of what it holds.
    pub is_sound: bool,
    /// Whether its keys are those of its tenant, its time and its id.
    pub is_at_home: bool,
}

/// What set-up signs each day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    pub tenant: TenantId,
    /// From 1.
    pub number: u64,
    /// In milliseconds since 1970.
    pub at: i64,
    /// The digest of the anchor before it; empty in the first one.
    pub prev: String,
    /// In the first one: the rows before this moment, in milliseconds since 1970, are in no chain, for they were written
    /// before there were any. Absent where there is no such row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlinked_until: Option<i64>,
    pub heads: Vec<Head>,
}

/// What is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Changed,
    /// Nothing is there, though its time is not over.
    Removed,
    /// Its place in the chain is another row's, or none's.
    Inserted,
    /// It is under other keys than it was written to.
    Elsewhere,
    /// It is without a place in a chain, and was not written before there were chains.
    Unlinked,
    /// What an erasure takes was taken out of it, and there was no erasure.
    Emptied,
    /// The head of its chain is gone.
    Headless,
    /// It is not what was signed of it: all behind it may have been calculated anew.
    Rewritten,
    /// What was signed is gone, or is not signed by a key that is trusted.
    Unsigned,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Elsewhere => "put there from elsewhere",
            Self::Unlinked => "inserted, in no chain",
            Self::Emptied => "emptied as by an erasure, and its account is not erased",
            Self::Headless => "left without its head",
            Self::Rewritten => "changed since it was signed, and its chain calculated anew",
            Self::Unsigned => "removed or changed, or not signed by a key that is believed",
        })
    }
}

/// One fault, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub fault: Fault,
    /// The row's keys; of one that is gone, its place in its chain.
    pub place: String,
    /// When the row was written; of one that is gone, the next one.
    pub at: Option<Timestamp>,
    /// The hash of a row that is gone: it may be found elsewhere.
    pub hash: Option<String>,
}

impl Finding {
    pub fn of(fault: Fault, row: &Row) -> Self {
        Self {
            fault,
            place: row.place.clone(),
            at: Some(row.at),
            hash: None,
        }
    }
}

/// All that is known of a tenant's chains.
#[derive(Debug, Default)]
pub struct Known {
    pub rows: Vec<Row>,
    /// The heads before the rows were read, and after.
    pub before: Vec<Head>,
    pub after: Vec<Head>,
    /// What was signed, the oldest first.
    pub signed: Vec<Anchor>,
}

type Chains<'a> = BTreeMap<&'a str, BTreeMap<u64, Vec<&'a Row>>>;

/// A row that is gone, and is somewhere else: one finding of the two.
pub fn joined(findings: Vec<Finding>, rows: &HashMap<String, Finding>) -> Vec<Finding> {
    let elsewhere = |finding: &Finding| {
        let hash = finding.hash.as_ref().filter(|_| finding.fault == Fault::Removed)?;
        rows.get(hash)
    };
    let mut joined: Vec<Finding> = Vec::new();
    for finding in findings {
        let finding = elsewhere(&finding).cloned().unwrap_or(finding);
        if !joined.iter().any(|known| known.place == finding.place) {
            joined.push(finding);
        }
    }
    // Those without a time are about no row.
    joined.sort_by_key(|finding| (finding.at.is_none(), finding.at));
    joined
}
