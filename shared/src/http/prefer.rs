//! `Prefer` (RFC 7240): how much of what it changed a client wants back.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::preconditions::{WHITESPACE, joined};
use crate::error::{Error, Result};

/// How much of what it changed the client wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    Minimal,
    Representation,
}

/// `Prefer: return=…`, where the client has such a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefer(pub Option<Return>);

impl<S: Send + Sync> FromRequestParts<S> for Prefer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = joined(&parts.headers, "prefer").unwrap_or_default();
        let mut preferences = outside_quotes(&text, ',').into_iter().map(preference);
        // Of one that is repeated the first counts, whatever its value is (RFC 7240, 2).
        let first = preferences.find(|(name, _)| name.eq_ignore_ascii_case("return"));
        Ok(Self(first.and_then(|(_, value)| {
            let known = [("minimal", Return::Minimal), ("representation", Return::Representation)];
            let of_name = |(name, _): &(&str, Return)| value.eq_ignore_ascii_case(name);
            known.into_iter().find(of_name).map(|(_, meant)| meant)
        })))
    }
}

/// A preference's name and value, without its parameters.
fn preference(text: &str) -> (&str, String) {
    let own = outside_quotes(text, ';').first().copied().unwrap_or_default();
    let (name, value) = own.split_once('=').unwrap_or((own, ""));
    (name.trim_matches(WHITESPACE), word(value.trim_matches(WHITESPACE)))
}

/// A token as it is, a quoted string without its quotes and escapes.
fn word(text: &str) -> String {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return text.to_owned() };
    let mut letters = quoted.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

/// The parts between separators, those in quoted strings (RFC 9110, 5.6.4) left alone.
fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|letter| {
        let literal = std::mem::take(&mut escaped);
        match letter {
            '\\' if quoted && !literal => escaped = true,
            '"' if !literal => quoted = !quoted,
            _ => {}
        }
        letter == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use http::Request;

    use super::*;

    #[test]
    fn of_preferences_the_first_return_counts_in_any_spelling() {
        let (minimal, whole) = (Some(Return::Minimal), Some(Return::Representation));
        for (lines, wish) in [
            (&[][..], None),
            (&["return=representation"][..], whole),
            (&["return=representation; wait=5"], whole),
            (&["return=\"representation\""], whole),
            (&["return=\"repre\\sentation\""], whole),
            (&["RETURN = Representation ;x=\"a,return=minimal\""], whole),
            (&["respond-async, wait=10", "return=representation"], whole),
            (&["foo=\"a, return=minimal\", return=representation"], whole),
            (&["foo=\"\\\", return=minimal\", return=representation"], whole),
            (&["return=minimal"], minimal),
            (&["return=minimal, return=representation"], minimal),
            (&["return=other, return=representation"], None),
            (&["return", "return=representation"], None),
            (&["return=representation5"], None),
            (&["x-return=representation"], None),
            (&["foo; return=representation"], None),
            (&["foo=\"return=representation"], None),
        ] {
            assert_eq!(read(lines), wish, "{lines:?}");
        }
    }

    fn read(lines: &[&str]) -> Option<Return> {
        let request = lines
            .iter()
            .fold(Request::builder(), |request, line| request.header("prefer", *line));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let read = Prefer::from_request_parts(&mut parts, &());
        read.now_or_never().unwrap().unwrap().0
    }
}
