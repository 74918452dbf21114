//! A scanner driven by hand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::control::{Requests, ScannerControl};
use super::core::Core;
use super::handle::{Plan, ScannerHandle};
use crate::config::Config;
use crate::dispatch::{Consumers, Dispatch};
use crate::metrics::{CpuThread, Observation};
use crate::model::{Batch, Facts, Pacing, ProcessInfo, Result, Transition};

/// A scanner driven by hand, which scans when [`scan_once`](Self::scan_once) is called.
///
/// Each call returns the batch of the scan and sends it to all consumers. Dropping the scanner
/// closes all consumers, and waits for callbacks for up to a second. [`finish`](Self::finish) waits
/// as long as they take.
#[must_use = "a scanner scans only when `scan_once` or `start` is called"]
pub struct Scanner {
    core: Core,
    dispatch: Dispatch,
    control: ScannerControl,
    requests: Requests,
    config: Config,
    second_scan_after: Option<Duration>,
}

impl Scanner {
    pub(super) fn new(config: Config, core: Core, dispatch: Dispatch) -> Self {
        let registry = Arc::clone(dispatch.registry());
        let (control, requests) = ScannerControl::new(&config, registry);
        Self {
            core,
            dispatch,
            control,
            requests,
            config,
            second_scan_after: None,
        }
    }

    pub(super) fn with_second_scan_after(self, second_scan_after: Option<Duration>) -> Self {
        Self {
            second_scan_after,
            ..self
        }
    }

    /// Scans now, sends the batch to the consumers and returns it.
    ///
    /// Returns `None` once the source has ended; a live source never ends. If the source emits rows
    /// in the scan in which it ends, they are reported in a last batch, without a failure and
    /// without exits.
    ///
    /// Another thread sends the batch. So consumers receive it, and [metrics](Consumers::metrics)
    /// and [snapshot](Consumers::snapshot) include it, a moment after this returns.
    /// [`processes`](Self::processes) is up to date at once.
    ///
    /// It waits for a consumer that [blocks](crate::Overflow::Block) and whose queue is full. CPU
    /// budget and breaker do not delay it: they only decide when a running scanner scans.
    ///
    /// # Panics
    ///
    /// If the source panics. A caller that catches the panic has a scanner that has ended: the rows
    /// of that scan are not reported, and every later call returns `None`.
    pub fn scan_once(&mut self) -> Option<Arc<Batch>> {
        // Put back below, unless this is the last scan or the source panics.
        let scanning = self.requests.scanning.take();
        if self.requests.is_stopped() {
            return None;
        }
        let scan = self.core.scan(None)?;
        if !scan.is_last {
            self.requests.scanning = scanning;
        }
        Some(self.feed(scan.facts, scan.hearing))
    }

    /// Sends what the source has heard since the last scan or the last call, and returns the batch.
    ///
    /// Returns `None` if the bell of the source has not rung, or if nothing has changed since. A
    /// scan also reports what was heard before it; this reports it without a scan, as a running
    /// scanner does.
    ///
    /// # Panics
    ///
    /// If the source panics, as with [`scan_once`](Self::scan_once).
    pub fn hear_once(&mut self) -> Option<Arc<Batch>> {
        if self.requests.scanning.is_none() || self.requests.is_stopped() {
            return None;
        }
        let bell = self.core.bell()?;
        // A recording rings again at once if the next drain was between the same scans.
        while bell.rings().try_recv().is_ok() {
            if let Some((facts, transitions)) = self.core.hear() {
                return Some(self.feed(facts, transitions));
            }
        }
        None
    }

    fn feed(&mut self, facts: Facts, transitions: Vec<Transition>) -> Arc<Batch> {
        self.dispatch
            .registry()
            .meter()
            .observe(Observation::CpuUsed {
                thread: CpuThread::Scan,
                spent: Duration::from_micros(facts.cost.cpu_us.unwrap_or_default()),
            });
        let pacing = Pacing {
            transitions,
            ..Pacing::default()
        };
        let batch = Arc::new(Batch::build(facts, pacing));
        self.dispatch.feed(Arc::clone(&batch));
        batch
    }

    /// Returns the handle to consumers, metrics and the latest snapshot.
    ///
    /// Metrics and snapshot follow a moment after [`scan_once`](Self::scan_once) has returned.
    pub fn consumers(&self) -> &Consumers {
        self.dispatch.consumers()
    }

    /// Returns the control, for any thread and for callbacks.
    ///
    /// If the scanner is [started](Self::start), requests made before take effect then. A scanner
    /// driven by hand obeys only [`request_stop`](ScannerControl::request_stop): it ends the scans
    /// and closes all consumers.
    pub fn control(&self) -> &ScannerControl {
        &self.control
    }

    /// Returns the processes as last reported, in no particular order.
    ///
    /// They are not copied. They are up to date with the batch that [`scan_once`](Self::scan_once) returned last. After
    /// a panic of the source they include the rows that the last scan emitted before it.
    pub fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.core.processes()
    }

    /// Sends all batches, closes all consumers and waits for callbacks.
    ///
    /// It returns once every callback has returned. It also waits for a consumer that [blocks](crate::Overflow::Block) and whose queue is full. Do
    /// not call it from a callback, nor on the thread that reads such a subscription: it would wait
    /// forever.
    pub fn finish(mut self) {
        self.dispatch.finish();
    }

    /// Starts to scan on its own thread.
    ///
    /// The first scan begins at once, and then one every interval;
    /// [`second_scan_after`](crate::ScannerBuilder::second_scan_after) sets when the second one begins. CPU budget and breaker can make the interval longer. The scanner does not survive fork(2).
    ///
    /// # Errors
    ///
    /// Returns an error of class [`ResourcesExhausted`](crate::ErrorClass::ResourcesExhausted) if no
    /// thread can be started.
    pub fn start(self) -> Result<ScannerHandle> {
        let Self {
            core,
            dispatch,
            control,
            requests,
            config,
            second_scan_after,
        } = self;
        let plan = Plan {
            config,
            second_scan_after,
        };
        ScannerHandle::start(core, dispatch, control, requests, plan)
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
