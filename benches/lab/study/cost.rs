//! Measure the cost of scanning at each interval.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Config, Listen, Scanner};

use super::figures::{Figure, What};
use crate::crowd::turnover::Turnover;
use crate::measure::cost::Cost;
use crate::measure::scan::{WARM_UP_SCANS, scan};

const BIRTHS_PER_SECOND: u32 = 30;

/// The measurements at one interval.
struct Sum {
    interval: Duration,
    scanner: Scanner,
    cpu_us: f64,
    scans: u32,
    /// The sum over all scans.
    processes: u64,
}

/// Measures the intervals in turns. A turn takes at least `least_turn`, and makes at least two scans.
pub(super) fn measure(
    intervals_ms: &[u64],
    rounds: u32,
    least_turn: Duration,
) -> Result<Vec<Figure>, Box<dyn Error>> {
    let turnover = Turnover::start(BIRTHS_PER_SECOND)?;
    let mut sums = Vec::new();
    for &interval_ms in intervals_ms {
        let mut config = Config::default();
        // What scans alone see and cost.
        config.listen = Listen::Off;
        let mut scanner = Scanner::builder().config(config).build()?;
        for _ in 0..WARM_UP_SCANS {
            scan(&mut scanner)?;
        }
        sums.push(Sum {
            interval: Duration::from_millis(interval_ms),
            scanner,
            cpu_us: 0.0,
            scans: 0,
            processes: 0,
        });
    }
    for _ in 0..rounds {
        for sum in &mut sums {
            sum.take_turn(least_turn)?;
        }
    }
    turnover.end()?;
    Ok(sums.iter().flat_map(Sum::figures).collect())
}

impl Sum {
    fn take_turn(&mut self, least: Duration) -> Result<(), Box<dyn Error>> {
        let scans = least.div_duration_f64(self.interval).max(2.0) as u32;
        let mut due = Instant::now();
        for _ in 0..scans {
            due += self.interval;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let (cost, batch) = Cost::of(|| scan(&mut self.scanner));
            self.cpu_us += cost.us();
            self.processes += u64::from(batch?.counts.processes);
            self.scans += 1;
        }
        Ok(())
    }

    fn figures(&self) -> [Figure; 3] {
        let scans = f64::from(self.scans);
        let scan_ms = self.cpu_us / scans / 1000.0;
        let interval_ms = self.interval.as_millis() as u64;
        [
            (What::ScannerCpu, scan_ms / interval_ms as f64 * 100.0),
            (What::ScanCpu, scan_ms),
            (What::Processes, self.processes as f64 / scans),
        ]
        .map(|(what, value)| Figure {
            interval_ms,
            what,
            of_ms: 0,
            value,
            samples: self.scans as usize,
        })
    }
}
