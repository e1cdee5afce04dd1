//! Requests written to the socket as they are: HTTP clients repair paths and refuse methods before anything is sent.

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// Sends a request and reads its answer to the end of the connection.
pub async fn send(base: &str, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let host = base.trim_start_matches("http://");
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let in_chunks = headers.iter().any(|(name, _)| name == "transfer-encoding");
    if !body.is_empty() && !in_chunks {
        head += &format!("content-length: {}\r\n", body.len());
    }
    head += "\r\n";
    let mut socket = TcpStream::connect(host).await.unwrap();
    socket.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    read(&String::from_utf8(answer).unwrap())
}

fn read(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        })
        .collect();
    assert!(!headers.contains_key("transfer-encoding"), "answers are sent whole");
    Answer {
        status,
        headers,
        body: body.to_owned(),
    }
}
