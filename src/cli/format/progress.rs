//! Shows the progress of a recording on a terminal.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use process_scanner::{Batch, escape};

use super::{cells, shell};
use crate::cli::terminal;

/// The time left is redrawn at this interval, however long that of the scans is.
const REDRAW: Duration = Duration::from_secs(1);

/// A line on standard error that each scan overwrites.
pub(crate) struct Progress {
    line: Arc<Mutex<Line>>,
    /// Its end stops the thread that redraws the line.
    _redrawing: Option<Sender<()>>,
}

/// The content of the line.
struct Line {
    is_quiet: bool,
    bytes: Arc<AtomicU64>,
    /// When the recording ends; `None`: at a signal, or after a number of scans.
    ends_at: Option<Instant>,
    /// At least so many if batches were lost.
    scans: u64,
    has_lost: bool,
    failed: u64,
    processes: u32,
    drawn: usize,
}

/// Returns whether progress is shown: standard error is a terminal, and the recording goes
/// elsewhere.
///
/// Otherwise the line and the recording could mix on one terminal. `has_stdout`: the recording goes
/// to standard output.
pub(crate) fn has_progress(has_stdout: bool) -> bool {
    io::stderr().is_terminal() && !has_stdout
}

/// Prints where the recording is, its size, and how to replay it.
///
/// `files`: how many files it has.
pub(crate) fn report(file: &Path, bytes: u64, can_replay: bool, files: u64) {
    let name = file.display().to_string();
    let (bytes, name) = (cells::bytes(bytes), escape(&name));
    let mut text = match files {
        1 => format!("wrote {bytes} to {name}\n"),
        files => format!("wrote {bytes} to {files} files of {name}\n"),
    };
    if can_replay {
        text.push_str(&format!("next: pscan replay {}\n", shell::quoted(file)));
    }
    // A failure to write to standard error cannot be reported.
    let _ = write!(io::stderr(), "{text}");
}

impl Progress {
    /// Creates the line.
    ///
    /// `bytes`: counter of the bytes written. `has_stdout`: the recording goes to standard output.
    /// `run_for`: the time until the end, from now on.
    pub(crate) fn new(bytes: Arc<AtomicU64>, has_stdout: bool, run_for: Option<Duration>) -> Self {
        let is_quiet = !has_progress(has_stdout);
        let ends_at = run_for.and_then(|time| Instant::now().checked_add(time));
        let line = Arc::new(Mutex::new(Line {
            is_quiet,
            bytes,
            ends_at,
            scans: 0,
            has_lost: false,
            failed: 0,
            processes: 0,
            drawn: 0,
        }));
        let has_countdown = !is_quiet && ends_at.is_some();
        Self {
            _redrawing: has_countdown.then(|| redraw(&line)).flatten(),
            line,
        }
    }

    /// Counts a scan and redraws the line.
    pub(crate) fn step(&mut self, batch: &Batch) {
        // The others are between two scans, or a notice.
        if !batch.of_scan && batch.lost_batches == 0 {
            return;
        }
        let mut line = lock(&self.line);
        line.has_lost |= batch.lost_batches > 0;
        line.scans += u64::from(batch.of_scan);
        line.failed += u64::from(batch.of_scan && batch.failure.is_some());
        line.processes = batch.counts.processes;
        line.draw();
    }
}

/// Ends the line, so that later output is below it.
impl Drop for Progress {
    fn drop(&mut self) {
        let mut line = lock(&self.line);
        if line.drawn > 0 {
            line.ends_at = None;
            line.draw();
            let _ = writeln!(io::stderr());
        }
        line.is_quiet = true;
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a thread that redraws the line until the returned end is dropped.
///
/// Returns `None` if there is no thread left. Then each scan redraws it alone.
fn redraw(line: &Arc<Mutex<Line>>) -> Option<Sender<()>> {
    let (end, has_ended) = bounded::<()>(0);
    let line = Arc::clone(line);
    let thread = thread::Builder::new().name("pscan-progress".into());
    let started = thread.spawn(move || {
        while has_ended.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
            let mut line = lock(&line);
            if line.drawn > 0 {
                line.draw();
            }
        }
    });
    started.ok().map(|_| end)
}

impl Line {
    fn draw(&mut self) {
        if self.is_quiet {
            return;
        }
        let text = self.text(Instant::now());
        // `\r` cannot overwrite a line that wraps. The last column is for the cursor.
        let room = terminal::stderr_width().map(|width| width.saturating_sub(1));
        let text = terminal::cut(&text, room);
        let rest = self.drawn.saturating_sub(text.len());
        // A failure to write to standard error cannot be reported.
        let _ = write!(io::stderr(), "\r{text}{:rest$}", "");
        self.drawn = text.len();
    }

    fn text(&self, now: Instant) -> String {
        let at_least = if self.has_lost { "at least " } else { "" };
        let scans = match self.scans {
            1 => "scan",
            _ => "scans",
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(" ({failed} failed)"),
        };
        let left = self.ends_at.map_or_else(String::new, |end| {
            format!(", {} left", seconds(end.saturating_duration_since(now)))
        });
        format!(
            "{at_least}{} {scans}{failed}, {} processes, {}{left}",
            self.scans,
            self.processes,
            cells::bytes(self.bytes.load(Ordering::Relaxed))
        )
    }
}

/// Formats a time in whole seconds, rounded up.
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    match seconds {
        0..60 => format!("{seconds}s"),
        _ => cells::duration(seconds.saturating_mul(1000)),
    }
}

/// An output that counts the bytes written.
pub(crate) struct Counted<W> {
    output: W,
    bytes: Arc<AtomicU64>,
}

impl<W> Counted<W> {
    pub(crate) fn new(output: W, bytes: Arc<AtomicU64>) -> Self {
        Self { output, bytes }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.output.write(buffer)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Error, ErrorClass};

    use super::*;

    #[test]
    fn only_scans_count_as_scans() {
        let mut progress = Progress::new(Arc::default(), true, None);
        let mut batch = Batch::new(1, 1000, Vec::new());
        let mut after = |batch: &Batch| {
            progress.step(batch);
            lock(&progress.line).text(Instant::now())
        };
        assert_eq!(after(&batch), "1 scan, 0 processes, 0 B");
        // What a source hears between scans has a number too.
        (batch.seq, batch.of_scan) = (2, false);
        assert_eq!(after(&batch), "1 scan, 0 processes, 0 B");
        // A notice that a scan hangs.
        batch.failure = Some(Error::new(ErrorClass::Stuck, "no answer"));
        assert_eq!(after(&batch), "1 scan, 0 processes, 0 B");
        (batch.seq, batch.of_scan) = (3, true);
        assert_eq!(after(&batch), "2 scans (1 failed), 0 processes, 0 B");
        batch.failure = None;
        (batch.seq, batch.lost_batches, batch.full) = (9, 5, true);
        let expected = "at least 3 scans (1 failed), 0 processes, 0 B";
        assert_eq!(after(&batch), expected);
    }

    #[test]
    fn the_time_left_is_in_whole_seconds_and_never_negative() {
        let now = Instant::now();
        let mut line = Line {
            is_quiet: true,
            bytes: Arc::new(AtomicU64::new(1500)),
            ends_at: None,
            scans: 1,
            has_lost: false,
            failed: 0,
            processes: 80,
            drawn: 0,
        };
        assert_eq!(line.text(now), "1 scan, 80 processes, 1.5 kB");
        (line.scans, line.failed) = (7, 2);
        for (left_ms, expected) in [
            (0, "0s"),
            (1, "1s"),
            (59_000, "59s"),
            (59_001, "1m00s"),
            (600_000, "10m00s"),
            (90_000_000, "1d01h"),
        ] {
            line.ends_at = Some(now + Duration::from_millis(left_ms));
            let expected = format!("7 scans (2 failed), 80 processes, 1.5 kB, {expected} left");
            assert_eq!(line.text(now), expected);
        }
        line.ends_at = Some(now);
        let text = line.text(now + Duration::from_secs(9));
        assert!(text.ends_with(", 0s left"), "{text}");
    }
}
