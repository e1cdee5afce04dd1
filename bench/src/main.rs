//! What writes the measured parts of `docs/performance.md`: `cargo run -p bench`, `… -- hot` and `… -- scale`; and
//! `docs/heat.md`: `… -- heat`.
//!
//! Times differ from machine to machine, so what is written down are ratios of two ways to do the same, run in turns on
//! the same machine.
// The future of a request is as deep as all layers under it.
#![recursion_limit = "256"]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing the findings is its purpose"
)]

use std::path::Path;
use std::process::ExitCode;

use bench::heat::play::{Size, play};
use bench::heat::report::report;
use bench::model::Plan;
use bench::scale::{Scale, chart};
use clap::{Parser, Subcommand};
use local::Stack;

mod clients;
mod enumeration;
mod hot;
mod peers;
mod rounds;
mod seats;

/// Measures, and prints the findings.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Write the findings into this file, between its marks
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/performance.md")]
    write: Option<std::path::PathBuf>,
    /// Only start one client this way, and print how many nanoseconds it took: called by the measurement
    #[arg(long, hide = true)]
    client: Option<clients::Kind>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Count the instructions of a request, and the memory of a function (needs valgrind)
    Hot {
        /// Where the functions' binaries are; without it they are built
        #[arg(long, value_name = "DIRECTORY")]
        functions: Option<std::path::PathBuf>,
        /// Write the table into this file, between its marks
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/performance.md")]
        write: Option<std::path::PathBuf>,
        /// Fail where a function executes more than the table in this file states
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/performance.md", conflicts_with = "write")]
        check: Option<std::path::PathBuf>,
    },
    /// Measure the processor time of logins and reads beside the servers of others that are installed
    Peers {
        /// Where the built local server is; without it it is built
        #[arg(long, value_name = "FILE")]
        server: Option<std::path::PathBuf>,
        /// Where the functions' release binaries are; without it they are built
        #[arg(long, value_name = "DIRECTORY")]
        functions: Option<std::path::PathBuf>,
        /// Write the table into this file, between its marks
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/peers.md")]
        write: Option<std::path::PathBuf>,
    },
    /// Play requests of all kinds, and print which keys are hot at the goal's rates
    Heat {
        /// Write the document into this file
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/heat.md")]
        write: Option<std::path::PathBuf>,
    },
    /// Play random sequences over the routes of all contracts, held to a small model of what they promise
    Model {
        /// How many steps
        #[arg(long, value_name = "N", default_value_t = 20_000)]
        steps: usize,
        /// The same steps for the same number [default: a random one, which is printed]
        #[arg(long, value_name = "S")]
        seed: Option<u64>,
        /// After how many contradictions to end
        #[arg(long, value_name = "N", default_value_t = 1)]
        contradictions: usize,
        /// Send nothing at the same time
        #[arg(long)]
        one_by_one: bool,
        /// Play these in place of random ones: each line a seed and its batches, as a contradiction prints them
        #[arg(long, value_name = "FILE", conflicts_with_all = ["steps", "seed"])]
        replay: Option<std::path::PathBuf>,
    },
    /// Count what every route costs among a thousand and among twenty thousand accounts; fails where one costs more for no
    /// reason that stands beside its case
    Scale {
        /// Among a million as well
        #[arg(long)]
        million: bool,
        /// Among so many accounts in place of these, from few to many
        #[arg(long, value_name = "N,…", value_delimiter = ',', conflicts_with = "million")]
        sizes: Vec<usize>,
        /// Where the accounts are kept meanwhile [default: the directory for temporary files]
        #[arg(long, value_name = "DIRECTORY")]
        place: Option<std::path::PathBuf>,
        /// Write the tables into this file, between its marks, and the charts into `charts` beside it
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/performance.md")]
        write: Option<std::path::PathBuf>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    match &args.command {
        Some(Command::Heat { write }) => return heat(write.as_deref()).await,
        Some(Command::Model { replay: Some(file), .. }) => return replay(file).await,
        Some(Command::Model {
            steps,
            seed,
            contradictions,
            one_by_one,
            ..
        }) => {
            let plan = Plan {
                seed: seed.unwrap_or_else(|| fastrand::u64(..)),
                steps: *steps,
                one_by_one: *one_by_one,
                most: *contradictions,
            };
            return model(plan).await;
        }
        Some(Command::Scale {
            million,
            sizes,
            place,
            write,
        }) => {
            let sizes: &[usize] = match (million, sizes.as_slice()) {
                (true, _) => &[1_000, 20_000, 1_000_000],
                (false, []) => &[1_000, 20_000],
                (false, sizes) => sizes,
            };
            return scale(sizes, place.as_deref(), write.as_deref()).await;
        }
        Some(Command::Peers {
            server,
            functions,
            write,
        }) => {
            let table = peers::measure(server.as_deref(), functions.as_deref()).await?;
            return put("peers", &table, write.as_deref());
        }
        Some(Command::Hot {
            functions,
            check: Some(file),
            ..
        }) => {
            let document = std::fs::read_to_string(file)?;
            print!("{}", hot::check(functions.as_deref(), &document).await?);
            return Ok(());
        }
        Some(Command::Hot { functions, write, .. }) => {
            let found = hot::measure(functions.as_deref()).await?;
            return put("hot", &found, write.as_deref());
        }
        None => {}
    }
    if let Some(kind) = args.client {
        println!("{}", clients::start(kind).await.as_nanos());
        return Ok(());
    }
    let started = clients::measure()?;
    let stack = Stack::start(local::Options::default()).await?;
    let found = seats::measure(&stack.app).await?;
    stack.stop().await?;
    let enumerated = enumeration::measure().await?;
    for (name, found) in [("clients", started), ("seats", found), ("enumeration", enumerated)] {
        put(name, &found, args.write.as_deref())?;
    }
    Ok(())
}

/// Prints the findings, or writes them between the marks of this name.
fn put(name: &str, found: &str, file: Option<&std::path::Path>) -> Result<(), Box<dyn std::error::Error>> {
    let Some(file) = file else {
        println!("{found}");
        return Ok(());
    };
    let text = marked(&std::fs::read_to_string(file)?, name, found)?;
    Ok(std::fs::write(file, text)?)
}

async fn model(plan: Plan) -> Result<(), Box<dyn std::error::Error>> {
    eprintln!("bench: seed {}", plan.seed);
    let played = bench::model::run(plan, |line| eprintln!("bench: {line}")).await;
    let sent = played.map_err(|error| error.to_string())?;
    println!("{sent} steps were answered as the model answers them");
    Ok(())
}

async fn replay(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let wrong = bench::model::replay(&std::fs::read_to_string(file)?).await;
    let wrong = wrong.map_err(|error| error.to_string())?;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n\n").into()),
    }
}

async fn heat(write: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let found = report(
        &play(Size::WHOLE).await.map_err(|error| error.to_string())?,
        Size::WHOLE,
    );
    match write {
        Some(file) => std::fs::write(file, found)?,
        None => print!("{found}"),
    }
    Ok(())
}

async fn scale(sizes: &[usize], place: Option<&Path>, write: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let place = match place {
        Some(place) => tempfile::tempdir_in(place)?,
        None => tempfile::tempdir()?,
    };
    let measured = Scale::measure(sizes, place.path(), &|line| eprintln!("bench: {line}")).await;
    let measured = measured.map_err(|error| error.to_string())?;
    let found = measured.report();
    match write {
        Some(file) => {
            let charts = chart::draw(&measured, &file.with_file_name("charts")).map_err(|error| error.to_string())?;
            let text = marked(&std::fs::read_to_string(file)?, "scale", &format!("{charts}\n{found}"))?;
            std::fs::write(file, text)?;
        }
        None => print!("{found}"),
    }
    let findings = measured.findings();
    match findings.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "these cost more for no reason that stands beside them:\n{}",
            findings.join("\n")
        )
        .into()),
    }
}

/// A text with these findings between the marks of this name.
fn marked(text: &str, name: &str, found: &str) -> Result<String, String> {
    let begin = format!("<!-- generated by cargo run -p bench -- --write: {name}; do not edit -->\n");
    let end = "<!-- end -->";
    let missing = || format!("the file has no {begin}");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}{found}{end}{after}"))
}
