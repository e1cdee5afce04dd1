//! The embedded DynamoDB: an HTTP server on a loopback port that the application reaches like any other endpoint.
//!
//! It has threads and a runtime of its own. Its requests run to their end on the thread that took them, `fsync`
//! included, which on the application's threads would hold up unrelated requests; and when its runtime is gone, every
//! handle on the data is, so a clean stop can wait until SQLite has closed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use dynoxide::Database;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::server;
use crate::stream;

/// How long requests that run may take to end after the stop. They take milliseconds; what lasts longer is a client
/// that never sends the rest.
const GRACE: Duration = Duration::from_secs(2);

/// One thread speaks SQLite, behind a lock; the other one meanwhile parses or writes JSON.
const THREADS: usize = 2;

/// A running embedded DynamoDB. Dropping it stops it without waiting for that.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    stop: watch::Sender<bool>,
    thread: JoinHandle<Result<()>>,
}

impl Embedded {
    /// Opens the data in this file, or in memory, and listens. `guard` is let go once the data is closed.
    pub fn start(file: Option<&Path>, listen: SocketAddr, guard: Option<Arc<Directory>>) -> Result<Self> {
        let listener = TcpListener::bind(listen)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|cause| server::cannot_listen(&listen.to_string(), "--dynamodb-listen", cause))?;
        let url = format!("http://{}", reachable(listener.local_addr()?));
        let place = file.map_or_else(in_memory, |file| file.to_string_lossy().into_owned());
        let database = Database::new(&place).map_err(|error| Error::Embedded(error.to_string()))?;
        if let Err(error) = stream::tend(&place) {
            // Then it is only slow.
            tracing::warn!(%error, "the embedded DynamoDB's stream has no index: writes will slow down");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("dynamodb-worker")
            .enable_all()
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new().name("dynamodb".to_owned()).spawn(move || {
            let served = serve(runtime, listener, database, stopped);
            drop(guard);
            served
        })?;
        Ok(Self { url, stop, thread })
    }

    /// Where it is, as this machine reaches it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it and waits until SQLite has written its log back and closed.
    pub async fn stop(self) -> Result<()> {
        let Self { stop, thread, .. } = self;
        stop.send_replace(true);
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        match ended {
            Ok(Ok(served)) => served,
            _ => Err(Error::Embedded("its thread panicked".to_owned())),
        }
    }
}

/// A name of a database in memory that a second connection can open too, which `Database::memory` does not allow.
fn in_memory() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("file:usher-{count}?mode=memory&cache=shared")
}

fn serve(runtime: Runtime, listener: TcpListener, database: Database, stopped: watch::Receiver<bool>) -> Result<()> {
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let serving = dynoxide::server::serve_with_shutdown(listener, database, stop(stopped.clone()));
        let overdue = async {
            stop(stopped).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = serving => served.map_err(Error::Embedded),
            () = overdue => Ok(()),
        }
    });
    // Connections hold the database; they end with the runtime, and the last one closes SQLite.
    runtime.shutdown_timeout(GRACE);
    served
}

/// Waits for the stop, or for its sender to be gone.
async fn stop(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The address by which this machine reaches a listener: one that listens everywhere has none of its own.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
