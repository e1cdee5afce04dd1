//! What an export that broke off left behind: how far it came, and what its lines have named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use usher::domain::role::Role;
use usher::domain::text::RoleName;
use usher::domain::transfer::{Header, Line};
use usher::domain::user::Status;
use usher::id::{RoleId, UserId};
use usher::jiff::{SignedDuration, Timestamp};

use super::at;
use crate::error::{Error, Result};

/// No line of an export is longer.
const LONGEST_LINE: u64 = 1 << 20;
/// For how long an export that broke off can be gone on with: what is behind that is too old to stand in one file with
/// what is now.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How the line of an account begins: most lines are one, and need not be parsed.
const ACCOUNT: &[u8] = br#"{"type":"account""#;

/// Which account was written last: all of those that stand come before those that are deleted.
#[derive(Debug, Clone, Copy)]
pub struct Last {
    pub id: UserId,
    pub is_deleted: bool,
}

pub struct Part {
    pub begun: Timestamp,
    pub last: Option<Last>,
    /// How many bytes are whole lines.
    pub whole: u64,
    /// The names that its accounts have their roles under.
    pub roles: BTreeMap<RoleId, RoleName>,
    pub permissions: BTreeSet<String>,
}

impl Part {
    /// One with nothing in it.
    pub fn new(begun: Timestamp) -> Self {
        Self {
            begun,
            last: None,
            whole: 0,
            roles: BTreeMap::new(),
            permissions: BTreeSet::new(),
        }
    }

    /// What this file is of the export that the header is of; nothing where it holds no whole line, or was spoilt. Another
    /// export is refused.
    pub fn read(file: &File, path: &Path, header: &Header) -> Result<Option<Self>> {
        let mut lines = Lines(BufReader::new(file));
        let Some(first) = lines.next(path)? else {
            return Ok(None);
        };
        let other = || Error::OtherExport { path: path.to_owned() };
        let Some(Line::Export(begun)) = parsed(&first) else {
            return Err(other());
        };
        let same = Header {
            begun_at: begun.begun_at,
            ..header.clone()
        };
        let mut part = match begun.begun_at {
            Some(at) if begun == same => Self::new(at),
            _ => return Err(other()),
        };
        part.whole = first.len() as u64;
        let mut last = None;
        while let Some(line) = lines.next(path)? {
            part.whole += line.len() as u64;
            if line.starts_with(ACCOUNT) {
                last = Some(line);
                continue;
            }
            match parsed(&line) {
                Some(Line::Role(role)) => drop(role.id.map(|id| part.roles.insert(id, role.name))),
                Some(Line::Permission(permission)) => drop(part.permissions.insert(permission.name)),
                _ => return Ok(None),
            }
        }
        part.last = match last.as_deref().map(parsed) {
            Some(Some(Line::Account(account))) => account.id.map(|id| Last {
                id,
                is_deleted: account.status == Status::Deleted,
            }),
            _ => None,
        };
        Ok(Some(part))
    }

    pub fn is_too_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.begun) > LONGEST
    }

    /// Whether one of these roles, which it has not, is called as another one that it has: an account's role would be
    /// either.
    pub fn mistakes(&self, roles: &[Role]) -> bool {
        let mut missing = roles.iter().filter(|role| !self.roles.contains_key(&role.id));
        missing.any(|role| self.roles.values().any(|name| *name == role.name))
    }
}

fn parsed(line: &[u8]) -> Option<Line> {
    Line::parse(str::from_utf8(line).ok()?).ok()
}

/// The lines of a file up to the one that was cut.
struct Lines<R>(R);

impl<R: BufRead> Lines<R> {
    fn next(&mut self, path: &Path) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = (&mut self.0).take(LONGEST_LINE).read_until(b'\n', &mut line);
        read.map_err(at(path))?;
        Ok(Some(line).filter(|line| line.ends_with(b"\n")))
    }
}
