//! The gender that a person states: one of four words, in any letter case.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use strum::{EnumString, VariantNames};
use utoipa::ToSchema;

/// The gender that a person states. It is taken in any letter case, and shown as it is spelled here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, EnumString, VariantNames)]
#[strum(ascii_case_insensitive)]
#[schema(examples("Female"))]
pub enum Gender {
    Male,
    Female,
    Other,
    Undefined,
}

impl<'de> Deserialize<'de> for Gender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| D::Error::unknown_variant(&text, Self::VARIANTS))
    }
}
