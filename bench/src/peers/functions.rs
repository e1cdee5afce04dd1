//! Usher's functions, as `cargo build --release` leaves them, behind a runtime API of ours and a DynamoDB in another process
//! than theirs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use local::Stack;

use super::Result;
use crate::hot::binary::Binary;
use crate::hot::cases::{Case, cases, options};
use crate::hot::{built, hello};

pub struct Functions {
    folder: PathBuf,
    /// Where the function is that does nothing.
    hello: PathBuf,
    cases: Vec<Case>,
    _stack: Stack,
}

impl Functions {
    pub async fn start(functions: Option<&Path>) -> Result<Self> {
        let folder = built(functions)?;
        let stack = Stack::start(options()).await?;
        Ok(Self {
            folder,
            hello: hello()?,
            cases: cases(&stack).await?,
            _stack: stack,
        })
    }

    pub fn of(&self, work: &str) -> Option<&Case> {
        let route = match work {
            "nothing" => "GET /",
            "login" => "POST /api/auth/token",
            "authorised read" => "GET /api/me/profile",
            "list of 20" => "GET /api/users?limit=20",
            _ => return None,
        };
        self.cases.iter().find(|case| case.route == route)
    }

    /// The processor time of one of so many requests, from the second of a process on.
    pub async fn time(&self, work: &str, times: usize) -> Result<Option<Duration>> {
        let Some(case) = self.of(work) else { return Ok(None) };
        let folder = if work == "nothing" { &self.hello } else { &self.folder };
        Ok(Some(Binary::of(folder, case)?.each(case, times).await?))
    }
}
