//! Shows the progress of a recording on a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use process_scanner::Batch;

use super::cells;

/// A line on standard error that each scan overwrites.
pub(crate) struct Progress {
    /// Standard error is no terminal, or the recording goes to standard output.
    is_quiet: bool,
    bytes: Arc<AtomicU64>,
    scans: u64,
    failed: u64,
    processes: u32,
    drawn: usize,
}

impl Progress {
    /// Creates the line.
    ///
    /// `bytes`: counter of the bytes written. `has_stdout`: the recording goes to standard output.
    pub(crate) fn new(bytes: Arc<AtomicU64>, has_stdout: bool) -> Self {
        Self {
            // Otherwise the line and the recording could mix on one terminal.
            is_quiet: !io::stderr().is_terminal() || has_stdout,
            bytes,
            scans: 0,
            failed: 0,
            processes: 0,
            drawn: 0,
        }
    }

    /// Counts a scan and redraws the line.
    pub(crate) fn step(&mut self, batch: &Batch) {
        // A notice has the number of the scan before it, and counts as no scan.
        if batch.seq > self.scans && batch.failure.is_some() {
            self.failed += 1;
        }
        self.scans = batch.seq;
        self.processes = batch.counts.processes;
        self.draw();
    }

    fn draw(&mut self) {
        if self.is_quiet {
            return;
        }
        let scans = match self.scans {
            1 => "scan",
            _ => "scans",
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(" ({failed} failed)"),
        };
        let text = format!(
            "{} {scans}{failed}, {} processes, {}",
            self.scans,
            self.processes,
            cells::bytes(self.bytes.load(Ordering::Relaxed))
        );
        // `\r` cannot overwrite a line that wraps. The last column is for the cursor.
        let width = terminal_size::terminal_size_of(io::stderr());
        let room = width.map(|(width, _)| usize::from(width.0).saturating_sub(1));
        let text = cells::cut(&text, room);
        let rest = self.drawn.saturating_sub(text.len());
        // A failure to write to standard error cannot be reported.
        let _ = write!(io::stderr(), "\r{text}{:rest$}", "");
        self.drawn = text.len();
    }
}

/// Ends the line, so that later output is below it.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn > 0 {
            let _ = writeln!(io::stderr());
        }
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
