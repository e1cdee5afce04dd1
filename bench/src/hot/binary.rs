//! A function's binary, run until it has answered so many events.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::Result;
use super::cases::Case;
use super::runtime::Runtime;

pub struct Binary(PathBuf);

/// What a process holds.
pub struct Held {
    /// In MiB; what no other process can have: the heap, stacks, and pages that it wrote to.
    pub own: f64,
    /// The same with the pages of its binary that it touched.
    pub all: f64,
    pub threads: u32,
}

impl Binary {
    /// As `cargo lambda` puts it into a folder, or cargo.
    pub fn of(folder: &Path, case: &Case) -> Result<Self> {
        let packed = folder.join(case.function).join("bootstrap");
        let plain = folder.join(case.function);
        let found = [packed, plain].into_iter().find(|path| path.is_file());
        let found = found.ok_or_else(|| format!("{} is not in {}", case.function, folder.display()))?;
        Ok(Self(found))
    }

    /// What it executes from its start until it asks for one more event than these.
    pub async fn instructions(&self, case: &Case, events: usize) -> Result<u64> {
        let (child, answer) = run(callgrind(&self.0), case, events).await?;
        stop(&child)?;
        let mut output = child.wait_with_output()?;
        if events > 0 && answer != case.status {
            return Err(format!("{} answered {answer}", case.route).into());
        }
        collected(&mut output)
    }

    /// What it holds after its events, without callgrind.
    pub async fn held(&self, case: &Case) -> Result<Held> {
        let (child, _) = run(Command::new(&self.0), case, 1 + case.times).await?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
        end(child)?;
        let status = status?;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()).ok_or("no memory")
        };
        Ok(Held {
            own: of("RssAnon:")?.parse::<f64>()? / 1024.0,
            all: of("VmRSS:")?.parse::<f64>()? / 1024.0,
            threads: of("Threads:")?.parse()?,
        })
    }

    /// The processor time of one request, from the second one on.
    pub async fn each(&self, case: &Case, events: usize) -> Result<Duration> {
        let after = async |events| {
            let (child, answer) = run(Command::new(&self.0), case, events).await?;
            let time = on_processor(child.id());
            end(child)?;
            match answer == case.status {
                true => time,
                false => Err(format!("{} answered {answer}", case.route).into()),
            }
        };
        let (one, more) = (after(1).await?, after(1 + events).await?);
        Ok(more.saturating_sub(one) / u32::try_from(events)?)
    }

    /// The processor time of its threads until it asks for its first event.
    pub async fn start(&self, case: &Case) -> Result<Duration> {
        let (child, _) = run(Command::new(&self.0), case, 0).await?;
        let time = on_processor(child.id());
        end(child)?;
        time
    }
}

/// How long the threads of a process were on a processor, in all.
fn on_processor(process: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let times = fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = times.split_whitespace().next().ok_or("the kernel keeps no times")?;
        nanoseconds += first.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn end(child: Child) -> Result<()> {
    stop(&child)?;
    child.wait_with_output()?;
    Ok(())
}

/// Runs it until it has answered; the status of its last answer.
async fn run(mut command: Command, case: &Case, events: usize) -> Result<(Child, u64)> {
    let runtime = Runtime::start(&case.event, events).await?;
    command.env_clear().envs(&case.environment).env("PATH", "/usr/bin:/bin");
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", runtime.address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", case.function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ("AWS_REGION", "eu-central-1"),
        ("RUST_LOG", "warn,usher=info"),
    ] {
        command.env(name, value);
    }
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let status = runtime.answered().await?;
    Ok((child, status))
}

pub fn callgrind(binary: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(binary);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// By a signal at which callgrind counts up.
fn stop(child: &Child) -> Result<()> {
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    match stopped.success() {
        true => Ok(()),
        false => Err("the function has ended before it was stopped".into()),
    }
}

pub fn collected(output: &mut Output) -> Result<u64> {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = line.ok_or_else(|| format!("callgrind counted nothing: {text}"))?;
    Ok(count.trim().parse()?)
}
