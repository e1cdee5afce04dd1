//! `local import`: a file of lines, taken over one by one and several at once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt, stream};
use usher::actions::Context;
use usher::actions::transfer::{self, Imported};
use usher::domain::transfer::{AccountLine, Line};
use usher::error::Error as Refusal;

use super::progress::Progress;
use super::report::{Outcome, Report, Status};
use super::{Variables, at, finish, go_on, now, work};
use crate::args::Import;
use crate::error::{Error, Result};

/// An account is some kilobytes; what is longer is no line.
const LONGEST_LINE: u64 = 1 << 20;
/// How many lines are read ahead.
const AHEAD: usize = 512;
/// How often a line is tried where the table does not answer, and how long apart at first.
const TRIES: u32 = 6;
const BETWEEN: Duration = Duration::from_millis(250);

/// Takes every line over; whether none was refused.
pub async fn import(args: &Import, variables: Variables) -> Result<bool> {
    let mut lines = Lines::open(&args.file)?;
    let opened = args.within.place.open_or_make(variables).await?;
    let cx = work(&opened, &args.within).await?;
    let report = args.report.clone().unwrap_or_else(|| beside(&args.file));
    let mut taking = Taking {
        cx,
        is_alone: opened.embedded.is_some(),
        parallel: args.within.parallel.into(),
        report: Report::new(&report)?,
        progress: Progress::of("imported"),
    };
    let taken = taking.all(&mut lines).await;
    // Also of an import that broke off: what it took over is there.
    let finished = finish(&opened, &taking.cx).await;
    taking.report.flush()?;
    taking.progress.end(taking.report.lines(), &taking.report.summary());
    let none_refused = taking.report.refused == 0;
    drop(taking);
    opened.close().await?;
    taken.and(finished).map(|()| none_refused)
}

fn beside(file: &Path) -> PathBuf {
    match file.as_os_str() == "-" {
        true => PathBuf::from("import.report.ndjson"),
        false => file.with_added_extension("report.ndjson"),
    }
}

/// The lines of a file with their numbers.
struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let reader: Box<dyn BufRead + Send> = match path.as_os_str() == "-" {
            true => Box::new(BufReader::new(io::stdin())),
            false => Box::new(BufReader::new(File::open(path).map_err(at(path))?)),
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
            number: 0,
        })
    }

    /// The next line that is not blank; else why it cannot be read.
    fn next(&mut self) -> Result<Option<(u64, Result<Line, String>)>> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            if read.map_err(at(&self.path))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if bytes.len() as u64 == LONGEST_LINE && !bytes.ends_with(b"\n") {
                self.reader.skip_until(b'\n').map_err(at(&self.path))?;
                return Ok(Some((self.number, Err("the line is longer than 1 MiB".to_owned()))));
            }
            let text = match str::from_utf8(&bytes) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => text.trim().trim_start_matches('\u{feff}'),
                Err(_) => return Ok(Some((self.number, Err("the line is not UTF-8".to_owned())))),
            };
            return Ok(Some((self.number, Line::parse(text))));
        }
    }
}

struct Taking {
    cx: Context,
    /// Whether nobody else has the table.
    is_alone: bool,
    parallel: usize,
    report: Report,
    progress: Progress,
}

impl Taking {
    /// Accounts at once; what they may name, before those that follow.
    async fn all(&mut self, lines: &mut Lines) -> Result<()> {
        let mut accounts = Vec::with_capacity(AHEAD);
        let mut ids = BTreeSet::new();
        while let Some((number, line)) = lines.next()? {
            if accounts.is_empty() {
                ids.clear();
            }
            match line {
                Ok(Line::Account(account)) => {
                    // Of two lines with one id the first is over before the other begins.
                    if account.id.is_some_and(|id| !ids.insert(id)) {
                        self.accounts(&mut accounts).await?;
                    }
                    accounts.push((number, Ok(account)));
                }
                Err(why) => accounts.push((number, Err(why))),
                Ok(Line::Export(_)) => {}
                Ok(other) => {
                    self.accounts(&mut accounts).await?;
                    let outcome = again(async || self.other(&other).await).await?;
                    self.report.note(number, &outcome)?;
                }
            }
            if accounts.len() == AHEAD {
                self.accounts(&mut accounts).await?;
            }
        }
        self.accounts(&mut accounts).await
    }

    async fn accounts(&mut self, lines: &mut Vec<(u64, Result<Box<AccountLine>, String>)>) -> Result<()> {
        go_on(&mut self.cx, self.is_alone).await;
        let cx = &self.cx;
        let one = |(number, line): (u64, Result<Box<AccountLine>, String>)| async move {
            let outcome = match line {
                Ok(line) => again(async || taken(transfer::account(&now(cx), &line).await)).await,
                Err(why) => Ok(Outcome::refused(why)),
            };
            (number, outcome)
        };
        let mut outcomes = stream::iter(lines.drain(..)).map(one).buffered(self.parallel);
        while let Some((number, outcome)) = outcomes.next().await {
            self.report.note(number, &outcome?)?;
            self.progress.at(self.report.lines(), &self.report.summary());
        }
        drop(outcomes);
        self.report.flush()
    }

    async fn other(&self, line: &Line) -> Result<Outcome, Refusal> {
        let cx = now(&self.cx);
        match line {
            Line::Role(role) => taken(transfer::role(&cx, role).await),
            Line::Permission(permission) => taken(transfer::permission(&cx, permission).await),
            Line::Account(_) | Line::Export(_) => Ok(Outcome::refused("this is not of its kind")),
        }
    }
}

/// What a line is reported with; what may yet succeed is an error.
fn taken<Id: ToString>(taken: Result<Imported<Id>, Refusal>) -> Result<Outcome, Refusal> {
    let (status, id) = match taken {
        Ok(Imported::Created(id)) => (Status::Created, id),
        Ok(Imported::Exists(id)) => (Status::Exists, id),
        Err(again @ Refusal::Unavailable(_)) => return Err(again),
        // Such as an item that the store takes for too large: tried again it is the same.
        Err(Refusal::Fault(cause)) => return Ok(Outcome::refused(cause.0)),
        Err(Refusal::Invalid(violations)) => {
            let reasons = violations.iter().map(|one| format!("{}: {}", one.pointer, one.detail));
            return Ok(Outcome::refused(reasons.collect::<Vec<_>>().join("; ")));
        }
        Err(refused) => return Ok(Outcome::refused(refused.to_string())),
    };
    Ok(Outcome {
        status,
        id: Some(id.to_string()),
        reason: None,
    })
}

/// Tries a line until the table answers.
async fn again(one: impl AsyncFn() -> Result<Outcome, Refusal>) -> Result<Outcome> {
    let mut wait = BETWEEN;
    for _ in 1..TRIES {
        match one().await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => tracing::debug!(?error, "a line is tried again"),
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    one().await.map_err(Error::Usher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_succeed_is_refused_and_one_that_may_is_tried_again() {
        let refused = taken::<String>(Err(Refusal::fault("Item size has exceeded the maximum")));
        assert_eq!(refused.unwrap().reason.unwrap(), "Item size has exceeded the maximum");
        let again = taken::<String>(Err(Refusal::unavailable("an outage")));
        assert!(matches!(again, Err(Refusal::Unavailable(_))));
    }
}
