//! What writes the measured part of `docs/performance.md`: `cargo run -p bench`.
//!
//! Times differ from machine to machine, so what is written down are ratios of two ways to do the same, run in turns on
//! the same machine.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "saying what was found is what it is for"
)]

use std::process::ExitCode;

use clap::Parser;
use local::Stack;

mod clients;
mod rounds;
mod seats;

/// Measures, and says what it found.
#[derive(Debug, Parser)]
struct Args {
    /// Write the findings into this file, between its marks
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/performance.md")]
    write: Option<std::path::PathBuf>,
    /// Only start one client this way, and say how many nanoseconds it took: what the measurement calls
    #[arg(long, hide = true)]
    client: Option<clients::Kind>,
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
    if let Some(kind) = args.client {
        println!("{}", clients::start(kind).await.as_nanos());
        return Ok(());
    }
    let started = clients::measure()?;
    let stack = Stack::start(local::Options::default()).await?;
    let found = seats::measure(&stack.app).await?;
    stack.stop().await?;
    let Some(file) = &args.write else {
        println!("{started}\n{found}");
        return Ok(());
    };
    let text = marked(&std::fs::read_to_string(file)?, "clients", &started)?;
    std::fs::write(file, marked(&text, "seats", &found)?)?;
    Ok(())
}

/// A text with these findings between the marks of this name.
fn marked(text: &str, name: &str, found: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- bench: {name} -->\n"), "<!-- /bench -->");
    let missing = || format!("the file has no {begin}");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}{found}{end}{after}"))
}
