//! A row of a recording: one process.

use std::fmt;
use std::sync::LazyLock;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::bytes::{Args, Text};
use super::detail_record::{self, DetailRecord};
use crate::model::{Detail, PLAIN_FIELDS, Resources, Status};
use crate::redact::Redactor;
use crate::source::{DetailReading, ProcessRow, Reading};

/// One process as it was read.
///
/// In JSON, `null` is unknown, and a name or command line that was not read again is left out. The plain values
/// are on the same level as the other fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowRecord {
    pub(crate) pid: u32,
    pub(crate) start_time_ms: Option<u64>,
    pub(crate) parent_pid: Option<u32>,
    pub(crate) name: Reading<Text>,
    pub(crate) command: Reading<Args>,
    pub(crate) status: Option<Status>,
    pub(crate) cpu_time_ns: Option<u64>,
    /// When the CPU time was read, in nanoseconds after the time of the scan; left out if unknown.
    pub(crate) read_offset_ns: Option<i64>,
    pub(crate) resources: Resources,
    pub(crate) kernel_thread: Option<bool>,
    /// It has another program than before; left out if not.
    pub(crate) is_other_program: bool,
    /// The optional fields that were read, and in a complete row all that are known.
    pub(crate) details: Vec<DetailRecord>,
    /// The last known command line, while it cannot be read, as that of a zombie. It is not written.
    pub(super) kept_command: Option<Args>,
}

/// The plain fields of the first version of the format. They are written even if unknown; all others are not.
const ALWAYS_WRITTEN: [&str; 1] = ["rss_bytes"];

impl RowRecord {
    /// Returns the optional fields as a source emits them.
    pub(crate) fn readings(&self) -> Vec<DetailReading<'_>> {
        self.details.iter().map(DetailRecord::reading).collect()
    }

    /// Returns the row as a source emits it in a scan of this monotonic time, with these optional
    /// fields.
    pub(crate) fn as_row<'r>(
        &'r self,
        scan_ns: u64,
        details: &'r [DetailReading<'r>],
    ) -> ProcessRow<'r> {
        ProcessRow {
            pid: self.pid,
            start_time_ms: self.start_time_ms,
            parent_pid: self.parent_pid,
            name: self.name.as_ref().map(|text| &text.0[..]),
            command: self.command.as_ref().map(|args| &args.0[..]),
            status: self.status,
            cpu_time_ns: self.cpu_time_ns,
            read_at_ns: read_at_ns(scan_ns, self.read_offset_ns),
            resources: self.resources,
            kernel_thread: self.kernel_thread,
            is_other_program: self.is_other_program,
            details,
        }
    }
}

/// Returns the time of a reading, from that of its scan.
pub(super) fn read_at_ns(scan_ns: u64, offset_ns: Option<i64>) -> Option<u64> {
    scan_ns.checked_add_signed(offset_ns?)
}

/// Returns the time of a reading as it is recorded.
pub(super) fn read_offset_ns(scan_ns: u64, read_at_ns: Option<u64>) -> Option<i64> {
    read_at_ns?.checked_signed_diff(scan_ns)
}

impl RowRecord {
    /// Records a row of a scan of this monotonic time.
    pub(crate) fn of(row: &ProcessRow<'_>, scan_ns: u64) -> Self {
        Self {
            pid: row.pid,
            start_time_ms: row.start_time_ms,
            parent_pid: row.parent_pid,
            name: row.name.map(|name| Text(name.to_vec())),
            command: row.command.map(|command| Args(command.to_vec())),
            status: row.status,
            cpu_time_ns: row.cpu_time_ns,
            read_offset_ns: read_offset_ns(scan_ns, row.read_at_ns),
            resources: row.resources,
            kernel_thread: row.kernel_thread,
            is_other_program: row.is_other_program,
            details: row.details.iter().map(DetailRecord::of).collect(),
            kept_command: None,
        }
    }

    /// Redacts all texts.
    pub(super) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.name = self
            .name
            .map(|name| Text(redactor.name(&name.0).into_owned()));
        self.command = self
            .command
            .map(|command| Args(redactor.command(&command.0).into_owned()));
        let details = self.details.into_iter();
        self.details = details.map(|detail| detail.redacted(redactor)).collect();
        self
    }

    /// Returns whether the values are equal, whenever they were read.
    pub(crate) fn has_values_of(&self, other: &Self) -> bool {
        let Self {
            pid,
            start_time_ms,
            parent_pid,
            name,
            command,
            status,
            cpu_time_ns,
            read_offset_ns: _,
            resources,
            kernel_thread,
            is_other_program,
            details,
            kept_command: _,
        } = self;
        *pid == other.pid
            && *start_time_ms == other.start_time_ms
            && *parent_pid == other.parent_pid
            && *name == other.name
            && *command == other.command
            && *status == other.status
            && *cpu_time_ns == other.cpu_time_ns
            && *resources == other.resources
            && *kernel_thread == other.kernel_thread
            && *is_other_program == other.is_other_program
            && *details == other.details
    }

    /// Takes empty names and command lines for unread ones, as the first version of the format has them.
    ///
    /// A kernel thread has no command line in any version.
    pub(super) fn read_empty_as_unread(&mut self) {
        if matches!(&self.name, Reading::Known(name) if name.0.is_empty()) {
            self.name = Reading::Unknown;
        }
        if self.kernel_thread != Some(true)
            && matches!(&self.command, Reading::Known(command) if command.0.is_empty())
        {
            self.command = Reading::Unknown;
        }
    }
}

impl Serialize for RowRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("RowRecord", FIELD_NAMES.len())?;
        out.serialize_field("pid", &self.pid)?;
        out.serialize_field("start_time_ms", &self.start_time_ms)?;
        out.serialize_field("parent_pid", &self.parent_pid)?;
        if self.name != Reading::Unchanged {
            out.serialize_field("name", &self.name)?;
        }
        if self.command != Reading::Unchanged {
            out.serialize_field("command", &self.command)?;
        }
        out.serialize_field("status", &self.status)?;
        out.serialize_field("cpu_time_ns", &self.cpu_time_ns)?;
        if self.read_offset_ns.is_some() {
            out.serialize_field("read_offset_ns", &self.read_offset_ns)?;
        }
        for plain in &PLAIN_FIELDS {
            let (name, value) = (plain.field.name, (plain.get)(&self.resources));
            if !value.is_unknown() || ALWAYS_WRITTEN.contains(&name) {
                out.serialize_field(name, &value)?;
            }
        }
        out.serialize_field("kernel_thread", &self.kernel_thread)?;
        if self.is_other_program {
            out.serialize_field("is_other_program", &true)?;
        }
        for detail in &self.details {
            detail.write(&mut out)?;
        }
        out.end()
    }
}

/// A field of a row, by name.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Pid,
    StartTimeMs,
    ParentPid,
    Name,
    Command,
    Status,
    CpuTimeNs,
    ReadOffsetNs,
    KernelThread,
    IsOtherProgram,
    Other(OtherName),
}

/// The name of a plain field or of a detail.
enum OtherName {
    Plain(&'static str),
    Detail(Detail),
}

impl<'de> Deserialize<'de> for OtherName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = OtherName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<OtherName, E> {
                let mut names = PLAIN_FIELDS.iter().map(|plain| plain.field.name);
                let found = names.find(|plain| *plain == name);
                let detail = || Detail::named(name).map(OtherName::Detail);
                found
                    .map(OtherName::Plain)
                    .or_else(detail)
                    .ok_or_else(|| E::unknown_field(name, &FIELD_NAMES))
            }
        }
        deserializer.deserialize_identifier(NameVisitor)
    }
}

/// All names of fields, for the error about an unknown one.
static FIELD_NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names = vec!["pid", "start_time_ms", "parent_pid", "name", "command"];
    names.extend(["status", "cpu_time_ns", "read_offset_ns"]);
    names.extend(PLAIN_FIELDS.iter().map(|plain| plain.field.name));
    names.extend(["kernel_thread", "is_other_program"]);
    names.extend(Detail::ALL.iter().map(|detail| detail.field().name));
    names
});

/// The fields of a row besides the plain values. `None`: not read yet.
#[derive(Default)]
struct Others {
    pid: Option<u32>,
    start_time_ms: Option<Option<u64>>,
    parent_pid: Option<Option<u32>>,
    name: Option<Reading<Text>>,
    command: Option<Reading<Args>>,
    status: Option<Option<Status>>,
    cpu_time_ns: Option<Option<u64>>,
    read_offset_ns: Option<Option<i64>>,
    kernel_thread: Option<Option<bool>>,
    is_other_program: Option<bool>,
    details: Vec<DetailRecord>,
}

/// Passes the plain values of a row to the derived reader of [`Resources`], without buffering.
struct PlainValues<'o, A> {
    map: A,
    /// Receives the other fields.
    others: &'o mut Others,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for PlainValues<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let (map, others) = (&mut self.map, &mut *self.others);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Pid => take(map, "pid", &mut others.pid)?,
                Key::StartTimeMs => take(map, "start_time_ms", &mut others.start_time_ms)?,
                Key::ParentPid => take(map, "parent_pid", &mut others.parent_pid)?,
                Key::Name => take(map, "name", &mut others.name)?,
                Key::Command => take(map, "command", &mut others.command)?,
                Key::Status => take(map, "status", &mut others.status)?,
                Key::CpuTimeNs => take(map, "cpu_time_ns", &mut others.cpu_time_ns)?,
                Key::ReadOffsetNs => take(map, "read_offset_ns", &mut others.read_offset_ns)?,
                Key::KernelThread => take(map, "kernel_thread", &mut others.kernel_thread)?,
                Key::IsOtherProgram => {
                    take(map, "is_other_program", &mut others.is_other_program)?;
                }
                Key::Other(OtherName::Detail(detail)) => {
                    let record = DetailRecord::read(detail, map)?;
                    detail_record::add(&mut others.details, record)?;
                }
                Key::Other(OtherName::Plain(name)) => {
                    return seed.deserialize(name.into_deserializer()).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

fn take<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    name: &'static str,
    slot: &mut Option<T>,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

impl<'de> Deserialize<'de> for RowRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowVisitor;
        impl<'de> Visitor<'de> for RowVisitor {
            type Value = RowRecord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a process")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RowRecord, A::Error> {
                let mut others = Others::default();
                let plain = PlainValues {
                    map,
                    others: &mut others,
                };
                let resources = Resources::deserialize(MapAccessDeserializer::new(plain))?;
                Ok(RowRecord {
                    pid: others.pid.ok_or_else(|| de::Error::missing_field("pid"))?,
                    start_time_ms: others.start_time_ms.flatten(),
                    parent_pid: others.parent_pid.flatten(),
                    name: others.name.unwrap_or_default(),
                    command: others.command.unwrap_or_default(),
                    status: others.status.flatten(),
                    cpu_time_ns: others.cpu_time_ns.flatten(),
                    read_offset_ns: others.read_offset_ns.flatten(),
                    resources,
                    kernel_thread: others.kernel_thread.flatten(),
                    is_other_program: others.is_other_program.unwrap_or_default(),
                    details: others.details,
                    kept_command: None,
                })
            }
        }
        deserializer.deserialize_map(RowVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Unit;

    fn read(json: &str) -> Result<RowRecord, String> {
        serde_json::from_str(json).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn a_row_has_the_form_of_the_first_version() {
        let unknown = RowRecord::of(&ProcessRow::unknown(7), 0);
        let json = serde_json::to_string(&unknown).expect("plain data");
        assert_eq!(
            json,
            r#"{"pid":7,"start_time_ms":null,"parent_pid":null,"name":null,"command":null,"status":null,"cpu_time_ns":null,"rss_bytes":null,"kernel_thread":null}"#
        );
    }

    #[test]
    fn every_plain_value_round_trips() {
        for plain in &PLAIN_FIELDS {
            let name = plain.field.name;
            let json = format!(r#"{{"{name}":1,"pid":7}}"#);
            let row = read(&json).expect(&json);
            assert!(!(plain.get)(&row.resources).is_unknown(), "{name}");
            let written = serde_json::to_string(&row).expect("plain data");
            assert!(written.contains(&format!(r#""{name}":1"#)), "{written}");
            assert_eq!(read(&written), Ok(row));
        }
    }

    #[test]
    fn every_detail_round_trips() {
        for detail in Detail::ALL {
            let field = detail.field();
            let value = match field.unit {
                Unit::Text => r#""x""#,
                Unit::Integer => "-7",
                _ => "18446744073709551615",
            };
            for value in [value, "null"] {
                let json = format!(r#"{{"pid":7,"{}":{value}}}"#, field.name);
                let row = read(&json).expect(&json);
                assert_eq!(row.details.len(), 1, "{json}");
                let written = serde_json::to_string(&row).expect("plain data");
                assert!(
                    written.contains(&format!(r#""{}":{value}"#, field.name)),
                    "{written}"
                );
                assert_eq!(read(&written), Ok(row));
            }
        }
        let twice = r#"{"pid":7,"threads":1,"threads":1}"#;
        let error = read(twice).expect_err(twice);
        assert!(error.contains("duplicate field `threads`"), "{error}");
        for json in [r#"{"pid":7,"tty":1}"#, r#"{"pid":7,"threads":"1"}"#] {
            read(json).expect_err(json);
        }
    }

    #[test]
    fn an_invalid_row_is_refused_with_its_reason() {
        for (json, reason) in [
            (
                r#"{"pid":7,"colour":1}"#,
                "unknown field `colour`, expected one of `pid`, ",
            ),
            (r#"{"pid":7,"pid":7}"#, "duplicate field `pid`"),
            (
                r#"{"pid":7,"name":null,"name":null}"#,
                "duplicate field `name`",
            ),
            (
                r#"{"pid":7,"rss_bytes":1,"rss_bytes":1}"#,
                "duplicate field `rss_bytes`",
            ),
            (r#"{"rss_bytes":1}"#, "missing field `pid`"),
            (r#"{"pid":null}"#, "expected u32"),
            (r#"{"pid":7,"rss_bytes":-1}"#, "expected u64"),
            ("7", "expected a process"),
        ] {
            let error = read(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
