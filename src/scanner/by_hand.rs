//! A scanner driven by hand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::control::{Requests, ScannerControl};
use super::core::Core;
use super::handle::ScannerHandle;
use crate::config::Config;
use crate::dispatch::{Consumers, Dispatch};
use crate::metrics::{CpuThread, Observation};
use crate::model::{Batch, Pacing, ProcessInfo, Result};

/// A scanner driven by hand: each [`scan_once`](Self::scan_once) is one scan, its batch returned
/// and handed to all consumers.
///
/// Dropping it closes all consumers, and waits for them up to a second. [`finish`](Self::finish) waits
/// for as long as they take.
#[must_use = "a scanner scans only when it is asked or started"]
pub struct Scanner {
    core: Core,
    dispatch: Dispatch,
    control: ScannerControl,
    requests: Requests,
    config: Config,
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
        }
    }

    /// Takes one scan now, and hands its batch to the consumers. `None` once the source has ended;
    /// a live one never does. What it shows in the very scan in which it ends is told in a last batch: that
    /// has no failure, and takes nobody away.
    ///
    /// Another thread hands it out, so that consumers get it, and [metrics](Consumers::metrics) and
    /// [snapshot](Consumers::snapshot) have it, a moment after this returns. What is up to date at once is
    /// [`processes`](Self::processes).
    ///
    /// It waits for a consumer that [blocks](crate::Overflow::Block) and has no room. Nothing else
    /// holds it up: neither the CPU budget nor the breaker, which are about when to scan.
    ///
    /// # Panics
    ///
    /// When the source does. Whoever catches that has a scanner that has ended: what the scan had shown by
    /// then is not told, and every later call gives `None`.
    pub fn scan_once(&mut self) -> Option<Arc<Batch>> {
        // Unless the source comes back there are no more scans.
        let scanning = self.requests.scanning.take();
        if self.requests.is_stopped() {
            return None;
        }
        let scan = self.core.scan(None)?;
        if !scan.is_last {
            self.requests.scanning = scanning;
        }
        self.dispatch
            .registry()
            .meter()
            .observe(Observation::CpuUsed {
                thread: CpuThread::Scan,
                spent: Duration::from_micros(scan.facts.cost.cpu_us.unwrap_or_default()),
            });
        let batch = Arc::new(Batch::build(scan.facts, Pacing::default()));
        self.dispatch.feed(Arc::clone(&batch));
        Some(batch)
    }

    /// Returns where consumers register and leave, and where metrics and the latest snapshot are.
    ///
    /// Those two follow a moment after [`scan_once`](Self::scan_once) has returned.
    pub fn consumers(&self) -> &Consumers {
        self.dispatch.consumers()
    }

    /// Returns the control, for any thread and for callbacks.
    ///
    /// What is requested by it holds from the start on, if the scanner is [started](Self::start). Of a scanner
    /// driven by hand, only a requested stop matters: it ends the scans and closes all consumers.
    pub fn control(&self) -> &ScannerControl {
        &self.control
    }

    /// The processes as they were last told, in no particular order: without a copy, and always up to
    /// the batch that [`scan_once`](Self::scan_once) just returned. Once the source has panicked, with what
    /// its last scan had shown until then.
    pub fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.core.processes()
    }

    /// Hands out everything to the last batch, and returns when every callback has taken its own.
    ///
    /// It waits for a consumer that [blocks](crate::Overflow::Block) and has no room, so nobody may
    /// call it who holds such a subscription and does not read it, and no callback at all.
    pub fn finish(mut self) {
        self.dispatch.finish();
    }

    /// Goes on by itself: a scan at once, and then one every interval, or as seldom as the CPU
    /// budget and the breaker make it. In a child made by fork(2) there is nobody who goes on.
    ///
    /// # Errors
    ///
    /// Of class [`ResourcesExhausted`](crate::ErrorClass::ResourcesExhausted) when no thread can be started.
    pub fn start(self) -> Result<ScannerHandle> {
        let Self {
            core,
            dispatch,
            control,
            requests,
            config,
        } = self;
        ScannerHandle::start(core, dispatch, control, requests, config)
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
