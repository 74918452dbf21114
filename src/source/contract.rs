//! What a source is: the trait [`Source`], and what it says of itself and of a scan.

use super::row::Row;
use crate::model::{Result, Timestamp};

/// Something that can be asked, again and again, which processes there are.
///
/// # Contract
///
/// - Each living process is handed over once a scan, in any order. Rows that were handed over
///   before an error stand: they are true of their processes. What was *not* handed over is
///   taken to be gone only if the scan returned `Ok`.
/// - What is not known is `None` or [`Reading::Unknown`](super::Reading::Unknown); never 0 and never empty.
/// - It comes back, and does not panic.
/// - [`Row::Unchanged`] and [`Reading::Same`](super::Reading::Same) refer to the scan just before (and its recheck), good
///   or failed: they are for processes that were handed over in that one.
///
/// # Panics
///
/// A source that panics is never asked again. Of a running scanner all consumers get a last batch, which
/// tells nothing new and whose failure [is final](crate::Error::is_final), of class
/// [`SourceGone`](crate::ErrorClass::SourceGone), and says that the source panicked and with what words;
/// then they are closed, and [`wait`](crate::ScannerHandle::wait) and
/// [`stop`](crate::ScannerHandle::stop) return that error. From
/// [`scan_once`](crate::Scanner::scan_once) the panic goes on to who called it. Where panics abort the program, it ends.
///
/// ```
/// use process_scanner::{ProcessRow, Result, Row, Seen, Source, SourceInfo};
///
/// struct OneProcess;
///
/// impl Source for OneProcess {
///     fn info(&self) -> SourceInfo {
///         SourceInfo::new("one")
///     }
///
///     fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
///         hand_over(Row::Process(ProcessRow::unknown(1)));
///         Ok(Seen::default())
///     }
/// }
/// ```
pub trait Source: Send {
    /// What is to be known of the source itself. Constant.
    fn info(&self) -> SourceInfo;

    /// The time of the scan that is about to be made; asked once before each, however often that is
    /// tried. Rates are reckoned from its monotonic part, and the batch bears it, be the scan good or
    /// failed.
    ///
    /// A recording answers with the recorded time. The default is the clocks of this machine.
    fn now(&mut self) -> Timestamp {
        Timestamp::now()
    }

    /// Takes one scan.
    ///
    /// Where it fails with an error that [is transient](crate::Error::is_transient) and has handed over
    /// nothing, it is called once more at once. To the source that is a scan like any other.
    ///
    /// # Errors
    ///
    /// When the processes could not be listed. One that [is final](crate::Error::is_final) ends the
    /// scanner.
    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen>;

    /// Looks once more for processes that the scan just made did not show, each pid once, before
    /// they are told as exited. A row is handed over for each that is there after all;
    /// [`Row::Unreadable`] for one that is there but tells nothing.
    ///
    /// The default is not able to.
    ///
    /// # Errors
    ///
    /// When nothing can be said of them; none is told as exited then.
    fn recheck(&mut self, pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let _ = (pids, hand_over);
        Ok(Recheck::NotAble)
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn info(&self) -> SourceInfo {
        (**self).info()
    }

    fn now(&mut self) -> Timestamp {
        (**self).now()
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        (**self).scan(hand_over)
    }

    fn recheck(&mut self, pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        (**self).recheck(pids, hand_over)
    }
}

/// What is to be known of a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceInfo {
    /// Its name, for people.
    pub name: String,
    /// How fine its start times are, in milliseconds; the start of a process is this much later
    /// than told at the most. Where it is 1000, equal start times do not prove one process. 0 counts as 1.
    pub start_time_resolution_ms: u64,
    /// The pid of a process that every scan must show, because it is the one that scans. A scan
    /// without it is not believed.
    pub own_pid: Option<u32>,
}

impl SourceInfo {
    /// A source with start times to the millisecond, and no pid that must be shown.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            start_time_resolution_ms: 1,
            own_pid: None,
        }
    }

    /// The same with start times only this fine, in milliseconds; 0 counts as 1.
    #[must_use]
    pub fn with_start_time_resolution_ms(mut self, resolution_ms: u64) -> Self {
        self.start_time_resolution_ms = resolution_ms.max(1);
        self
    }

    /// The same with a pid that every scan must show.
    #[must_use]
    pub fn with_own_pid(mut self, own_pid: u32) -> Self {
        self.own_pid = Some(own_pid);
        self
    }
}

/// What a good scan saw, besides its rows: the default, and what was counted assigned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Seen {
    /// Fields that should have been read and could not be, over all rows.
    pub unreadable_fields: u32,
    /// Processes that were listed and had gone when they were read; `None` where the source
    /// cannot tell.
    pub vanished: Option<u32>,
    /// How many processes and threads the system had started since its own start, however short
    /// their lives were, when the scan began; `None` where it does not count them.
    pub started_total: Option<u64>,
    /// CPU time that the source has used on threads of its own since the scan before, in nanoseconds. It
    /// counts as the scanner's.
    pub other_cpu_ns: u64,
}

/// Whether a source could look for missing processes once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recheck {
    /// It looked: what it did not hand over is gone.
    Done,
    /// It has no other way to look than the scan.
    NotAble,
}
