//! What scanning costs at each interval.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::Scanner;

use super::INTERVALS_MS;
use super::figures::{Figure, What};
use super::watch::scan;
use crate::crowd::births::Turnover;
use crate::measure::Cost;

/// Names and command lines are read anew more often in the first scans of a process.
const WARM_UP: usize = 6;

const BIRTHS_PER_SECOND: u32 = 30;

/// All that was measured at one interval.
struct Sum {
    interval: Duration,
    scanner: Scanner,
    cpu_us: f64,
    scans: u32,
    /// In all scans together.
    processes: u64,
}

/// The intervals take turns. A turn is at least so long, and long enough for two scans.
pub(crate) fn measure(
    rounds: u32,
    least_turn: Duration,
) -> Result<Vec<Figure>, Box<dyn Error + Send + Sync>> {
    let turnover = Turnover::start(BIRTHS_PER_SECOND)?;
    let mut sums = Vec::new();
    for interval_ms in INTERVALS_MS {
        let mut scanner = Scanner::builder().build()?;
        for _ in 0..WARM_UP {
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
    fn take_turn(&mut self, least: Duration) -> Result<(), Box<dyn Error + Send + Sync>> {
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
