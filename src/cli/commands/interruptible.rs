//! Work that a signal ends, for commands that write files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select};
use process_scanner::{Error, ErrorClass, Result};

/// Longest wait for the work after a signal.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// Whether a signal has ended the work.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    /// Fails after a signal.
    pub(super) fn check(&self) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(by_signal()),
            false => Ok(()),
        }
    }
}

fn by_signal() -> Error {
    Error::new(
        ErrorClass::Ended,
        "stopped by a signal; no file was written",
    )
}

/// Does work on a thread of its own until it ends, or `stopped` gets a message.
///
/// Reading a recording can block for ever, and a signal must remove the new files anyway.
///
/// # Errors
///
/// If a signal has ended it, or if it panicked.
pub(super) fn run<T: Send + 'static>(
    stopped: &Receiver<()>,
    work: impl FnOnce(&Interrupted) -> T + Send + 'static,
) -> Result<T> {
    let interrupted = Interrupted::default();
    let (ended, has_ended) = bounded(1);
    let seen = interrupted.clone();
    thread::Builder::new()
        .name("pscan-read".into())
        .spawn(move || _ = ended.send(work(&seen)))
        .map_err(|error| Error::from_io("cannot start the reading thread", error))?;
    let failed = |_| Error::new(ErrorClass::Output, "the reading thread failed");
    select! {
        recv(stopped) -> _ => {
            interrupted.0.store(true, Ordering::Relaxed);
            let _ = has_ended.recv_timeout(STOP_TIMEOUT);
            Err(by_signal())
        }
        recv(has_ended) -> outcome => outcome.map_err(failed),
    }
}
