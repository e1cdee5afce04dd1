//! What starting a client of AWS costs: with the roots of Amazon alone, and as the SDK does it by itself, with every
//! root of the machine. Each start is a process of its own, for the SDK reads the machine's roots once in a process.

use std::process::Command;
use std::time::{Duration, Instant};

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use clap::ValueEnum;

use crate::rounds::Rounds;

/// Pairs of starts.
const ROUNDS: usize = 51;

/// How a client is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Own,
    /// As the SDK does by itself.
    Sdk,
}

/// Starts a client; how long it took.
pub async fn start(kind: Kind) -> Duration {
    let began = Instant::now();
    let _client = match kind {
        Kind::Own => Client::new(usher::aws::config()),
        Kind::Sdk => Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await),
    };
    began.elapsed()
}

pub fn measure() -> Result<String, Box<dyn std::error::Error>> {
    let mut rounds = Rounds::default();
    let (mut own, mut sdk) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(in_process("own")?);
        sdk.push(in_process("sdk")?);
        if let (Some(own), Some(sdk)) = (own.last(), sdk.last()) {
            rounds.push(*own, *sdk);
        }
    }
    let (lowest, median, highest) = rounds.ratios();
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[ROUNDS / 2].as_secs_f64() * 1_000.0
    };
    Ok(format!(
        "{ROUNDS} pairs of starts: a client with Amazon's five roots takes {median:.2} times as long as one with every \
         root of the machine (lowest {lowest:.2}, highest {highest:.2}); here {:.1} ms in place of {:.1} ms.\n",
        middle(&mut own),
        middle(&mut sdk)
    ))
}

fn in_process(kind: &str) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    // As in a Lambda function: the region and the credentials are in the environment.
    let environment = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "nobody"),
        ("AWS_SECRET_ACCESS_KEY", "nothing"),
    ];
    let output = command.args(["--client", kind]).envs(environment).output()?.stdout;
    Ok(Duration::from_nanos(String::from_utf8(output)?.trim().parse()?))
}
