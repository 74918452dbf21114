//! Lines for standard error while a program has the whole screen.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

/// Lines that may wait; more are dropped.
const QUEUE: usize = 64;

/// Where lines go instead; `None`: to standard error.
static DIVERTED: Mutex<Option<Sender<String>>> = Mutex::new(None);

/// Diverts the lines for standard error to a channel, until `restore_stderr`.
///
/// They would destroy the screen. Nothing is diverted if standard error is no terminal: the channel then gets no
/// line.
pub(crate) fn divert_stderr() -> Receiver<String> {
    let (sender, lines) = bounded(QUEUE);
    if io::stderr().is_terminal() {
        *lock() = Some(sender);
        return lines;
    }
    crossbeam_channel::never()
}

/// Ends the diversion.
pub(crate) fn restore_stderr() {
    *lock() = None;
}

/// Writes lines to standard error in one piece, or to where they are diverted.
///
/// A failure to write cannot be reported.
pub(crate) fn write_stderr(text: &str) {
    match &*lock() {
        Some(diverted) => {
            let lines: Vec<_> = text.split('\n').map(str::trim).collect();
            let _ = diverted.try_send(lines.join(" ").trim_end().to_owned());
        }
        None => {
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
}

/// Standard error as the output of the log.
pub(crate) struct LogOutput;

impl Write for LogOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_stderr(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Sender<String>>> {
    DIVERTED.lock().unwrap_or_else(PoisonError::into_inner)
}
