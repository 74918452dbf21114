//! A scanner that runs on its own thread, and how it is stopped.

use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::select_biased;

use super::control::{Requests, ScannerControl};
use super::core::Core;
use super::pacing::Throttle;
use super::run;
use crate::config::Config;
use crate::dispatch::{Consumers, Dispatch, STOP_WITHIN, StopLimits, discard};
use crate::model::{Error, Result};

/// A running scanner.
///
/// Dropping it stops it, as [`stop`](Self::stop) does.
#[must_use = "a scanner stops when its handle is dropped"]
pub struct ScannerHandle {
    dispatch: Dispatch,
    control: ScannerControl,
    thread: Option<JoinHandle<Result<()>>>,
    /// The scanner was stopped or waited for, and the result was returned.
    is_over: bool,
}

/// When a running scanner scans.
pub(super) struct Plan {
    pub(super) config: Config,
    /// From the first scan to the second one; `None`: the interval.
    pub(super) second_scan_after: Option<Duration>,
}

impl ScannerHandle {
    pub(super) fn start(
        core: Core,
        mut dispatch: Dispatch,
        control: ScannerControl,
        requests: Requests,
        plan: Plan,
    ) -> Result<Self> {
        let feed = dispatch.take_feed();
        let ending = dispatch.ending();
        let meter = Arc::clone(dispatch.registry().meter());
        // A scan is made at once, and the interval is read here, so pending requests are done.
        requests.clear();
        let Plan {
            mut config,
            second_scan_after,
        } = plan;
        config.interval_ms = requests.interval_ms();
        let thread = thread::Builder::new()
            .name("pscan-scan".into())
            .spawn(move || {
                let throttle = Throttle::new(&config, meter);
                let outcome = run::run(core, throttle, second_scan_after, &feed, &requests);
                // Before the feed, so that a consumer whose batches end finds `is_running` false.
                drop(requests);
                drop(feed);
                drop(ending);
                outcome
            })
            .map_err(|error| Error::of_thread("cannot start the thread that scans", error))?;
        Ok(Self {
            dispatch,
            control,
            thread: Some(thread),
            is_over: false,
        })
    }

    /// Returns where consumers register and leave.
    ///
    /// Its clones can be used on any thread.
    pub fn consumers(&self) -> &Consumers {
        self.dispatch.consumers()
    }

    /// Returns the control, which any thread can use to send requests.
    ///
    /// Its clones can be used on any thread and in callbacks.
    pub fn control(&self) -> &ScannerControl {
        &self.control
    }

    /// Waits until the scanner ends.
    ///
    /// It returns once every callback has received its last batch. A live host never ends by itself. If another thread or a callback [requests a
    /// stop](ScannerControl::request_stop), this returns as [`stop`](Self::stop) does. Until then
    /// it also waits for a consumer that [blocks](crate::Overflow::Block) and whose queue is full.
    /// Do not call it from a callback: it would wait forever.
    ///
    /// # Errors
    ///
    /// Returns the failure that ended the scanner, with its own class, if it
    /// [is final](Error::is_final) and not of class [`Ended`](crate::ErrorClass::Ended). Returns an
    /// error of class [`SourceGone`](crate::ErrorClass::SourceGone) if the source panicked. After a
    /// stop request, returns the errors of [`stop`](Self::stop).
    ///
    /// ```
    /// use process_scanner::{ConsumerOptions, ReplaySource, Scanner, TopN};
    ///
    /// let recording = concat!(
    ///     r#"{"pscan_recording":1,"source":"doc","start_time_resolution_ms":10,"own_pid":null}"#, "\n",
    ///     r#"{"scan":{"wall_ms":1,"monotonic_ns":1,"shown":{"rows":[{"pid":7,"rss_bytes":4096}]}}}"#, "\n",
    /// );
    /// let largest = TopN::largest(1);
    /// let scanner = Scanner::builder().source(ReplaySource::new(recording.as_bytes())?).build()?;
    /// scanner.consumers().register(ConsumerOptions::default(), largest.clone())?;
    /// scanner.start()?.wait()?;
    /// assert_eq!(largest.ranking()[0].process.pid, 7);
    /// # Ok::<(), process_scanner::Error>(())
    /// ```
    pub fn wait(mut self) -> Result<()> {
        select_biased! {
            recv(self.control.stopped()) -> _ => {}
            recv(self.control.scanning()) -> _ => {
                if self.dispatch.finish_unless(self.control.stopped()) {
                    self.is_over = true;
                    return self.join();
                }
            }
        }
        let limits = self.control.stop_limits();
        self.halt(limits.expect("BUG: the limits are set before it closes"))
    }

    /// Stops the scanner within a second, and waits for its threads.
    ///
    /// The current scan ends, queued batches are sent, all consumers are closed and the threads are
    /// joined. A consumer whose queue is full receives one last batch that makes up for the batches
    /// it lost, and has their number.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Stuck`](crate::ErrorClass::Stuck) if the source or a callback did
    /// not return in time. The error names the scan and the consumers. Their threads keep running, and end when
    /// they return. A call from within a callback always fails like this: use
    /// [`request_stop`](ScannerControl::request_stop) there. For a scanner that had already ended,
    /// returns the errors of [`wait`](Self::wait).
    pub fn stop(self) -> Result<()> {
        self.stop_within(STOP_WITHIN)
    }

    /// Stops the scanner as [`stop`](Self::stop), within another time than 0.9 s.
    ///
    /// Use it for callbacks that need longer for the batches in their queues. Consumers that
    /// [block](crate::Overflow::Block) get a third of the time to make room, the current scan gets
    /// five sixths, and callbacks get all of it.
    ///
    /// [`Duration::ZERO`] waits for nothing: it closes all consumers after what was already sent,
    /// and usually returns the error at once. [`Duration::MAX`], like any time over 136 years,
    /// waits forever.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`stop`](Self::stop).
    pub fn stop_within(mut self, within: Duration) -> Result<()> {
        let limits = StopLimits::of(within);
        self.control.stop(limits);
        self.halt(limits)
    }

    /// Waits for the end of a scanner that is stopping within these limits.
    fn halt(&mut self, limits: StopLimits) -> Result<()> {
        self.is_over = true;
        let outcome = self.dispatch.end_within(limits);
        // Stuck threads are reported first. The failure that ended the scanner was in its last
        // batch.
        outcome.and_then(|()| self.join())
    }

    fn join(&mut self) -> Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        thread.join().unwrap_or_else(|panic| {
            let error = Error::of_panic("the thread that scans", &*panic);
            discard(panic);
            Err(error)
        })
    }
}

impl fmt::Debug for ScannerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerHandle").finish_non_exhaustive()
    }
}

impl Drop for ScannerHandle {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let limits = StopLimits::of(STOP_WITHIN);
        self.control.stop(limits);
        if let Err(error) = self.halt(limits) {
            log::warn!("{}", error.full_message());
        }
    }
}
