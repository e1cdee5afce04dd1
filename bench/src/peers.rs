//! What a login and an authorised read cost Usher, and servers that do what it does, in processor time: each asked by one
//! client over one connection, in turns, on this machine. Usher is measured twice: its local server with the embedded
//! DynamoDB inside, and its functions, whose DynamoDB is another process as it is in the cloud. Servers that are not
//! installed are left out (docs/peers.md has how to install them).

use std::path::Path;
use std::time::Duration;

use self::functions::Functions;
use self::server::Server;

mod functions;
mod ours;
mod pocketbase;
mod server;
mod torrust;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 7;

/// What is asked, and how often in a round: about a second of it.
const WORK: [(&str, usize); 4] = [
    ("login", 20),
    ("authorised read", 1_000),
    ("list of 20", 400),
    // What Lambda's runtime alone takes, between one event and the next.
    ("nothing", 1_000),
];

/// Whose processor time is taken.
enum Measured {
    Server(Server),
    Functions(Functions),
}

impl Measured {
    fn name(&self) -> &'static str {
        match self {
            Self::Server(server) => server.name,
            Self::Functions(_) => "Usher's function",
        }
    }

    /// The method and the path of what is asked for this work.
    fn what(&self, work: &str) -> Option<String> {
        match self {
            Self::Server(server) => server.asks(work).map(|ask| ask.what.clone()),
            Self::Functions(functions) => functions.of(work).map(|case| case.route.to_owned()),
        }
    }

    /// The processor time of one of so many requests.
    async fn time(&self, work: &str, times: usize) -> Result<Option<Duration>> {
        match self {
            Self::Server(server) => match server.asks(work) {
                Some(ask) => Ok(Some(server.time(ask, times).await?)),
                None => Ok(None),
            },
            Self::Functions(functions) => functions.time(work, times).await,
        }
    }
}

/// The table of all that are installed. Without `server` and `functions` Usher's own are built.
pub async fn measure(server: Option<&Path>, functions: Option<&Path>) -> Result<String> {
    let mut all = vec![
        Measured::Server(ours::start(server).await?),
        Measured::Functions(Functions::start(functions).await?),
    ];
    let ours = all.len();
    let mut absent = Vec::new();
    for (name, started) in [
        ("PocketBase", pocketbase::start().await?),
        ("torrust-index", torrust::start().await?),
    ] {
        match started {
            Some(server) => all.push(Measured::Server(server)),
            None => absent.push(name),
        }
    }
    let mut table = "| | processor time | the local server in times of it | the function in times of it |\n\
                     | --- | --- | --- | --- |\n"
        .to_owned();
    for (work, times) in WORK {
        let rounds = rounds(&all, work, times).await?;
        for (place, measured) in all.iter().enumerate() {
            let against = if place < ours { 0 } else { ours };
            table += &row(measured, work, &rounds, place, against);
        }
    }
    if !absent.is_empty() {
        table += &format!("\nNot installed, and so not measured: {}.\n", absent.join(", "));
    }
    Ok(table)
}

/// What one request took each, round by round.
async fn rounds(all: &[Measured], work: &str, times: usize) -> Result<Vec<Vec<Option<Duration>>>> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    // The first one warms them up.
    for round in 0..=ROUNDS {
        let mut took = Vec::with_capacity(all.len());
        for measured in all {
            took.push(measured.time(work, times).await?);
        }
        if round > 0 {
            rounds.push(took);
        }
    }
    Ok(rounds)
}

/// A row, with how many times of it the first `against` take.
fn row(measured: &Measured, work: &str, rounds: &[Vec<Option<Duration>>], place: usize, against: usize) -> String {
    let Some(what) = measured.what(work) else {
        return String::new();
    };
    let took = sorted(rounds, |round| Some(round[place]?.as_secs_f64() * 1e3));
    let mut row = format!("| {work}: {}, `{what}` | {:.2} ms |", measured.name(), middle(&took));
    for own in 0..against {
        let ratios = sorted(rounds, |round| {
            Some(round[own]?.as_secs_f64() / round[place]?.as_secs_f64())
        });
        let ends = ratios.first().zip(ratios.last());
        let (lowest, highest) = ends.map_or((f64::NAN, f64::NAN), |(lowest, highest)| (*lowest, *highest));
        row += &format!(" {:.2} ({lowest:.2} to {highest:.2}) |", middle(&ratios));
    }
    if against == 0 {
        row += " | |";
    }
    row + "\n"
}

fn sorted(rounds: &[Vec<Option<Duration>>], of: impl Fn(&[Option<Duration>]) -> Option<f64>) -> Vec<f64> {
    let mut all: Vec<f64> = rounds.iter().filter_map(|round| of(round)).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn middle(all: &[f64]) -> f64 {
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
