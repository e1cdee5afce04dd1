//! Times as bodies carry them: RFC 3339, UTC, always three digits of a second (rule 13).
//!
//! Use as `#[serde(with = "usher::domain::time")]`, or `time::option` for an `Option`, where a time is shown; and where one
//! is taken, `deserialize_with` [`end`] or [`beginning`]. In the table times are numbers of milliseconds
//! (`jiff::fmt::serde::timestamp::millisecond`), so that conditions can compare them.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// The text of a time in a body.
pub fn text(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A time as it is kept and shown, without what is finer than a millisecond. The last second that there is can be read
/// to its first millisecond only.
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

/// A time as a client writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    At(Timestamp),
    /// Later than any time that can be kept, as the last second of the year 9999 is.
    Never,
}

/// The end of something that a client sets; nothing where there is none, or where it is in effect never.
pub fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(match Option::<Written>::deserialize(deserializer)? {
        Some(Written::At(at)) => Some(at),
        Some(Written::Never) | None => None,
    })
}

/// The beginning of something that a client sets; nothing where there is none. What never begins is refused.
pub fn beginning<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    match Option::<Written>::deserialize(deserializer)? {
        Some(Written::At(at)) => Ok(Some(at)),
        Some(Written::Never) => Err(D::Error::custom("what begins at the end of the year 9999 never begins")),
        None => Ok(None),
    }
}

/// A moment that is asked about; nothing where there is none. What is too late to be kept is the last one that there is.
pub fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let written = Option::<Written>::deserialize(deserializer)?;
    Ok(written.map(|written| match written {
        Written::At(at) => at,
        Written::Never => kept(Timestamp::MAX),
    }))
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time as RFC 3339 has it, such as 2026-11-26T09:30:00Z")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
                parsed(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

const NOT_WRITTEN_SO: &str = "a time is written as RFC 3339 has it, such as 2026-11-26T09:30:00Z";
const NOT_IN_CALENDAR: &str = "there is no such day, or no such time of day";
const BEFORE_YEARS: &str = "a time is not before the year 0000";

/// A time of RFC 3339: `2026-11-26T09:30:00.123Z` or with an offset such as `+01:00`; a leap second is the second before
/// it. What is finer than a millisecond is cut, so that two times that will be one are compared as one.
fn parsed(text: &str) -> Result<Written, &'static str> {
    let (local, offset) = parts(text).ok_or(NOT_WRITTEN_SO)?;
    let civil: DateTime = local.parse().map_err(|_| NOT_IN_CALENDAR)?;
    match offset.to_timestamp(civil) {
        // In UTC, as it would be shown.
        Ok(at) if Offset::UTC.to_datetime(at).year() < 0 => Err(BEFORE_YEARS),
        Ok(at) => Ok(Written::At(kept(at))),
        Err(_) if civil.year() == 9999 => Ok(Written::Never),
        Err(_) => Err(NOT_IN_CALENDAR),
    }
}

/// A day and a time of day, as text to the millisecond, and the offset behind them.
fn parts(text: &str) -> Option<(String, Offset)> {
    let (date_time, rest) = text.split_at_checked("2026-11-26T09:30:00".len())?;
    let shape = date_time.bytes().zip("0000-00-00T00:00:00".bytes());
    let fits = |(byte, like): (u8, u8)| match like {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => byte == like,
    };
    if !shape.into_iter().all(fits) {
        return None;
    }
    let (date, time) = date_time.split_at("2026-11-26".len());
    let (millis, zone) = fraction(rest)?;
    Some((format!("{date}T{}.{millis}", time.get(1..)?), offset(zone)?))
}

/// Three digits of a fraction, and what follows it.
fn fraction(rest: &str) -> Option<(String, &str)> {
    let Some(digits) = rest.strip_prefix('.') else {
        return Some(("000".to_owned(), rest));
    };
    let zone = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = digits.strip_suffix(zone)?;
    let millis = digits.get(..3).unwrap_or(digits);
    (!millis.is_empty()).then(|| (format!("{millis:0<3}"), zone))
}

fn offset(zone: &str) -> Option<Offset> {
    if matches!(zone, "Z" | "z") {
        return Some(Offset::UTC);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two_digits = |text: &str, most: i32| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(text)?.parse::<i32>().ok().filter(|n| *n <= most)
    };
    let seconds = two_digits(hours, 23)? * 3_600 + two_digits(minutes, 59)? * 60;
    Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    #[test]
    fn every_time_of_rfc_3339_is_read_and_cut_to_milliseconds() {
        for (written, is) in [
            ("2026-11-26T09:30:00Z", "2026-11-26T09:30:00.000Z"),
            ("2026-11-26t09:30:00z", "2026-11-26T09:30:00.000Z"),
            ("2026-11-26 09:30:00Z", "2026-11-26T09:30:00.000Z"),
            ("2026-11-26T09:30:00+01:00", "2026-11-26T08:30:00.000Z"),
            ("2026-11-26T09:30:00-05:45", "2026-11-26T15:15:00.000Z"),
            ("2026-11-26T09:30:00-00:00", "2026-11-26T09:30:00.000Z"),
            ("2026-11-26T00:30:00+23:59", "2026-11-25T00:31:00.000Z"),
            ("2026-11-26T09:30:00.5Z", "2026-11-26T09:30:00.500Z"),
            ("2026-11-26T09:30:00.1239Z", "2026-11-26T09:30:00.123Z"),
            (
                "2026-11-26T09:30:00.1239999999999999999999+00:00",
                "2026-11-26T09:30:00.123Z",
            ),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
            ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.500Z"),
            ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("9999-12-30T22:00:00Z", "9999-12-30T22:00:00.000Z"),
        ] {
            let Ok(Written::At(at)) = parsed(written) else {
                panic!("{written}")
            };
            assert_eq!(text(at), is, "{written}");
        }
    }

    #[test]
    fn the_last_second_of_the_year_9999_is_never_and_so_is_what_cannot_be_kept() {
        for never in [
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:60Z",
            "9999-12-31T23:59:59-01:00",
            "9999-12-31T00:00:00Z",
        ] {
            assert_eq!(parsed(never), Ok(Written::Never), "{never}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_in_words_of_our_own() {
        for written in [
            "",
            "soon",
            "2026-11-26",
            "2026-11-26T09:30Z",
            "2026-11-26T09:30:00",
            "2026-11-26T09:30:00.Z",
            "2026-11-26T09:30:00,5Z",
            "2026-11-26T09:30:00+01",
            "2026-11-26T09:30:00+0100",
            "2026-11-26T09:30:00+24:00",
            "2026-11-26T09:30:00+01:60",
            "2026-11-26T09:30:00+1:000",
            "2026-11-26T09:30:00Z ",
            " 2026-11-26T09:30:00Z",
            "2026-11-26T09:30:00Z[UTC]",
            "20261126T093000Z",
            "-2026-11-26T09:30:00Z",
            "+002026-11-26T09:30:00Z",
            "99999-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "２026-11-26T09:30:00Z",
            "2026-11-26T09:30:0０Z",
            "1800000000",
        ] {
            let read = Written::deserialize(json!(written));
            assert_eq!(
                read.unwrap_err().to_string(),
                "a time is written as RFC 3339 has it, such as 2026-11-26T09:30:00Z",
                "{written}"
            );
        }
        assert_eq!(
            Written::deserialize(json!(1)).unwrap_err().to_string(),
            "invalid type: integer `1`, expected a time as RFC 3339 has it, such as 2026-11-26T09:30:00Z"
        );
    }

    #[test]
    fn a_day_that_is_in_no_calendar_is_refused_as_that() {
        for written in [
            "2027-02-29T00:00:00Z",
            "2026-04-31T00:00:00+01:00",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-11-26T24:00:00Z",
            "2026-11-26T09:60:00Z",
            "2026-11-26T09:30:61Z",
        ] {
            assert_eq!(parsed(written), Err(NOT_IN_CALENDAR), "{written}");
        }
    }

    #[test]
    fn a_time_is_shown_in_four_digits_of_a_year_or_refused() {
        assert_eq!(parsed("0000-01-01T00:00:00+23:59"), Err(BEFORE_YEARS));
        assert_eq!(parsed("0000-01-01T00:00:00+00:01"), Err(BEFORE_YEARS));
        for written in ["0000-01-01T00:00:00-23:59", "0000-01-01T00:01:00+00:01"] {
            let Ok(Written::At(at)) = parsed(written) else {
                panic!("{written}")
            };
            assert!(text(at).starts_with("0000-01-01T"), "{written}");
        }
    }

    #[test]
    fn what_ends_never_has_no_end_and_what_begins_never_is_refused() {
        assert_eq!(end(json!("9999-12-31T23:59:59Z")).unwrap(), None);
        assert_eq!(end(json!(null)).unwrap(), None);
        assert_eq!(beginning(json!(null)).unwrap(), None);
        assert!(beginning(json!("9999-12-31T23:59:59Z")).is_err());
    }
}
