//! Listening, and stopping without cutting off requests.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// How long requests that run may take to end after the stop. The slowest route hashes a password.
pub const GRACE: Duration = Duration::from_secs(5);

/// Listens on an address or name; port 0 is any free one.
pub async fn bind(host: &str, port: u16) -> Result<TcpListener> {
    let listening = TcpListener::bind((host, port)).await;
    listening.map_err(|cause| {
        let flag = if cause.kind() == io::ErrorKind::AddrInUse {
            "--port"
        } else {
            "--host and --port"
        };
        cannot_listen(&format!("{host}:{port}"), flag, cause)
    })
}

/// The sentence about an address that cannot be listened on.
pub fn cannot_listen(address: &str, flag: &'static str, cause: io::Error) -> Error {
    let address = address.to_owned();
    if cause.kind() == io::ErrorKind::AddrInUse {
        Error::AddressInUse { address, flag }
    } else {
        Error::Address { address, flag, cause }
    }
}

/// Serves until `shutdown`: then takes no more connections, lets requests that run end within `grace`, and returns.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> Result<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    // Who calls is kept in the histories.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let mut serving = tokio::spawn(serving.into_future());
    tokio::select! {
        ended = &mut serving => return Ok(ended.map_err(io::Error::other)??),
        () = shutdown => {}
    }
    let _ = stop.send(());
    if let Ok(ended) = tokio::time::timeout(grace, &mut serving).await {
        Ok(ended.map_err(io::Error::other)??)
    } else {
        tracing::warn!(seconds = grace.as_secs(), "requests that would not end were cut off");
        serving.abort();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::routing::get;
    use tokio::sync::watch;
    use tokio::task::JoinHandle;

    use super::*;

    /// Asks a server whose one route takes this long, and stops it meanwhile. The answer is still to come.
    async fn stopped_during(takes: Duration, grace: Duration) -> JoinHandle<reqwest::Result<String>> {
        let listener = bind("127.0.0.1", 0).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, mut was_asked) = watch::channel(false);
        let route = get(move || async move {
            asked.send_replace(true);
            tokio::time::sleep(takes).await;
            "done"
        });
        let request = tokio::spawn(async move { reqwest::get(url).await?.text().await });
        let stop = async move {
            was_asked.wait_for(|asked| *asked).await.unwrap();
        };
        serve(listener, Router::new().route("/", route), stop, grace)
            .await
            .unwrap();
        request
    }

    #[tokio::test]
    async fn a_request_that_runs_at_the_stop_is_answered() {
        let request = stopped_during(Duration::from_millis(300), GRACE).await;
        assert_eq!(request.await.unwrap().unwrap(), "done");
    }

    #[tokio::test]
    async fn a_request_that_does_not_end_does_not_hold_up_the_stop() {
        let begun = Instant::now();
        stopped_during(Duration::from_mins(1), Duration::from_millis(100))
            .await
            .abort();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}
