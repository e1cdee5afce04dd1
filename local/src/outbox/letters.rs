//! The letters that were sent, to be looked at.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use usher::id::MailId;
use usher::mail::Mailer;
use usher::mail::files::Files;
use usher::mail::memory::Memory;

/// How many letters are listed: the newest.
const LISTED: usize = 200;

/// Where letters go, and are found again.
#[derive(Debug, Clone)]
pub enum Letters {
    Files(PathBuf),
    Memory(Memory),
}

impl Letters {
    /// Files in this directory, or in memory where nothing is kept.
    pub fn at(directory: Option<&Path>) -> Self {
        directory.map_or_else(
            || Self::Memory(Memory::default()),
            |directory| Self::Files(directory.join("outbox")),
        )
    }

    /// What takes letters there.
    pub fn mailer(&self) -> io::Result<Arc<dyn Mailer>> {
        Ok(match self {
            Self::Files(directory) => Arc::new(Files::at(directory)?),
            Self::Memory(memory) => Arc::new(memory.clone()),
        })
    }

    /// The newest letters, newest first, each with its message.
    pub fn newest(&self) -> io::Result<Vec<(MailId, String)>> {
        let mut ids: Vec<MailId> = match self {
            Self::Files(directory) => fs::read_dir(directory)?
                .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".eml")?.parse().ok())
                .collect(),
            Self::Memory(memory) => memory.letters().iter().map(|letter| letter.id).collect(),
        };
        // An id begins with the time at which the mail was asked for.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(LISTED);
        Ok(ids.into_iter().filter_map(|id| Some((id, self.message(id)?))).collect())
    }

    pub fn message(&self, id: MailId) -> Option<String> {
        let message = match self {
            Self::Files(directory) => fs::read(directory.join(format!("{id}.eml"))).ok()?,
            Self::Memory(memory) => memory.letter(id)?.message,
        };
        Some(String::from_utf8_lossy(&message).into_owned())
    }
}
