//! The table of fields: one entry per field of a process, with all its properties.

use super::detail::Detail;
use super::field::{Change, Field, Order, Place};
use super::resources::Resources;
use super::value::{Unit, Value};

const CPU_CHANGE: Change = Change::new("cpu", 4);
const CPU: Option<Change> = Some(CPU_CHANGE);
const USER: Change = Change::new("user", 7);
const FAULTS: Change = Change::new("faults", 10);
const SESSION: Change = Change::new("session", 12);
const CGROUP: Change = Change::new("cgroup", 13);
const IO: Change = Change::new("io", 16);
const SWITCHES: Change = Change::new("switches", 17);

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
        is_quiet: false,
        collect: None,
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
        is_quiet: false,
        collect: None,
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
        is_quiet: false,
        collect: None,
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
        is_quiet: false,
        collect: None,
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
        is_quiet: false,
        collect: Some("command"),
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
        is_quiet: false,
        collect: None,
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
        is_quiet: false,
        collect: Some("cpu"),
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
        is_quiet: false,
        collect: Some("cpu"),
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
        is_quiet: false,
        collect: Some("memory"),
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
        is_quiet: false,
        collect: None,
        heading: None,
        order: None,
        metric: None,
        otel: None,
        place: Place::Process(|process| process.kernel_thread.into()),
    },
    // The details, in the order of `Detail`.
    Field::of(Detail::UserId, "user_id", Unit::Id)
        .with("user", USER)
        .reported()
        .otel("process.user.id"),
    Field::of(Detail::UserName, "user_name", Unit::Text)
        .with("user", USER)
        .reported()
        .otel("process.user.name"),
    Field::of(Detail::Threads, "threads", Unit::Count)
        .with("threads", Change::new("threads", 8))
        .reported()
        .otel("process.thread.count"),
    Field::of(Detail::VirtualBytes, "virtual_bytes", Unit::Bytes)
        .with("virtual_memory", Change::new("virtual_memory", 9))
        .otel("process.memory.virtual"),
    Field::of(Detail::CpuUserMs, "cpu_user_ms", Unit::CpuMs).with("cpu_modes", CPU_CHANGE),
    Field::of(Detail::CpuSystemMs, "cpu_system_ms", Unit::CpuMs).with("cpu_modes", CPU_CHANGE),
    Field::of(Detail::MinorFaults, "minor_faults", Unit::Count).with("faults", FAULTS),
    Field::of(Detail::MajorFaults, "major_faults", Unit::Count).with("faults", FAULTS),
    Field::of(Detail::Nice, "nice", Unit::Integer)
        .with("nice", Change::new("nice", 11))
        .reported(),
    Field::of(Detail::SessionId, "session_id", Unit::Pid)
        .with("session", SESSION)
        .reported()
        .otel("process.session_leader.pid"),
    Field::of(Detail::ProcessGroupId, "process_group_id", Unit::Pid)
        .with("session", SESSION)
        .reported()
        .otel("process.group_leader.pid"),
    Field::of(Detail::Tty, "tty", Unit::Text)
        .with("session", SESSION)
        .reported(),
    Field::of(Detail::Cgroup, "cgroup", Unit::Text)
        .with("cgroup", CGROUP)
        .reported()
        .otel("process.linux.cgroup"),
    Field::of(Detail::ContainerId, "container_id", Unit::Text)
        .with("cgroup", CGROUP)
        .reported()
        .otel("container.id"),
    Field::of(Detail::SystemdUnit, "systemd_unit", Unit::Text)
        .with("cgroup", CGROUP)
        .reported(),
    Field::of(Detail::PodUid, "pod_uid", Unit::Text)
        .with("cgroup", CGROUP)
        .reported()
        .otel("k8s.pod.uid"),
    Field::of(Detail::Executable, "executable", Unit::Text)
        .with("executable", Change::new("executable", 14))
        .reported()
        .otel("process.executable.path"),
    Field::of(Detail::OpenFiles, "open_files", Unit::Count)
        .with("open_files", Change::new("open_files", 15))
        .otel("process.unix.file_descriptor.count"),
    Field::of(Detail::ReadBytes, "read_bytes", Unit::Bytes).with("io", IO),
    Field::of(Detail::WrittenBytes, "written_bytes", Unit::Bytes).with("io", IO),
    Field::of(Detail::VoluntarySwitches, "voluntary_switches", Unit::Count)
        .with("switches", SWITCHES),
    Field::of(
        Detail::InvoluntarySwitches,
        "involuntary_switches",
        Unit::Count,
    )
    .with("switches", SWITCHES),
    Field::of(Detail::SwapBytes, "swap_bytes", Unit::Bytes).with("swap", Change::new("swap", 18)),
    Field::of(Detail::PssBytes, "pss_bytes", Unit::Bytes).with("pss", Change::new("pss", 19)),
    Field::of(Detail::PeakRssBytes, "peak_rss_bytes", Unit::Bytes)
        .with("peak_rss", Change::new("peak_rss", 20)),
];

/// Where the details begin in [`FIELDS`].
pub(super) const FIRST_DETAIL: usize = {
    let mut first = 0;
    while !matches!(FIELDS[first].place, Place::Detail(_)) {
        first += 1;
    }
    let mut at = 0;
    while at < Detail::ALL.len() {
        let is_next =
            matches!(FIELDS[first + at].place, Place::Detail(detail) if detail as usize == at);
        assert!(
            is_next && Detail::ALL[at] as usize == at,
            "BUG: not in the order of `Detail`"
        );
        at += 1;
    }
    assert!(first + at == FIELDS.len(), "BUG: a detail has two entries");
    first
};

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
