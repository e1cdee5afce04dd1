//! The age's type on the wire, so that an error names a range and not Rust's `u8`.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

pub(super) const MAX: u8 = 150;

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    Ok(Option::<Years>::deserialize(deserializer)?.map(|years| years.0))
}

struct Years(u8);

impl<'de> Deserialize<'de> for Years {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(WholeNumber).map(Self)
    }
}

struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = u8;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 0 to {MAX}")
    }

    fn visit_u64<E: Error>(self, years: u64) -> Result<u8, E> {
        let in_range = u8::try_from(years).ok().filter(|years| *years <= MAX);
        in_range.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(years), &self))
    }
}
