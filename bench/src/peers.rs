//! What a login and an authorised read cost Usher's local server, and servers that do what it does, in processor time: each
//! asked by one client over one connection, in turns, on this machine. Those that are not installed are left out
//! (docs/peers.md has how to install them).

use std::path::Path;
use std::time::Duration;

use self::server::{Ask, Server};

mod ours;
mod pocketbase;
mod server;
mod torrust;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 7;

/// What is asked, and how often in a round: about a second of it.
const WORK: [(&str, usize); 3] = [("login", 20), ("authorised read", 400), ("list of 20", 200)];

/// The table of all that are installed.
pub async fn measure(server: Option<&Path>) -> Result<String> {
    let mut servers = vec![ours::start(server).await?];
    let mut absent = Vec::new();
    for (name, started) in [
        ("PocketBase", pocketbase::start().await?),
        ("torrust-index", torrust::start().await?),
    ] {
        match started {
            Some(server) => servers.push(server),
            None => absent.push(name),
        }
    }
    let mut table =
        "| | processor time | Usher's in times of it, median | lowest | highest |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    for (work, times) in WORK {
        let rounds = rounds(&servers, work, times).await?;
        for (place, server) in servers.iter().enumerate() {
            table += &row(server, work, &rounds, place);
        }
    }
    if !absent.is_empty() {
        table += &format!("\nNot installed, and so not measured: {}.\n", absent.join(", "));
    }
    Ok(table)
}

/// What one request took each server, round by round.
async fn rounds(servers: &[Server], work: &str, times: usize) -> Result<Vec<Vec<Option<Duration>>>> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    // The first one warms them up.
    for round in 0..=ROUNDS {
        let mut took = Vec::with_capacity(servers.len());
        for server in servers {
            took.push(match server.asks(work) {
                Some(ask) => Some(server.time(ask, times).await?),
                None => None,
            });
        }
        if round > 0 {
            rounds.push(took);
        }
    }
    Ok(rounds)
}

fn row(server: &Server, work: &str, rounds: &[Vec<Option<Duration>>], place: usize) -> String {
    let Some(Ask { what, .. }) = server.asks(work) else {
        return String::new();
    };
    let sorted = |of: &dyn Fn(&[Option<Duration>]) -> Option<f64>| {
        let mut all: Vec<f64> = rounds.iter().filter_map(|round| of(round)).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let took = sorted(&|round| Some(round[place]?.as_secs_f64() * 1e3));
    let ratios = sorted(&|round| Some(round[0]?.as_secs_f64() / round[place]?.as_secs_f64()));
    let middle = |all: &[f64]| all.get(all.len() / 2).copied().unwrap_or(f64::NAN);
    let ends = (ratios.first(), ratios.last());
    let (lowest, highest) = (ends.0.copied().unwrap_or(f64::NAN), ends.1.copied().unwrap_or(f64::NAN));
    let name = server.name;
    let mine = middle(&took);
    match place {
        0 => format!("| {work}: {name}, `{what}` | {mine:.2} ms | | | |\n"),
        _ => format!(
            "| {work}: {name}, `{what}` | {mine:.2} ms | {:.2} | {lowest:.2} | {highest:.2} |\n",
            middle(&ratios)
        ),
    }
}
