//! Names and command lines in a recording, as bytes.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use crate::source::Reading;

/// Serialises as the value or `null`. The caller leaves out a field that is [`Reading::Unchanged`].
impl<T: Serialize> Serialize for Reading<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Unchanged | Self::Unknown => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(value) => Self::Known(value),
            None => Self::Unknown,
        })
    }
}

/// Bytes, usually text: a JSON string if they are UTF-8, otherwise `{"hex": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) Vec<u8>);

fn serialize_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => {
            let mut hex = String::with_capacity(bytes.len() * 2);
            for byte in bytes {
                hex.push_str(&format!("{byte:02x}"));
            }
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("hex", &hex)?;
            map.end()
        }
    }
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|&[high, low]| Some((digit(high)? * 16 + digit(low)?) as u8))
        .collect()
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or {\"hex\": \"…\"} for bytes that are not UTF-8")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                let hex = match map.next_entry::<String, String>()? {
                    Some((key, hex)) if key == "hex" => hex,
                    _ => return Err(de::Error::custom("bytes need exactly one field, \"hex\"")),
                };
                let bytes = from_hex(&hex)
                    .ok_or_else(|| de::Error::custom("\"hex\" needs pairs of hex digits"))?;
                match map.next_key::<String>()? {
                    None => Ok(Text(bytes)),
                    Some(key) => Err(de::Error::custom(format!("unknown field {key:?}"))),
                }
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A command line as in a row: a NUL follows each argument. In JSON it is a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Args(pub(crate) Vec<u8>);

impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Arg<'a>(&'a [u8]);
        impl Serialize for Arg<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_bytes(self.0, serializer)
            }
        }
        let mut list = serializer.serialize_seq(None)?;
        if !self.0.is_empty() {
            let args = self.0.strip_suffix(b"\0").unwrap_or(&self.0);
            for arg in args.split(|&byte| byte == 0) {
                list.serialize_element(&Arg(arg))?;
            }
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArgsVisitor;
        impl<'de> Visitor<'de> for ArgsVisitor {
            type Value = Args;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Args, A::Error> {
                let mut args = Vec::new();
                while let Some(Text(arg)) = list.next_element()? {
                    if arg.contains(&0) {
                        return Err(de::Error::custom("an argument cannot contain a NUL"));
                    }
                    args.extend_from_slice(&arg);
                    args.push(0);
                }
                Ok(Args(args))
            }
        }
        deserializer.deserialize_seq(ArgsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    fn round_trip<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
        let json = serde_json::to_string(value).expect("serialises");
        serde_json::from_str(&json).expect("written JSON can be read")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/recording_format.txt"
        )))]

        #[test]
        fn any_bytes_round_trip(bytes: Vec<u8>) {
            prop_assert_eq!(round_trip(&Text(bytes.clone())).0, bytes);
        }

        #[test]
        fn any_arguments_round_trip(
            args in proptest::collection::vec(proptest::collection::vec(1_u8.., 0..5), 0..5),
        ) {
            let mut bytes = Vec::new();
            for arg in args {
                bytes.extend(arg);
                bytes.push(0);
            }
            prop_assert_eq!(round_trip(&Args(bytes.clone())).0, bytes);
        }
    }

    #[test]
    fn invalid_bytes_are_refused() {
        for json in [
            r#"{"hex":"f"}"#,
            r#"{"hex":"zz"}"#,
            r#"{"hex":"+f"}"#,
            r#"{"hexx":"ff"}"#,
            r#"{"hex":"ff","hex":"ff"}"#,
            "{}",
            "5",
        ] {
            serde_json::from_str::<Text>(json).expect_err(json);
        }
        serde_json::from_str::<Args>(r#"["a\u0000b"]"#).expect_err("NUL in an argument");
    }
}
