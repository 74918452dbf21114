//! The output of a recorder: a file, or one part after the other.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use process_scanner::{Error, ErrorClass, Result};

use super::rotation::Rotation;
use super::sink::Sink;

/// Longest time that a line waits in memory, if it is compressed: a crash loses no more.
///
/// Each flush costs some bytes.
const FLUSH_AFTER: Duration = Duration::from_secs(1);

/// Longest wait at the end for a write that does not return.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// The output of a recorder. Clones share it.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<State>>);

struct State {
    sink: Sink,
    /// `None`: the recording is one file.
    rotation: Option<Rotation>,
    last_flush: Instant,
    has_unflushed: bool,
    /// Lets the thread flush later; `None` if there is none.
    flusher: Option<Sender<Instant>>,
    /// Why that thread could not.
    fault: Option<io::Error>,
}

impl Output {
    pub(crate) fn new(sink: Sink, rotation: Option<Rotation>) -> Result<Self> {
        let is_compressed = sink.is_compressed();
        let state = Arc::new(Mutex::new(State {
            sink,
            rotation,
            last_flush: Instant::now(),
            has_unflushed: false,
            flusher: None,
            fault: None,
        }));
        if is_compressed {
            let (flusher, requests) = bounded(1);
            let flushed = Arc::downgrade(&state);
            thread::Builder::new()
                .name("pscan-flush".into())
                .spawn(move || flush_later(&flushed, &requests))
                .map_err(|error| Error::from_io("cannot start the flushing thread", error))?;
            lock(&state).flusher = Some(flusher);
        }
        Ok(Self(state))
    }

    /// Begins the next part if the current one is long enough, and returns whether it has.
    pub(crate) fn next_part(&self) -> Result<bool> {
        let state = &mut *lock(&self.0);
        let Some(rotation) = &mut state.rotation else {
            return Ok(false);
        };
        if !rotation.is_due(state.sink.bytes()) {
            return Ok(false);
        }
        state.sink.end().map_err(cannot_write)?;
        (state.sink, state.has_unflushed) = (rotation.begin_next()?, false);
        Ok(true)
    }

    /// Ends the file. Nothing can be written from now on.
    ///
    /// A write that is stuck is left alone.
    pub(crate) fn end(&self) -> Result<()> {
        let began = Instant::now();
        let mut state = loop {
            match self.0.try_lock() {
                Ok(state) => break state,
                Err(TryLockError::Poisoned(state)) => break state.into_inner(),
                Err(TryLockError::WouldBlock) if began.elapsed() > END_TIMEOUT => {
                    log::warn!("the recording is still being written");
                    return Ok(());
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            }
        };
        let is_empty = state.sink.bytes() == 0;
        let fault = state.fault.take();
        let ended = state.sink.end();
        if let (true, Some(rotation)) = (is_empty, &state.rotation) {
            rotation.remove_empty();
        }
        fault.map_or(ended, Err).map_err(cannot_write)
    }

    /// Returns how many files were written.
    pub(crate) fn files(&self) -> u64 {
        lock(&self.0).rotation.as_ref().map_or(1, Rotation::files)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = lock(&self.0);
        match state.fault.take() {
            Some(fault) => Err(fault),
            None => state.sink.write(bytes),
        }
    }

    /// Flushes, if compressed at most once in [`FLUSH_AFTER`].
    fn flush(&mut self) -> io::Result<()> {
        let mut state = lock(&self.0);
        let due = state.last_flush + FLUSH_AFTER;
        if !state.sink.is_compressed() || Instant::now() >= due {
            return state.flush();
        }
        if !std::mem::replace(&mut state.has_unflushed, true) {
            let sent = state.flusher.as_ref().map(|thread| thread.try_send(due));
            if !matches!(sent, Some(Ok(()))) {
                return state.flush();
            }
        }
        Ok(())
    }
}

impl State {
    fn flush(&mut self) -> io::Result<()> {
        self.has_unflushed = false;
        self.last_flush = Instant::now();
        self.sink.flush()
    }
}

/// Flushes at each requested time, until the output is dropped.
fn flush_later(state: &Weak<Mutex<State>>, requests: &Receiver<Instant>) {
    for due in requests {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let Some(state) = state.upgrade() else {
            return;
        };
        let mut state = lock(&state);
        if state.has_unflushed
            && let Err(error) = state.flush()
        {
            // The next write returns it.
            state.fault = Some(error);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cannot_write(error: io::Error) -> Error {
    Error::new(ErrorClass::Output, "cannot write the recording")
        .with_source(error)
        .with_advice("the scans written so far can be replayed")
}
