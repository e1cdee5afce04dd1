//! A body that is the same for everybody: made once, and compressed once in each way that a client asks for.

use std::io::Write;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use usher::Error;
use usher::http::answer::{content_tag, keep};
use usher::http::openapi::{Description, Input};

/// It is written once in a process, while a client waits: within a few percent of the best, in a tenth of its time.
const BROTLI_QUALITY: i32 = 6;
const BROTLI_WINDOW: i32 = 22;
const BUFFER: usize = 4096;

#[derive(Debug)]
pub struct Fixed {
    media_type: &'static str,
    /// For how long it may be kept, in seconds.
    max_age: u32,
    tag: String,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

impl Fixed {
    pub fn new(media_type: &'static str, max_age: u32, body: String) -> Self {
        Self {
            media_type,
            max_age,
            tag: content_tag(body.as_bytes()),
            plain: body.into(),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    pub fn answer(&self, coding: Coding) -> Response {
        let (name, bytes) = match coding {
            Coding::Identity => (None, &self.plain),
            Coding::Gzip => (Some("gzip"), self.gzip.get_or_init(|| gzip(&self.plain))),
            Coding::Brotli => (Some("br"), self.brotli.get_or_init(|| brotli(&self.plain))),
        };
        let mut response = bytes.clone().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(name) = name {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        keep(&mut response, &self.tag, self.max_age);
        response
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Memory takes all that is written to it.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}

fn brotli(plain: &[u8]) -> Bytes {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: plain.len(),
        ..Default::default()
    };
    let mut encoder = brotli::CompressorWriter::with_params(Vec::new(), BUFFER, &params);
    let _ = encoder.write_all(plain);
    encoder.into_inner().into()
}

/// How the client wants a body (`Accept-Encoding`: RFC 9110, 12.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The one of highest weight, and of several the smallest.
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        let wanted: Vec<(&str, f32)> = lines.flat_map(|line| line.split(',')).map(weighed).collect();
        let weight = |name: &str| {
            let of = |name: &str| wanted.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
            of(name).or_else(|| of("*")).map_or(0.0, |(_, weight)| *weight)
        };
        let (gzip, brotli) = (weight("gzip"), weight("br"));
        if brotli > 0.0 && brotli >= gzip {
            Self::Brotli
        } else if gzip > 0.0 {
            Self::Gzip
        } else {
            Self::Identity
        }
    }
}

/// `gzip;q=0.5`. A weight that is none is that of what is not wanted.
fn weighed(text: &str) -> (&str, f32) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters
        .trim()
        .strip_prefix(['q', 'Q'])
        .map(|rest| rest.trim_start_matches('='));
    let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
    (name.trim(), weight)
}

impl<S: Send + Sync> FromRequestParts<S> for Coding {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self::of(&parts.headers))
    }
}

/// The document says nothing of how HTTP compresses.
impl Input for Coding {
    fn describe(_: &mut Description) {}
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_coding_of_most_weight_is_taken_and_brotli_where_both_have_the_same() {
        for (accepted, coding) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("GZip", Coding::Gzip),
            ("br", Coding::Brotli),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("br;q=0.5, gzip;q=0.9", Coding::Gzip),
            ("br; q=0, gzip", Coding::Gzip),
            ("br;q=0, gzip;q=0.0", Coding::Identity),
            ("*", Coding::Brotli),
            ("*;q=0.1, br;q=0", Coding::Gzip),
            ("identity", Coding::Identity),
            ("deflate, zstd", Coding::Identity),
            ("gzip;q=high", Coding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
            assert_eq!(Coding::of(&headers), coding, "{accepted}");
        }
        assert_eq!(Coding::of(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn what_is_compressed_is_the_same_text() {
        let text = "a body that is the same for everybody ".repeat(1_000);
        let (mut unzipped, mut restored) = (String::new(), String::new());
        flate2::read::GzDecoder::new(&*gzip(text.as_bytes()))
            .read_to_string(&mut unzipped)
            .unwrap();
        brotli::Decompressor::new(&*brotli(text.as_bytes()), BUFFER)
            .read_to_string(&mut restored)
            .unwrap();
        assert!(unzipped == text && restored == text);
    }
}
