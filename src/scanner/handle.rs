//! A scanner that runs by itself, and how it is stopped.

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

/// A running scanner. Dropping it stops it, as [`stop`](Self::stop) does.
#[must_use = "a scanner stops when its handle is dropped"]
pub struct ScannerHandle {
    dispatch: Dispatch,
    control: ScannerControl,
    thread: Option<JoinHandle<Result<()>>>,
    /// It was waited for, and whether all has ended was told.
    is_over: bool,
}

impl ScannerHandle {
    pub(super) fn start(
        core: Core,
        mut dispatch: Dispatch,
        control: ScannerControl,
        requests: Requests,
        mut config: Config,
    ) -> Result<Self> {
        let feed = dispatch.take_feed();
        let ending = dispatch.ending();
        let meter = Arc::clone(dispatch.registry().meter());
        // What was requested before the start holds from the first scan on, which is made at once.
        requests.clear();
        config.interval_ms = requests.interval_ms();
        let thread = thread::Builder::new()
            .name("pscan-scan".into())
            .spawn(move || {
                let throttle = Throttle::new(&config, meter);
                let outcome = run::run(core, throttle, &feed, &requests);
                // Before the feed: a consumer whose batches have ended is to find that the scanner has.
                drop(requests);
                drop(feed);
                drop(ending);
                outcome
            })
            .map_err(|error| Error::from_io("cannot start the scanner's thread", error))?;
        Ok(Self {
            dispatch,
            control,
            thread: Some(thread),
            is_over: false,
        })
    }

    /// Returns where consumers register and leave.
    ///
    /// A clone of it can go to any thread.
    pub fn consumers(&self) -> &Consumers {
        self.dispatch.consumers()
    }

    /// Returns the control, which any thread may use to request something.
    ///
    /// A clone of it can go to any thread and into callbacks.
    pub fn control(&self) -> &ScannerControl {
        &self.control
    }

    /// Waits until the scanner ends by itself and every callback has taken its last batch. On a live host
    /// that is for ever, unless another thread or a callback [requests](ScannerControl::request_stop) that it
    /// stops: then it returns as [`stop`](Self::stop) does.
    ///
    /// Until then it waits also for a consumer that [blocks](crate::Overflow::Block) and has no room. It may
    /// not be called from within a callback.
    ///
    /// # Errors
    ///
    /// What ended it, if that is not that the source has [ended](crate::ErrorClass::Ended): a failure that
    /// [is final](Error::is_final), of the class that the source gave it. Of class
    /// [`SourceGone`](crate::ErrorClass::SourceGone) when the source panicked. Where a stop was requested, those
    /// of [`stop`](Self::stop).
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
        self.halt(limits.expect("BUG: who closes it has set the limits"))
    }

    /// Lets the scan under way end, hands out what is left, closes all consumers and joins the
    /// threads; all that within a second. What a consumer had no room for, its last batch makes up
    /// for, and says how many it lost.
    ///
    /// # Errors
    ///
    /// Of class [`Stuck`](crate::ErrorClass::Stuck) when a source or a callback did not come back in that
    /// time. It names the scan and the consumers that did not. Their threads are left to themselves, and end
    /// when they do. So it is when called from within
    /// a callback, which cannot come back before this does:
    /// [`request_stop`](ScannerControl::request_stop) is for that. Otherwise those of [`wait`](Self::wait), for a
    /// scanner that has ended by itself before.
    pub fn stop(self) -> Result<()> {
        self.stop_within(STOP_WITHIN)
    }

    /// [`stop`](Self::stop) with a time of one's own in place of 0.9 s, for callbacks that take longer for
    /// what is in their queues. A third of it is for consumers that [block](crate::Overflow::Block) to make
    /// room, five sixths for the scan under way, and all of it for callbacks.
    ///
    /// Of no time at all ([`Duration::ZERO`]) nobody gets any: it closes all consumers, with what is handed out by
    /// then, and as a rule returns the error at once. [`Duration::MAX`], as any time of more than 136 years, is
    /// for ever.
    ///
    /// # Errors
    ///
    /// Those of [`stop`](Self::stop).
    pub fn stop_within(mut self, within: Duration) -> Result<()> {
        let limits = StopLimits::of(within);
        self.control.stop(limits);
        self.halt(limits)
    }

    /// Waits for the end of a scanner that was told to stop within these limits.
    fn halt(&mut self, limits: StopLimits) -> Result<()> {
        self.is_over = true;
        let outcome = self.dispatch.end_within(limits);
        // What hangs is left to itself, and comes before what ended the scanner: that was told in its last batch.
        outcome.and_then(|()| self.join())
    }

    fn join(&mut self) -> Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        thread.join().unwrap_or_else(|panic| {
            let error = Error::of_panic("the scanner", &*panic);
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
