//! Scan at one interval, and keep what the scanner reports about the children of this experiment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Config, Error, ErrorClass, Event, Listen, Result, Scanner};

use super::worker::now_ns;
use crate::measure::boot::boot_ms;
use crate::measure::scan::scan;

/// A scanner that waits for its next scan stops at the latest after this time.
const ATTENTION: Duration = Duration::from_millis(100);

pub(crate) struct Watch {
    interval: Duration,
    scanner: Scanner,
    own_pid: u32,
    /// The time of boot on the clock of start times.
    boot_ms: u64,
    /// The start of each scan, on the clock that all processes share.
    scans_ns: Vec<u64>,
    /// By pid and start time, in the order of the scans.
    reports: HashMap<(u32, u64), Vec<Report>>,
}

/// What one scan reports about one process.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    scan: usize,
    percent: Option<f32>,
    pub(crate) cpu_ms: Option<f64>,
    is_exit: bool,
}

impl Watch {
    /// Makes the first scan.
    pub(crate) fn new(interval: Duration) -> Result<Self> {
        let mut config = Config::default();
        // What scans alone see and cost.
        config.listen = Listen::Off;
        let mut scanner = Scanner::builder().config(config).build()?;
        let at_ns = now_ns();
        scan(&mut scanner)?;
        let unknown = || Error::new(ErrorClass::BadData, "the own start time is unknown");
        let boot_ms = boot_ms(scanner.processes());
        Ok(Self {
            interval,
            scanner,
            own_pid: std::process::id(),
            boot_ms: boot_ms.ok_or_else(unknown)?,
            scans_ns: vec![at_ns],
            reports: HashMap::new(),
        })
    }

    /// Scans at the interval until `stop` is set, first at `due`. A late scanner skips scans.
    pub(crate) fn run(&mut self, mut due: Instant, stop: &AtomicBool) -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            if now < due {
                thread::sleep((due - now).min(ATTENTION));
                continue;
            }
            while due <= now {
                due += self.interval;
            }
            self.scans_ns.push(now_ns());
            let batch = scan(&mut self.scanner)?;
            self.note(&batch);
        }
        Ok(())
    }

    fn note(&mut self, batch: &Batch) {
        let scan = self.scans_ns.len() - 1;
        for event in &batch.events {
            let process = event.process();
            if process.parent_pid == Some(self.own_pid)
                && let Some(start_time_ms) = process.start_time_ms
            {
                let key = (process.pid, start_time_ms);
                self.reports.entry(key).or_default().push(Report {
                    scan,
                    percent: process.cpu_percent,
                    cpu_ms: process.cpu_time_ms,
                    is_exit: matches!(event, Event::Exited { .. }),
                });
            }
        }
    }

    pub(crate) fn interval_ms(&self) -> u64 {
        self.interval.as_millis() as u64
    }

    /// Returns all reports about the process with this pid and start time.
    pub(crate) fn reports(&self, pid: u32, start_ms_since_boot: u64) -> &[Report] {
        let key = (pid, self.boot_ms + start_ms_since_boot);
        self.reports.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Returns the mean CPU use in percent of one core that the reports have for this time.
    ///
    /// `None` if they have none for a part of it. A report is valid from the scan before it until the next
    /// report.
    pub(crate) fn percent_between(
        &self,
        reports: &[Report],
        from_ns: u64,
        to_ns: u64,
    ) -> Option<f64> {
        let mut at_ns = from_ns;
        let mut sum = 0.0;
        let mut scan = self.scans_ns.partition_point(|&scan_ns| scan_ns <= from_ns);
        while at_ns < to_ns {
            let until_ns = (*self.scans_ns.get(scan)?).min(to_ns);
            let valid = reports.iter().rfind(|report| report.scan <= scan)?;
            if valid.is_exit {
                return None;
            }
            sum += f64::from(valid.percent?) * (until_ns - at_ns) as f64;
            at_ns = until_ns;
            scan += 1;
        }
        Some(sum / (to_ns - from_ns) as f64)
    }
}
