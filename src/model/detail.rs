//! The optional fields of a process: [`Detail`].

/// An optional field of a process, which a source only reads if it is collected.
///
/// A new one takes a line here, an entry in [`FIELDS`](crate::FIELDS), and a source that reads it.
/// Facts about Linux are from proc_pid_stat(5), proc_pid_status(5), proc_pid_io(5) and
/// fs/proc/array.c.
///
/// ```
/// use process_scanner::{Detail, ProcessInfo, ProcessKey, Value};
///
/// let mut process = ProcessInfo::unknown(ProcessKey { pid: 7, start_time_ms: None });
/// process.details.set(Detail::UserName, "root".into());
/// assert_eq!(process.details.get(Detail::UserName), Value::Text("root"));
/// assert_eq!(process.details.get(Detail::Threads), Value::Unknown);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum Detail {
    /// Effective user id.
    ///
    /// Unknown if the user has no number in the user namespace of this process, so that the kernel
    /// reports that of `nobody`.
    UserId,
    /// Name of the effective user, as the system's user database has it.
    ///
    /// Unknown in a container whose processes are those of its host, but not its users.
    UserName,
    /// Number of threads, at least 1. On Linux field 20 of `stat`.
    Threads,
    /// Virtual memory in bytes. On Linux field 23 of `stat`.
    VirtualBytes,
    /// CPU time in user mode, in milliseconds. On Linux field 14 of `stat`, in steps of 10 ms.
    CpuUserMs,
    /// CPU time in the kernel, in milliseconds. On Linux field 15 of `stat`, in steps of 10 ms.
    CpuSystemMs,
    /// Page faults without I/O since the process started. On Linux field 10 of `stat`.
    MinorFaults,
    /// Page faults with I/O since the process started. On Linux field 12 of `stat`.
    MajorFaults,
    /// Nice value, -20 to 19: lower is more urgent. On Linux field 19 of `stat`.
    Nice,
    /// Session id: the pid of its leader. Unknown if there is none. On Linux field 6 of `stat`.
    SessionId,
    /// Process group id: the pid of its leader. Unknown if there is none. On Linux field 5 of
    /// `stat`.
    ProcessGroupId,
    /// Controlling terminal, such as `pts/0`. Unknown if there is none. On Linux field 7 of `stat`.
    Tty,
    /// Path of the control group, from cgroups(7).
    ///
    /// The one with a container or pod; else that of version 2; where only version 1 is used, of
    /// the hierarchy of systemd, of memory, or the first that is not `/`.
    Cgroup,
    /// Id of the container, from the path of the control group. Unknown if there is none.
    ContainerId,
    /// Unit of systemd, from the path of the control group. Unknown if there is none.
    SystemdUnit,
    /// Uid of the Kubernetes pod, from the path of the control group. Unknown if there is none.
    PodUid,
    /// Path of the program. On Linux the link `exe`, which ends in ` (deleted)` if the file was
    /// gone when it was read: at first sight, or after an `exec`.
    Executable,
    /// Number of open file descriptors.
    OpenFiles,
    /// Bytes read from disks since the process started. On Linux `read_bytes` of `io`.
    ReadBytes,
    /// Bytes written to disks since the process started. On Linux `write_bytes` of `io`.
    WrittenBytes,
    /// Switches of the first thread to another one because it waited. On Linux from `status`.
    VoluntarySwitches,
    /// Switches of the first thread to another one because its time was over. On Linux from
    /// `status`.
    InvoluntarySwitches,
    /// Swapped-out memory in bytes. On Linux `VmSwap` of `status`.
    SwapBytes,
    /// Proportional share of resident memory, in bytes. On Linux `Pss` of `smaps_rollup`.
    PssBytes,
    /// Largest resident memory so far, in bytes. On Linux `VmHWM` of `status`.
    PeakRssBytes,
}

impl Detail {
    /// All details, in the order of [`FIELDS`](crate::FIELDS).
    pub const ALL: &'static [Self] = &[
        Self::UserId,
        Self::UserName,
        Self::Threads,
        Self::VirtualBytes,
        Self::CpuUserMs,
        Self::CpuSystemMs,
        Self::MinorFaults,
        Self::MajorFaults,
        Self::Nice,
        Self::SessionId,
        Self::ProcessGroupId,
        Self::Tty,
        Self::Cgroup,
        Self::ContainerId,
        Self::SystemdUnit,
        Self::PodUid,
        Self::Executable,
        Self::OpenFiles,
        Self::ReadBytes,
        Self::WrittenBytes,
        Self::VoluntarySwitches,
        Self::InvoluntarySwitches,
        Self::SwapBytes,
        Self::PssBytes,
        Self::PeakRssBytes,
    ];

    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}
