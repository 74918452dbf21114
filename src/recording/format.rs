//! The lines of a recording.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use crate::model::{ErrorClass, Status};
use crate::source::{ProcessRow, Reading};

/// The version written, and the only one read.
pub(crate) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) pscan_recording: u32,
    pub(crate) source: String,
    pub(crate) start_time_resolution_ms: u64,
    pub(crate) own_pid: Option<u32>,
}

/// Any other line. Tagged from outside, because a tag inside would have serde hold the line twice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Scan(TimedScan),
    Recheck(Rechecked),
}

/// One scan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimedScan {
    pub(crate) wall_ms: u64,
    pub(crate) monotonic_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_clock_ms: Option<u64>,
    #[serde(default)]
    pub(crate) unreadable_fields: u32,
    #[serde(default)]
    pub(crate) vanished: Option<u32>,
    #[serde(default)]
    pub(crate) started_total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<Failed>,
    #[serde(default)]
    pub(crate) shown: Shown,
}

/// A second look at what the scan before it did not show.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rechecked {
    #[serde(default)]
    pub(crate) not_able: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<Failed>,
    #[serde(default)]
    pub(crate) shown: Shown,
}

/// Why a scan or a second look failed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failed {
    pub(crate) class: ErrorClass,
    pub(crate) message: String,
}

/// The rows of a scan.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shown {
    /// Processes as read.
    #[serde(deserialize_with = "bounded_list")]
    pub(crate) rows: Vec<RowRecord>,
    /// Pids of processes that are word for word what was last shown of them.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unchanged: Vec<u32>,
    /// Pids of processes that were there and could not be read.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) unreadable: Vec<u32>,
}

/// A scan may show so many processes. Without a limit a line of the shortest rows would take 35
/// times its length in memory.
const MAX_ROWS: usize = 1 << 18;

fn bounded_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct ListVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of processes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = list.next_element()? {
                if items.len() == MAX_ROWS {
                    return Err(de::Error::custom(format!(
                        "a scan with more than {MAX_ROWS} processes"
                    )));
                }
                items.push(item);
            }
            Ok(items)
        }
    }
    deserializer.deserialize_seq(ListVisitor(PhantomData))
}

impl Shown {
    /// Every pid it is about.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.rows
            .iter()
            .map(|row| row.pid)
            .chain(self.unchanged.iter().copied())
            .chain(self.unreadable.iter().copied())
    }
}

/// One process as read. `null` is unknown; a name or command left out was not read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowRecord {
    pub(crate) pid: u32,
    pub(crate) start_time_ms: Option<u64>,
    pub(crate) parent_pid: Option<u32>,
    #[serde(default, skip_serializing_if = "is_same")]
    pub(crate) name: Reading<Text>,
    #[serde(default, skip_serializing_if = "is_same")]
    pub(crate) command: Reading<Args>,
    pub(crate) status: Option<Status>,
    pub(crate) cpu_time_ns: Option<u64>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) kernel_thread: Option<bool>,
}

impl RowRecord {
    pub(crate) fn as_row(&self) -> ProcessRow<'_> {
        ProcessRow {
            pid: self.pid,
            start_time_ms: self.start_time_ms,
            parent_pid: self.parent_pid,
            name: self.name.as_ref().map(|text| &text.0[..]),
            command: self.command.as_ref().map(|args| &args.0[..]),
            status: self.status,
            cpu_time_ns: self.cpu_time_ns,
            rss_bytes: self.rss_bytes,
            kernel_thread: self.kernel_thread,
        }
    }
}

impl From<&ProcessRow<'_>> for RowRecord {
    fn from(row: &ProcessRow<'_>) -> Self {
        Self {
            pid: row.pid,
            start_time_ms: row.start_time_ms,
            parent_pid: row.parent_pid,
            name: row.name.map(|name| Text(name.to_vec())),
            command: row.command.map(|command| Args(command.to_vec())),
            status: row.status,
            cpu_time_ns: row.cpu_time_ns,
            rss_bytes: row.rss_bytes,
            kernel_thread: row.kernel_thread,
        }
    }
}

fn is_same<T>(reading: &Reading<T>) -> bool {
    matches!(reading, Reading::Same)
}

/// `null` or the value; [`Reading::Same`] is a field left out.
impl<T: Serialize> Serialize for Reading<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Same | Self::Unknown => serializer.serialize_none(),
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

/// Bytes that are text as a rule: a string where they are UTF-8, otherwise `{"hex": "…"}`.
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
                    _ => return Err(de::Error::custom("bytes need the one field \"hex\"")),
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

/// A command line as a row has it, each argument followed by a NUL; in JSON a list.
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

    fn there_and_back<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
        let json = serde_json::to_string(value).expect("serialises");
        serde_json::from_str(&json).expect("what was written can be read")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/recording_format.txt"
        )))]

        #[test]
        fn any_bytes_come_back_as_they_were(bytes: Vec<u8>) {
            prop_assert_eq!(there_and_back(&Text(bytes.clone())).0, bytes);
        }

        #[test]
        fn any_arguments_come_back_as_they_were(
            args in proptest::collection::vec(proptest::collection::vec(1_u8.., 0..5), 0..5),
        ) {
            let mut bytes = Vec::new();
            for arg in args {
                bytes.extend(arg);
                bytes.push(0);
            }
            prop_assert_eq!(there_and_back(&Args(bytes.clone())).0, bytes);
        }
    }

    #[test]
    fn a_scan_of_too_many_processes_is_refused() {
        let scan = |pids: usize| format!(r#"{{"unchanged":[{}1]}}"#, "1,".repeat(pids - 1));
        assert!(serde_json::from_str::<Shown>(&scan(MAX_ROWS)).is_ok());
        let error = serde_json::from_str::<Shown>(&scan(MAX_ROWS + 1)).expect_err("too many");
        assert!(error.to_string().contains("more than 262144"), "{error}");
    }

    #[test]
    fn what_cannot_be_bytes_is_refused() {
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
