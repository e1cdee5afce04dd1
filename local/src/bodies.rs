//! Requests reach the application with their whole body, as API Gateway hands them over: what may be done is decided at a
//! moment at which all that is asked for is known. And nothing unread is left on a connection that clients use again.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use usher::http::body::LIMIT;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the body before anything else is done. One that is too long, breaks off or does not end in time is the last request
/// of its connection.
pub async fn whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (mut response, is_whole) = match tokio::time::timeout(PATIENCE, read(body)).await {
        Ok((body, is_whole)) => (next.run(Request::from_parts(parts, body)).await, is_whole),
        Err(_) => (StatusCode::REQUEST_TIMEOUT.into_response(), false),
    };
    if !is_whole {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// The body, no further than to where it is too long; and whether it has ended.
async fn read(body: Body) -> (Body, bool) {
    let mut frames = body.into_data_stream();
    let mut read = Vec::new();
    while read.len() <= LIMIT {
        match frames.next().await {
            None => return (Body::from(read), true),
            Some(Ok(bytes)) => read.extend_from_slice(&bytes),
            Some(broken) => return (Body::from_stream(stream::iter([broken])), false),
        }
    }
    (Body::from(read), false)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// A server that refuses before it looks at any body, and a connection to it.
    async fn connection() -> TcpStream {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", post(async || StatusCode::FORBIDDEN))
            .layer(axum::middleware::from_fn(whole));
        tokio::spawn(async { axum::serve(listener, router).await });
        TcpStream::connect(address).await.unwrap()
    }

    async fn answer(connection: &mut TcpStream) -> String {
        let mut answer = vec![0; 1024];
        let length = connection.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).to_lowercase()
    }

    #[tokio::test]
    async fn a_connection_goes_on_after_a_refusal_whose_body_came_behind_its_head() {
        let mut connection = connection().await;
        for _ in 0..3 {
            connection
                .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n")
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            connection.write_all(b"{}").await.unwrap();
            let answer = answer(&mut connection).await;
            assert!(
                answer.starts_with("http/1.1 403") && !answer.contains("connection: close"),
                "{answer}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_ends_its_connection() {
        let mut connection = connection().await;
        let length = LIMIT + 2;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&vec![b' '; LIMIT + 1]).await.unwrap();
        let answer = answer(&mut connection).await;
        assert!(
            answer.starts_with("http/1.1 403") && answer.contains("connection: close"),
            "{answer}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let never = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
        let router = Router::new()
            .route("/", post(async || StatusCode::OK))
            .layer(axum::middleware::from_fn(whole));
        let request = Request::post("/").body(never).unwrap();
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(response.headers()[CONNECTION], "close");
    }
}
