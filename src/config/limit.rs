//! A limit that can be taken away, as it stands in a file: a number, or `off`.
//!
//! Formats such as TOML have no null, and leave out what is none: read back it would be the default. They
//! have to say of themselves which of the two it is, as all for settings do.

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

impl<'de> Visitor<'de> for Limit {
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
        // Settings that come from environment variables are all text.
        match (text, text.parse()) {
            (OFF, _) => Ok(None),
            (_, Ok(limit)) => Ok(Some(limit)),
            (_, Err(_)) => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    /// As JSON has none.
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, limit: D) -> Result<Self::Value, D::Error> {
        limit.deserialize_any(self)
    }
}
