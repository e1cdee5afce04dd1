//! The data directory: one process at a time, the database, and the keys that its data is sealed with.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use usher::ambient;
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;

use crate::error::{Error, Result};

/// A data directory that is ours until this is dropped, or the process is gone in whatever way.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

/// The keys that a stack in the cloud has in Secrets Manager.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    pub master: String,
    pub cursor: String,
    /// The text of the first API key. A file from before there were any has none.
    #[serde(default)]
    pub api_key: String,
    /// The password of the first owner that the function `setup` makes in a container; the local server makes its own
    /// first accounts.
    #[serde(default)]
    pub owner_password: String,
}

impl Directory {
    /// Makes the directory where it is not, and takes it.
    pub fn take(path: &Path) -> Result<Self> {
        let file = path.join("lock");
        private_directory(path).map_err(unusable(path))?;
        let mut lock =
            open_private(OpenOptions::new().read(true).write(true).create(true), &file).map_err(unusable(&file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path, lock)),
            Err(TryLockError::Error(cause)) => return Err(unusable(&file)(cause)),
        }
        // For the error of a second process: the lock itself is what counts.
        let noted = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
        noted.map_err(unusable(&file))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The embedded DynamoDB's file.
    pub fn database(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    /// The keys of this directory, made at the first time.
    pub fn keys(&self) -> Result<Keys> {
        let file = self.path.join("keys.json");
        match fs::read(&file) {
            Ok(text) => {
                let keys = serde_json::from_slice(&text).map_err(|_| Error::Keys { path: file.clone() })?;
                self.complete(keys, &file)
            }
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(unusable(&file)(cause)),
            // New keys would open nothing that is sealed with the old ones.
            Err(_) if self.database().exists() => Err(Error::Keys { path: file }),
            Err(_) => {
                let keys = Keys::new()?;
                self.keep(&keys, &file).map_err(unusable(&file))?;
                Ok(keys)
            }
        }
    }

    /// Adds what a file of an earlier version does not have.
    fn complete(&self, keys: Keys, file: &Path) -> Result<Keys> {
        if !keys.api_key.is_empty() && !keys.owner_password.is_empty() {
            return Ok(keys);
        }
        let new = Keys::new()?;
        let or = |held: String, new: String| if held.is_empty() { new } else { held };
        let keys = Keys {
            api_key: or(keys.api_key, new.api_key),
            owner_password: or(keys.owner_password, new.owner_password),
            ..keys
        };
        self.keep(&keys, file).map_err(unusable(file))?;
        Ok(keys)
    }

    /// Writes the environment of `sam local`: it has keys in it, so only the owner can read it.
    pub fn write_sam(&self, environment: &serde_json::Value) -> Result<PathBuf> {
        let file = self.path.join("sam.json");
        self.keep(environment, &file).map_err(unusable(&file))?;
        Ok(file)
    }

    /// Written whole or not at all: half-written keys would make the data that follows useless.
    fn keep(&self, content: &impl Serialize, file: &Path) -> io::Result<()> {
        let draft = file.with_added_extension("new");
        let mut new = open_private(OpenOptions::new().write(true).create(true).truncate(true), &draft)?;
        new.write_all(&serde_json::to_vec_pretty(content)?)?;
        new.sync_all()?;
        fs::rename(&draft, file)?;
        // The name lasts only once the directory is on the disk as well; not every system lets one open it.
        File::open(&self.path).map_or(Ok(()), |directory| directory.sync_all())
    }
}

impl Keys {
    pub fn new() -> Result<Self> {
        Ok(Self {
            master: hex(ambient::random()?),
            cursor: hex(ambient::random()?),
            api_key: api_key()?,
            owner_password: hex(ambient::random()?),
        })
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

fn api_key() -> Result<String> {
    let made = Opaque::mint(Kind::ApiKey).map_err(Error::Setup)?;
    Ok(made.text().expose_secret().to_owned())
}

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn in_use(path: &Path, mut lock: File) -> Error {
    let mut pid = String::new();
    let read = lock
        .seek(SeekFrom::Start(0))
        .and_then(|_| lock.read_to_string(&mut pid));
    Error::DirectoryInUse {
        path: path.to_owned(),
        pid: read.ok().map(|_| pid).filter(|pid| !pid.is_empty()),
    }
}

fn unusable(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::Directory {
        path: path.clone(),
        cause,
    }
}

/// The owner's alone: it holds password hashes.
fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_the_same_and_are_the_owners_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        let first = Directory::take(&path).unwrap().keys().unwrap();
        let again = Directory::take(&path).unwrap().keys().unwrap();
        assert_eq!((first.master.len(), first.cursor.len()), (64, 64));
        assert_ne!(first.master, first.cursor);
        assert!(first.api_key.starts_with("usher_ak_"));
        assert_eq!(
            (first.master, first.cursor, first.api_key),
            (again.master, again.cursor, again.api_key)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o700);
            assert_eq!(mode(&path.join("keys.json")), 0o600);
        }
    }

    #[test]
    fn keys_from_before_there_were_others_get_them_and_stay_as_they_are() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::take(place.path()).unwrap();
        fs::write(directory.database(), "").unwrap();
        fs::write(
            place.path().join("keys.json"),
            r#"{ "master": "of old", "cursor": "of old as well" }"#,
        )
        .unwrap();
        let first = directory.keys().unwrap();
        assert_eq!(
            (first.master.as_str(), first.cursor.as_str()),
            ("of old", "of old as well")
        );
        assert!(first.api_key.starts_with("usher_ak_"));
        assert_eq!(first.owner_password.len(), 64);
        let again = directory.keys().unwrap();
        assert_eq!(
            (again.api_key, again.owner_password),
            (first.api_key, first.owner_password)
        );
    }

    #[test]
    fn data_without_its_keys_is_reported_and_not_given_new_ones() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::take(place.path()).unwrap();
        fs::write(directory.database(), "").unwrap();
        assert!(matches!(directory.keys(), Err(Error::Keys { .. })));
        fs::write(place.path().join("keys.json"), "{}").unwrap();
        assert!(matches!(directory.keys(), Err(Error::Keys { .. })));
    }

    #[test]
    fn a_directory_is_taken_once_at_a_time_and_free_again_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let first = Directory::take(place.path()).unwrap();
        let message = Directory::take(place.path()).unwrap_err().to_string();
        assert!(
            message.contains(&format!("(process {})", std::process::id())),
            "{message}"
        );
        assert!(message.contains("--data-dir"), "{message}");
        drop(first);
        Directory::take(place.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_reported_with_its_name() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let message = Directory::take(&place.path().join("x")).unwrap_err().to_string();
        assert!(message.contains(&*place.path().to_string_lossy()), "{message}");
    }
}
