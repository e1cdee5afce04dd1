//! Times as bodies carry them: RFC 3339, UTC, always three digits of a second (rule 13).
//!
//! Use as `#[serde(with = "usher::domain::time")]`, or `time::option` for an `Option`. In the table times are numbers
//! of milliseconds (`jiff::fmt::serde::timestamp::millisecond`), so that conditions can compare them.

use jiff::Timestamp;
use serde::Serializer;

/// The text of a time in a body.
pub fn text(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The time as it is kept and shown, without what is finer than a millisecond: cut on input, so that two times that
/// will be one are compared as one. The last second that can be written can be read to its first millisecond only.
pub fn kept(at: Timestamp) -> Timestamp {
    let whole = || Timestamp::from_second(at.as_second());
    Timestamp::from_millisecond(at.as_millisecond())
        .or_else(|_| whole())
        .unwrap_or(at)
}

pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*at))
}

/// The same for a time that may be absent.
pub mod option {
    use super::{Serializer, Timestamp, text};

    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_some(&text(*at)),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_always_has_three_digits_of_a_second() {
        let whole = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        assert_eq!(text(whole), "2023-11-14T22:13:20.000Z");
    }

    /// What is kept is read as milliseconds again: what could not be would make its item unreadable for good.
    #[test]
    fn the_first_and_the_last_time_can_be_read_again() {
        let last = Timestamp::MAX;
        for at in [Timestamp::MIN, last, "9999-12-30T22:00:00.001Z".parse().unwrap()] {
            let kept = kept(at);
            assert_eq!(
                Timestamp::from_millisecond(kept.as_millisecond()).unwrap(),
                kept,
                "{at}"
            );
        }
    }
}
