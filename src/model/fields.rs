//! The table of fields: one entry per field of a process, with all its properties.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::field::{Change, Field, Order, Place};
use super::process::ProcessInfo;
use super::resources::Resources;
use super::value::{Unit, Value};

const CPU: Option<Change> = Some(Change {
    name: "cpu",
    bit: 4,
});

const BUSIEST: Option<Order> = Some(Order {
    name: "cpu",
    is_descending: true,
    help: Some("The busiest first"),
});

/// All fields of a process, in the order of JSON.
///
/// JSON, changes, columns, orders and the comparison of [`Resources`] are derived from this table. Tests check
/// the documents against it.
///
/// ```
/// use process_scanner::{FIELDS, ProcessInfo, ProcessKey};
///
/// let mut process = ProcessInfo::unknown(ProcessKey { pid: 7, start_time_ms: None });
/// process.resources.rss_bytes = Some(4096);
/// let known = FIELDS.iter().filter(|field| !field.value(&process).is_unknown());
/// assert_eq!(known.map(|field| field.name).collect::<Vec<_>>(), ["pid", "rss_bytes"]);
/// ```
pub static FIELDS: &[Field] = &[
    Field {
        name: "pid",
        unit: Unit::Pid,
        change: None,
        heading: Some("PID"),
        order: Some(Order {
            name: "pid",
            is_descending: false,
            help: None,
        }),
        metric: None,
        otel: Some("process.pid"),
        place: Place::Process(|process| process.pid.into()),
    },
    Field {
        name: "start_time_ms",
        unit: Unit::EpochMs,
        change: None,
        heading: Some("AGE"),
        order: Some(Order {
            name: "age",
            is_descending: false,
            help: Some("The oldest first"),
        }),
        metric: Some("pscan_process_start_time_seconds"),
        otel: Some("process.creation.time"),
        place: Place::Process(|process| process.start_time_ms.into()),
    },
    Field {
        name: "parent_pid",
        unit: Unit::Pid,
        change: Some(Change {
            name: "parent",
            bit: 2,
        }),
        heading: None,
        order: None,
        metric: None,
        otel: Some("process.parent_pid"),
        place: Place::Process(|process| process.parent_pid.into()),
    },
    Field {
        name: "name",
        unit: Unit::Text,
        change: Some(Change {
            name: "name",
            bit: 0,
        }),
        heading: Some("NAME"),
        order: Some(Order {
            name: "name",
            is_descending: false,
            help: None,
        }),
        metric: None,
        otel: None,
        place: Place::Process(|process| process.name.as_deref().into()),
    },
    Field {
        name: "command",
        unit: Unit::Arguments,
        change: Some(Change {
            name: "command",
            bit: 1,
        }),
        heading: Some("COMMAND"),
        order: None,
        metric: None,
        otel: Some("process.command_args"),
        place: Place::Process(|process| process.command.as_ref().into()),
    },
    Field {
        name: "status",
        unit: Unit::State,
        change: Some(Change {
            name: "status",
            bit: 3,
        }),
        heading: Some("STATUS"),
        order: None,
        metric: None,
        otel: Some("process.state"),
        place: Place::Process(|process| process.status.into()),
    },
    Field {
        name: "cpu_percent",
        unit: Unit::CorePercent,
        change: CPU,
        heading: Some("CPU%"),
        order: BUSIEST,
        metric: None,
        otel: Some("process.cpu.utilization"),
        place: Place::Process(|process| process.cpu_percent.into()),
    },
    Field {
        name: "cpu_time_ms",
        unit: Unit::CpuMs,
        change: CPU,
        heading: Some("TIME"),
        // If shares are equal or unknown, the process with more CPU time comes first.
        order: BUSIEST,
        metric: Some("pscan_process_cpu_seconds_total"),
        otel: Some("process.cpu.time"),
        place: Place::Process(|process| process.cpu_time_ms.into()),
    },
    Field {
        name: "rss_bytes",
        unit: Unit::Bytes,
        change: Some(Change {
            name: "rss",
            bit: 5,
        }),
        heading: Some("RSS"),
        order: Some(Order {
            name: "rss",
            is_descending: true,
            help: Some("The largest first"),
        }),
        metric: Some("pscan_process_resident_memory_bytes"),
        otel: Some("process.memory.usage"),
        place: Place::Resources(|resources| resources.rss_bytes.into()),
    },
    Field {
        name: "kernel_thread",
        unit: Unit::Flag,
        change: Some(Change {
            name: "kernel_thread",
            bit: 6,
        }),
        heading: None,
        order: None,
        metric: None,
        otel: None,
        place: Place::Process(|process| process.kernel_thread.into()),
    },
];

impl Field {
    /// Finds a field by its name in JSON.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.name == name)
    }
}

/// A field in [`Resources`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainField {
    pub(crate) field: &'static Field,
    pub(crate) get: fn(&Resources) -> Value<'static>,
}

const PLAIN_LEN: usize = {
    let (mut at, mut len) = (0, 0);
    while at < FIELDS.len() {
        len += matches!(FIELDS[at].place, Place::Resources(_)) as usize;
        at += 1;
    }
    len
};

/// The plain fields of [`FIELDS`].
///
/// They are selected at compile time, because the table compares them in each scan.
pub(crate) static PLAIN_FIELDS: [PlainField; PLAIN_LEN] = {
    let mut plain = [PlainField {
        field: &FIELDS[0],
        get: |_| Value::Unknown,
    }; PLAIN_LEN];
    let (mut at, mut len) = (0, 0);
    while at < FIELDS.len() {
        if let Place::Resources(get) = FIELDS[at].place {
            let field = &FIELDS[at];
            plain[len] = PlainField { field, get };
            len += 1;
        }
        at += 1;
    }
    plain
};

/// Serialises the fields in the order of [`FIELDS`].
impl Serialize for ProcessInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("ProcessInfo", FIELDS.len())?;
        for field in FIELDS {
            out.serialize_field(field.name, &field.value(self))?;
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value as Json, json};

    use super::*;

    /// Returns the JSON of a process without unknown values.
    fn complete() -> Json {
        let sample = |unit| match unit {
            Unit::Text => json!("a \"name\"\n"),
            Unit::Arguments => json!(["sh", "-c", ""]),
            Unit::State => json!("disk_sleep"),
            Unit::CorePercent => json!(12.5),
            Unit::CpuMs => json!(1_234.567_891),
            Unit::Flag => json!(true),
            Unit::Pid => json!(4_294_967_295_u32),
            Unit::EpochMs | Unit::Bytes | Unit::Count => json!(u64::MAX),
        };
        let fields = FIELDS.iter().map(|field| (field.name, sample(field.unit)));
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn every_field_round_trips_through_json() {
        let json = complete();
        let process: ProcessInfo = serde_json::from_value(json.clone()).expect("it is a process");
        for field in FIELDS {
            assert!(!field.value(&process).is_unknown(), "{}", field.name);
        }
        assert_eq!(serde_json::to_value(&process).expect("plain data"), json);
    }

    #[test]
    fn json_has_the_fields_in_order() {
        let process: ProcessInfo = serde_json::from_value(complete()).expect("it is a process");
        let text = serde_json::to_string(&process).expect("plain data");
        let places = FIELDS
            .iter()
            .map(|field| text.find(&format!("\"{}\":", field.name)));
        let places: Option<Vec<_>> = places.collect();
        assert!(places.is_some_and(|places| places.is_sorted()), "{text}");
    }

    #[test]
    fn a_percentage_is_printed_in_single_precision() {
        let json = r#"{"pid":7,"cpu_percent":12.7}"#;
        let process: ProcessInfo = serde_json::from_str(json).expect("it is a process");
        let text = serde_json::to_string(&process).expect("plain data");
        assert!(text.contains(r#""cpu_percent":12.7,"#), "{text}");
    }

    #[test]
    fn every_plain_value_is_a_field() {
        let resources = serde_json::to_value(Resources::default()).expect("plain data");
        let resources = resources.as_object().expect("a struct");
        let plain: BTreeSet<_> = PLAIN_FIELDS.iter().map(|plain| plain.field.name).collect();
        assert!(resources.keys().map(String::as_str).eq(plain));
    }

    #[test]
    fn names_of_fields_are_unique() {
        let unique = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        let fields = || FIELDS.iter();
        assert!(unique(fields().map(|field| field.name).collect()));
        assert!(unique(fields().filter_map(|field| field.heading).collect()));
        assert!(unique(fields().filter_map(|field| field.metric).collect()));
        assert!(unique(fields().filter_map(|field| field.otel).collect()));
        for field in FIELDS {
            assert_eq!(
                Field::named(field.name).map(|found| found.name),
                Some(field.name)
            );
        }
    }

    #[test]
    fn fields_that_share_an_order_agree_on_it() {
        let orders = || FIELDS.iter().filter_map(|field| field.order);
        for (one, other) in orders().flat_map(|one| orders().map(move |other| (one, other))) {
            assert!(one.name != other.name || one == other, "{one:?} {other:?}");
        }
    }
}
