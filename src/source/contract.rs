//! The trait [`Source`], its contract, and what it returns.

use super::happening::{Bell, Happening, Heard};
use super::host_info::HostInfo;
use super::row::Row;
use crate::model::{Collect, Result, Timestamp, Unreadable};

/// A source of process data, which is scanned again and again.
///
/// # Contract
///
/// - Each scan emits one row for every living process, in any order. Emitted rows stand even if the
///   scan then returns an error. A process without a row exits only if the scan returned `Ok`.
/// - Unknown values are `None` or [`Reading::Unknown`](crate::Reading::Unknown), never 0 and never empty.
/// - A scan returns, and does not panic.
/// - [`Row::Unchanged`] and [`Reading::Unchanged`](crate::Reading::Unchanged) refer to the scan just before,
///   including its recheck, whether it succeeded or failed. They are only for processes for which that
///   scan emitted a row.
///
/// # Panics
///
/// A source that panics is never used again. All consumers of a running scanner receive a last
/// batch without events. Its failure [is final](crate::Error::is_final), of class
/// [`SourceGone`](crate::ErrorClass::SourceGone), and has the text of the panic. Then the consumers
/// are closed, and [`wait`](crate::ScannerHandle::wait) and [`stop`](crate::ScannerHandle::stop)
/// return that error. [`scan_once`](crate::Scanner::scan_once) passes the panic on to its caller.
/// Where panics abort the program, the program ends.
///
/// ```
/// use process_scanner::{ProcessRow, Result, Row, ScanSummary, Source, SourceInfo};
///
/// struct OneProcess;
///
/// impl Source for OneProcess {
///     fn info(&self) -> SourceInfo {
///         SourceInfo::new("one")
///     }
///
///     fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
///         emit(Row::Process(ProcessRow::unknown(1)));
///         Ok(ScanSummary::default())
///     }
/// }
/// ```
pub trait Source: Send {
    /// Returns facts about the source. They never change.
    fn info(&self) -> SourceInfo;

    /// Returns the time of the scan that follows. It is called once before each scan.
    ///
    /// A retry of the scan keeps this time. CPU use is computed from its monotonic part, and the
    /// batch has it, even if the scan fails. A recording returns the recorded time. The default
    /// reads the clocks of this machine.
    fn now(&mut self) -> Timestamp {
        Timestamp::now()
    }

    /// Reads all processes and emits a row for each.
    ///
    /// If it returns an error that [is transient](crate::Error::is_transient) before it has emitted
    /// a row, it is called once more at once. For the source that is a scan like any other.
    ///
    /// # Errors
    ///
    /// Returns an error if the processes cannot be listed. An error that
    /// [is final](crate::Error::is_final) ends the scanner.
    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary>;

    /// Rechecks the processes that the scan missed, before their exits are reported.
    ///
    /// Each pid occurs once. It emits a row for each process that still exists; [`Row::Unreadable`]
    /// for one that exists and cannot be read. The default returns [`Recheck::Unsupported`].
    ///
    /// # Errors
    ///
    /// Returns an error if the processes cannot be rechecked. Then no exit is reported.
    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let _ = (pids, emit);
        Ok(Recheck::Unsupported)
    }

    /// Returns the bell that rings when there is something to [drain](Self::drain).
    ///
    /// A running scanner calls it once, before its first scan. The default returns `None`: the
    /// source does not listen between scans.
    fn bell(&mut self) -> Option<Bell> {
        None
    }

    /// Emits what happened since the drain before, in the order in which it happened.
    ///
    /// Every scanner calls it between [`now`](Self::now) and [`scan`](Self::scan) and after the
    /// scan; a running scanner also when the bell has rung. It does not wait. The default emits
    /// nothing.
    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let _ = emit;
        Heard::default()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn info(&self) -> SourceInfo {
        (**self).info()
    }

    fn now(&mut self) -> Timestamp {
        (**self).now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        (**self).scan(emit)
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        (**self).recheck(pids, emit)
    }

    fn bell(&mut self) -> Option<Bell> {
        (**self).bell()
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        (**self).drain(emit)
    }
}

/// Facts about a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceInfo {
    /// Name of the source, for people.
    pub name: String,
    /// Resolution of its start times, in milliseconds.
    ///
    /// A true start time is at most this much later. With 1000, equal start times do not prove that two rows are of one process. 0 counts as 1.
    pub start_time_resolution_ms: u64,
    /// Pid of the process that scans, which every scan must emit.
    ///
    /// A scan without it is not trusted. `None`: no pid is checked.
    pub own_pid: Option<u32>,
    /// The host whose processes it reports, as far as the source knows it.
    ///
    /// The scanner does not use it. A recording has it in its header, and its replay returns it.
    pub host: HostInfo,
    /// The optional fields that it reads. One that was not read of a process is unknown (`null`);
    /// fields that are not collected are absent.
    ///
    /// None by default. It may emit others too.
    pub collects: Collect,
    /// Whether its processes are those of this machine, as they run now.
    ///
    /// False for recordings, and for the `/proc` of another host or of an earlier boot.
    pub is_live: bool,
    /// Whether it hears births and exits between scans.
    pub hears_lives: bool,
    /// Whether it hears exits between scans, of processes that scans have found, and no births.
    pub hears_exits: bool,
    /// Why it does not hear births and exits, for people, if it could on another host.
    pub not_listening: Option<String>,
}

impl SourceInfo {
    /// Creates the facts of a source.
    ///
    /// Start times have a resolution of 1 ms, there is no own pid, the host is unknown, and the
    /// processes are those of this machine.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            start_time_resolution_ms: 1,
            own_pid: None,
            host: HostInfo::default(),
            collects: Collect::NONE,
            is_live: true,
            hears_lives: false,
            hears_exits: false,
            not_listening: None,
        }
    }

    /// Sets the resolution of start times, in milliseconds; 0 counts as 1.
    #[must_use]
    pub fn with_start_time_resolution_ms(mut self, resolution_ms: u64) -> Self {
        self.start_time_resolution_ms = resolution_ms.max(1);
        self
    }

    /// Sets the pid that every scan must emit.
    #[must_use]
    pub fn with_own_pid(mut self, own_pid: u32) -> Self {
        self.own_pid = Some(own_pid);
        self
    }

    /// Sets the host.
    #[must_use]
    pub fn with_host(mut self, host: HostInfo) -> Self {
        self.host = host;
        self
    }
}

/// What a successful scan counted.
///
/// Start from the default, and assign the known values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct ScanSummary {
    /// Fields that could not be read, but should have been.
    ///
    /// The sum over all rows. [`count_unreadable`](Self::count_unreadable) adds to it.
    pub unreadable_fields: u32,
    /// The same by field, as far as the source counts them so.
    pub unreadable: Unreadable,
    /// Processes that were listed and had exited when they were read.
    ///
    /// `None` where the source does not count them.
    pub vanished: Option<u32>,
    /// Processes and threads that the system has started since boot.
    ///
    /// The number is as of the start of the scan. `None` where the system does not count them.
    pub started_total: Option<u64>,
    /// CPU time of the source's own threads, in nanoseconds.
    ///
    /// It covers the time since the scan before, and counts as the scanner's.
    pub other_cpu_ns: u64,
    /// CPU time of reading processes for the first time, on all threads, in nanoseconds.
    ///
    /// It is part of the scan's cost, and does not make the interval longer while the budget has credit. 0 where
    /// the source does not measure it.
    pub first_read_cpu_ns: u64,
}

impl ScanSummary {
    /// Counts a value that could not be read, of the field with this name in JSON.
    pub fn count_unreadable(&mut self, field: &str) {
        self.unreadable_fields = self.unreadable_fields.saturating_add(1);
        self.unreadable.add(field, 1);
    }

    /// Counts values that could not be read, by field.
    pub(super) fn count_all_unreadable(&mut self, unreadable: &Unreadable) {
        self.unreadable_fields = self.unreadable_fields.saturating_add(unreadable.total());
        self.unreadable.add_all(unreadable);
    }
}

/// Whether a source could recheck the missing processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recheck {
    /// It rechecked them: those without a row have exited.
    Done,
    /// It has no other way to find them than the scan.
    Unsupported,
}
