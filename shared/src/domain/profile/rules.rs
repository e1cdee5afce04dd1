//! Rules of single fields, in the form in which garde calls them.

use idna::uts46::AsciiDenyList;

use crate::domain::text::{Email, is_steering};

/// No controls and no direction overrides: what goes to a log or a table of an administrator's reads as it is written.
pub(super) fn one_line(text: &str, (): &()) -> garde::Result {
    match text.contains(is_steering) {
        true => Err(garde::Error::new("must not have control characters")),
        false => Ok(()),
    }
}

pub(super) fn email(text: &str, (): &()) -> garde::Result {
    Email::parse(text).map(drop).map_err(garde::Error::new)
}

/// `http` or `https`, and a host by name: what a client can put into a link without running it (`javascript:`), and
/// without a user name in front of the host, which is there only to make it look like another's.
pub(super) fn web_address(text: &str, (): &()) -> garde::Result {
    one_line(text, &())?;
    let rest = strip_scheme(text).filter(|rest| !rest.contains(|c: char| c.is_whitespace() || "\\\"<>".contains(c)));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    match authority.is_some_and(is_authority) {
        true => Ok(()),
        false => Err(garde::Error::new("must be a web address, such as https://example.org/")),
    }
}

fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(rest)
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    let is_host = idna::domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::URL).is_ok_and(|host| !host.is_empty());
    // `parse` alone would take a `+`.
    is_host && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}
