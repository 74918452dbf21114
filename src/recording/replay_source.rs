//! A source that replays a recording.

use std::fmt;
use std::io::BufRead;

use super::format::{Failed, Rechecked, Shown};
use super::heard::{HeardRecord, When};
use super::part::RecordingPart;
use super::reader::{Reader, Recorded};
use super::row::read_at_ns;
use super::unheard::Unheard;
use crate::model::{Error, ErrorClass, Result, Timestamp};
use crate::redact::Redactor;
use crate::source::{
    Bell, Happening, Heard, Recheck, Ringer, Row, ScanSummary, Source, SourceInfo,
};

/// A source that replays a recording, scan by scan.
///
/// It uses the recorded clocks. A scanner gets the same batches from it as the recorded one had, if
/// it asks for what was heard between scans first, as below. With `scan_once` alone, that is in the
/// batch of the next scan. After the last scan it returns an error of class
/// [`Ended`](ErrorClass::Ended), which ends the scanner.
///
/// The input can consist of several [parts](RecordingPart) of one recording, one after the other, each of which
/// continues the one before. They are replayed as one recording.
///
/// ```no_run
/// use std::fs::File;
/// use std::io::BufReader;
/// use process_scanner::{ReplaySource, Scanner};
///
/// let source = ReplaySource::new(BufReader::new(File::open("host.ndjson")?))?;
/// let mut scanner = Scanner::builder().source(source).build()?;
/// while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
///     println!("batch {}: {} events", batch.seq, batch.events.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReplaySource<R> {
    reader: Reader<R>,
    info: SourceInfo,
    part: Option<RecordingPart>,
    /// The next line, read ahead because [`now`](Source::now) needs the time of the next scan.
    next: Result<Option<Recorded>>,
    at: Timestamp,
    /// What the next drain is.
    next_drain: When,
    /// What was heard before the next scan.
    unheard: Unheard,
    /// What was heard just after the first scan, read ahead to see its recheck.
    after_first: Option<HeardRecord>,
    has_scanned: bool,
    ringer: Option<Ringer>,
}

/// Omits the line read ahead: data of processes can be private.
impl<R> fmt::Debug for ReplaySource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplaySource")
            .field("info", &self.info)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl<R: BufRead> ReplaySource<R> {
    /// Reads the header and the first scan.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`BadData`](ErrorClass::BadData) if the input is not a recording, or has another
    /// version, and of the class of the system's error if it cannot be read. Each of these errors is final. A bad line
    /// after the header is the error of its scan, with the line number.
    pub fn new(input: R) -> Result<Self> {
        let (mut reader, header) = Reader::new(input)?;
        let next = reader.next();
        let mut info = SourceInfo::new(header.source)
            .with_start_time_resolution_ms(header.start_time_resolution_ms)
            .with_host(header.host);
        info.is_live = false;
        info.collects = header.collects;
        info.own_pid = header.own_pid;
        info.hears_lives = header.hears_lives;
        info.hears_exits = header.hears_exits;
        Ok(Self {
            reader,
            info,
            part: header.part,
            next,
            at: Timestamp::new(0, 0),
            next_drain: When::Between,
            unheard: Unheard::default(),
            after_first: None,
            has_scanned: false,
            ringer: None,
        })
    }

    /// Returns which part of a recording the input begins with; `None` if it is a whole recording.
    pub fn part(&self) -> Option<&RecordingPart> {
        self.part.as_ref()
    }

    /// Takes the line read ahead and reads the next one, unless an error or the end was reached.
    fn advance(&mut self) -> Result<Option<Recorded>> {
        let line = std::mem::replace(&mut self.next, Ok(None));
        if matches!(line, Ok(Some(_))) {
            self.next = self.reader.next();
        }
        line
    }

    /// Returns whether the next scan is a retry of this one: both have the same time.
    fn was_retried(&self) -> bool {
        matches!(&self.next, Ok(Some(Recorded::Scan(next))) if next.monotonic_ns == self.at.monotonic_ns)
    }

    /// Reads ahead to the next scan. Keeps what was heard until then, and skips rechecks that the
    /// scanner did not ask for.
    fn read_to_scan(&mut self) {
        loop {
            match &self.next {
                Ok(Some(Recorded::Heard(_) | Recorded::Recheck(_))) => {}
                Ok(Some(Recorded::Scan(_)) | None) | Err(_) => return,
            }
            let line = std::mem::replace(&mut self.next, Ok(None));
            if let Ok(Some(Recorded::Heard(heard))) = line {
                self.unheard.add(heard, self.at.monotonic_ns);
            }
            self.next = self.reader.next();
        }
    }

    /// Takes the line read ahead if it is of such a drain.
    fn take_heard(&mut self, when: When) -> Option<HeardRecord> {
        if when == When::After && self.after_first.is_some() {
            return self.after_first.take();
        }
        if !matches!(&self.next, Ok(Some(Recorded::Heard(heard))) if heard.when == when) {
            return None;
        }
        match std::mem::replace(&mut self.next, Ok(None)) {
            Ok(Some(Recorded::Heard(heard))) => {
                self.next = self.reader.next();
                Some(heard)
            }
            _ => None,
        }
    }

    /// Takes the recheck of the first scan.
    ///
    /// A part of a recording can begin with a scan that had one. A scanner that begins there misses no process, and
    /// does not ask for it.
    fn take_first_recheck(&mut self) -> Option<Rechecked> {
        if std::mem::replace(&mut self.has_scanned, true) {
            return None;
        }
        self.after_first = self.take_heard(When::After);
        if !matches!(&self.next, Ok(Some(Recorded::Recheck(_)))) {
            return None;
        }
        match self.advance() {
            Ok(Some(Recorded::Recheck(recheck))) => Some(recheck),
            _ => None,
        }
    }

    /// Rings if what was heard between two scans is next.
    fn ring(&self) {
        if let (Some(ringer), Ok(Some(Recorded::Heard(heard)))) = (&self.ringer, &self.next)
            && heard.when == When::Between
        {
            ringer.ring();
        }
    }
}

impl<R: BufRead + Send> Source for ReplaySource<R> {
    fn info(&self) -> SourceInfo {
        self.info.clone()
    }

    fn now(&mut self) -> Timestamp {
        self.next_drain = When::Before;
        self.after_first = None;
        self.read_to_scan();
        if let Ok(Some(Recorded::Scan(scan))) = &self.next {
            self.at = Timestamp::new(scan.wall_ms, scan.monotonic_ns);
            self.at.start_clock_ms = scan.start_clock_ms;
        }
        self.at
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.next_drain = When::After;
        self.read_to_scan();
        self.unheard = Unheard::default();
        let Some(Recorded::Scan(scan)) = self.advance()? else {
            return Err(Error::new(ErrorClass::Ended, "the recording has ended").mark_final());
        };
        emit_rows(&scan.shown, self.at.monotonic_ns, emit);
        if let Some(recheck) = self.take_first_recheck() {
            emit_rows(&recheck.shown, self.at.monotonic_ns, emit);
        }
        match scan.failed {
            Some(failed) if self.was_retried() => Err(failed.into()),
            Some(failed) => Err(Error::from(failed).mark_permanent()),
            None => Ok(ScanSummary {
                unreadable_fields: scan.unreadable_fields,
                unreadable: scan.unreadable,
                vanished: scan.vanished,
                started_total: scan.started_total,
                ..ScanSummary::default()
            }),
        }
    }

    fn recheck(&mut self, _pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.take_heard(When::After);
        // If the recording ends before the recheck, the missing processes may be alive.
        let recheck = match &self.next {
            Ok(Some(Recorded::Scan(_) | Recorded::Heard(_))) => return Ok(Recheck::Unsupported),
            Ok(Some(Recorded::Recheck(_))) | Err(_) => self.advance()?,
            Ok(None) => None,
        };
        let Some(Recorded::Recheck(recheck)) = recheck else {
            return Err(Error::new(
                ErrorClass::BadData,
                "the recording ends before the recheck of its last scan",
            )
            .mark_final());
        };
        self.ring();
        emit_rows(&recheck.shown, self.at.monotonic_ns, emit);
        match recheck.failed {
            Some(failed) => Err(failed.into()),
            None if recheck.not_able => Ok(Recheck::Unsupported),
            None => Ok(Recheck::Done),
        }
    }

    fn bell(&mut self) -> Option<Bell> {
        let (ringer, bell) = Bell::new();
        self.ringer = Some(ringer);
        self.ring();
        Some(bell)
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let when = self.next_drain;
        let scan_ns = self.at.monotonic_ns;
        if when == When::Before {
            return std::mem::take(&mut self.unheard).replay(scan_ns, emit);
        }
        let heard = self.take_heard(when);
        if when == When::After {
            self.next_drain = When::Between;
        }
        self.ring();
        heard.map_or_else(Heard::default, |heard| {
            heard.emit(scan_ns, emit);
            heard.heard()
        })
    }
}

fn emit_rows(shown: &Shown, scan_ns: u64, emit: &mut dyn FnMut(Row<'_>)) {
    for row in &shown.rows {
        emit(Row::Process(row.as_row(scan_ns, &row.readings())));
    }
    for (pid, offset_ns) in shown.unchanged() {
        emit(Row::Unchanged {
            pid,
            read_at_ns: read_at_ns(scan_ns, offset_ns),
        });
    }
    for &pid in &shown.unreadable {
        emit(Row::Unreadable { pid });
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        // A source's message may quote text of a process.
        let message = failed.message.into_bytes();
        let message = Redactor::default().command(&message).into_owned();
        Self::new(failed.class, String::from_utf8_lossy(&message))
    }
}
