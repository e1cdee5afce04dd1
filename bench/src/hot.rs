//! What a request costs a function: instructions by callgrind, which count the same on every machine of one kind, and the
//! memory that it holds. The release binaries run behind a runtime API of ours and a store in this process, beside a
//! function that does nothing and a bare Argon2id in the same run.

use std::path::{Path, PathBuf};
use std::process::Command;

use local::Stack;

use self::binary::{Binary, Held};
use self::cases::{Case, cases};
use self::gate::Counted;

pub mod binary;
pub mod cases;
mod gate;
mod runtime;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How often each is counted: runs fall into groups, by when a thread is stopped, and the least is the quietest.
const RUNS: usize = 3;
/// How often starts are timed, in turns with those of the function that does nothing.
const PAIRS: usize = 31;
/// What is built where no folder of functions is given: as `cargo lambda` does, but for its linker.
const FUNCTIONS: [&str; 4] = ["auth", "discovery", "me", "users"];
/// A function that does nothing, and Argon2id alone.
const BASELINE: [&str; 1] = ["baseline"];

/// The table of it. `functions` is where the binaries are, as cargo or `cargo lambda` leaves them; without it they are
/// built.
pub async fn measure(functions: Option<&Path>) -> Result<String> {
    let own = hello()?;
    let functions = ready(functions)?;
    let stack = Stack::start(cases::options()).await?;
    let cases = cases(&stack).await?;
    let hello = cases.first().ok_or("there is nothing to measure")?;
    let hello = (Binary::of(&own, hello)?, hello);
    let mut table = "| function | request | start, million | start, CPU of `hello`'s | each request, million | \
                     memory of its own, MiB | with its binary's pages | threads |\n\
                     | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for case in &cases {
        let folder = if case.function == "hello" { &own } else { &functions };
        let binary = Binary::of(folder, case)?;
        let counted = count(&binary, case).await?;
        let ratio = starts(&binary, case, &hello).await?;
        table += &row(case, counted, ratio, &binary.held(case).await?);
    }
    stack.stop().await?;
    let bare = bare_hash(&own.join("argon2id"))?;
    Ok(format!(
        "{table}| bare Argon2id | one comparison | | | {:.3} | | | |\n",
        millions(bare)
    ))
}

/// Counts what the functions execute, and fails where one executes more than the table in `document` states.
pub async fn check(functions: Option<&Path>, document: &str) -> Result<String> {
    let functions = ready(functions)?;
    let stack = Stack::start(cases::options()).await?;
    let (mut found, mut over) = (String::new(), Vec::new());
    for case in cases(&stack).await?.iter().filter(|case| case.function != "hello") {
        let counted = count(&Binary::of(&functions, case)?, case).await?;
        let stated = gate::stated(document, case.route).ok_or_else(|| format!("the table has no {}", case.route))?;
        found += &format!("{} `{}`: {counted}, stated {stated}\n", case.function, case.route);
        over.extend(
            counted
                .over(stated)
                .map(|what| format!("{} `{}`: {what}", case.function, case.route)),
        );
    }
    stack.stop().await?;
    match over.is_empty() {
        true => Ok(found),
        false => Err(format!("{found}more than docs/performance.md states:\n{}", over.join("\n")).into()),
    }
}

/// The same, where callgrind is there to count what they execute.
fn ready(functions: Option<&Path>) -> Result<PathBuf> {
    Command::new("valgrind")
        .arg("--version")
        .output()
        .map_err(|error| format!("it needs valgrind: {error}"))?;
    built(functions)
}

/// Where the functions' binaries are, which are built where no folder is given.
pub fn built(functions: Option<&Path>) -> Result<PathBuf> {
    let Some(functions) = functions else {
        build(&FUNCTIONS)?;
        return release_folder();
    };
    Ok(functions.to_owned())
}

/// Where the function is that does nothing, which is built.
pub fn hello() -> Result<PathBuf> {
    build(&BASELINE)?;
    release_folder()
}

async fn count(binary: &Binary, case: &Case) -> Result<Counted> {
    let mut least = Counted {
        start: u64::MAX,
        each: u64::MAX,
    };
    for _ in 0..RUNS {
        least.start = least.start.min(binary.instructions(case, 0).await?);
        let one = binary.instructions(case, 1).await?;
        let more = binary.instructions(case, 1 + case.times).await?;
        least.each = least.each.min(more.saturating_sub(one) / u64::try_from(case.times)?);
    }
    Ok(least)
}

/// How much processor time a start takes in times of another function's, the two in turns: the median.
async fn starts(binary: &Binary, case: &Case, other: &(Binary, &Case)) -> Result<f64> {
    let mut ratios = Vec::with_capacity(PAIRS);
    for _ in 0..PAIRS {
        let (one, two) = (binary.start(case).await?, other.0.start(other.1).await?);
        ratios.push(one.as_secs_f64() / two.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[PAIRS / 2])
}

fn row(case: &Case, counted: Counted, ratio: f64, held: &Held) -> String {
    format!(
        "| {} | `{}` | {:.2} | {ratio:.2} | {:.3} | {:.1} | {:.1} | {} |\n",
        case.function,
        case.route,
        millions(counted.start),
        millions(counted.each),
        held.own,
        held.all,
        held.threads,
    )
}

fn bare_hash(binary: &Path) -> Result<u64> {
    let count = |times: &str| binary::collected(&mut binary::callgrind(binary).arg(times).spawn()?.wait_with_output()?);
    Ok((count("3")? - count("1")?) / 2)
}

/// Where cargo puts release binaries, as it put this one of whatever profile beside them.
fn release_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent);
    Ok(target.ok_or("this binary is in no folder")?.join("release"))
}

/// Each package by itself: cargo would build packages that it is given together with the features of all of them.
fn build(packages: &[&str]) -> Result<()> {
    for package in packages {
        let mut cargo = Command::new("cargo");
        cargo.args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--bins",
            "--package",
            package,
        ]);
        if !cargo.status()?.success() {
            return Err(format!("{package} was not built").into());
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "three places of them are shown")]
fn millions(instructions: u64) -> f64 {
    instructions as f64 / 1e6
}
