//! Why the local server does not start, a sentence each: it is all that a developer sees of it.

use std::io;
use std::path::PathBuf;

/// What every step of the start answers with.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the local server does not start, or did not stop cleanly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that is in use.
    #[error(
        "{address} is in use: stop what listens there, or choose another port with {flag} (port 0 takes any free one)"
    )]
    AddressInUse {
        address: String,
        /// The flag that chooses it.
        flag: &'static str,
    },
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}, which {flag} chooses: {cause}")]
    Address {
        address: String,
        /// The flag that chooses it.
        flag: &'static str,
        cause: io::Error,
    },
    /// Another instance has the data directory.
    #[error("another Usher{} uses the data directory {path}: stop it, or choose another with --data-dir", pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    DirectoryInUse {
        path: PathBuf,
        /// The other instance's process id, where it can be read.
        pid: Option<String>,
    },
    /// The data directory, or a file in it, cannot be read or written.
    #[error("{path} cannot be used: {cause}")]
    Directory { path: PathBuf, cause: io::Error },
    /// There is data, and the file with its keys is gone or spoilt.
    #[error(
        "{path} does not hold the keys that its data is sealed with: put it back, or delete the directory to start anew"
    )]
    Keys { path: PathBuf },
    /// `USHER_…` variables that are wrong.
    #[error("{0}")]
    Settings(String),
    /// The text of the first API key cannot be one.
    #[error("the text of --api-key (or USHER_FIRST_API_KEY) {0}")]
    ApiKey(&'static str),
    /// The OpenAPI document cannot be made.
    #[error("the OpenAPI document cannot be made: {}", private(.0))]
    OpenApi(usher::Error),
    /// Set-up did not go through.
    #[error("set-up failed: {}", private(.0))]
    Setup(usher::Error),
    /// The embedded DynamoDB cannot open its data, or stopped.
    #[error("the embedded DynamoDB failed: {0}")]
    Embedded(String),
    /// Nothing answers where DynamoDB should be.
    #[error("no DynamoDB answers at {url}: {cause}")]
    Unreachable { url: String, cause: reqwest::Error },
    /// DynamoDB refuses to make the table.
    #[error("DynamoDB refuses {operation}: {refusal}")]
    Refused { operation: &'static str, refusal: String },
    /// The table exists, and is not the template's.
    #[error(
        "the table {table} has other keys or indexes than template.yaml says: delete the data directory, or choose another with --data-dir"
    )]
    OtherTable { table: String },
    /// The table did not become active.
    #[error("the table {table} at {url} does not become active")]
    TableNotActive { table: String, url: String },
    /// `template.yaml` defines no table that can be made.
    #[error("template.yaml: {0}")]
    Template(String),
    /// The file with the keys to believe is none.
    #[error("{path} is no JWK Set")]
    Jwks { path: PathBuf },
    /// There is no data to verify.
    #[error("{path} has no data: choose another directory with --data-dir, or a stack with --table")]
    NoData { path: PathBuf },
    /// No tenant can be called so.
    #[error("--tenant: {0}")]
    Tenant(String),
    /// What a command is about is none.
    #[error("{0}")]
    Argument(String),
    /// A file that is read or written for a command.
    #[error("{path}: {cause}")]
    File { path: PathBuf, cause: io::Error },
    /// An export that broke off was of something else.
    #[error(
        "{path} is of another export (of another directory or tenant, or with other flags): delete it, or give what it was begun with"
    )]
    OtherExport { path: PathBuf },
    /// What an export would take the place of is no file.
    #[error("{path} is there, and is no regular file: choose another name")]
    NoFile { path: PathBuf },
    /// The table is there, and nothing in it.
    #[error("the table is not set up, or has no tenant {tenant}: {cause}")]
    NotSetUp { tenant: String, cause: usher::Error },
    /// Usher itself cannot be built or set up.
    #[error("{}", private(.0))]
    Usher(#[from] usher::Error),
    /// A request could not be served, or a signal not be heard.
    #[error("the server failed: {0}")]
    Serving(#[from] io::Error),
}

/// On one's own machine the cause is worth more than the sentence for clients.
fn private(error: &usher::Error) -> String {
    match error {
        usher::Error::Fault(cause) | usher::Error::Unavailable(cause) => format!("{error}: {}", cause.0),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_described_in_words_and_never_as_the_code_spells_it() {
        let fault = || usher::Error::fault("the master key is another one");
        for error in [Error::Setup(fault()), Error::OpenApi(fault()), Error::Usher(fault())] {
            let message = error.to_string();
            assert!(message.ends_with(": the master key is another one"), "{message}");
            assert!(!message.contains("Fault") && !message.contains("Cause"), "{message}");
        }
    }
}
