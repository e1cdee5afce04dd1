//! Letters as files, for the local server: `<directory>/<mail>.eml`, which every mail program opens.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Letter, Mailer};
use crate::ambient;
use crate::error::{Error, Result};

/// What a file is called while it is being written.
const DRAFT: &str = "draft";

/// A directory of letters. A letter that is there already is not written again.
#[derive(Debug, Clone)]
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// Makes the directory where it is not, and sweeps out what was being written when a process ended.
    pub fn at(directory: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        // Whoever reads the links can use them.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == DRAFT) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    fn write(&self, letter: &Letter) -> io::Result<()> {
        let file = self.directory.join(format!("{}.eml", letter.id));
        if file.exists() {
            return Ok(());
        }
        // Of its own, should two write the same letter at once.
        let chance = ambient::random::<8>().map_err(|_| io::ErrorKind::Other)?;
        let draft = format!("{}-{:016x}.{DRAFT}", letter.id, u64::from_be_bytes(chance));
        let draft = self.directory.join(draft);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut new = options.open(&draft)?;
        new.write_all(&letter.message)?;
        new.sync_all()?;
        fs::rename(&draft, file)
    }
}

impl Mailer for Files {
    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<()>> {
        let (files, letter) = (self.clone(), letter.clone());
        async move {
            let written = tokio::task::spawn_blocking(move || files.write(&letter)).await;
            written.map_err(Error::fault)?.map_err(Error::unavailable)
        }
        .boxed()
    }
}
