//! What the view receives: batches of this host, or of a recording.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never};
use process_scanner::{Batch, Config, Error, ErrorClass, Result, Source};

use super::super::session;
use crate::cli::args::{Pace, Schedule};
use crate::cli::format::printer::Step;
use crate::cli::format::stats::Stats;
use crate::cli::top::{Playback, Position};

/// Batches that may wait for the view.
///
/// Many are applied before one frame. If the view is stuck, these fill, and then the queue of the consumer, which
/// loses batches: the next one is full.
pub(super) const QUEUE: usize = 64;

/// Longest wait for the scanner at the end.
const STOP_TIMEOUT: Duration = Duration::from_millis(1500);

/// What a feed sends.
#[derive(Debug)]
pub(super) enum Fed {
    Batch(Arc<Batch>),
    /// A replay sends batches of the past until its next answer. `begins_again`: the first one is full.
    CatchUp {
        begins_again: bool,
    },
    /// Where a replay is. `is_answer`: a key has asked for it, and the batches before are complete.
    Position {
        position: Position,
        is_answer: bool,
    },
    Message(String),
    /// There is no more to come.
    Ended,
}

/// A thread that feeds the view.
pub(super) struct Feed {
    pub(super) fed: Receiver<Fed>,
    /// `None` for this host.
    pub(super) playback: Option<Sender<Playback>>,
    /// A message ends the scanner.
    stop: Option<Sender<()>>,
    /// The outcome of the scanner.
    outcome: Receiver<Result<()>>,
}

/// Returns the channel of a feed.
pub(super) fn channel() -> (Sender<Fed>, Receiver<Fed>) {
    bounded(QUEUE)
}

impl Feed {
    /// Starts to scan a source.
    pub(super) fn scan(source: impl Source + 'static, config: Config, pace: &Pace) -> Result<Self> {
        let schedule = Schedule {
            pace: pace.clone(),
            scans: None,
            run_for: None,
            stats: false,
        };
        let stats = Stats::new(false, false)?;
        let (sender, fed) = channel();
        let (stop, stopped) = bounded(1);
        let (ended, outcome) = bounded(1);
        let end = sender.clone();
        let each = move |batch: &Arc<Batch>| match &batch.failure {
            Some(failure) if failure.is_final() => Step::Break(Err(failure.clone())),
            _ => match sender.send(Fed::Batch(Arc::clone(batch))) {
                Ok(()) => Step::Continue(()),
                // The view has ended.
                Err(_) => Step::Break(Ok(())),
            },
        };
        thread::Builder::new()
            .name("pscan-session".into())
            .spawn(move || {
                let ran = session::run(source, config, &schedule, &stopped, &never(), stats, each);
                let _ = ended.send(ran.map(|_| ()));
                let _ = end.send(Fed::Ended);
            })
            .map_err(|error| Error::from_io("cannot start the scanning thread", error))?;
        Ok(Self {
            fed,
            playback: None,
            stop: Some(stop),
            outcome,
        })
    }

    /// Receives from a replay that `playback` controls.
    pub(super) fn replay(fed: Receiver<Fed>, playback: Sender<Playback>) -> Self {
        Self {
            fed,
            playback: Some(playback),
            stop: None,
            outcome: never(),
        }
    }

    /// Ends the scanner, and returns its outcome. A replay ends with its channels.
    ///
    /// # Errors
    ///
    /// If no scan has succeeded, or the scanner has failed.
    pub(super) fn end(self) -> Result<()> {
        // Nothing receives from now on, so that no batch delays the end.
        drop(self.fed);
        let Some(stop) = self.stop else {
            return Ok(());
        };
        let _ = stop.try_send(());
        match self.outcome.recv_timeout(STOP_TIMEOUT) {
            Ok(outcome) => outcome,
            Err(error) if error.is_disconnected() => Err(Error::new(
                ErrorClass::Output,
                "the scanning thread has panicked",
            )),
            // A stuck host must not delay the end.
            Err(_) => Ok(()),
        }
    }
}
