//! The recorded twin of a live source.

use std::fmt;
use std::io::BufRead;

use super::format::{Failed, Shown};
use super::reader::{Reader, Recorded};
use crate::model::{Error, ErrorClass, Result, Timestamp};
use crate::redact::Redactor;
use crate::source::{Recheck, Row, Seen, Source, SourceInfo};

/// Plays a recording scan by scan, by its own clock, as if it happened now.
///
/// After the last scan it returns an error of class [`Ended`](ErrorClass::Ended), which ends the
/// scanner that it feeds.
///
/// ```no_run
/// use std::fs::File;
/// use std::io::BufReader;
/// use process_scanner::{ReplaySource, Scanner};
///
/// let source = ReplaySource::new(BufReader::new(File::open("host.ndjson")?))?;
/// let mut scanner = Scanner::builder().source(source).build()?;
/// while let Some(batch) = scanner.scan_once() {
///     println!("scan {}: {} events", batch.seq, batch.events.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReplaySource<R> {
    reader: Reader<R>,
    info: SourceInfo,
    /// Read ahead by one line, to know the time of the next scan.
    next: Result<Option<Recorded>>,
    at: Timestamp,
}

/// What it has read ahead of other people's processes is left out.
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
    /// Of class [`BadData`](ErrorClass::BadData) when it is no recording or one of another version, and of
    /// the class of the system's error where it cannot be read; each of them is final. What is wrong
    /// further on comes out as the error of the scan that it stands at, with the number of its line.
    pub fn new(input: R) -> Result<Self> {
        let (mut reader, header) = Reader::new(input)?;
        let next = reader.next();
        let mut info = SourceInfo::new(header.source)
            .with_start_time_resolution_ms(header.start_time_resolution_ms);
        info.own_pid = header.own_pid;
        Ok(Self {
            reader,
            info,
            next,
            at: Timestamp::new(0, 0),
        })
    }

    /// Takes the line read ahead. After an error there is nothing more.
    fn advance(&mut self) -> Result<Option<Recorded>> {
        let line = std::mem::replace(&mut self.next, Ok(None));
        if matches!(line, Ok(Some(_))) {
            self.next = self.reader.next();
        }
        line
    }

    /// Whether the scan just played stands in the recording once more: two scans of one time are two
    /// attempts at one.
    fn was_tried_again(&self) -> bool {
        matches!(&self.next, Ok(Some(Recorded::Scan(next))) if next.monotonic_ns == self.at.monotonic_ns)
    }

    fn skip_unasked_rechecks(&mut self) {
        while matches!(self.next, Ok(Some(Recorded::Recheck(_)))) {
            self.next = self.reader.next();
        }
    }
}

impl<R: BufRead + Send> Source for ReplaySource<R> {
    fn info(&self) -> SourceInfo {
        self.info.clone()
    }

    fn now(&mut self) -> Timestamp {
        self.skip_unasked_rechecks();
        if let Ok(Some(Recorded::Scan(scan))) = &self.next {
            self.at = Timestamp::new(scan.wall_ms, scan.monotonic_ns);
            self.at.start_clock_ms = scan.start_clock_ms;
        }
        self.at
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        self.skip_unasked_rechecks();
        let Some(Recorded::Scan(scan)) = self.advance()? else {
            return Err(Error::new(ErrorClass::Ended, "the recording is over").mark_final());
        };
        play(&scan.shown, hand_over);
        match scan.failed {
            Some(failed) if self.was_tried_again() => Err(failed.into()),
            Some(failed) => Err(Error::from(failed).mark_lasting()),
            None => Ok(Seen {
                unreadable_fields: scan.unreadable_fields,
                vanished: scan.vanished,
                started_total: scan.started_total,
                ..Seen::default()
            }),
        }
    }

    fn recheck(&mut self, _pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        // A second look that was made stands in the recording. Where the recording breaks off
        // before it could, what the scan did not show may live.
        let recheck = match &self.next {
            Ok(Some(Recorded::Scan(_))) => return Ok(Recheck::NotAble),
            Ok(Some(Recorded::Recheck(_))) | Err(_) => self.advance()?,
            Ok(None) => None,
        };
        let Some(Recorded::Recheck(recheck)) = recheck else {
            return Err(Error::new(
                ErrorClass::BadData,
                "the recording ends before the second look at what its last scan does not show",
            )
            .mark_final());
        };
        play(&recheck.shown, hand_over);
        match recheck.failed {
            Some(failed) => Err(failed.into()),
            None if recheck.not_able => Ok(Recheck::NotAble),
            None => Ok(Recheck::Done),
        }
    }
}

fn play(shown: &Shown, hand_over: &mut dyn FnMut(Row<'_>)) {
    for row in &shown.rows {
        hand_over(Row::Process(row.as_row()));
    }
    for &pid in &shown.unchanged {
        hand_over(Row::Unchanged { pid });
    }
    for &pid in &shown.unreadable {
        hand_over(Row::Unreadable { pid });
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        // A source's message may quote what a process wrote.
        let message = failed.message.into_bytes();
        let message = Redactor::default().command(&message).into_owned();
        Self::new(failed.class, String::from_utf8_lossy(&message))
    }
}
