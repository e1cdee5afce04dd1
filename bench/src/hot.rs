//! What a request costs a function: instructions by callgrind, which count the same on every machine of one kind, and the
//! memory that it holds. The release binaries run behind a runtime API of ours and a store in this process, beside a
//! function that does nothing and a bare Argon2id in the same run.

use std::path::{Path, PathBuf};
use std::process::Command;

use local::Stack;

use self::binary::Binary;
use self::cases::{Case, cases};

mod binary;
mod cases;
mod runtime;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How often each is counted: runs fall into groups, by when a thread is stopped, and the least is the quietest.
const RUNS: usize = 3;
/// What is built where no folder of functions is given: as `cargo lambda` does, but for its linker.
const FUNCTIONS: [&str; 4] = ["auth", "discovery", "me", "users"];
/// A function that does nothing, and Argon2id alone.
const BASELINE: [&str; 1] = ["baseline"];

/// The table of it. `functions` is where the binaries are, as cargo or `cargo lambda` leaves them; without it they are
/// built.
pub async fn measure(functions: Option<&Path>) -> Result<String> {
    Command::new("valgrind")
        .arg("--version")
        .output()
        .map_err(|error| format!("it needs valgrind: {error}"))?;
    let own = release_folder()?;
    build(&BASELINE)?;
    if functions.is_none() {
        build(&FUNCTIONS)?;
    }
    let functions = functions.map_or_else(|| own.clone(), Path::to_owned);
    let stack = Stack::start(cases::options()).await?;
    let mut table =
        "| function | request | start, million | each request, million | memory, warm, MiB | at most, MiB |\n\
                     | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for case in cases(&stack).await? {
        let folder = if case.function == "hello" { &own } else { &functions };
        table += &row(&Binary::of(folder, &case)?, &case).await?;
    }
    stack.stop().await?;
    let bare = bare_hash(&own.join("argon2id"))?;
    Ok(format!(
        "{table}| bare Argon2id | one comparison | | {:.3} | | |\n",
        millions(bare)
    ))
}

async fn row(binary: &Binary, case: &Case) -> Result<String> {
    let mut start = u64::MAX;
    let mut each = u64::MAX;
    for _ in 0..RUNS {
        start = start.min(binary.instructions(case, 0).await?);
        let (one, more) = (
            binary.instructions(case, 1).await?,
            binary.instructions(case, 1 + case.times).await?,
        );
        each = each.min(more.saturating_sub(one) / u64::try_from(case.times)?);
    }
    let memory = binary.memory(case).await?;
    Ok(format!(
        "| {} | `{}` | {:.2} | {:.3} | {:.1} | {:.1} |\n",
        case.function,
        case.route,
        millions(start),
        millions(each),
        memory.now,
        memory.most
    ))
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

fn build(packages: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--quiet", "--bins"]);
    packages.iter().for_each(|package| {
        cargo.args(["--package", package]);
    });
    match cargo.status()?.success() {
        true => Ok(()),
        false => Err("the functions were not built".into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three places of them are shown")]
fn millions(instructions: u64) -> f64 {
    instructions as f64 / 1e6
}
