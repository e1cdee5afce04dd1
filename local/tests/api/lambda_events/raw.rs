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
    read(&answer)
}

fn read(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = (std::str::from_utf8(&answer[..end]).unwrap(), &answer[end + 4..]);
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
    let is_compressed = headers.contains_key("content-encoding");
    let is_chunked = headers.contains_key("transfer-encoding");
    assert!(!is_chunked || is_compressed, "answers are sent whole");
    let body = if is_chunked { joined(body) } else { body.to_vec() };
    Answer {
        status,
        body: plain(&headers, &body),
        headers,
    }
}

/// The chunks of a body (RFC 9112, 7.1) as one.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&rest[end + 2..][..size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

/// A body without its compression.
pub fn plain(headers: &HeaderMap, body: &[u8]) -> String {
    let mut text = String::new();
    let coding = headers.get("content-encoding").map(|coding| coding.to_str().unwrap());
    match coding.filter(|_| !body.is_empty()) {
        Some("br") => std::io::Read::read_to_string(&mut brotli::Decompressor::new(body, 4096), &mut text),
        Some("gzip") => std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(body), &mut text),
        _ => std::io::Read::read_to_string(&mut &*body, &mut text),
    }
    .unwrap();
    text
}
