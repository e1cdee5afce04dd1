//! The messages that we wrote, read again: as much of RFC 5322 and MIME as they are made of.

use quoted_printable::ParseMode;

/// A header's text, where it fits on one line, as all of ours do.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = message.split_once("\r\n\r\n")?;
    value(head, name)
}

/// The text part: the first one.
pub fn text(message: &str) -> Option<String> {
    let (head, body) = message.split_once("\r\n\r\n")?;
    let (_, boundary) = head.split_once("boundary=\"")?;
    let (boundary, _) = boundary.split_once('"')?;
    let mark = format!("--{boundary}\r\n");
    let part = body.split(&*mark).nth(1)?;
    let (head, text) = part.split_once("\r\n\r\n")?;
    let text = match value(head, "Content-Transfer-Encoding")? {
        "quoted-printable" => quoted_printable::decode(text, ParseMode::Robust).ok()?,
        _ => text.as_bytes().to_vec(),
    };
    Some(String::from_utf8_lossy(&text).replace("\r\n", "\n"))
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}
