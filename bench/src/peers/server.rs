//! A server that runs, and what is asked of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use super::Result;

/// How often the kernel counts up in a second (`getconf CLK_TCK`, 100 on every Linux of today).
const TICKS: u32 = 100;
/// How often a server that starts is asked whether it is there, a tenth of a second apart.
const PATIENCE: usize = 150;

pub struct Server {
    pub name: &'static str,
    pub base: String,
    pub client: Client,
    process: Child,
    /// What it keeps, which goes with it.
    folder: PathBuf,
    asks: Vec<(&'static str, Ask)>,
}

/// A request that is answered with success.
#[derive(Clone)]
pub struct Ask {
    /// The method and the path.
    pub what: String,
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Server {
    /// Starts a program that keeps its data in a folder of its own, and waits until it answers at this path.
    pub async fn start(
        name: &'static str,
        mut command: Command,
        port: u16,
        folder: PathBuf,
        path: &str,
    ) -> Result<Self> {
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self {
            name,
            base: format!("http://127.0.0.1:{port}"),
            client: Client::builder().no_proxy().build()?,
            process,
            folder,
            asks: Vec::new(),
        };
        for _ in 0..PATIENCE {
            if let Ok(answer) = server.client.get(format!("{}{path}", server.base)).send().await
                && answer.status().is_success()
            {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{name} did not start").into())
    }

    pub fn ask(&self, method: &Method, path: &str, headers: &[(&'static str, String)], body: Option<&Value>) -> Ask {
        Ask {
            what: format!("{method} {path}"),
            method: method.clone(),
            url: format!("{}{path}", self.base),
            headers: headers.to_vec(),
            body: body.cloned(),
        }
    }

    pub fn measure(&mut self, work: &'static str, ask: Ask) {
        self.asks.push((work, ask));
    }

    pub fn asks(&self, work: &str) -> Option<&Ask> {
        self.asks.iter().find(|(name, _)| *name == work).map(|(_, ask)| ask)
    }

    pub async fn answer(&self, ask: &Ask) -> Result<Value> {
        let mut request = self.client.request(ask.method.clone(), &ask.url);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        match status.is_success() {
            true => Ok(serde_json::from_str(&text).unwrap_or_default()),
            false => Err(format!("{}: {} answered {status}: {text}", self.name, ask.what).into()),
        }
    }

    /// The processor time that one of so many requests takes the server, all of its threads together.
    pub async fn time(&self, ask: &Ask, times: usize) -> Result<Duration> {
        let before = self.ticks()?;
        for _ in 0..times {
            self.answer(ask).await?;
        }
        let ticks = self.ticks()? - before;
        Ok(Duration::from_secs(ticks) / TICKS / u32::try_from(times)?)
    }

    fn ticks(&self) -> Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // Its name, in brackets, can hold anything; what is after it are numbers.
        let (_, numbers) = stat.rsplit_once(')').ok_or("no times of a process")?;
        let mut times = numbers.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        times.try_fold(0, |sum, time| Ok(sum + time?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where a program is that was installed, if it was.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A new folder for what a server keeps.
pub fn folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("usher-peers-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A port that is free at this moment.
pub fn port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Runs a program to its end.
pub fn run(program: &Path, arguments: &[&str]) -> Result<()> {
    let ended = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    match ended.success() {
        true => Ok(()),
        false => Err(format!("{} {}", program.display(), arguments.join(" ")).into()),
    }
}
