//! How far a command is, on the standard error: one line that is written over on a terminal, else one now and then.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// What is to be known before the work begins.
pub fn note(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

pub struct Progress {
    what: &'static str,
    begun: Instant,
    shown: Instant,
    every: Duration,
    is_terminal: bool,
}

impl Progress {
    pub fn of(what: &'static str) -> Self {
        let is_terminal = stderr().is_terminal();
        Self {
            what,
            begun: Instant::now(),
            shown: Instant::now(),
            every: Duration::from_secs(if is_terminal { 1 } else { 10 }),
            is_terminal,
        }
    }

    /// Shows how many are done, now and then.
    pub fn at(&mut self, done: u64, more: &str) {
        if self.shown.elapsed() >= self.every {
            self.shown = Instant::now();
            self.show(done, more, if self.is_terminal { "\r" } else { "\n" });
        }
    }

    pub fn end(&self, done: u64, more: &str) {
        self.show(done, more, "\n");
    }

    fn show(&self, done: u64, more: &str, end: &str) {
        let seconds = self.begun.elapsed().as_secs().max(1);
        let line = format!("{} {done}{more}, {} a second, {seconds} s", self.what, done / seconds);
        // A closed stderr is no reason to stop.
        let _ = write!(stderr(), "{line:<76}{end}");
    }
}
