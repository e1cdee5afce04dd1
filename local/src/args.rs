//! What `cargo run --` takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use usher::secrecy::SecretString;

use crate::cors;

/// Usher, whole, in one process: every route on an embedded DynamoDB. No Docker, no AWS, no network.
///
/// With a command it does that and ends; without one it serves.
///
/// Whatever a Lambda function reads from its environment (USHER_…) can be set here as well.
#[derive(Debug, Clone, Parser)]
#[command(name = "usher", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 3000)]
    pub port: u16,

    /// Address or name to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,

    /// Directory that keeps the data and its keys between runs
    #[arg(long, default_value = ".usher", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// Keep everything in memory and nothing after the end
    #[arg(long, conflicts_with = "data_dir")]
    pub ephemeral: bool,

    /// Use another DynamoDB in place of the embedded one, such as http://127.0.0.1:8000
    #[arg(long, value_name = "URL", env = "USHER_DYNAMODB_ENDPOINT", value_parser = plain_http)]
    pub dynamodb_endpoint: Option<String>,

    /// Offer the embedded DynamoDB to other tools (sam local, the AWS CLI) on this address, such as 127.0.0.1:8000
    #[arg(long, value_name = "ADDR", conflicts_with = "dynamodb_endpoint")]
    pub dynamodb_listen: Option<SocketAddr>,

    /// Another name that it is called by, such as usher.test; with a dot in front every name under it. May be repeated
    #[arg(long, value_name = "NAME")]
    pub host_name: Vec<String>,

    /// Origin whose pages may call the API, such as https://app.example.org, in place of those of this machine
    /// (http://localhost:5173, …). May be repeated
    #[arg(long, value_name = "URL", value_parser = cors::parse)]
    pub cors_origin: Vec<String>,

    /// Count requests against the limits of rate, as a stack does: too many are answered with 429 (docs/limits.md)
    #[arg(long)]
    pub limits: bool,

    /// Text of the first API key, 24 characters at least [default: one that is made at the first start and kept]
    #[arg(long, value_name = "TEXT", env = "USHER_FIRST_API_KEY", hide_env_values = true, value_parser = secret)]
    pub api_key: Option<SecretString>,

    /// Write the OpenAPI document of all routes to this file and the list of them beside it, and end
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "openapi.json")]
    pub write_openapi: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// The rights history, for whoever does not take its word for it
    #[command(subcommand)]
    Audit(Audit),
    Seed(Seed),
    Import(Import),
    Export(Export),
    Verify(Check),
    /// What only whoever runs the stack can do, each with a row in the rights history
    #[command(subcommand)]
    Admin(Admin),
}

/// Fill a tenant with invented accounts: people of many countries at addresses of few large domains and many small.
///
/// The same accounts for the same `--seed`, so a seeding that broke off goes on where it was. All have one password, which
/// is printed.
#[derive(Debug, Clone, clap::Args)]
pub struct Seed {
    /// How many accounts
    #[arg(long, value_name = "N")]
    pub users: u64,

    /// What is drawn from: another number makes other accounts
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// The password of all [default: a random one]
    #[arg(long, value_name = "TEXT", value_parser = secret)]
    pub password: Option<SecretString>,

    #[command(flatten)]
    pub within: Within,
}

/// Take accounts over, from a file with one of JSON on each line: docs/import.md.
///
/// A line that cannot be taken over is reported and left out; the others are made. Begun again it finds what it made. Ends
/// with 0 where every line is there, with 1 where one was refused, and with 2 where it could not go on.
#[derive(Debug, Clone, clap::Args)]
pub struct Import {
    /// The file; - for the standard input
    pub file: PathBuf,

    /// Where to write what became of each line [default: the file's name with .report.ndjson]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    #[command(flatten)]
    pub within: Within,
}

/// Write a tenant's roles and accounts into a file, one of JSON on each line, as `import` takes them.
///
/// The file is readable by its owner alone. Where an export broke off (FILE.part), it goes on.
#[derive(Debug, Clone, clap::Args)]
pub struct Export {
    pub file: PathBuf,

    /// Leave out the hashes of passwords
    #[arg(long)]
    pub without_hashes: bool,

    /// With accounts that are deleted
    #[arg(long)]
    pub with_deleted: bool,

    #[command(flatten)]
    pub within: Within,
}

/// Which tenant, in which table.
#[derive(Debug, Clone, clap::Args)]
pub struct Within {
    #[arg(long, value_name = "ID", default_value = "main")]
    pub tenant: String,

    /// How many requests at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,

    #[command(flatten)]
    pub place: Place,
}

/// Where the table is.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// Table of a stack, in the account and region of the environment (AWS_PROFILE, AWS_REGION)
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,

    /// Its region [default: that of the environment, a profile or the machine]
    #[arg(long, value_name = "REGION", requires = "table")]
    pub region: Option<String>,

    /// A DynamoDB other than AWS's, such as http://127.0.0.1:8000
    #[arg(long, visible_alias = "endpoint", value_name = "URL", env = "USHER_DYNAMODB_ENDPOINT", value_parser = plain_http)]
    pub dynamodb_endpoint: Option<String>,

    /// Data directory of a local server, which must not run meanwhile
    #[arg(long, default_value = ".usher", value_name = "DIR")]
    pub data_dir: PathBuf,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Audit {
    Verify(Verify),
}

/// Walk the chains of the rights history, and name the first row that was changed, removed, inserted or put elsewhere.
///
/// Ends with 0 where all is as it was written, with 1 where a row is not, and with 2 where it cannot be decided. Nothing is
/// written. Without `--table` and `--dynamodb-endpoint` it reads the data directory, whose server must not run meanwhile.
#[derive(Debug, Clone, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    pub place: Place,

    /// One tenant [default: all]
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,

    /// JWK Set with the keys to believe, kept where nobody who writes the table can change it: all that
    /// `/.well-known/jwks.json` ever had [default: those in the table]
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
}

/// Compare everything that accounts and roles imply with what the table has: claims, seats, tallies, search entries,
/// members, sessions, lists, histories (docs/operations.md).
///
/// It may run beside the stack: what looks wrong is read again, strongly consistent, before it is reported. Ends with 0 where
/// nothing is wrong (any more), with 1 where something is, and with 2 where it could not be decided.
#[derive(Debug, Clone, clap::Args)]
pub struct Check {
    #[command(flatten)]
    pub place: Place,

    /// One tenant [default: all]
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,

    /// Mend what can be mended without doubt; each repair is printed before it is done
    #[arg(long)]
    pub repair: bool,

    /// A JSON object on each line, in place of text
    #[arg(long)]
    pub json: bool,

    /// Into how many parts the table is read at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,
}

/// Where, and whether in earnest.
#[derive(Debug, Clone, clap::Args)]
pub struct Operation {
    #[arg(long, value_name = "ID", default_value = "main")]
    pub tenant: String,

    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Admin {
    /// Make an account an owner who can sign in: active, not locked, with the role `owner`; a new one where no account has
    /// the address. Prints a link to choose a password by, once (or a temporary password, where there is no address)
    #[command(group(clap::ArgGroup::new("who").required(true).args(["email", "user"])))]
    Owner {
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Id, address or username of an account that there is
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// Address of the stack, for the link [default: USHER_PUBLIC_URL, USHER_ISSUER]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        #[command(flatten)]
        operation: Operation,
    },
    /// Mails that were given up
    #[command(subcommand)]
    Mail(Mail),
    /// End an account's lock, by failed logins (of its address and its username) or by an administrator
    Unlock {
        /// Id, address or username
        user: String,
        #[command(flatten)]
        operation: Operation,
    },
    /// End every session of an account
    RevokeSessions {
        /// Id, address or username
        user: String,
        #[command(flatten)]
        operation: Operation,
    },
    /// Have another key sign, an hour from now, when everybody who verifies knows it. Needs the master key
    /// (USHER_MASTER_KEY), as the functions do
    RotateKey {
        /// It signs at once: who keeps the public keys refuses its tokens until they are read again
        #[arg(long, conflicts_with_all = ["revoke", "revoke_all"])]
        now: bool,
        /// Take this key away, and nothing that it signed is valid any more; where it was the one that signs, another does
        // One `kid` in 64 begins with a hyphen: base64url has it for a letter.
        #[arg(long, value_name = "KID", conflicts_with = "revoke_all", allow_hyphen_values = true)]
        revoke: Option<String>,
        /// The same with all keys, such as those sealed under a master key that is lost
        #[arg(long)]
        revoke_all: bool,
        #[command(flatten)]
        operation: Operation,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum Mail {
    /// List them: id, tenant, account, kind, when, after how many tries
    List {
        #[command(flatten)]
        operation: Operation,
    },
    /// Have one sent after all; its link is made anew
    Retry {
        id: String,
        #[command(flatten)]
        operation: Operation,
    },
    /// Give one up for good
    Drop {
        id: String,
        #[command(flatten)]
        operation: Operation,
    },
}

impl Admin {
    pub fn operation(&self) -> &Operation {
        match self {
            Self::Owner { operation, .. }
            | Self::Unlock { operation, .. }
            | Self::RevokeSessions { operation, .. }
            | Self::RotateKey { operation, .. }
            | Self::Mail(Mail::List { operation } | Mail::Retry { operation, .. } | Mail::Drop { operation, .. }) => {
                operation
            }
        }
    }
}

impl Args {
    pub fn directory(&self) -> Option<PathBuf> {
        (!self.ephemeral).then(|| self.data_dir.clone())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap takes parsers that can fail")]
/// Kept out of `Debug`. An empty variable is an unset one.
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

/// An emulator's address. Those speak plain HTTP, and we never send real credentials, so AWS itself would refuse us.
fn plain_http(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").unwrap_or_default();
    if host.is_empty() {
        return Err("it must be like http://127.0.0.1:8000".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_flags_it_listens_on_this_machine_and_keeps_its_data() {
        let args = Args::try_parse_from(["usher"]).unwrap();
        assert_eq!((args.host.as_str(), args.port), ("127.0.0.1", 3000));
        assert_eq!(args.directory(), Some(PathBuf::from(".usher")));
    }

    #[test]
    fn an_api_key_is_taken_and_not_shown() {
        let args = Args::try_parse_from(["usher", "--api-key", "a text that is long enough"]).unwrap();
        assert!(args.api_key.is_some());
        assert!(!format!("{args:?}").contains("long enough"), "{args:?}");
    }

    #[test]
    fn the_id_of_a_key_may_begin_with_a_hyphen() {
        let args = Args::try_parse_from(["usher", "admin", "rotate-key", "--revoke", "-bQ_x", "--dry-run"]).unwrap();
        let Some(Command::Admin(Admin::RotateKey { revoke, operation, .. })) = args.command else {
            panic!("another command")
        };
        assert!(revoke.as_deref() == Some("-bQ_x") && operation.dry_run);
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        for flags in [
            ["--ephemeral", "--data-dir=x"],
            ["--dynamodb-endpoint=http://x:1", "--dynamodb-listen=127.0.0.1:0"],
            ["--ephemeral", "--dynamodb-endpoint=https://x"],
            ["--ephemeral", "--cors-origin=*"],
        ] {
            assert!(
                Args::try_parse_from(["usher"].into_iter().chain(flags)).is_err(),
                "{flags:?}"
            );
        }
    }
}
