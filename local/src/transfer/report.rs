//! What became of each line of an import: one line of JSON for each.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{at, private};
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Status {
    Created,
    Exists,
    Refused,
}

/// What became of a line.
pub struct Outcome {
    pub status: Status,
    pub id: Option<String>,
    pub reason: Option<String>,
}

impl Outcome {
    pub fn refused(reason: impl Into<String>) -> Self {
        Self {
            status: Status::Refused,
            id: None,
            reason: Some(reason.into()),
        }
    }
}

pub struct Report {
    path: PathBuf,
    file: BufWriter<File>,
    created: u64,
    exists: u64,
    pub refused: u64,
}

impl Report {
    pub fn new(path: &Path) -> Result<Self> {
        let file = private(OpenOptions::new().write(true).create(true).truncate(true), path)?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            created: 0,
            exists: 0,
            refused: 0,
        })
    }

    pub fn note(&mut self, line: u64, outcome: &Outcome) -> Result<()> {
        match outcome.status {
            Status::Created => self.created += 1,
            Status::Exists => self.exists += 1,
            Status::Refused => self.refused += 1,
        }
        let status: &str = outcome.status.into();
        let mut row = json!({ "line": line, "status": status });
        for (name, value) in [("id", &outcome.id), ("reason", &outcome.reason)] {
            if let Some(value) = value {
                row[name] = json!(value);
            }
        }
        writeln!(self.file, "{row}").map_err(at(&self.path))
    }

    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(at(&self.path))
    }

    pub fn lines(&self) -> u64 {
        self.created + self.exists + self.refused
    }

    pub fn summary(&self) -> String {
        let Self {
            created,
            exists,
            refused,
            ..
        } = self;
        format!(" lines: {created} created, {exists} there, {refused} refused")
    }
}
