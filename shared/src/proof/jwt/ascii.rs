//! JSON of ASCII alone, whose base64 is the same in both alphabets (RFC 4648, sections 4 and 5): clients read tokens by
//! `JSON.parse(atob(…))`, which knows neither base64url nor UTF-8.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// The letters whose low six bits are 62 or 63, and so the only ones of ASCII that can bring a `-` or a `_` into base64url.
const MARKED: [char; 4] = ['>', '?', '~', '\u{7f}'];

pub(super) fn to_vec(content: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::new();
    content.serialize(&mut Serializer::with_formatter(&mut json, Ascii(CompactFormatter)))?;
    Ok(json)
}

/// Writes as usual, and escapes (RFC 8259, section 7) what is beyond ASCII or marked: outside of strings JSON has neither.
struct Ascii(CompactFormatter);

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c: char| !c.is_ascii() || MARKED.contains(&c)) {
            let (plain, others) = rest.split_at(at);
            self.0.write_string_fragment(writer, plain)?;
            let mut letters = others.chars();
            for unit in letters
                .next()
                .into_iter()
                .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
            {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = letters.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }
}
