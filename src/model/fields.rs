//! The table of fields: one entry per field of a process, with all its properties.

use super::detail::Detail;
use super::field::{Change, Field, Order, Place};
use super::resources::Resources;
use super::value::{Unit, Value};

const CPU: Change = Change::new("cpu", 4);
const USER: Change = Change::new("user", 7);
const FAULTS: Change = Change::new("faults", 10);
const SESSION: Change = Change::new("session", 12);
const CGROUP: Change = Change::new("cgroup", 13);
const IO: Change = Change::new("io", 16);
const SWITCHES: Change = Change::new("switches", 17);

const BUSIEST: Order = Order::new("cpu", true, Some("The busiest first"));
const OLDEST: Order = Order::new("age", false, Some("The oldest first"));
const LARGEST: Order = Order::new("rss", true, Some("The largest first"));

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
    Field::of_process(|process| process.pid.into(), "pid", Unit::Pid)
        .column("PID", &[], "process id")
        .order(Order::new("pid", false, None))
        .otel("process.pid"),
    Field::of_process(
        |process| process.start_time_ms.into(),
        "start_time_ms",
        Unit::EpochMs,
    )
    .column("AGE", &["age", "start"], "time since the start")
    .order(OLDEST)
    .metric("pscan_process_start_time_seconds")
    .otel("process.creation.time"),
    Field::of_process(|process| process.parent_pid.into(), "parent_pid", Unit::Pid)
        .column("PPID", &["ppid", "parent"], "process id of the parent")
        .change(Change::new("parent", 2))
        .otel("process.parent_pid"),
    Field::of_process(|process| process.name.as_deref().into(), "name", Unit::Text)
        .column("NAME", &[], "name that the system reports")
        .change(Change::new("name", 0))
        .order(Order::new("name", false, None)),
    Field::of_process(
        |process| process.command.as_ref().into(),
        "command",
        Unit::Arguments,
    )
    .column("COMMAND", &[], "arguments")
    .with("command", Change::new("command", 1))
    .otel("process.command_args"),
    Field::of_process(|process| process.status.into(), "status", Unit::State)
        .column("STATUS", &["state"], "state of the process")
        .change(Change::new("status", 3))
        .otel("process.state"),
    Field::of_process(
        |process| process.cpu_percent.into(),
        "cpu_percent",
        Unit::CorePercent,
    )
    .column("CPU%", &["cpu"], "CPU use in percent of one core")
    .with("cpu", CPU)
    .order(BUSIEST)
    .otel("process.cpu.utilization"),
    // If shares are equal or unknown, the process with more CPU time comes first.
    Field::of_process(
        |process| process.cpu_time_ms.into(),
        "cpu_time_ms",
        Unit::CpuMs,
    )
    .column("TIME", &["time"], "CPU time since the start")
    .with("cpu", CPU)
    .order(BUSIEST)
    .metric("pscan_process_cpu_seconds_total")
    .otel("process.cpu.time"),
    Field::plain(
        |resources| resources.rss_bytes.into(),
        "rss_bytes",
        Unit::Bytes,
    )
    .column("RSS", &["rss"], "resident memory")
    .with("memory", Change::new("rss", 5))
    .order(LARGEST)
    .metric("pscan_process_resident_memory_bytes")
    .otel("process.memory.usage"),
    Field::of_process(
        |process| process.kernel_thread.into(),
        "kernel_thread",
        Unit::Flag,
    )
    .column("KERNEL", &["kernel"], "whether it is a kernel thread")
    .change(Change::new("kernel_thread", 6)),
    // The details, in the order of `Detail`.
    Field::of(Detail::UserId, "user_id", Unit::Id)
        .column("UID", &["uid"], "effective user id")
        .with("user", USER)
        .reported()
        .otel("process.user.id"),
    Field::of(Detail::UserName, "user_name", Unit::Text)
        .column("USER", &["user"], "effective user; its id without a name")
        .or(Detail::UserId)
        .with("user", USER)
        .reported()
        .otel("process.user.name"),
    Field::of(Detail::Threads, "threads", Unit::Count)
        .column("THREADS", &[], "number of threads")
        .with("threads", Change::new("threads", 8))
        .reported()
        .otel("process.thread.count"),
    Field::of(Detail::VirtualBytes, "virtual_bytes", Unit::Bytes)
        .column("VIRTUAL", &["virtual"], "virtual memory")
        .with("virtual_memory", Change::new("virtual_memory", 9))
        .otel("process.memory.virtual"),
    Field::of(Detail::CpuUserMs, "cpu_user_ms", Unit::CpuMs)
        .column("UTIME", &["utime"], "CPU time in user mode")
        .with("cpu_modes", CPU),
    Field::of(Detail::CpuSystemMs, "cpu_system_ms", Unit::CpuMs)
        .column("SYSTIME", &["systime"], "CPU time in the kernel")
        .with("cpu_modes", CPU),
    Field::of(Detail::MinorFaults, "minor_faults", Unit::Count)
        .column("MINFLT", &["minflt"], "page faults without I/O")
        .with("faults", FAULTS),
    Field::of(Detail::MajorFaults, "major_faults", Unit::Count)
        .column("MAJFLT", &["majflt"], "page faults with I/O")
        .with("faults", FAULTS),
    Field::of(Detail::Nice, "nice", Unit::Integer)
        .column("NICE", &["ni"], "nice value, -20 to 19")
        .with("nice", Change::new("nice", 11))
        .reported(),
    Field::of(Detail::SessionId, "session_id", Unit::Pid)
        .column("SID", &["session", "sid"], "pid of the session's leader")
        .with("session", SESSION)
        .reported()
        .otel("process.session_leader.pid"),
    Field::of(Detail::ProcessGroupId, "process_group_id", Unit::Pid)
        .column("PGID", &["pgid"], "pid of the process group's leader")
        .with("session", SESSION)
        .reported()
        .otel("process.group_leader.pid"),
    Field::of(Detail::Tty, "tty", Unit::Text)
        .column("TTY", &[], "controlling terminal")
        .with("session", SESSION)
        .reported(),
    Field::of(Detail::Cgroup, "cgroup", Unit::Text)
        .column("CGROUP", &[], "path of the control group")
        .with("cgroup", CGROUP)
        .reported()
        .otel("process.linux.cgroup"),
    Field::of(Detail::ContainerId, "container_id", Unit::Text)
        .column("CONTAINER", &["container"], "id of the container")
        .with("cgroup", CGROUP)
        .reported()
        .otel("container.id"),
    Field::of(Detail::SystemdUnit, "systemd_unit", Unit::Text)
        .column("UNIT", &["unit"], "unit of systemd")
        .with("cgroup", CGROUP)
        .reported(),
    Field::of(Detail::PodUid, "pod_uid", Unit::Text)
        .column("POD", &["pod"], "uid of the Kubernetes pod")
        .with("cgroup", CGROUP)
        .reported()
        .otel("k8s.pod.uid"),
    Field::of(Detail::Executable, "executable", Unit::Text)
        .column("EXE", &["exe"], "path of the program")
        .with("executable", Change::new("executable", 14))
        .reported()
        .otel("process.executable.path"),
    Field::of(Detail::OpenFiles, "open_files", Unit::Count)
        .column("FILES", &["files"], "number of open files")
        .with("open_files", Change::new("open_files", 15))
        .otel("process.unix.file_descriptor.count"),
    Field::of(Detail::ReadBytes, "read_bytes", Unit::Bytes)
        .column("READ", &["read"], "bytes read from disks")
        .with("io", IO),
    Field::of(Detail::WrittenBytes, "written_bytes", Unit::Bytes)
        .column("WRITTEN", &["written"], "bytes written to disks")
        .with("io", IO),
    Field::of(Detail::VoluntarySwitches, "voluntary_switches", Unit::Count)
        .column("VCSW", &["vcsw"], "switches because it waited")
        .with("switches", SWITCHES),
    Field::of(
        Detail::InvoluntarySwitches,
        "involuntary_switches",
        Unit::Count,
    )
    .column("IVCSW", &["ivcsw"], "switches because its time was over")
    .with("switches", SWITCHES),
    Field::of(Detail::SwapBytes, "swap_bytes", Unit::Bytes)
        .column("SWAP", &["swap"], "swapped-out memory")
        .with("swap", Change::new("swap", 18)),
    Field::of(Detail::PssBytes, "pss_bytes", Unit::Bytes)
        .column("PSS", &["pss"], "proportional memory; needs --pid")
        .with("pss", Change::new("pss", 19)),
    Field::of(Detail::PeakRssBytes, "peak_rss_bytes", Unit::Bytes)
        .column("PEAK", &["peak"], "largest resident memory so far")
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

    /// Finds a field by its name in JSON or one of its [`aliases`](Self::aliases).
    ///
    /// ```
    /// use process_scanner::Field;
    ///
    /// let unit = Field::called("unit").expect("it is an alias");
    /// assert_eq!((unit.name, unit.heading), ("systemd_unit", "UNIT"));
    /// ```
    pub fn called(name: &str) -> Option<&'static Self> {
        let is_called = |field: &&Self| field.name == name || field.aliases.contains(&name);
        FIELDS.iter().find(is_called)
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
