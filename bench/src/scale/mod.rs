//! What each route costs among how many accounts: requests to DynamoDB, capacity units and bytes. What costs more among
//! more accounts has its reason beside its case (`cases.txt`), or is a finding.

use std::path::Path;

use crate::stage::Outcome;

pub mod chart;
pub mod directory;
pub mod play;
pub mod script;
pub mod table;

use script::Script;
pub use script::{Case, Why};

/// Is called with how far it is.
pub type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// What one request cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    pub requests: u32,
    pub read: f64,
    pub written: f64,
    /// Bytes that DynamoDB answered.
    pub received: usize,
    /// Bytes that it was sent.
    pub sent: usize,
}

/// A case, and what it cost at each size.
#[derive(Debug)]
pub struct Row {
    pub case: Case,
    pub costs: Vec<Cost>,
}

/// What was measured.
#[derive(Debug)]
pub struct Scale {
    pub sizes: Vec<usize>,
    pub rows: Vec<Row>,
}

impl Scale {
    /// Plays all cases among each of these numbers of accounts; what is large is kept below `place` meanwhile.
    pub async fn measure(sizes: &[usize], place: &Path, say: Say<'_>) -> Outcome<Self> {
        let script = Script::read()?;
        let mut all = Vec::new();
        for size in sizes {
            // Removed before the next one is made: a million accounts take gigabytes.
            let data = tempfile::tempdir_in(place)?;
            let stage = directory::of(*size, data.path(), say).await?;
            all.push(play::play(&stage, *size, &script, say).await?);
        }
        let of_case = |number: usize| all.iter().map(|costs| costs[number]).collect();
        let rows = script.cases.into_iter().enumerate();
        Ok(Self {
            sizes: sizes.to_vec(),
            rows: rows
                .map(|(number, case)| Row {
                    case,
                    costs: of_case(number),
                })
                .collect(),
        })
    }
}
