//! Every route × every fault at every one of its requests to the store: the answer is right, or 503 with `Retry-After`;
//! nothing is half done; and asked again, it ends as if nothing had been, or `docs/failures.md` states as what.
//!
//! The routes' cases are those that their costs are measured by (`bench/src/scale/cases.txt`). Each is played on a copy of
//! the table as it is before the case, by an instance that has just started, so that what an instance reads once is in it
//! too. Time stands still and advances when everybody waits for it, so that a timeout takes none.

use std::sync::Arc;

use bench::scale::directory;
use bench::scale::play::Play;
use bench::scale::script::{Script, Step};

use crate::databases::Original;

mod answer;
mod case;
mod document;
mod expected;
mod fault;
mod state;
mod store;

use case::{Case, Played};

/// How many accounts there are beside those of the cases.
const ACCOUNTS: usize = 20;
/// How many share the cases.
const THREADS: usize = 2;
/// After how many steps what an index shows that is behind is taken anew.
const BEHIND: usize = 25;

/// How much of the product is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Each fault at each request.
    Whole,
    /// Of each route's first case, a spread of faults at its commit, or at the last request where it writes nothing, and of
    /// those that last from its first write on. The further cases without a fault.
    Bounded,
}

/// All cases, played; in their order.
fn played(extent: Extent) -> Vec<Played> {
    let play = |share: usize| {
        std::thread::Builder::new()
            .name(format!("failures {share}"))
            .stack_size(16 << 20)
            .spawn(move || of_share(share, extent))
            .unwrap()
    };
    let threads: Vec<_> = (0..THREADS).map(play).collect();
    let mut all: Vec<Played> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    all.sort_by_key(|played| played.number);
    all
}

/// Plays all steps as they are, and faults on the cases of this share.
fn of_share(share: usize, extent: Extent) -> Vec<Played> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let script = Script::read().unwrap();
        let only = std::env::var_os("FAILURES_OF").unwrap_or_default();
        let only = only.to_string_lossy().into_owned();
        let now = Original::empty();
        let stage = directory::on(now.db.clone(), ACCOUNTS, &|_| {}).await.unwrap();
        let mut play = Play::on(&stage, ACCOUNTS);
        let mut behind = [Arc::new(now.copy()), Arc::new(now.copy())];
        let mut all: Vec<Played> = Vec::new();
        for (at, step) in script.steps.iter().enumerate() {
            if at % BEHIND == 0 {
                behind = [Arc::new(now.copy()), behind[0].clone()];
            }
            if let Step::Case(number, ask) = step {
                let of = &script.cases[*number];
                if number % THREADS == share && of.name.contains(&only) {
                    let case = Case::of(&stage, &now, behind[1].clone(), &of.route, &play.call(ask).unwrap());
                    let is_first = script.cases[..*number].iter().all(|before| before.route != of.route);
                    all.push(case.played(*number, of, is_first, extent).await);
                    if extent == Extent::Whole && (number / THREADS).is_multiple_of(10) {
                        eprintln!("{number} of {} cases", script.cases.len());
                    }
                }
            }
            play.step(step).await.unwrap();
        }
        all
    })
}

/// The bounded form of the next one, and whether `docs/failures.md` has these routes, requests and numbers of faults.
#[test]
fn f1_f2_f3_f5_f7_every_route_is_right_or_503_with_faults_at_its_first_write_and_its_commit() {
    let played = played(Extent::Bounded);
    findings(&played);
    document::is_of(&played);
}

/// All of it, which the document is made of: minutes, so it is asked for by
/// `UPDATE_DOCS=1 cargo test -p local --test api -- --ignored failures`.
#[test]
#[ignore = "takes minutes"]
fn every_route_is_right_or_503_with_each_fault_at_each_request() {
    let played = played(Extent::Whole);
    findings(&played);
    document::hold(&played);
}

#[test]
fn every_route_is_in_the_document() {
    document::has(&usher::http::known::listed(&local::route_list()));
}

fn findings(played: &[Played]) {
    let sum = |of: fn(&Played) -> usize| played.iter().map(of).sum::<usize>();
    let answered = sum(|case| case.right + case.undone + case.begun + case.done);
    eprintln!("{answered} of {} faults played", sum(|case| case.plans));
    let found: Vec<&str> = played
        .iter()
        .flat_map(|played| &played.findings)
        .map(String::as_str)
        .collect();
    assert!(found.is_empty(), "{} findings\n{}", found.len(), found.join("\n"));
}
