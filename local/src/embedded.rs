//! The embedded DynamoDB. The application reaches it in this process, by an HTTP client of the AWS SDK that hands each
//! operation over; it listens only where other tools are to reach it as well.
//!
//! It has threads and a runtime of its own. Operations run to their end on the thread that took them, `fsync` included,
//! which on the application's threads would hold up unrelated requests; and when its runtime is gone, every handle on
//! the data is, so a clean stop can wait until SQLite has closed.

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
use crate::hosts::Hosts;
use crate::server;
use crate::stream;

pub mod listener;
mod operations;
mod store;

pub use store::Store;

/// How long requests that run may take to end after the stop. They take milliseconds; what lasts longer is a client
/// that never sends the rest.
const GRACE: Duration = Duration::from_secs(2);

/// One thread speaks SQLite, behind a lock; the other one meanwhile parses or writes JSON.
const THREADS: usize = 2;

/// What stands for its address where there is none: a name that leads nowhere (RFC 2606).
pub const URL: &str = "http://dynamodb.invalid";

/// A running embedded DynamoDB. Dropping it stops it without waiting for that.
#[derive(Debug)]
pub struct Embedded {
    store: Store,
    url: Option<String>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// Where other tools reach it.
#[derive(Debug, Clone)]
pub struct Listen {
    pub address: SocketAddr,
    /// By which it is called, beside its address.
    pub names: Vec<String>,
}

impl Embedded {
    /// Opens the data in this file, or in memory. `guard` is let go once the data is closed.
    pub fn start(file: Option<&Path>, listen: Option<&Listen>, guard: Option<Arc<Directory>>) -> Result<Self> {
        let listener = listen.map(bind).transpose()?;
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
        let database = Arc::new(database);
        let store = Store::new(&database, runtime.handle().clone());
        let url = match (listener, listen) {
            (Some(listener), Some(listen)) => Some(serve(&runtime, listener, listen, store.clone())?),
            _ => None,
        };
        let (stop, mut stopped) = watch::channel(false);
        let thread = std::thread::Builder::new().name("dynamodb".to_owned()).spawn(move || {
            // Or its sender is gone.
            let _ = runtime.block_on(stopped.wait_for(|stop| *stop));
            runtime.shutdown_timeout(GRACE);
            // The last handle, so this closes SQLite.
            drop(database);
            drop(guard);
        })?;
        Ok(Self {
            store,
            url,
            stop,
            thread,
        })
    }

    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Where it listens, as this machine reaches it.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Stops it and waits until SQLite has written its log back and closed.
    pub async fn stop(self) -> Result<()> {
        let Self { stop, thread, .. } = self;
        stop.send_replace(true);
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        match ended {
            Ok(Ok(())) => Ok(()),
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

fn bind(listen: &Listen) -> Result<TcpListener> {
    TcpListener::bind(listen.address)
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .map_err(|cause| server::cannot_listen(&listen.address.to_string(), "--dynamodb-listen", cause))
}

/// Serves other tools while the runtime lasts; its URL.
fn serve(runtime: &Runtime, listener: TcpListener, listen: &Listen, store: Store) -> Result<String> {
    let bound = listener.local_addr()?;
    let router = Hosts::new(bound.ip(), &listen.names).guard(listener::routes(store));
    let _context = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    runtime.spawn(axum::serve(listener, router).into_future());
    Ok(format!("http://{}", reachable(bound)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_calls_after_the_stop_does_not_wait_and_keeps_nothing_open() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("test.sqlite");
        let embedded = Embedded::start(Some(&file), None, None).unwrap();
        let store = embedded.store();
        let list = || store.call("DynamoDB_20120810.ListTables".to_owned(), "{}".into());
        assert_eq!(list().await.unwrap().status, 200);
        embedded.stop().await.unwrap();
        assert!(list().await.is_none());
        assert!(!place.path().join("test.sqlite-wal").exists(), "SQLite was not closed");
    }
}
