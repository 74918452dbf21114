//! A scanner that is driven by hand at one interval, and all that it told of this bench's children.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Event, Scanner};

use super::worker::now_ns;
use crate::measure::proc;

/// How long it may take until one that waits for its next scan hears that it is over.
const ATTENTION: Duration = Duration::from_millis(100);

pub(crate) struct Watch {
    interval: Duration,
    scanner: Scanner,
    own_pid: u32,
    /// The moment of boot by the clock of start times.
    boot_ms: u64,
    /// When each scan began, by the clock that all processes share.
    scans_ns: Vec<u64>,
    /// By pid and start time, in order.
    told: HashMap<(u32, u64), Vec<Told>>,
}

/// What one scan told of one process.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    scan: usize,
    percent: Option<f32>,
    pub(crate) cpu_ms: Option<f64>,
    is_exit: bool,
}

impl Watch {
    /// Makes its first scan.
    pub(crate) fn new(interval: Duration) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut scanner = Scanner::builder().build()?;
        let at_ns = now_ns();
        scan(&mut scanner)?;
        let own_pid = std::process::id();
        let own = scanner.processes().find(|own| own.pid == own_pid);
        let boot_ms = own
            .and_then(|own| own.start_time_ms)
            .zip(proc::start_ms_since_boot(own_pid))
            .map(|(start_ms, since_boot_ms)| start_ms - since_boot_ms);
        Ok(Self {
            interval,
            scanner,
            own_pid,
            boot_ms: boot_ms.ok_or("the own start time is not known")?,
            scans_ns: vec![at_ns],
            told: HashMap::new(),
        })
    }

    /// Scans until it is told to stop, for the first time at `due`. A scan that comes too late skips beats.
    pub(crate) fn run(
        &mut self,
        mut due: Instant,
        stop: &AtomicBool,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
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
                self.told.entry(key).or_default().push(Told {
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

    /// What was told of the process with this pid that started so long after boot.
    pub(crate) fn told(&self, pid: u32, start_ms_since_boot: u64) -> &[Told] {
        let key = (pid, self.boot_ms + start_ms_since_boot);
        self.told.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The share of one core, in percent, that `told` has for the time between two moments; `None` where it
    /// has none for a part of it.
    ///
    /// What a scan tells holds from the scan before up to it, and goes on to hold as long as nothing else
    /// is told.
    pub(crate) fn percent_between(&self, told: &[Told], from_ns: u64, to_ns: u64) -> Option<f64> {
        let mut at_ns = from_ns;
        let mut sum = 0.0;
        let mut scan = self.scans_ns.partition_point(|&scan_ns| scan_ns <= from_ns);
        while at_ns < to_ns {
            let until_ns = (*self.scans_ns.get(scan)?).min(to_ns);
            let holds = told.iter().rfind(|told| told.scan <= scan)?;
            if holds.is_exit {
                return None;
            }
            sum += f64::from(holds.percent?) * (until_ns - at_ns) as f64;
            at_ns = until_ns;
            scan += 1;
        }
        Some(sum / (to_ns - from_ns) as f64)
    }
}

pub(crate) fn scan(scanner: &mut Scanner) -> Result<Arc<Batch>, Box<dyn Error + Send + Sync>> {
    let batch = scanner.scan_once().ok_or("a live source never ends")?;
    match &batch.failure {
        Some(failure) => Err(failure.clone().into()),
        None => Ok(batch),
    }
}
