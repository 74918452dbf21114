//! A limit that can be taken away, as it stands in a file: a number, or `off`.
//!
//! Formats such as TOML have no null, and leave out what is none: read back it would be the default.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::Serializer;

const OFF: &str = "off";

pub(super) fn serialize<S: Serializer>(
    limit: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match limit {
        Some(limit) => serializer.serialize_f64(*limit),
        None => serializer.serialize_str(OFF),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    deserializer.deserialize_any(Limit)
}

struct Limit;

impl Visitor<'_> for Limit {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number or \"{OFF}\"")
    }

    fn visit_f64<E: Error>(self, limit: f64) -> Result<Self::Value, E> {
        Ok(Some(limit))
    }

    fn visit_u64<E: Error>(self, limit: u64) -> Result<Self::Value, E> {
        Ok(Some(limit as f64))
    }

    fn visit_i64<E: Error>(self, limit: i64) -> Result<Self::Value, E> {
        Ok(Some(limit as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            OFF => Ok(None),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    /// As JSON has none.
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
